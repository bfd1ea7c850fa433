"""Which cameras are handed on to an old system, and to whom."""

import msgspec
import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.restream import Restream, RestreamId
from watchglass.store.database import Database
from watchglass.store.kept_reading import KeptReading
from watchglass.store.site_tables import RESTREAMS

MOST_RESTREAMS = 256


class SiteRestreams:
    """Restreams: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _clock: Clock
    _restreams: KeptReading[tuple[Restream, ...]]

    def restreams(self, camera: CameraId | None = None) -> tuple[Restream, ...]:
        """All, or those of one camera, in the order they were made."""
        return tuple(each for each in self._restreams() if camera in (None, each.camera))

    def _restreams_of(self, connection: sa.Connection) -> tuple[Restream, ...]:
        every = sa.select(RESTREAMS).order_by(RESTREAMS.c.made_ns, RESTREAMS.c.id)
        return tuple(self._restream(row) for row in connection.execute(every).all())

    def require_room(self, restream: Restream) -> None:
        """RefusedError where that stream is handed on there already, or there are too many."""
        with self._database.read() as connection:
            _require_room(connection, restream)

    def add_restream(self, restream: Restream) -> None:
        """Refused as ``require_room`` does."""
        with self._database.write() as connection:
            _require_room(connection, restream)
            values = msgspec.structs.asdict(restream) | {"stream": restream.stream.value}
            del values["masking"]  # of now, from the masks themselves
            connection.execute(sa.insert(RESTREAMS).values(**values))

    def drop_restream(self, restream: RestreamId) -> None:
        """NotFoundError for one that is not there."""
        with self._database.write() as connection:
            gone = connection.execute(sa.delete(RESTREAMS).where(RESTREAMS.c.id == restream))
            if not gone.rowcount:
                raise NotFoundError("There is no such relay: see 'watchglass relay list'.")

    def _restream(self, row: sa.Row[tuple[object, ...]]) -> Restream:
        values = {key: row._mapping[key] for key in Restream.__struct_fields__ if key != "masking"}
        try:
            return msgspec.convert(values, Restream)
        except msgspec.MsgspecError:
            raise self._database.damaged(f"the relay {row.id} cannot be read") from None


def _require_room(connection: sa.Connection, restream: Restream) -> None:
    count = connection.scalar(sa.select(sa.func.count()).select_from(RESTREAMS)) or 0
    if count >= MOST_RESTREAMS:
        raise RefusedError("No more relays can be made: remove one first.")
    same = sa.select(RESTREAMS.c.id).where(
        RESTREAMS.c.camera == restream.camera, RESTREAMS.c.stream == restream.stream.value,
        RESTREAMS.c.host == restream.host, RESTREAMS.c.port == restream.port,
    )  # fmt: skip
    if connection.execute(same).first() is not None:
        raise RefusedError(
            "This stream has a relay there already: remove that one first, or listen at another"
            " port."
        )
