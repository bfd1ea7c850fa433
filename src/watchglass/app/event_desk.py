"""What people do with what was found: marks on review items and alarms, in ``events.db``.

The database can be begun anew without a second of footage being lost, so one that is damaged is set
aside, and keeps no recorder from starting.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, RefusedError
from watchglass.model.look_back import LookBack
from watchglass.model.watch_control import (
    AcknowledgeRequest,
    AlarmNoteRequest,
    AssignRequest,
    LookBackErrand,
    LooksBackRequest,
    ReviewRequest,
    SeenRequest,
)
from watchglass.store.database import Synchronous
from watchglass.store.events import EventStore

_LOG = log.get("events")


def open_events(path: Path, disk: Disk, clock: Clock) -> EventStore:
    """The database of what was found, for who writes what people do with it; begun anew where the
    one that is there is damaged, which then lies beside it."""
    try:
        return EventStore(path, disk, synchronous=Synchronous.FULL, check=True)
    except DamagedError as error:
        aside = path.with_name(f"{path.name}.damaged-{clock.wall_ns()}")
        _LOG.error("events_begun_anew", error=error.sentence, aside=aside.name)
        disk.replace(WriteSite.SETTINGS, path, aside)
        for end in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + end).unlink()
        return EventStore(path, disk, synchronous=Synchronous.FULL)


class EventDesk:
    """Of one recorder."""

    def __init__(self, store: EventStore, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def close(self) -> None:
        self._store.close()

    def carry_out(self, request: ReviewRequest) -> None:
        """Do what was asked; on disk when it returns."""
        now_ns = self._clock.wall_ns()
        match request:
            case SeenRequest():
                self._store.mark_seen(request.review, request.seen, request.by, now_ns)
            case AcknowledgeRequest():
                self._store.acknowledge(request.review, request.by, now_ns)
            case AssignRequest():
                self._store.assign(request.review, request.to, now_ns)
            case AlarmNoteRequest():
                self._store.add_note(request.review, request.text, request.by, now_ns)

    def look_back(self, errand: LookBackErrand) -> Sequence[LookBack]:
        """Looks at the past, as they stand after the errand."""
        if isinstance(errand, LooksBackRequest):
            return ()
        raise RefusedError("This version cannot look at the past again.")
