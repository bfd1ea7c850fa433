"""What leaves: letters in the database, handed one by one to the processes that send.

What was not taken is tried again with growing waits for a day. In quiet hours only what is urgent
leaves; what else is to be known of the recorder waits until they are over, and what rules found is
not sent late.
"""

import threading
from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from watchglass.app.child import Child
from watchglass.app.ground import Ground
from watchglass.app.mqtt_desk import MqttDesk
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import ActId, CameraId, random_id
from watchglass.base.secret import Secret
from watchglass.events.homeassistant import notice_topic, picture_topic
from watchglass.events.message import at, webhook_body
from watchglass.model.act import Act, ActKind
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.letter import Letter, LetterEvent
from watchglass.model.metric import Metric, MetricKind, Sample
from watchglass.model.notice import Delivery, NoticeWay
from watchglass.model.notice_way import (
    AppriseSettings,
    MailSettings,
    MqttSettings,
    PluginSettings,
    WaySettings,
    WebhookSettings,
    way_of,
)
from watchglass.model.notifier import Parcel
from watchglass.model.sending import Send, SenderStart, Sent
from watchglass.store.notices import NoticeStore

_DAY_NS = 24 * 3600 * NS_PER_S
_TIMEOUT_S = 30.0
_FIRST_RETRY_NS = 30 * NS_PER_S
_MOST_RETRY_NS = 3600 * NS_PER_S
_LEAST_TRIES = 8
"""Of one that waited for the end of quiet hours, and is a day old when it is first tried."""
_JOIN_S = 2.0
_PICTURE_AGAIN_NS = 3 * NS_PER_S
_PICTURE_MOST_NS = 20 * NS_PER_S
"""The newest pictures are read a moment after they were recorded; a letter does not wait longer."""
_LOG = log.get("notices")
_ANSWERS: msgspec.json.Decoder[Sent] = msgspec.json.Decoder(Sent)
_BY_SENDER = tuple(each for each in NoticeWay if each is not NoticeWay.MQTT)

SENT = Metric(
    "watchglass_notices_sent_total", MetricKind.COUNTER, ("way",), "Messages that were taken.",
    "One for each begin and end of a notice, for each way.", "See 'watchglass notices list'.",
)  # fmt: skip
FAILED = Metric(
    "watchglass_notices_send_failed_total", MetricKind.COUNTER, ("way",),
    "Tries to send that failed; each is tried again for a day.", "0.",
    "'watchglass notices list' says what the server answered.",
)  # fmt: skip

Pictures = Callable[[CameraId, int], bytes]
"""A JPEG of a camera at a time (UTC ns), with its masks drawn; blocks for some seconds at most.
WatchglassError where there is none."""


class Post:
    """``note`` tells the site's ledger what leaves of the recordings; raises where it cannot.

    Used by the thread of the notices.
    """

    def __init__(
        self, on: Ground, store: NoticeStore, pictures: Pictures, note: Callable[[Act], None]
    ) -> None:
        self._on = on
        self._store = store
        self._pictures = pictures
        self._note = note
        self._lock = threading.Lock()
        self._under_way: dict[int, Delivery] = {}
        self._sent = dict.fromkeys(NoticeWay, 0)
        self._failed = dict.fromkeys(NoticeWay, 0)
        self._started = False
        self._anew = False
        self.mqtt = MqttDesk(on, self._answered, self._stood, lambda: self._lose((NoticeWay.MQTT,)))
        self.child = Child(
            "notice-sender", "watchglass.app.notice_process", self._first_message, on.clock,
            speaks=True, hear=self._hear, died=self._died,
        )  # fmt: skip

    @property
    def children(self) -> tuple[Child, ...]:
        """The processes that send, as far as there are ways for them."""
        sender = (self.child,) if self._started else ()
        mqtt = self.mqtt.child
        return (*sender, mqtt) if mqtt is not None else sender

    def close(self) -> None:
        self.mqtt.close()
        if self._started:
            self.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            self.child.wait(_JOIN_S)

    def broker_changed(self) -> None:
        """For any thread: somebody has changed how the broker is reached."""
        self._anew = True

    def samples(self) -> list[Sample]:
        return [
            *(SENT.at(count, way.value) for way, count in self._sent.items()),
            *(FAILED.at(count, way.value) for way, count in self._failed.items()),
        ]

    def tell(self, letter: Letter, *, urgent: bool = False) -> None:
        """Have it sent by each way that is for it."""
        now_ns = self._on.clock.wall_ns()
        for settings in self._store.ways():
            if settings.kinds and letter.kind not in settings.kinds:
                continue
            way, until_ns = way_of(settings), settings.quiet.until(now_ns)
            if until_ns is None or urgent:
                self._store.put(way, letter, now_ns)
            elif letter.event is LetterEvent.ENDED and self._store.take_back(
                way, letter.id, LetterEvent.OPENED
            ):
                continue  # it came and went while nobody wanted to know
            elif letter.event is not LetterEvent.FOUND:
                self._store.put(way, letter, now_ns, until_ns)

    def turn(self) -> MqttSettings | None:
        """Hand on what is due; where there is a broker to stand at, its settings."""
        mqtt = self._store.way(NoticeWay.MQTT)
        assert mqtt is None or isinstance(mqtt, MqttSettings)
        anew, self._anew = self._anew, False
        self.mqtt.follow(mqtt, self._password, anew=anew)
        self._pump(_BY_SENDER)
        if mqtt is not None and self.mqtt.stands:
            self._pump((NoticeWay.MQTT,))
        return mqtt

    def _password(self) -> Secret | None:
        try:
            return self._store.secret(NoticeWay.MQTT)
        except WatchglassError as error:
            _LOG.error("mqtt_password_not_read", error=error.sentence)
            return None

    def _pump(self, ways: tuple[NoticeWay, ...]) -> None:
        """Hand the next letter by one of these ways to who sends it, if he has none."""
        now_ns = self._on.clock.wall_ns()
        with self._lock:
            if any(each.way in ways for each in self._under_way.values()):
                return
            delivery = self._store.due(now_ns, ways)
            if delivery is None:
                return
            self._under_way[delivery.id] = delivery
        if not self._hand_over(delivery, now_ns):
            with self._lock:
                self._under_way.pop(delivery.id, None)  # at the next turn

    def _hand_over(self, delivery: Delivery, now_ns: int) -> bool:
        """Whether it is under way, or settled; False: not yet."""
        try:
            settings = self._store.way(delivery.way)
            letter = self._store.letter(delivery)
            if settings is None:  # dropped a moment ago, and its letters with it
                return False
            picture, later = self._picture(delivery, letter, settings, now_ns)
            if later:
                self._store.postpone(delivery, now_ns + _PICTURE_AGAIN_NS)
                return False
            if isinstance(settings, MqttSettings):
                parcel = Parcel(letter, None, delivery.id, delivery.made_ns, now_ns)
                topics = [(notice_topic(settings), webhook_body(parcel).encode())]
                if picture is not None and letter.picture is not None:
                    topics.append((picture_topic(settings, letter.picture.camera), picture))
                return self.mqtt.tell(delivery.id, tuple(topics))
            secret = self._store.secret(delivery.way)
        except WatchglassError as error:
            self._done(delivery, error.sentence)
            return True
        if not self._started:
            self._started = True
            self.child.start()
        revealed = secret.reveal() if secret is not None else ""
        return self.child.tell(
            Send(
                delivery.id, settings, revealed, letter, picture, delivery.made_ns, now_ns,
                let_in(settings, revealed), _TIMEOUT_S,
            )
        )  # fmt: skip

    def _picture(
        self, delivery: Delivery, letter: Letter, settings: WaySettings, now_ns: int
    ) -> tuple[bytes | None, bool]:
        """The picture that goes with it, and whether to look for it once more in a moment. That it
        leaves is in the ledger before."""
        of = letter.picture
        if of is None or not settings.picture:
            return None, False
        try:
            picture = self._pictures(of.camera, of.at_ns)
            detail = f"by {delivery.way}: picture of {at(of.at_ns):%Y-%m-%dT%H:%M:%SZ}"
            act = Act(
                ActId(random_id()), "", ActKind.PICTURE_SENT, self._on.clock.wall_ns(), of.camera,
                detail,
            )  # fmt: skip
            self._note(act)
        except WatchglassError as error:
            waits = delivery.tries == 0 and now_ns - delivery.made_ns < _PICTURE_MOST_NS
            if not waits:
                _LOG.warning("notice_without_picture", error=error.sentence)
            return None, waits
        return picture, False

    def _first_message(self, _first: bool) -> SenderStart:
        return SenderStart(self._on.settings.log_json, self._on.settings.fences)

    def _hear(self, line: bytes) -> None:
        answer = _ANSWERS.decode(line)
        self._answered(answer.number, answer.error)

    def _answered(self, number: int, error: str) -> None:
        with self._lock:
            delivery = self._under_way.get(number)
        if delivery is not None:
            try:
                self._done(delivery, error)
            except WatchglassError as problem:
                _LOG.error("notice_not_settled", error=problem.sentence)

    def _done(self, delivery: Delivery, error: str) -> None:
        """It was taken, or it was not: then it is tried again, for a day."""
        now_ns = self._on.clock.wall_ns()
        try:
            if not error:
                self._sent[delivery.way] += 1
                self._store.sent(delivery, now_ns)
                return
            self._failed[delivery.way] += 1
            wait_ns = min(_FIRST_RETRY_NS << min(delivery.tries, 20), _MOST_RETRY_NS)
            is_old = now_ns + wait_ns - delivery.made_ns > _DAY_NS
            waited = delivery.due_ns - delivery.made_ns > _DAY_NS // 2
            is_over = is_old and (not waited or delivery.tries >= _LEAST_TRIES)
            self._store.failed(delivery, error, now_ns, None if is_over else now_ns + wait_ns)
            _LOG.warning("notice_not_sent", way=delivery.way.value, error=error, gives_up=is_over)
        finally:
            with self._lock:
                self._under_way.pop(delivery.id, None)

    def _stood(self, error: str) -> None:
        try:
            self._store.stands(NoticeWay.MQTT, error, self._on.clock.wall_ns())
        except WatchglassError as problem:
            _LOG.error("notice_not_settled", error=problem.sentence)

    def _died(self, _exit_code: int) -> None:
        self._lose(_BY_SENDER)

    def _lose(self, ways: tuple[NoticeWay, ...]) -> None:
        """What was under way by these is so no more: it is handed over again."""
        with self._lock:
            for each in list(self._under_way.values()):
                if each.way in ways:
                    del self._under_way[each.id]


def let_in(settings: WaySettings, secret: str) -> tuple[str, ...]:
    """Hosts of a way that are let in although they are refused by default."""
    match settings:
        case WebhookSettings(allow=True):
            return ((urlsplit(settings.url).hostname or "").lower(),)
        case MailSettings(allow=True) | MqttSettings(allow=True):
            return (settings.host,)
        case AppriseSettings(allow=True):
            hosts = (urlsplit(each).hostname for each in secret.split())
            return tuple(each.lower() for each in hosts if each)
        case PluginSettings():
            return settings.hosts
        case _:
            return ()
