"""What the events-worker does with a report: rules over it, then all of it to disk, then said.

Nothing here lasts but what is written. A successor begins with the tracks that may go on, fed again
to the same rules: they find the same, by the same ids, and what is written twice is there once.
What was said of the last minutes is said again, for its reader knows it by its id.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import is_id
from watchglass.events.review import Joiner, last_known_ns
from watchglass.events.rules.engine import Engine
from watchglass.model.analysis import Report, Tampered, Understood
from watchglass.model.area import Area
from watchglass.model.event import Event, EventId, ReviewId
from watchglass.model.event_work import FromEventsWorker, MarkTold
from watchglass.model.found import Found, made_id
from watchglass.model.look_back import LATE
from watchglass.model.notice_event import EventTold, ReviewTold
from watchglass.model.object_track import TrackPart
from watchglass.model.review import Review
from watchglass.model.rule import Rule
from watchglass.store.event_points import as_kept
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

_RESUMED_NS = 7 * 24 * 3600 * NS_PER_S
_LATE_NS = 15 * 60 * NS_PER_S
_MARKED_EVERY_NS = 30 * NS_PER_S
_NEWS_NS = 3600 * NS_PER_S
"""What is found later than that is no news, and nobody is sent a notice."""
_JOB_IDLE_NS = 120 * NS_PER_S
_GATHERED_NS = NS_PER_S
"""What is nothing to anybody yet is written so much later at most: each transaction costs as much
as a dozen reports."""
_MOST_NAME = 64
_LOG = log.get("events")

Say = Callable[[FromEventsWorker], None]


@dataclass(slots=True)
class _Job:
    """A look at the past: its rules see nothing of what happens now."""

    engine: Engine
    used_ns: int = 0


class EventWork:
    """Used by one thread. ``say`` must not wait for long."""

    def __init__(self, store: EventStore, clock: Clock, say: Say) -> None:
        self._store, self._clock, self._say = store, clock, say
        self._engine = Engine()
        self._joiner = Joiner()
        self._rules: Sequence[Rule] = ()
        self._areas: Sequence[Area] = ()
        self._jobs: dict[str, _Job] = {}
        self._last: dict[str, int] = {}
        self._unwritten: list[tuple[Written, list[FromEventsWorker]]] = []
        self._due_ns = 0
        self._told: dict[ReviewId, bool] = {}
        self._open: dict[EventId, Event] = {}
        self._marked: dict[EventId, int] = {}
        self.found = 0
        """Events since the start, each once."""

    # --- what it is told ---------------------------------------------------------------------

    def resume(self, rules: Sequence[Rule], areas: Sequence[Area]) -> None:
        """Begin where whoever was here before left off."""
        now_ns = self._clock.wall_ns()
        self._rules, self._areas = rules, areas
        self._engine.use(rules, areas)
        self._joiner.resume(self._store.reviews_since(now_ns - _LATE_NS))
        went_on = {each.id: each for each in self._store.open_events()}
        found = self._engine.take(self._store.open_tracks(now_ns - _RESUMED_NS))
        again = {each.id for each in found.events}
        # What nobody goes on with is over where it was seen last.
        over = [
            replace(each, to_ns=last_known_ns(each))
            for each in went_on.values()
            if each.id not in again
        ]
        recent = tuple(
            each for each in found.events if each.to_ns is None or each.to_ns > now_ns - _LATE_NS
        )
        self._keep(None, Found((*recent, *over), found.crossings))

    def use(self, rules: Sequence[Rule], areas: Sequence[Area]) -> None:
        """Others hold from now on."""
        self._rules, self._areas = rules, areas
        self._engine.use(rules, areas)

    def take(self, report: Report) -> None:
        """Find what there is in it; where that is something, it is written at once, and all that
        was gathered before it. StorageError and its like: it is not on disk yet, and ``write`` is
        to be called until it is."""
        if report.number <= self._last_of(report.session):
            return
        self._last[report.session] = report.number
        items = tuple(map(_as_kept, filter(has_sense, report.items)))
        if len(items) < len(report.items):
            _LOG.error("reports_without_sense", items=len(report.items) - len(items))
        report = replace(report, items=items)
        if report.job and report.anew_ns:
            self._begin_anew(report)
            return
        if report.job:
            self._take_job(report)
            return
        found = self._engine.take(report.items)
        self._keep(report, found, [each for each in report.items if isinstance(each, Tampered)])

    def pass_time(self) -> None:
        """What is over by time. Raises as ``take``."""
        now_ns = self._clock.wall_ns()
        self._keep(None, self._engine.pass_time(now_ns), closed=self._joiner.pass_time(now_ns))
        for name, job in list(self._jobs.items()):
            if now_ns - job.used_ns > _JOB_IDLE_NS:
                del self._jobs[name]
                self._write_job(name, job.engine.finish(), None)

    @property
    def behind(self) -> bool:
        """Whether something that was taken is not written yet."""
        return bool(self._unwritten)

    def write_due(self) -> None:
        """Write what was gathered, where it is time to. Raises as ``take``."""
        if self._unwritten and self._clock.monotonic_ns() >= self._due_ns:
            self.write()

    def write(self) -> None:
        """Write all that is not written yet, in one transaction. Raises as ``take``."""
        if not self._unwritten:
            return
        self._due_ns = 0  # what is refused is tried again at once
        self._store.write(*(written for written, _ in self._unwritten))
        done, self._unwritten = self._unwritten, []
        for _, said in done:
            for each in said:
                self._say(each)

    # --- what comes of it --------------------------------------------------------------------

    def _last_of(self, session: str) -> int:
        if session not in self._last:
            last = self._store.last(session)
            self._last[session] = -1 if last is None else last
        return self._last[session]

    def _take_job(self, report: Report) -> None:
        job = self._jobs.get(report.job)
        if job is None:
            job = self._jobs[report.job] = _Job(Engine())
            job.engine.use(self._rules, self._areas)
            # Where a worker before this one was cut off.
            self._write_job(
                report.job, job.engine.take(self._store.open_tracks(0, report.job)), None
            )
        job.used_ns = self._clock.wall_ns()
        self._write_job(report.job, job.engine.take(report.items), report)

    def _begin_anew(self, report: Report) -> None:
        """A look was cut off, and looks again at what it looked at last."""
        self.write()
        self._jobs.pop(report.job, None)
        # What makes up for something finds the same again, by the same ids.
        if not report.job.startswith(LATE):
            self._store.forget_job(report.job, report.anew_ns)
        self._write_job(report.job, Found(), report)

    def _write_job(self, name: str, found: Found, report: Report | None) -> None:
        if name.startswith(LATE):
            self._keep(replace(report, job="") if report is not None else None, found)
            return
        # Of the past nobody is noticed, and it is no work for those who review.
        now_ns = self._clock.wall_ns()
        written = Written(report, now_ns, found.events, crossings=found.crossings, job=name)
        self._unwritten.append((written, []))
        self.write()

    def _keep(
        self,
        report: Report | None,
        found: Found,
        tampers: Sequence[Tampered] = (),
        closed: Iterable[Review] = (),
    ) -> None:
        reviews = {each.id: each for each in closed}
        events: dict[EventId, Event] = {}
        said: list[FromEventsWorker] = []
        for event in found.events:
            joined, review = self._joiner.join(event, event.why.rule)
            reviews[review.id] = review
            events[joined.id] = joined
            said += self._words_of(joined, review)
        tampered = []
        for each in tampers:
            review = _review_of(each)
            reviews[review.id] = review
            tampered.append((each, review.id))
            said.append(MarkTold(each.camera, each.from_ns, each.to_ns or each.from_ns))
        if report is None and not events and not reviews and not found.crossings:
            return
        written = Written(
            report, self._clock.wall_ns(), tuple(events.values()), tuple(reviews.values()),
            found.crossings, tampered,
        )  # fmt: skip
        if not self._unwritten:
            self._due_ns = self._clock.monotonic_ns() + _GATHERED_NS
        self._unwritten.append((written, said))
        if events or reviews or found.crossings:
            self.write()

    def _words_of(self, event: Event, review: Review) -> list[FromEventsWorker]:
        """What is to be said of an event that is new, or is another than before."""
        said: list[FromEventsWorker] = []
        until_ns, rule = last_known_ns(event), event.why.rule
        known = self._open.get(event.id)
        over = event.to_ns is not None
        if over or until_ns - self._marked.get(event.id, 0) > _MARKED_EVERY_NS:
            self._marked[event.id] = until_ns
            said.append(MarkTold(event.camera, event.from_ns, until_ns))
        if known is None or over:
            said.append(
                EventTold(
                    event=event.id, camera=event.camera, rule=event.rule, area=rule.area,
                    kind=event.kind, from_ns=event.from_ns, to_ns=event.to_ns,
                )
            )  # fmt: skip
        if known is None:
            self.found += 1
        fresh = self._clock.wall_ns() - until_ns < _NEWS_NS
        if rule.notify and fresh and self._told.get(review.id) in (None, not review.alarm):
            self._told[review.id] = review.alarm
            said.append(
                ReviewTold(
                    review=review.id, camera=event.camera, rule=event.rule, rule_name=rule.name,
                    kind=event.kind, at_ns=event.from_ns, best=event.best, alarm=review.alarm,
                )
            )  # fmt: skip
        if over:
            self._open.pop(event.id, None)
            self._marked.pop(event.id, None)
        else:
            self._open[event.id] = event
        while len(self._told) > 10_000:
            del self._told[next(iter(self._told))]
        return said


def has_sense(item: Understood) -> bool:
    """Whether it can be kept: who decodes what strangers' cameras send may say anything."""
    if not is_id(item.camera):
        return False
    match item:
        case TrackPart():
            times = [each.at_ns for each in item.points]
            names = 0 < len(item.track) <= _MOST_NAME and len(item.detector) <= _MOST_NAME
            return names and all(map(_is_time, times)) and times == sorted(times)
        case Tampered():
            names = 0 < len(item.id) <= _MOST_NAME and 0 <= item.confidence <= 1
            over = item.to_ns is None or item.from_ns <= item.to_ns
            return names and over and _is_time(item.from_ns) and _is_time(item.to_ns or 0)
        case _:
            return _is_time(item.from_ns) and _is_time(item.to_ns) and item.from_ns <= item.to_ns


def _is_time(ns: int) -> bool:
    return 0 <= ns < 2**62


def _as_kept(item: Understood) -> Understood:
    # Rules see what is on disk: a successor, which reads it there, must come to the same.
    return replace(item, points=as_kept(item.points)) if isinstance(item, TrackPart) else item


def _review_of(tamper: Tampered) -> Review:
    """What was done to a view waits for those on duty, an item of its own."""
    return Review(
        id=ReviewId(made_id("tamper", tamper.camera, tamper.id)), camera=tamper.camera,
        from_ns=tamper.from_ns, to_ns=tamper.to_ns or tamper.from_ns, open=tamper.to_ns is None,
        alarm=True,
    )  # fmt: skip
