"""What the events-worker says, as notices take it: letters of review items, and for a broker what
goes on. Said by one thread, taken by that of the notices."""

import queue
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import watchglass
from watchglass.app.health import Observed
from watchglass.base.ids import CameraId
from watchglass.events.homeassistant import CameraNow, GoingOn, retained
from watchglass.events.message import object_words
from watchglass.model.gap import GapCause
from watchglass.model.letter import Letter, LetterEvent, PictureAt
from watchglass.model.notice import NoticeKind
from watchglass.model.notice_event import EventTold, ReviewTold, ToNotices
from watchglass.model.notice_way import MqttSettings
from watchglass.model.rule import Rule
from watchglass.model.stream import StreamName
from watchglass.model.vitals import WorkerVitals
from watchglass.store.notices import NoticeStore

_MOST_WAITING = 5000
_NOT_THERE = frozenset({GapCause.CAMERA_UNREACHABLE, GapCause.STALLED, None})


class _Lost:
    """The events-worker is gone."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The site as events need it. ``origin``: where the page is, empty while that is not known.
    ``looks``: whether the events-worker is there to say what goes on."""

    rules: Callable[[], Sequence[Rule]] = tuple
    origin: Callable[[], str] = str
    looks: Callable[[], bool] = bool


class NoticeEvents:
    """``take`` and ``lost`` are for any thread; more than so many at once is dropped, counted."""

    def __init__(self, store: NoticeStore, watched: Watched) -> None:
        self._store = store
        self._watched = watched
        self._said: queue.Queue[ToNotices | _Lost] = queue.Queue(_MOST_WAITING)
        self._going_on = GoingOn()
        self._links: dict[CameraId, str] = {}
        self.dropped = 0

    def take(self, told: ToNotices) -> None:
        """What the events-worker says."""
        self._put(told)

    def lost(self) -> None:
        """It has ended: what went on is not known any more."""
        self._put(_Lost())

    def _put(self, said: ToNotices | _Lost) -> None:
        try:
            self._said.put_nowait(said)
        except queue.Full:
            self.dropped += 1

    def letters(self, names: Mapping[CameraId, str]) -> Iterator[tuple[Letter, bool]]:
        """Those that are new, with whether each is an alarm."""
        while True:
            try:
                said = self._said.get_nowait()
            except queue.Empty:
                return
            match said:
                case EventTold():
                    self._going_on.hear(said)
                case ReviewTold():
                    if self._store.note_review(said.review, said.at_ns, alarm=said.alarm):
                        yield self._letter(said, names.get(said.camera, "")), said.alarm
                case _Lost():
                    self._going_on.lost()

    def _letter(self, said: ReviewTold, camera: str) -> Letter:
        origin, link = self._watched.origin(), ""
        if origin:
            link = self._links[said.camera] = f"{origin}/#review/{said.review}"
        what = object_words(said.kind)
        alarm = "Alarm: " if said.alarm else ""
        return Letter(
            event=LetterEvent.FOUND, kind=NoticeKind.REVIEW, id=said.review, about=said.camera,
            subject=f"{alarm}{camera or 'A camera'}: {what} ({said.rule_name})",
            text=f"{alarm}{camera or 'A camera'}: {what}, found by the rule '{said.rule_name}'.",
            at_ns=said.at_ns, camera=camera, rule=said.rule_name, object=said.kind, link=link,
            picture=PictureAt(said.camera, said.best.at_ns, said.best.box),
        )  # fmt: skip

    def retained(
        self, settings: MqttSettings, seen: Observed, names: Mapping[CameraId, str]
    ) -> dict[str, str]:
        """All that a broker has to keep now, by topic."""
        self._going_on.known = self._watched.looks()
        return retained(
            settings, list(_cameras(seen, names)), self._watched.rules(), self._going_on,
            self._links, watchglass.__version__,
        )  # fmt: skip


def _cameras(seen: Observed, names: Mapping[CameraId, str]) -> Iterator[CameraNow]:
    streams = {
        stream.camera: stream
        for worker in seen.workers
        if isinstance(worker.vitals, WorkerVitals)
        for stream in worker.vitals.streams
        if stream.stream is StreamName.MAIN
    }
    for camera, name in names.items():
        stream = streams.get(camera)
        if stream is None:  # paused, or not begun yet: nobody has looked
            yield CameraNow(camera, name, None, recording=False)
        else:
            there = stream.in_run or stream.cause not in _NOT_THERE
            recording = stream.in_run and stream.cause is None
            yield CameraNow(camera, name, there, recording=recording)
