"""From what holds now to what is told: a condition has to last, and its end too.

A camera that flaps is told of once. What was told before a restart is not told again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.model.notice import Condition, NoticeKind

Key = tuple[NoticeKind, str]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a condition has to hold before it is told, and to be gone before its end is."""

    opens_ns: int
    ends_ns: int


def _pace(opens_s: int, ends_s: int) -> Pace:
    return Pace(opens_s * NS_PER_S, ends_s * NS_PER_S)


PACES = {
    NoticeKind.CAMERA_OFFLINE: _pace(60, 30),
    NoticeKind.GAP_LIMIT: _pace(0, 600),
    NoticeKind.DISK_FILLING: _pace(600, 3600),
    NoticeKind.DISK_FAILED: _pace(15, 60),
    NoticeKind.KEEPER_DOWN: _pace(10, 10),
    NoticeKind.BACKUP_DUE: _pace(0, 0),
    NoticeKind.CERTIFICATE_ENDS: _pace(0, 0),
    NoticeKind.EXPORT_UNREVIEWED: _pace(0, 0),
}
_AT_ONCE = Pace(0, 0)


@dataclass(slots=True)
class _Seen:
    """``told``: it has been. ``since_ns``: it has been there, or gone, without a break since."""

    condition: Condition
    there: bool
    since_ns: int
    told: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be told now."""

    opened: tuple[Condition, ...] = ()
    ended: tuple[Key, ...] = ()


@dataclass(slots=True)
class Hysteresis:
    """``told``: what was told and has not ended, as of the start. Times are monotonic."""

    told: Iterable[Condition] = ()
    paces: dict[NoticeKind, Pace] = field(default_factory=lambda: dict(PACES))
    _seen: dict[Key, _Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for each in self.told:
            self._seen[each.kind, each.about] = _Seen(each, True, -(1 << 62), told=True)

    def see(self, conditions: Iterable[Condition], now_ns: int) -> Changes:
        """What holds at ``now_ns``, all of it."""
        there = {(each.kind, each.about): each for each in conditions}
        for key, condition in there.items():
            seen = self._seen.get(key)
            if seen is None or not seen.there:
                told = seen is not None and seen.told
                self._seen[key] = _Seen(condition, True, now_ns, told)
            else:
                seen.condition = condition
        for key, seen in self._seen.items():
            if seen.there and key not in there:
                seen.there, seen.since_ns = False, now_ns
        return Changes(tuple(self._opened(now_ns)), tuple(self._ended(now_ns)))

    def _opened(self, now_ns: int) -> Iterable[Condition]:
        for seen in self._seen.values():
            pace = self.paces.get(seen.condition.kind, _AT_ONCE)
            if seen.there and not seen.told and now_ns - seen.since_ns >= pace.opens_ns:
                seen.told = True
                yield seen.condition

    def _ended(self, now_ns: int) -> Iterable[Key]:
        for key, seen in list(self._seen.items()):
            pace = self.paces.get(seen.condition.kind, _AT_ONCE)
            if seen.there:
                continue
            if not seen.told:
                del self._seen[key]
            elif now_ns - seen.since_ns >= pace.ends_ns:
                del self._seen[key]
                yield key
