"""What people do with what was found: marks on review items and alarms, in ``events.db``.

The database can be begun anew without a second of footage being lost, so one that is damaged is set
aside, and keeps no recorder from starting.
"""

import threading
from contextlib import suppress
from pathlib import Path

from watchglass.app.kept_for import kept_for
from watchglass.app.kept_index import KeptIndex
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, WatchglassError
from watchglass.model.analysis import AnalysisSpan, SkipCause
from watchglass.model.look_back import LookBackId
from watchglass.model.watch_control import (
    AcknowledgeRequest,
    AlarmNoteRequest,
    AssignRequest,
    ReviewRequest,
    SeenRequest,
)
from watchglass.store.database import Synchronous
from watchglass.store.events import EventStore
from watchglass.store.site import SiteStore

_PURGE_S = 3600.0
_END_S = 5.0
_LOG = log.get("events")


def open_events(path: Path, disk: Disk, clock: Clock) -> EventStore:
    """The database of what was found, for who writes what people do with it; begun anew where the
    one that is there is damaged, which then lies beside it."""
    try:
        return EventStore(path, disk, synchronous=Synchronous.FULL)
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
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, site: SiteStore, index: KeptIndex) -> None:
        """From now on, erase what is of footage that is gone."""

        def work() -> None:
            while not self._clock.wait(self._over, _PURGE_S):
                try:
                    self.purge(site, index)
                except WatchglassError as error:
                    _LOG.error("events_not_purged", error=error.sentence)

        self._thread = threading.Thread(target=work, name="events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(_END_S)
        self._store.close()

    def purge(self, site: SiteStore, index: KeptIndex) -> None:
        """Erase what is of footage that is not kept any longer, or was deleted earlier, as on a
        full disk; of cameras whose recordings were erased, all."""
        now_ns = self._clock.wall_ns()
        erased = site.to_be_erased()
        kept = index.store()
        for camera, kept_ns in kept_for(site, self._store.cameras()):
            if camera in erased:
                self._store.forget_camera(camera)
                continue
            before_ns = now_ns - kept_ns
            if kept is not None:
                with kept.read() as reader:
                    oldest = reader.oldest_closed_of(camera, now_ns, 1)
                if oldest:
                    before_ns = max(before_ns, oldest[0].wall_from)
            self._store.forget(camera, before_ns)
        self._store.forget_old(now_ns)

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

    def forget_look(self, look: LookBackId) -> None:
        """Erase what a look at the past found."""
        self._store.forget_job(look)

    def missed(self, from_ns: int, to_ns: int) -> list[AnalysisSpan]:
        """What was not looked at in that time, as there was too much or nobody to look."""
        return [
            each
            for camera in self._store.cameras()
            for each in self._store.spans(camera, from_ns, to_ns)
            if each.cause in (SkipCause.OVERLOAD, SkipCause.NO_ANALYST)
        ]
