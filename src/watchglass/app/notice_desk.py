"""Notices: what holds is looked at, what lasts is kept and told, in a thread that nobody waits for.

Recording knows nothing of it: a webhook that hangs, a mail server that is down or a database that
is held by somebody cost a notice its time, and nothing else. What is to be sent lies in the
database, is handed one by one to a process of its own, and tried again with growing waits for a
day.
"""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from watchglass.app.child import Child
from watchglass.app.forecast import forecasts
from watchglass.app.ground import Ground
from watchglass.app.health import Observed, Patience
from watchglass.app.kept_index import KeptIndex
from watchglass.app.notice_watch import Site, Slow, conditions
from watchglass.app.notice_ways import change_way
from watchglass.app.words import length_words
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, NoticeId, VolumeId, random_id
from watchglass.events.hysteresis import Hysteresis
from watchglass.events.message import (
    DELIVERY,
    SIGNATURE,
    at,
    mail,
    signature,
    two_lines,
    webhook_body,
)
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.metric import Metric, MetricKind, Sample
from watchglass.model.notice import (
    Condition,
    Delivery,
    Notice,
    NoticeKind,
    NoticeWay,
)
from watchglass.model.notice_control import NoticeRequest
from watchglass.model.schedule import zone_of
from watchglass.model.sending import SenderStart, SendMail, SendWebhook, Sent
from watchglass.model.stream import StreamName
from watchglass.store.index import IndexReader
from watchglass.store.notices import NoticeStore
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

_EVERY_S = 2.0
_SLOW_NS = 300 * NS_PER_S
_DAY_NS = 24 * 3600 * NS_PER_S
_TIMEOUT_S = 30.0
_FIRST_RETRY_NS = 30 * NS_PER_S
_MOST_RETRY_NS = 3600 * NS_PER_S
_JOIN_S = 2.0
_WANTED_AWAY = frozenset({GapCause.PAUSED, GapCause.DISABLED})
_LOG = log.get("notices")
_ANSWERS: msgspec.json.Decoder[Sent] = msgspec.json.Decoder(Sent)
_TEST = Notice(NoticeId("0" * 32), NoticeKind.RECORDER_RESTARTED, "", "", 0)

OPENED = Metric(
    "watchglass_notices_total", MetricKind.COUNTER, (), "Notices that were begun.",
    "It stands still.", "See 'watchglass notices list'.",
)  # fmt: skip
SENT = Metric(
    "watchglass_notices_sent_total", MetricKind.COUNTER, ("way",), "Messages that were taken.",
    "One for each begin and end of a notice, for each way.", "See 'watchglass notices list'.",
)  # fmt: skip
FAILED = Metric(
    "watchglass_notices_send_failed_total", MetricKind.COUNTER, ("way",),
    "Tries to send that failed; each is tried again for a day.", "0.",
    "'watchglass notices list' says what the server answered.",
)  # fmt: skip
METRICS = (OPENED, SENT, FAILED)


class NoticeDesk:
    """``missing``: a sentence for each volume that is not there. ``off_ns``: how long nothing ran
    before this start; None where nothing ever did."""

    def __init__(
        self,
        on: Ground,
        site: SiteStore,
        index: KeptIndex,
        observe: Callable[[], Observed],
        missing: Callable[[], dict[VolumeId, str]],
        off_ns: int | None,
    ) -> None:
        self._on = on
        self._site = site
        self._index = index
        self._observe = observe
        self._missing = missing
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
        self._lock = threading.Lock()
        self._under_way: Delivery | None = None
        self._since_ns = 0
        self._opened = 0
        self._sent = dict.fromkeys(NoticeWay, 0)
        self._failed = dict.fromkeys(NoticeWay, 0)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="notices", daemon=True)
        self._started = False
        self.child = Child(
            "notice-sender", "watchglass.app.notice_process", self._first_message, on.clock,
            speaks=True, hear=self._hear, died=self._died,
        )  # fmt: skip

    def start(self) -> None:
        self._thread.start()

    @property
    def sends(self) -> bool:
        """Whether its process runs: it does once there is a way."""
        return self._started

    def close(self) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        if self._started:
            self.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            self.child.wait(_JOIN_S)
        self.store.close()

    def change(self, request: NoticeRequest) -> None:
        """What people ask; raises what stands in the way."""
        change_way(self.store, request, self._on.clock.wall_ns())

    def samples(self) -> list[Sample]:
        return [
            OPENED.at(self._opened),
            *(SENT.at(count, way.value) for way, count in self._sent.items()),
            *(FAILED.at(count, way.value) for way, count in self._failed.items()),
        ]

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        while not self._ending.is_set():
            try:
                self.turn()
            except WatchglassError as error:
                _LOG.error("notices_failed", error=error.sentence)
            except Exception:  # noqa: BLE001 - the thread's border: recording goes on without
                _LOG.exception("notices_failed")
            self._ending.wait(_EVERY_S)

    def turn(self) -> None:
        """Look once, and send what is due."""
        seen = self._observe()
        self._note_starts(seen)
        if self._slow is None or seen.now_ns - self._slow_ns > _SLOW_NS:
            self._slow, self._slow_ns = self._look_around(), seen.now_ns
        cameras = self._site.cameras(with_credentials=False)
        site = Site({each.id: each.name for each in cameras}, self._missing())
        found = conditions(seen, self._patience, site, self._slow, self._told.values())
        changes = self._hysteresis.see(found, seen.now_ns)
        for condition in changes.opened:
            self._open(condition)
        for kind, about in changes.ended:
            self._end(kind, about)
        self._daily()
        self._pump()

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
        self._tell(notice, "opened")

    def _end(self, kind: NoticeKind, about: str) -> None:
        self._told.pop((kind, about), None)
        notice = self.store.end(kind, about, self._on.clock.wall_ns())
        if notice is not None:
            _LOG.info("notice_ended", kind=kind.value, about=about)
            self._tell(notice, "ended")

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

    # --- what leaves -------------------------------------------------------------------------

    def _tell(self, notice: Notice, event: str) -> None:
        now_ns = self._on.clock.wall_ns()
        webhook, mailing = self.store.webhook(), self.store.mail()
        if webhook is not None and (not webhook.kinds or notice.kind in webhook.kinds):
            body = webhook_body(notice, event)
            self.store.put(NoticeWay.WEBHOOK, notice.id, body, now_ns)
        if mailing is not None and (not mailing.kinds or notice.kind in mailing.kinds):
            over = "Over: " if event == "ended" else ""
            when = f"{at(notice.at_ns, zone_of(mailing.zone)):%Y-%m-%d %H:%M %Z}"
            body = f"{over}{notice.sentence}\n\nSince {when}.\n"
            self.store.put(NoticeWay.MAIL, f"Watchglass: {over}{notice.sentence}", body, now_ns)

    def _daily(self) -> None:
        settings = self.store.mail()
        if settings is None or settings.daily_min is None:
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
        self.store.put(NoticeWay.MAIL, f"Watchglass: {lines[0]}", "\n".join(lines) + "\n", now_ns)
        self.store.set_daily_sent(today)

    def _pump(self) -> None:
        """Hand the next message to the process that sends, if it has none."""
        now_ns = self._on.clock.wall_ns()
        with self._lock:
            if self._under_way is not None:
                return
            delivery = self.store.due(now_ns)
            if delivery is None:
                return
            self._under_way = delivery
        if not self._started:
            self._started = True
            self.child.start()
        try:
            message = self._message(delivery, now_ns)
        except WatchglassError as error:
            self._done(delivery, error.sentence)
            return
        if not self.child.tell(message):
            with self._lock:
                self._under_way = None  # it is being started: at the next turn

    def _message(self, delivery: Delivery, now_ns: int) -> SendWebhook | SendMail:
        if delivery.way is NoticeWay.WEBHOOK:
            return self._webhook(delivery, now_ns)
        settings, password = self.store.mail(), self.store.secret(NoticeWay.MAIL)
        assert settings is not None
        id = f"{delivery.id}.{delivery.made_ns}"
        return SendMail(
            delivery.id, settings.host, settings.port, settings.tls, settings.user,
            password.reveal() if password is not None else "", settings.sender, settings.to,
            mail(settings, delivery.subject, delivery.body, delivery.made_ns, id),
            (settings.host,) if settings.allow else (), _TIMEOUT_S,
        )  # fmt: skip

    def _webhook(self, delivery: Delivery, now_ns: int) -> SendWebhook:
        settings, secret = self.store.webhook(), self.store.secret(NoticeWay.WEBHOOK)
        assert settings is not None
        body = delivery.body
        if not body.startswith("{"):
            told = msgspec.structs.replace(_TEST, sentence=body, at_ns=delivery.made_ns)
            body = webhook_body(told, "test")
        headers = [(DELIVERY, str(delivery.id))]
        if secret is not None:
            headers.append((SIGNATURE, signature(secret, body, now_ns // NS_PER_S)))
        host = (urlsplit(settings.url).hostname or "").lower()
        return SendWebhook(
            delivery.id, settings.url, body, tuple(headers), (host,) if settings.allow else (),
            _TIMEOUT_S,
        )  # fmt: skip

    def _first_message(self, _first: bool) -> SenderStart:
        return SenderStart(self._on.settings.log_json, self._on.settings.fences)

    def _hear(self, line: bytes) -> None:
        answer = _ANSWERS.decode(line)
        with self._lock:
            delivery = self._under_way
        if delivery is not None and delivery.id == answer.number:
            try:
                self._done(delivery, answer.error)
            except WatchglassError as error:
                _LOG.error("notice_not_settled", error=error.sentence)

    def _done(self, delivery: Delivery, error: str) -> None:
        """It was taken, or it was not: then it is tried again, for a day."""
        now_ns = self._on.clock.wall_ns()
        try:
            if not error:
                self._sent[delivery.way] += 1
                self.store.sent(delivery, now_ns)
                return
            self._failed[delivery.way] += 1
            wait_ns = min(_FIRST_RETRY_NS << min(delivery.tries, 20), _MOST_RETRY_NS)
            is_over = now_ns + wait_ns - delivery.made_ns > _DAY_NS
            self.store.failed(delivery, error, now_ns, None if is_over else now_ns + wait_ns)
            _LOG.warning("notice_not_sent", way=delivery.way.value, error=error, gives_up=is_over)
        finally:
            with self._lock:
                self._under_way = None

    def _died(self, _exit_code: int) -> None:
        with self._lock:
            self._under_way = None


def missing_ns(index: IndexReader, camera: CameraId, now_ns: int) -> int:
    """How much of a camera's main stream is missing in the last day, pauses left out."""
    found = index.missing_ns(camera, StreamName.MAIN, now_ns - _DAY_NS, now_ns)
    return sum(length_ns for cause, length_ns in found.items() if cause not in _WANTED_AWAY)
