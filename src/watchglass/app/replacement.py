"""A process that is stuck, and nothing else, is killed and started again.

Only where that can help: never while another part is stuck as well, a disk above all, and never
while the process waits inside the kernel, where it could not die. What was seen has to hold for a
moment, and a supervisor that was away itself (stopped, or starved of the processor) begins to look
anew, for it takes its own silence for that of others. A process that is stuck again and again is
left alone for twice as long each time; the watchdog, where there is one, stays the last resort.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from watchglass.app.crew import Crew
from watchglass.app.health import Patience
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.model.health import Health

_HOLDS_NS = 2 * NS_PER_S
_AWAY_NS = 5 * NS_PER_S
_LONGEST_NS = 3600 * NS_PER_S
_LOG = log.get("supervisor")


@dataclass(frozen=True, slots=True)
class Replaced:
    """How often a process was replaced, not counting what is long ago, and when last."""

    times: int
    last_ns: int

    def rests_ns(self, patience: Patience) -> int:
        """For how long it is left alone since then."""
        doublings = min(self.times, 32)
        return min(patience.silent_ns << doublings, _LONGEST_NS)


@dataclass(frozen=True, slots=True)
class Past:
    """What was seen and done up to now; all times monotonic. ``suspect`` alone has been stuck since
    ``since_ns``; empty for nobody."""

    looked_ns: int
    suspect: str = ""
    since_ns: int = 0
    replaced: Mapping[str, Replaced] = field(default_factory=dict)


def alone_stuck(health: Health) -> str:
    """The process that is the reason for all that is stuck; where nothing is, one that hangs and is
    not needed to record; empty where there is none."""
    found = {each.process for each in health.reasons if each.stuck}
    if not found:
        return min((each.process for each in health.reasons if each.process), default="")
    return found.pop() if len(found) == 1 else ""


def decide(past: Past, now_ns: int, suspect: str, patience: Patience) -> tuple[Past, bool]:
    """Whether to replace ``suspect`` now; and the past as it is from now on."""
    was_away = now_ns - past.looked_ns > _AWAY_NS
    seen = replace(past, looked_ns=now_ns)
    if not suspect or suspect != past.suspect or was_away:
        return replace(seen, suspect=suspect, since_ns=now_ns), False
    before = past.replaced.get(suspect, Replaced(0, 0))
    if before.times and now_ns - before.last_ns > 2 * _LONGEST_NS:
        before = Replaced(0, 0)
    rests = before.times > 0 and now_ns - before.last_ns < before.rests_ns(patience)
    if rests or now_ns - past.since_ns < _HOLDS_NS:
        return seen, False
    done = {**past.replaced, suspect: Replaced(before.times + 1, now_ns)}
    return Past(now_ns, replaced=done), True


class Replacement:
    """Owned by one thread, which lets it ``look`` every third second. Of ``crew`` one is ended for
    good, and whoever keeps it alive starts it again."""

    def __init__(self, crew: Callable[[], Crew], patience: Patience, clock: Clock) -> None:
        self._crew = crew
        self._patience = patience
        self._clock = clock
        self._past = Past(clock.monotonic_ns())

    def look(self, health: Health) -> None:
        """Replace who is stuck, if it is one, and due."""
        suspect = alone_stuck(health)
        if suspect and self._crew().waits_in_kernel(suspect):
            suspect = ""
        now_ns = self._clock.monotonic_ns()
        self._past, is_due = decide(self._past, now_ns, suspect, self._patience)
        if is_due:
            reasons = [each.sentence for each in health.reasons if each.process == suspect]
            times = self._past.replaced[suspect].times
            _LOG.error("stuck_process_replaced", name=suspect, times=times, reasons=reasons)
            self._crew().kill(suspect)
