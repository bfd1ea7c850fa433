"""What a look at the past has been through: who looks may die of its pictures, or of anything."""

from dataclasses import dataclass, field
from enum import Enum

from watchglass.model.look_back import LookBackTold

_MOST_TRIES = 3
_MOST_DEATHS = 12
_DIES_OF_IT = 2
"""So often at one group of pictures alone: once may be chance."""


class Next(Enum):
    """What comes after a process that looked: it is over, again, or it is given up."""

    OVER = "over"
    AGAIN = "again"
    STUCK = "stuck"
    DEADLY = "deadly"


WHY = {
    Next.STUCK: "It ended again and again where it was: the recorder's log says why.",
    Next.DEADLY: "The process that looks at pictures died of it again and again: the recorder's "
    "log says why.",
}
"""Why it is given up, in a sentence."""


@dataclass(slots=True)
class Trial:
    """Of one look. ``careful_to_ns`` and ``left_out``: see `LookBackStart`."""

    careful_to_ns: int = 0
    left_out: set[int] = field(default_factory=set)
    _tries: int = 0
    _deaths: int = 0
    _alone: dict[int, int] = field(default_factory=dict)

    def after(self, last: LookBackTold | None, *, came_further: bool) -> Next:
        """What to do after a process whose last word that was; None where it said nothing."""
        if last is not None and last.over:
            return Next.OVER
        if last is not None and last.died_at:
            return self._after_death(last.died_at)
        self._tries = 0 if came_further else self._tries + 1
        return Next.AGAIN if self._tries < _MOST_TRIES else Next.STUCK

    def _after_death(self, died_at: tuple[int, ...]) -> Next:
        self._deaths += 1
        self.careful_to_ns = max(self.careful_to_ns, *died_at)
        if len(died_at) == 1:
            (at_ns,) = died_at
            deaths = self._alone[at_ns] = self._alone.get(at_ns, 0) + 1
            if deaths >= _DIES_OF_IT:
                self.left_out.add(at_ns)
        return Next.AGAIN if self._deaths <= _MOST_DEATHS else Next.DEADLY
