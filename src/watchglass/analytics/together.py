"""When the gates of a worker deal with frames: all of them at once.

While all is quiet a gate's frames can wait for a moment. To come back to each gate by itself costs
far more than what is done for it, as all that it needs has left the processor's caches by then; the
second gate in a row finds half of it there.
"""

from collections.abc import Callable

from watchglass.base.clock import NS_PER_S

TOGETHER_NS = 8 * NS_PER_S // 10
"""From one moment to the next, by the clock."""

Deal = Callable[[], None]


class Together:
    """Of one worker. The first frame of any camera behind such a moment has everybody deal with
    what has come. Thread-safe: two that come at once deal twice, which does no harm."""

    __slots__ = ("_all", "_moment")

    def __init__(self) -> None:
        self._all: tuple[Deal, ...] = ()
        self._moment = 0

    def join(self, deal: Deal) -> None:
        self._all = (*self._all, deal)

    def leave(self, deal: Deal) -> None:
        self._all = tuple(each for each in self._all if each != deal)

    def came(self, wall_ns: int) -> None:
        """A frame arrived at that time (UTC). Whoever calls holds no gate's lock."""
        moment = wall_ns // TOGETHER_NS
        if moment != self._moment:
            self._moment = moment
            for deal in self._all:
                deal()
