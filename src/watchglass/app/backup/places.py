"""Where the volumes of a restored recorder lie."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.app.backup.manifest import Manifest
from watchglass.base.errors import NotFoundError, VolumeMissingError
from watchglass.base.ids import VolumeId
from watchglass.recording.volume import volume_at


@dataclass(frozen=True, slots=True)
class Placing:
    """What the operator says. Volumes of the backup are named by their folder then, or their id.

    ``moved``: it lies there now. ``anew``: it is lost, and begun anew in an empty folder (None: the
    one it was in). ``found``: folders that are volumes, where there is no backup to name them.
    """

    moved: Mapping[str, Path] = field(default_factory=dict)
    anew: Mapping[str, Path | None] = field(default_factory=dict)
    found: tuple[Path, ...] = ()
    without: bool = False
    """Leave every volume alone, as if its disk were not mounted: to try a restore."""


@dataclass(frozen=True, slots=True)
class Place:
    """A volume of the recorder. Neither ``present`` nor ``anew``: its disk is not mounted."""

    volume: VolumeId
    path: Path
    present: bool
    anew: bool = False

    @property
    def usable(self) -> bool:
        return self.present or self.anew


def placed(manifest: Manifest | None, placing: Placing) -> list[Place]:
    """All volumes; VolumeMissingError where one is not where it was said to be."""
    places: dict[VolumeId, Place] = {}
    used: set[str] = set()
    for each in manifest.volumes if manifest is not None else []:
        names = {each.id, each.path}
        used |= names & {*placing.moved, *placing.anew}
        places[each.id] = (
            Place(each.id, Path(each.path), present=False)
            if placing.without
            else _place(each.id, Path(each.path), names, placing)
        )
    unknown = {*placing.moved, *placing.anew} - used
    if unknown:
        raise NotFoundError(
            f"The backup knows no volume {min(unknown)!r}: name it by the folder it was in, "
            "or by its id, as 'restore --check' shows them."
        )
    for path in placing.found:
        volume = volume_at(path)
        if volume is None:
            raise VolumeMissingError(f"There is no volume at {path}: mount the disk it is on.")
        places[volume] = Place(volume, path, present=True)
    return list(places.values())


def _place(volume: VolumeId, path: Path, names: set[str], placing: Placing) -> Place:
    moved = next((to for name, to in placing.moved.items() if name in names), None)
    if moved is not None:
        if volume_at(moved) != volume:
            raise VolumeMissingError(f"The volume {volume} is not at {moved}: mount its disk.")
        return Place(volume, moved, present=True)
    for name, to in placing.anew.items():
        if name in names:
            # One that is there was begun by a restore that was cut short.
            there = volume_at(to or path) == volume
            return Place(volume, to or path, present=there, anew=not there)
    return Place(volume, path, present=volume_at(path) == volume)
