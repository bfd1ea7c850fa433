"""The site's volumes, as the operator named them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import VolumeId, is_id
from watchglass.store.database import Database
from watchglass.store.site_input import shown
from watchglass.store.site_tables import ACTIVE, CAMERAS, VOLUMES


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """A volume as the operator named it; ``created_ns`` is UTC. A ``draining`` one gets no more."""

    id: VolumeId
    path: Path
    created_ns: int
    draining: bool = False


class SiteVolumes:
    """Volumes: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _clock: Clock

    def volumes(self) -> tuple[VolumeEntry, ...]:
        """All volumes in the order they were added."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(VOLUMES).order_by(VOLUMES.c.created_ns, VOLUMES.c.id)
            ).all()
        return tuple(_volume(row) for row in rows)

    def add_volume(self, volume: VolumeId, path: Path) -> VolumeEntry:
        """Note a volume by the id in its ``volume.json``; the same again changes nothing."""
        if not is_id(volume) or not path.is_absolute() or not str(path).isprintable():
            raise UsageError(
                f"A volume needs an id and an absolute path of printable text, not {shown(path)}."
            )
        with self._database.write() as connection:
            taken = connection.execute(
                sa.select(VOLUMES).where(
                    sa.or_(VOLUMES.c.id == volume, VOLUMES.c.path == str(path))
                )
            ).first()
            if taken is None:
                entry = VolumeEntry(volume, path, self._clock.wall_ns())
                connection.execute(
                    sa.insert(VOLUMES).values(
                        id=volume, path=str(path), created_ns=entry.created_ns
                    )
                )
                return entry
        if (taken.id, taken.path) != (volume, str(path)):
            raise UsageError(f"The volume {taken.id} is already set up at {taken.path}.")
        return _volume(taken)

    def drain_volume(self, volume: VolumeId) -> None:
        """Say that nothing more is to be recorded to a volume."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(VOLUMES).where(VOLUMES.c.id == volume).values(draining=True)
            )

    def forget_volume(self, volume: VolumeId) -> None:
        """Forget a volume that no camera is recorded to; another has to be there."""
        with self._database.write() as connection:
            used = connection.scalar(
                sa.select(CAMERAS.c.name).where(ACTIVE, CAMERAS.c.volume == volume)
            )
            other = connection.scalar(sa.select(VOLUMES.c.id).where(VOLUMES.c.id != volume))
            if used is not None or other is None:
                raise UsageError("Cameras are recorded to that volume: drain it first.")
            # Rows of removed cameras stay, and have to name a volume that is there.
            connection.execute(
                sa.update(CAMERAS).where(CAMERAS.c.volume == volume).values(volume=other)
            )
            connection.execute(sa.delete(VOLUMES).where(VOLUMES.c.id == volume))

    def move_volume(self, volume: VolumeId, path: Path) -> None:
        """A volume lies elsewhere now."""
        if not path.is_absolute() or not str(path).isprintable():
            raise UsageError(
                f"A volume needs an absolute path of printable text, not {shown(path)}."
            )
        with self._database.write() as connection:
            moved = connection.execute(
                sa.update(VOLUMES).where(VOLUMES.c.id == volume).values(path=str(path))
            ).rowcount
            if not moved:
                raise NotFoundError(f"No volume has the id {shown(volume)}.")


def _volume(row: Any) -> VolumeEntry:
    return VolumeEntry(VolumeId(row.id), Path(row.path), row.created_ns, row.draining)
