"""What the simulated device says happens before it, and who pulls it."""

import asyncio
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from watchglass.base.clock import NS_PER_S
from watchglass.simulate.onvif.envelope import Call, Fault
from watchglass.simulate.onvif.turning import seconds

_MOST_WAITING: Final = 512
_MOST_SUBSCRIPTIONS: Final = 10
_DIALECT: Final = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"


@dataclass(frozen=True, slots=True)
class Happening:
    """A notification. ``topic`` as tns1:RuleEngine/CellMotionDetector/Motion."""

    topic: str
    data: tuple[tuple[str, str], ...]
    source: tuple[tuple[str, str], ...] = (("VideoSourceConfigurationToken", "vs"),)
    operation: str = "Changed"
    raw: str = ""
    """Instead of all the rest, for hostile ones."""

    def xml(self, at_ns: int) -> str:
        if self.raw:
            return self.raw
        return (
            "<wsnt:NotificationMessage>"
            f'<wsnt:Topic Dialect="{_DIALECT}">{escape(self.topic)}</wsnt:Topic>'
            f'<wsnt:Message><tt:Message UtcTime="{utc(at_ns)}" '
            f'PropertyOperation="{self.operation}"><tt:Source>{_items(self.source)}</tt:Source>'
            f"<tt:Data>{_items(self.data)}</tt:Data></tt:Message></wsnt:Message>"
            "</wsnt:NotificationMessage>"
        )


def motion(on: bool, topic: str = "tns1:RuleEngine/CellMotionDetector/Motion") -> Happening:
    """The most common event of all."""
    return Happening(topic, (("IsMotion", str(on).lower()),))


@dataclass(slots=True)
class _Subscription:
    until_ns: int
    waiting: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_WAITING))
    arrived: asyncio.Event = field(default_factory=asyncio.Event)


class Happenings:
    """Subscriptions of one device. Times are of its own clock, in ns."""

    def __init__(self, url_of: Callable[[int], str], *, broken_relative_time: bool) -> None:
        self._url_of = url_of
        self._broken = broken_relative_time
        self._numbers = itertools.count(1)
        self._subscriptions: dict[int, _Subscription] = {}

    @property
    def pulled(self) -> int:
        """How many subscriptions there are."""
        return len(self._subscriptions)

    def emit(self, happening: Happening, at_ns: int) -> None:
        """Tell all who pull."""
        for each in self._subscriptions.values():
            each.waiting.append(happening.xml(at_ns))
            each.arrived.set()

    def forget(self) -> None:
        """As a device does that starts anew."""
        for each in self._subscriptions.values():
            each.arrived.set()
        self._subscriptions.clear()

    def subscribe(self, call: Call, now_ns: int) -> str:
        self._expire(now_ns)
        if len(self._subscriptions) >= _MOST_SUBSCRIPTIONS:
            raise Fault("SubscribeCreationFailed", "too many subscriptions", sender=False)
        number = next(self._numbers)
        until_ns = self._until(call.text("InitialTerminationTime"), now_ns)
        self._subscriptions[number] = _Subscription(until_ns)
        return (
            "<tev:CreatePullPointSubscriptionResponse><tev:SubscriptionReference><wsa:Address>"
            f"{escape(self._url_of(number))}</wsa:Address></tev:SubscriptionReference>"
            f"<wsnt:CurrentTime>{utc(now_ns)}</wsnt:CurrentTime><wsnt:TerminationTime>"
            f"{utc(until_ns)}</wsnt:TerminationTime></tev:CreatePullPointSubscriptionResponse>"
        )

    async def of(self, number: int, call: Call, now_ns: int) -> str:
        """What is asked of one subscription."""
        self._expire(now_ns)
        found = self._subscriptions.get(number)
        if found is None:
            raise Fault("InvalidArgVal", "there is no such subscription")
        match call.operation:
            case "PullMessages":
                return await self._pull(found, call, now_ns)
            case "Renew":
                found.until_ns = self._until(call.text("TerminationTime"), now_ns)
                return (
                    f"<wsnt:RenewResponse><wsnt:TerminationTime>{utc(found.until_ns)}"
                    f"</wsnt:TerminationTime><wsnt:CurrentTime>{utc(now_ns)}</wsnt:CurrentTime>"
                    "</wsnt:RenewResponse>"
                )
            case "Unsubscribe":
                self._subscriptions.pop(number).arrived.set()
                return "<wsnt:UnsubscribeResponse/>"
            case "SetSynchronizationPoint":
                return "<tev:SetSynchronizationPointResponse/>"
            case _:
                raise Fault("ActionNotSupported", "The requested action is not implemented.")

    async def _pull(self, found: _Subscription, call: Call, now_ns: int) -> str:
        wait_s = min(seconds(call.text("Timeout")) or 1.0, 60.0)
        most = min(int(call.text("MessageLimit", "1")), 100)
        if not found.waiting:
            found.arrived.clear()
            try:
                await asyncio.wait_for(found.arrived.wait(), wait_s)
            except TimeoutError:
                now_ns += round(wait_s * NS_PER_S)
        taken = [found.waiting.popleft() for _ in range(min(most, len(found.waiting)))]
        return (
            f"<tev:PullMessagesResponse><tev:CurrentTime>{utc(now_ns)}</tev:CurrentTime>"
            f"<tev:TerminationTime>{utc(found.until_ns)}</tev:TerminationTime>{''.join(taken)}"
            "</tev:PullMessagesResponse>"
        )

    def _until(self, text: str, now_ns: int) -> int:
        wait_s = seconds(text)
        if wait_s is not None:
            return now_ns + round((1.0 if self._broken else wait_s) * NS_PER_S)
        try:
            return round(datetime.fromisoformat(text).timestamp() * NS_PER_S)
        except ValueError:
            return now_ns + 60 * NS_PER_S

    def _expire(self, now_ns: int) -> None:
        for number, each in list(self._subscriptions.items()):
            if each.until_ns < now_ns:
                del self._subscriptions[number]
                each.arrived.set()


def _items(pairs: tuple[tuple[str, str], ...]) -> str:
    return "".join(
        f"<tt:SimpleItem Name={quoteattr(name)} Value={quoteattr(value)}/>"
        for name, value in pairs
    )  # fmt: skip


def utc(ns: int) -> str:
    """2026-11-03T09:12:44.123Z."""
    when = datetime.fromtimestamp(ns / NS_PER_S, UTC)
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
