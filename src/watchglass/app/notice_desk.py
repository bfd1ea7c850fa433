"""Notices: what holds is looked at, what lasts is kept and told, in a thread that nobody waits for.

Recording knows nothing of it: a webhook that hangs, a mail server that is down or a database that
is held by somebody cost a notice its time, and nothing else. What is to be sent lies in the
database, is handed one by one to a process of its own, and tried again with growing waits for a
day.
"""

import queue
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from watchglass.app.child import Child
from watchglass.app.forecast import forecasts
from watchglass.app.ground import Ground
from watchglass.app.health import Observed, Patience
from watchglass.app.kept_index import KeptIndex
from watchglass.app.notice_events import NoticeEvents, Watched
from watchglass.app.notice_post import FAILED, SENT, Pictures, Post
from watchglass.app.notice_watch import Certificate, Site, Slow, conditions
from watchglass.app.notice_ways import change_way
from watchglass.app.rounds import Rounds
from watchglass.app.words import length_words
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, NoticeId, VolumeId, random_id
from watchglass.events.hysteresis import Hysteresis
from watchglass.events.message import at, two_lines
from watchglass.model.act import Act
from watchglass.model.gap import GapCause
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.metric import Metric, MetricKind, Sample
from watchglass.model.notice import URGENT, Condition, Notice, NoticeKind, NoticeWay
from watchglass.model.notice_control import NoticeRequest, SetWayRequest
from watchglass.model.notice_event import ToNotices
from watchglass.model.notice_way import MailSettings, MqttSettings
from watchglass.model.schedule import zone_of
from watchglass.model.stream import StreamName
from watchglass.store.index import IndexReader
from watchglass.store.notices import NoticeStore
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

_EVERY_S = 2.0
_SLOW_NS = 300 * NS_PER_S
_DAY_NS = 24 * 3600 * NS_PER_S
_WANTED_AWAY = frozenset({GapCause.PAUSED, GapCause.DISABLED})
_LOG = log.get("notices")

OPENED = Metric(
    "watchglass_notices_total", MetricKind.COUNTER, (), "Notices that were begun.",
    "It stands still.", "See 'watchglass notices list'.",
)  # fmt: skip
DROPPED = Metric(
    "watchglass_notice_events_dropped_total", MetricKind.COUNTER, (),
    "Events that were told faster than notices take them (policy: drop newest).", "0.",
    "Look for a rule that fires all the time.",
)  # fmt: skip
METRICS = (OPENED, DROPPED, SENT, FAILED)


@dataclass(frozen=True, slots=True)
class Outside:
    """What notices need of the rest of the recorder. ``missing``: a sentence for each volume that
    is not there. ``pictures`` and ``note``: see `notice_post.Post`. ``certificate``: what somebody
    should know of that of the page. ``unreviewed``: a sentence for each export that waits for a
    second person too long."""

    observe: Callable[[], Observed]
    missing: Callable[[], dict[VolumeId, str]]
    pictures: Pictures
    note: Callable[[Act], None]
    watched: Watched = field(default_factory=Watched)
    certificate: Callable[[], Certificate | None] = lambda: None
    unreviewed: Callable[[], Mapping[str, str]] = dict


class NoticeDesk:
    """``off_ns``: how long nothing ran before this start; None where nothing ever did."""

    def __init__(
        self, on: Ground, site: SiteStore, index: KeptIndex, outside: Outside, off_ns: int | None
    ) -> None:
        self._on = on
        self._site = site
        self._index = index
        self._outside = outside
        self._off_ns = off_ns
        self._patience = Patience.of(on.settings.stuck_s)
        vault = Vault(on.layout.vault_key, on.disk)
        self.store = NoticeStore(on.layout.site_db, vault, on.disk)
        self._told = {
            (each.kind, each.about): Condition(each.kind, each.about, each.sentence)
            for each in self.store.notices(lasting=True)
        }
        self._hysteresis = Hysteresis(self._told.values())
        self._slow: Slow | None = None
        self._slow_ns = 0
        self._restarts: dict[str, int] | None = None
        self._opened = 0
        self._post = Post(on, self.store, outside.pictures, outside.note)
        self._events = NoticeEvents(self.store, outside.watched)
        self._said: queue.SimpleQueue[Condition] = queue.SimpleQueue()
        self._rounds = Rounds("notices", self.turn, _EVERY_S)

    def start(self) -> None:
        self._rounds.start()

    @property
    def children(self) -> tuple[Child, ...]:
        """The processes that send: they run once there is a way for them."""
        return self._post.children

    def close(self) -> None:
        self._rounds.close()
        self._post.close()
        self.store.close()

    def change(self, request: NoticeRequest) -> None:
        """What people ask; raises what stands in the way."""
        change_way(self.store, request, self._on.clock.wall_ns())
        if isinstance(request, SetWayRequest) and isinstance(request.settings, MqttSettings):
            self._post.broker_changed()
        self._rounds.wake()

    def take(self, told: ToNotices) -> None:
        """What the events-worker says; for any thread."""
        self._events.take(told)
        self._rounds.wake()

    def events_lost(self) -> None:
        """The events-worker has ended; for any thread."""
        self._events.lost()

    def say(self, kind: NoticeKind, sentence: str) -> None:
        """Tell of something that is over as soon as it is told; for any thread."""
        self._said.put(Condition(kind, "", sentence))

    def samples(self) -> list[Sample]:
        return [
            OPENED.at(self._opened),
            DROPPED.at(self._events.dropped),
            *self._post.samples(),
        ]

    # --- the thread --------------------------------------------------------------------------

    def turn(self) -> None:
        """Look once, and send what is due."""
        seen = self._outside.observe()
        self._note_starts(seen)
        if self._slow is None or seen.now_ns - self._slow_ns > _SLOW_NS:
            self._slow, self._slow_ns = self._look_around(), seen.now_ns
        cameras = self._site.cameras(with_credentials=False)
        names = {each.id: each.name for each in cameras}
        site = Site(
            names, self._outside.missing(), self._outside.certificate(), self._outside.unreviewed()
        )
        found = conditions(seen, self._patience, site, self._slow, self._told.values())
        changes = self._hysteresis.see(found, seen.now_ns)
        for condition in changes.opened:
            self._open(condition)
        for kind, about in changes.ended:
            self._end(kind, about)
        while not self._said.empty():
            self._open(self._said.get(), over=True)
        self._daily()
        for letter, alarm in self._events.letters(names):
            self._post.tell(letter, urgent=alarm)
        if (mqtt := self._post.turn()) is not None:
            self._post.mqtt.keep(self._events.retained(mqtt, seen, names))

    def _open(self, condition: Condition, *, over: bool = False) -> None:
        now_ns = self._on.clock.wall_ns()
        notice = Notice(
            NoticeId(random_id()), condition.kind, condition.about, condition.sentence, now_ns,
            now_ns if over else None,
        )  # fmt: skip
        self.store.add(notice)
        self._opened += 1
        if not over:
            self._told[condition.kind, condition.about] = condition
        _LOG.warning("notice", kind=condition.kind.value, about=condition.about)
        self._tell(notice, LetterEvent.OPENED)

    def _end(self, kind: NoticeKind, about: str) -> None:
        self._told.pop((kind, about), None)
        notice = self.store.end(kind, about, self._on.clock.wall_ns())
        if notice is not None:
            _LOG.info("notice_ended", kind=kind.value, about=about)
            self._tell(notice, LetterEvent.ENDED)

    def _note_starts(self, seen: Observed) -> None:
        """What is over as soon as it is told."""
        restarts = {each.name: each.restarts for each in (seen.keeper, *seen.workers, *seen.others)}
        before, self._restarts = self._restarts, restarts
        if before is None:
            if self._off_ns is not None:
                sentence = (
                    f"The recorder was started. It had not run for {length_words(self._off_ns)}."
                )
                self._open(Condition(NoticeKind.RECORDER_RESTARTED, "", sentence), over=True)
            return
        for name, count in restarts.items():
            if count > before.get(name, 0):
                sentence = f"{name} had died, and was started again: its log says why."
                self._open(Condition(NoticeKind.RECORDER_RESTARTED, name, sentence), over=True)

    def _look_around(self) -> Slow:
        now_ns = self._on.clock.wall_ns()
        cameras = self._site.cameras(with_credentials=False)
        since_ns = self._site.backup_ns()
        if since_ns is None:
            since_ns = min((each.added_ns for each in cameras), default=None)
        missing: dict[CameraId, int] = {}
        rows = []
        if (store := self._index.store()) is not None:
            with store.read() as index:
                missing = {each.id: missing_ns(index, each.id, now_ns) for each in cameras}
                rows = forecasts(self._site, index, self._on.settings.floor_bytes, now_ns)
        return Slow(
            missing, rows, self._site.default_retention_h(),
            now_ns - since_ns if since_ns is not None else None,
        )  # fmt: skip

    def _tell(self, notice: Notice, event: LetterEvent) -> None:
        self._post.tell(
            Letter(
                event=event, kind=notice.kind, id=notice.id, about=notice.about,
                subject=notice.sentence, text=notice.sentence,
                at_ns=notice.at_ns, ended_ns=notice.ended_ns,
            ),
            urgent=notice.kind in URGENT,
        )  # fmt: skip

    def _daily(self) -> None:
        settings = self.store.way(NoticeWay.MAIL)
        if not isinstance(settings, MailSettings) or settings.daily_min is None:
            return
        now_ns = self._on.clock.wall_ns()
        local = at(now_ns, zone_of(settings.zone))
        today = local.date().isoformat()
        # By the date there: a time that is skipped, or comes twice, sends one mail all the same.
        if self.store.daily_sent() >= today or 60 * local.hour + local.minute < settings.daily_min:
            return
        slow = self._look_around()
        days = min((each.days for each in slow.forecasts if each.days is not None), default=None)
        wrong = {f"{kind}{about}": told.sentence for (kind, about), told in self._told.items()}
        missing_s = sum(slow.missing_ns.values()) // NS_PER_S
        cameras = len(self._site.cameras(with_credentials=False))
        lines = two_lines(cameras, missing_s, days, wrong)
        letter = Letter(
            event=LetterEvent.DAILY, kind=NoticeKind.RECORDER_RESTARTED, subject=lines[0],
            text="\n".join(lines), at_ns=now_ns,
        )  # fmt: skip
        self.store.put(NoticeWay.MAIL, letter, now_ns)
        self.store.set_daily_sent(today)


def missing_ns(index: IndexReader, camera: CameraId, now_ns: int) -> int:
    """How much of a camera's main stream is missing in the last day, pauses left out."""
    found = index.missing_ns(camera, StreamName.MAIN, now_ns - _DAY_NS, now_ns)
    return sum(length_ns for cause, length_ns in found.items() if cause not in _WANTED_AWAY)
