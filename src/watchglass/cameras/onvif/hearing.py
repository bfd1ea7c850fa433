"""What becomes of a camera's messages: events with a beginning and an end, and few of them.

A camera may say a hundred things a second, say one thing by three topics, never say that it is
over, and have any time on its clock.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from msgspec.structs import replace

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.media.probe import harmless
from watchglass.model.said import MOST_TEXT, Said, SaidClock, SaidKind

MOST_LATE_NS = 15 * NS_PER_S
"""Between a camera's time and ours, its offset counted, before ours is taken."""
JOINS_NS = 5 * NS_PER_S
"""What begins again so soon goes on."""
LONGEST_NS = 600 * NS_PER_S
"""A camera that never says that it is over is not believed for longer."""
BURST = 40
EACH_NS = 10 * NS_PER_S
"""One more event may begin after so long, beyond a burst."""
_MOST_STATES = 64
_FLOOD = "more events than are kept"
_TRUE, _FALSE = ("true", "1"), ("false", "0")
_STATES = ("ismotion", "state", "isinside", "istamper", "value", "active", "alarm", "logicalstate")
_Key = tuple[SaidKind, str]


@dataclass(frozen=True, slots=True)
class Message:
    """One notification, all text as the camera wrote it. ``utc_ns`` by its clock; None for none."""

    topic: str
    operation: str
    utc_ns: int | None
    source: tuple[tuple[str, str], ...] = ()
    data: tuple[tuple[str, str], ...] = ()


def kind_of(message: Message) -> SaidKind:
    """By the words of its topic, and of its data where the topic says nothing."""
    topic = message.topic.lower()
    words = " ".join((topic, *(f"{name} {value}" for name, value in message.data))).lower()
    if "tamper" in topic or "globalscenechange" in topic or "imagetoo" in topic:
        return SaidKind.TAMPER
    if "linedetector" in topic or "linecross" in topic or "line" in topic.split("/")[-1]:
        return SaidKind.LINE
    if any(each in words for each in ("human", "people", "person", "face")):
        return SaidKind.PERSON
    if any(each in words for each in ("vehicle", "licenseplate", " car ", "truck")):
        return SaidKind.VEHICLE
    if "motion" in topic or "fielddetector" in topic:
        return SaidKind.MOTION
    return SaidKind.OTHER


def state_of(message: Message) -> bool | None:
    """Whether it begins (True) or ends (False) something; None for what only happens."""
    if message.operation.lower() == "deleted":
        return False
    for name, value in message.data:
        if name.lower() in _STATES and value.lower() in _TRUE:
            return True
        if name.lower() in _STATES and value.lower() in _FALSE:
            return False
    return None


def text_of(message: Message) -> str:
    """The camera's own word for what is none of ours."""
    return harmless(message.topic.rpartition(":")[2].replace("/", " "))[:MOST_TEXT]


@dataclass(slots=True)
class _Open:
    said: Said
    since: set[tuple[str, str]]
    """Topics and sources that have not said that it is over."""


@dataclass(slots=True)
class Hearing:
    """Of one camera. Each call gives what is new to be told of its events."""

    camera: CameraId
    _open: dict[_Key, _Open] = field(default_factory=dict)
    _ended: dict[_Key, Said] = field(default_factory=dict)
    _budget: float = BURST
    _budget_ns: int = 0
    _flood: Said | None = None

    def hear(
        self, messages: Iterable[Message], arrival_ns: int, offset_s: float | None
    ) -> list[Said]:
        """Messages that came together at a time (UTC ns); the camera's clock is so far ahead."""
        told: dict[str, Said] = {}
        for message in messages:
            at_ns, clock = _when(message, arrival_ns, offset_s)
            for said in self._take(message, at_ns, clock, arrival_ns):
                told[said.id] = said
        for said in self.pass_time(arrival_ns):
            told[said.id] = said
        return list(told.values())

    def pass_time(self, now_ns: int) -> list[Said]:
        """End what has lasted too long."""
        found = []
        for key, opened in list(self._open.items()):
            if now_ns - opened.said.from_ns > LONGEST_NS:
                found.append(self._end(key, opened.said.from_ns + LONGEST_NS))
        return found

    def lose(self, now_ns: int) -> list[Said]:
        """The camera is not heard any more: what went on ends with what is known."""
        return [self._end(key, max(now_ns, opened.said.from_ns))
                for key, opened in list(self._open.items())]  # fmt: skip

    def _take(self, message: Message, at_ns: int, clock: SaidClock, now_ns: int) -> Iterator[Said]:
        kind, state = kind_of(message), state_of(message)
        key = kind, text_of(message) if kind is SaidKind.OTHER else ""
        who = message.topic[:200], str(message.source)[:200]
        opened = self._open.get(key)
        if state is False:
            if opened is not None:
                opened.since.discard(who)
                if not opened.since:
                    yield self._end(key, max(at_ns, opened.said.from_ns))
            return
        if message.operation.lower() == "initialized" and state is None:
            return
        if opened is not None:
            if state and len(opened.since) < _MOST_STATES:
                opened.since.add(who)
            opened.said = replace(opened.said, count=opened.said.count + 1)
            return
        said = self._begun(key, at_ns, clock, now_ns)
        if said is None:
            yield self._left_out(at_ns)
        elif state:
            self._open[key] = _Open(said, {who})
            yield said
        else:
            said = replace(said, to_ns=max(at_ns, said.from_ns))
            self._ended[key] = said
            yield said

    def _begun(self, key: _Key, at_ns: int, clock: SaidClock, now_ns: int) -> Said | None:
        """One that goes on, or a new one; None while there are too many."""
        before = self._ended.pop(key, None)
        if (
            before is not None
            and before.to_ns is not None
            and (0 <= at_ns - before.to_ns <= JOINS_NS and at_ns - before.from_ns < LONGEST_NS)
        ):
            return replace(before, to_ns=None, count=before.count + 1)
        if len(self._open) >= _MOST_STATES or not self._may_begin(now_ns):
            return None
        while len(self._ended) >= _MOST_STATES:
            self._ended.pop(next(iter(self._ended)))
        return Said(
            id=random_id(), camera=self.camera, kind=key[0], from_ns=at_ns, to_ns=None,
            text=key[1], clock=clock,
        )  # fmt: skip

    def _may_begin(self, now_ns: int) -> bool:
        passed_ns = max(0, now_ns - self._budget_ns) if self._budget_ns else 0
        self._budget = min(BURST, self._budget + passed_ns / EACH_NS)
        self._budget_ns = now_ns
        if self._budget < 1:
            return False
        self._budget -= 1
        return True

    def _left_out(self, at_ns: int) -> Said:
        """One event stands for all that are left out within a time, and says how many."""
        flood = self._flood
        if flood is None or at_ns - flood.from_ns > LONGEST_NS or at_ns < flood.from_ns:
            flood = Said(
                id=random_id(), camera=self.camera, kind=SaidKind.OTHER, from_ns=at_ns,
                to_ns=at_ns, text=_FLOOD, count=0, clock=SaidClock.RECORDER,
            )  # fmt: skip
        self._flood = replace(flood, to_ns=max(at_ns, flood.from_ns), count=flood.count + 1)
        return self._flood

    def _end(self, key: _Key, at_ns: int) -> Said:
        said = replace(self._open.pop(key).said, to_ns=at_ns)
        self._ended[key] = said
        return said


def _when(message: Message, arrival_ns: int, offset_s: float | None) -> tuple[int, SaidClock]:
    """When it was, by our clock. Nothing is in the future."""
    if message.utc_ns is not None and offset_s is not None:
        at_ns = message.utc_ns - round(offset_s * NS_PER_S)
        if abs(at_ns - arrival_ns) <= MOST_LATE_NS:
            return min(at_ns, arrival_ns), SaidClock.CAMERA
    return arrival_ns, SaidClock.RECORDER
