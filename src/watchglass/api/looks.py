"""Every look into the ledger: told when it begins, now and again as it goes on, and when it ends.

A viewing is one person's sign-in playing back one stream, over spans that touch; it is one look, as
a live view is. Nobody waits for the disk: a picture may be on the screen a moment before its look
is in the ledger, which normally takes less than a second. So a power cut, or the death of this
process, may lose the looks that began in that moment, the end of live views and the newest minutes
of playback; and while no recorder answers, all that began since it last did.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from watchglass.access.policy import User
from watchglass.api.blocking import Blocking
from watchglass.api.lookqueue import LookQueue
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId, LookId, random_id
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName

_TOUCHES_NS = 10 * NS_PER_S
_IDLE_NS = 60 * NS_PER_S
_TOLD_EVERY_NS = 300 * NS_PER_S
_MOST_VIEWINGS = 1000

_Key = tuple[str, CameraId, StreamName, LookKind]


@dataclass(slots=True)
class _Viewing:
    """``told`` is as much of ``look`` as went to the queue; ``seen_ns``, ``told_ns`` monotonic."""

    look: Look
    told: Look
    seen_ns: int
    told_ns: int


class Looks:
    """Of one event loop."""

    def __init__(
        self, clock: Clock, note: Callable[[Sequence[Look]], None], blocking: Blocking
    ) -> None:
        """``note`` is the port of that name."""
        self._clock = clock
        self._queue = LookQueue(note, blocking)
        self._viewings: OrderedDict[_Key, _Viewing] = OrderedDict()

    @property
    def queue(self) -> LookQueue:
        """What waits to be told, for its gauge."""
        return self._queue

    def saw(
        self,
        user: User,
        camera: CameraId,
        stream: StreamName,
        from_ns: int,
        to_ns: int,
        kind: LookKind = LookKind.PLAYBACK,
    ) -> None:
        """Somebody is given the recorded media of a span (UTC ns); ``LIVE`` as it is recorded."""
        key = (user.session, camera, stream, kind)
        now_ns = self._clock.monotonic_ns()
        viewing = self._viewings.get(key)
        grown = _grown(viewing.look, from_ns, to_ns) if viewing is not None else None
        if viewing is not None and grown is not None:
            viewing.look, viewing.seen_ns = grown, now_ns
            return
        if viewing is not None:
            self._tell(viewing)
        look = _look(user, camera, stream, kind, from_ns, to_ns)
        self._queue.put(look)
        self._viewings[key] = _Viewing(look, look, now_ns, now_ns)
        while len(self._viewings) > _MOST_VIEWINGS:
            self._tell(self._viewings.popitem(last=False)[1])

    def began(self, user: User, camera: CameraId, stream: StreamName) -> Look:
        """A live view begins; ``ended`` takes what this gives."""
        look = _look(user, camera, stream, LookKind.LIVE, self._clock.wall_ns(), None)
        self._queue.put(look)
        return look

    def ended(self, look: Look) -> None:
        """A live view is over."""
        self._queue.put(replace(look, to_ns=max(look.from_ns, self._clock.wall_ns())))

    def keep_up(self) -> None:
        """Tell what viewings have come to, and try again what was not noted; once a second."""
        now_ns = self._clock.monotonic_ns()
        for key, viewing in list(self._viewings.items()):
            idle = now_ns - viewing.seen_ns > _IDLE_NS
            if idle:
                del self._viewings[key]
            if idle or now_ns - viewing.told_ns > _TOLD_EVERY_NS:
                viewing.told_ns = now_ns
                self._tell(viewing)
        self._queue.send()

    async def close(self) -> None:
        """Have all that is open noted, at the end of the process."""
        while self._viewings:
            self._tell(self._viewings.popitem()[1])
        await self._queue.close()

    def _tell(self, viewing: _Viewing) -> None:
        if viewing.told != viewing.look:
            viewing.told = viewing.look
            self._queue.put(viewing.look)


def _look(
    user: User,
    camera: CameraId,
    stream: StreamName,
    kind: LookKind,
    from_ns: int,
    to_ns: int | None,
) -> Look:
    return Look(LookId(random_id()), user.name, camera, stream, kind, from_ns, to_ns)


def _grown(look: Look, from_ns: int, to_ns: int) -> Look | None:
    """A playback with a span more; None where that does not touch it."""
    assert look.to_ns is not None
    if from_ns > look.to_ns + _TOUCHES_NS or to_ns < look.from_ns - _TOUCHES_NS:
        return None
    return replace(look, from_ns=min(look.from_ns, from_ns), to_ns=max(look.to_ns, to_ns))
