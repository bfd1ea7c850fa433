"""What people do with what was found: marks on review items and alarms, in ``events.db``.

The database can be begun anew without a second of footage being lost, so one that is damaged is set
aside, and keeps no recorder from starting.
"""

import threading
from collections.abc import Callable
from pathlib import Path

from watchglass.app.kept_for import kept_for
from watchglass.app.kept_index import KeptIndex
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, WatchglassError
from watchglass.base.ids import ActId, CameraId, random_id
from watchglass.model.act import Act, ActKind
from watchglass.model.analysis import AnalysisSpan, SkipCause
from watchglass.model.gap import GapCause
from watchglass.model.look_back import LookBackId
from watchglass.model.stream import StreamName
from watchglass.model.watch_control import (
    AcknowledgeRequest,
    AlarmNoteRequest,
    AssignRequest,
    ReviewRequest,
    SeenRequest,
)
from watchglass.store.database import Synchronous
from watchglass.store.events import EventStore
from watchglass.store.index import IndexReader, IndexStore
from watchglass.store.site import SiteStore

_ASIDE = ".damaged-"
_APART_NS = 600 * NS_PER_S
"""On a disk that damages what is written to it, a new one each time would help nobody."""
_PURGE_S = 3600.0
_FIRST_PURGE_S = 60.0
_OFF_S = 20.0
_LATE_NS = 48 * 3600 * NS_PER_S
_END_S = 5.0
_LOG = log.get("events")


def open_events(path: Path, disk: Disk, clock: Clock) -> EventStore:
    """The database of what was found, for who writes what people do with it; begun anew where the
    one that is there is damaged, which then lies beside it."""
    try:
        return EventStore(path, disk, synchronous=Synchronous.FULL, seldom=True)
    except DamagedError as error:
        set_aside(path, disk, clock, error.sentence)
        return EventStore(path, disk, synchronous=Synchronous.FULL, seldom=True)


def set_aside(path: Path, disk: Disk, clock: Clock, why: str) -> Path:
    """Let a damaged database lie beside its place, with what was not yet in it; where it lies."""
    aside = path.with_name(f"{path.name}{_ASIDE}{clock.wall_ns()}")
    _LOG.error("events_begun_anew", error=why, aside=aside.name)
    disk.replace(WriteSite.SETTINGS, path, aside)
    for end in ("-wal", "-shm"):
        rest = path.with_name(path.name + end)
        if rest.exists():
            disk.replace(WriteSite.SETTINGS, rest, aside.with_name(aside.name + end))
    return aside


def those_aside(path: Path) -> list[str]:
    """The names of all that were set aside and are there still, the oldest first."""
    found = path.parent.glob(f"{path.name}{_ASIDE}*")
    return sorted(each.name for each in found if each.suffix[-4:] not in ("-wal", "-shm"))


class EventDesk:
    """Of one recorder. ``note`` puts an act into the ledger."""

    def __init__(
        self,
        path: Path,
        disk: Disk,
        clock: Clock,
        note: Callable[[Act], object] = lambda _: None,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """Opens it; begun anew where it is damaged. ``waits``: whether nothing is to be erased for
        its age now."""
        self._waits = waits
        self._path, self._disk, self._clock, self._note = path, disk, clock, note
        self._store = open_events(path, disk, clock)
        self._lock = threading.Lock()
        self._begun_ns: int | None = None
        self._made_ns = clock.wall_ns()
        self._off_ns: int | None = None
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def store(self) -> EventStore:
        """The one of now."""
        return self._store

    def start(self, site: SiteStore, index: KeptIndex, *, off: bool = False) -> None:
        """From now on, erase what is of footage that is gone. ``off``: nothing is understood, and
        that is written down, for nobody else would say why. It was so before the first picture
        came, which may be before this is called."""
        self._off_ns = self._made_ns if off else None

        def work() -> None:
            # Soon after a start: one that is begun again each hour would never come to it.
            due_ns = self._clock.monotonic_ns() + round(_FIRST_PURGE_S * NS_PER_S)
            while not self._clock.wait(self._over, _OFF_S if off else self._left_s(due_ns)):
                try:
                    self._note_off()
                    if self._left_s(due_ns) == 0:
                        due_ns = self._clock.monotonic_ns() + round(_PURGE_S * NS_PER_S)
                        self.purge(site, index)
                except WatchglassError as error:
                    _LOG.error("events_not_purged", error=error.sentence)

        self._thread = threading.Thread(target=work, name="events", daemon=True)
        self._thread.start()

    def _left_s(self, due_ns: int) -> float:
        return max(0, due_ns - self._clock.monotonic_ns()) / NS_PER_S

    def _note_off(self) -> None:
        if self._off_ns is not None:
            self._store.put_switched_off(self._off_ns, self._clock.wall_ns())

    def finder_died(self, exit_code: int) -> None:
        """Before the events-worker is started again: where it died of a damaged database, that is
        set aside and a new one begun. Nothing of it is lost silently: it lies beside, and the
        ledger, the log and ``doctor`` say so."""
        if exit_code != DamagedError.exit_code:
            return
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            if self._begun_ns is not None and now_ns - self._begun_ns < _APART_NS:
                return
            self._begun_ns = now_ns
            try:
                self._store.close()
                aside = set_aside(
                    self._path, self._disk, self._clock, "the events-worker found it damaged"
                )
                self._store = open_events(self._path, self._disk, self._clock)
            except (WatchglassError, OSError) as error:
                _LOG.error("events_not_begun_anew", error=str(error))
                return
        try:
            self._note(
                Act(
                    ActId(random_id()), "", ActKind.EVENTS_LOST, self._clock.wall_ns(),
                    detail=f"was damaged: it lies aside as {aside.name}, a new one is begun",
                )
            )  # fmt: skip
        except WatchglassError as error:
            _LOG.error("events_begun_anew_not_noted", error=error.sentence)

    def close(self) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join(_END_S)
        try:
            self._note_off()
        except WatchglassError as error:
            _LOG.error("switched_off_not_noted", error=error.sentence)
        self._store.close()

    def purge(self, site: SiteStore, index: KeptIndex) -> None:
        """Erase what is of footage that is not kept any longer, or was deleted earlier, as on a
        full disk; of cameras whose recordings were erased, all."""
        now_ns = self._clock.wall_ns()
        erased = site.to_be_erased()
        kept = index.store()
        by_age = not self._waits()
        for camera, kept_ns in kept_for(site, self._store.cameras()):
            if camera in erased:
                self._store.forget_camera(camera)
            if camera in erased or not by_age:
                continue
            before_ns = now_ns - kept_ns
            if kept is not None:
                with kept.read() as reader:
                    oldest = reader.oldest_closed_of(camera, now_ns, 1)
                if oldest:
                    before_ns = max(before_ns, oldest[0].wall_from)
            self._store.forget(camera, before_ns)
        self._forget_erased(kept, now_ns)
        if by_age:
            self._store.forget_old(now_ns)

    def _forget_erased(self, index: IndexStore | None, now_ns: int) -> None:
        """What was understood of spans that were erased lately: it may have been told late."""
        if index is None:
            return
        with index.read() as reader:
            lately = [
                each
                for each in reader.erasures()
                if each.done_ns is None or each.done_ns > now_ns - _LATE_NS
            ]
            spans = [
                (each.camera, *_widened(reader, each.camera, each.wall_from, each.wall_to))
                for each in lately
            ]
        for camera, from_ns, to_ns in spans:
            self._store.forget_span(camera, from_ns, to_ns)

    def forget(self, index: KeptIndex, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """Erase what was understood of a span of which the footage was erased just now."""
        kept = index.store()
        if kept is not None:
            with kept.read() as reader:
                from_ns, to_ns = _widened(reader, camera, from_ns, to_ns)
        self._store.forget_span(camera, from_ns, to_ns)

    def carry_out(self, request: ReviewRequest) -> None:
        """Do what was asked; on disk when it returns."""
        now_ns = self._clock.wall_ns()
        match request:
            case SeenRequest():
                self._store.mark_seen(request.review, request.seen, request.by, now_ns)
            case AcknowledgeRequest():
                self._store.acknowledge(request.review, request.by, now_ns)
            case AssignRequest():
                self._store.assign(request.review, request.to, now_ns, request.by, request.note)
            case AlarmNoteRequest():
                self._store.add_note(request.review, request.text, request.by, now_ns)

    def forget_look(self, look: LookBackId) -> None:
        """Erase what a look at the past found."""
        self._store.forget_job(look)

    def resumed_ns(self, look: LookBackId, at_ns: int, least_ns: int) -> int:
        """See `EventStore`."""
        return self._store.resumed_ns(look, at_ns, least_ns)

    def missed(self, from_ns: int, to_ns: int) -> list[AnalysisSpan]:
        """What was not looked at in that time, as there was too much or nobody to look."""
        return [
            each
            for camera in self._store.cameras()
            for each in self._store.spans(camera, from_ns, to_ns)
            if each.cause in (SkipCause.OVERLOAD, SkipCause.NO_ANALYST)
        ]


def _widened(index: IndexReader, camera: CameraId, from_ns: int, to_ns: int) -> tuple[int, int]:
    """With the rest of the groups of pictures that went."""
    for stream in StreamName:
        for gap in index.gaps_between(camera, stream, from_ns, to_ns):
            if gap.cause is GapCause.ERASED and gap.wall_to is not None:
                from_ns, to_ns = min(from_ns, gap.wall_from), max(to_ns, gap.wall_to)
    return from_ns, to_ns
