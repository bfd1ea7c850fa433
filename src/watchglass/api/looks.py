"""Every look is noted before its first byte, told again as it goes on, and when it ends.

A viewing is one person's sign-in playing back one stream, over spans that touch; it is one look, as
a live view is. Before anything of it is shown, its note is on disk (`api.notequeue`), and within a
second in the site's ledger. Where a mask is lifted or a copy leaves, the ledger itself has it
first, or nothing is shown. A power cut, or the death of this process, may lose the end of live
views and the newest minute of playback: that somebody looked is never lost.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from msgspec.structs import replace

from watchglass.access.policy import User
from watchglass.api.notequeue import NoteQueue
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, LookId, random_id
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName

_TOUCHES_NS = 10 * NS_PER_S
_IDLE_NS = 60 * NS_PER_S
_TOLD_EVERY_NS = 60 * NS_PER_S
_MOST_VIEWINGS = 1000

_Key = tuple[str, CameraId, StreamName, LookKind, str]


@dataclass(slots=True)
class _Viewing:
    """``told`` is as much of ``look`` as went to the queue; ``seen_ns``, ``told_ns`` monotonic.

    ``noted`` is done once the look may be shown.
    """

    look: Look
    told: Look
    seen_ns: int
    told_ns: int
    noted: asyncio.Task[None]


class Looks:
    """Of one event loop."""

    def __init__(self, clock: Clock, queue: NoteQueue) -> None:
        self._clock = clock
        self._queue = queue
        self._viewings: OrderedDict[_Key, _Viewing] = OrderedDict()

    async def saw(
        self,
        user: User,
        camera: CameraId,
        stream: StreamName,
        from_ns: int,
        to_ns: int,
        kind: LookKind = LookKind.PLAYBACK,
        unmasked: str = "",
    ) -> None:
        """Somebody is about to be given the recorded media of a span (UTC ns).

        ``LIVE``: as it is recorded. ``unmasked``: why somebody sees what masks hide; empty: not.
        WatchglassError when it could not be noted: then nothing may be given.
        """
        key = (user.session, camera, stream, kind, unmasked)
        now_ns = self._clock.monotonic_ns()
        viewing = self._viewings.get(key)
        grown = _grown(viewing.look, from_ns, to_ns) if viewing is not None else None
        if viewing is not None and grown is not None:
            viewing.look, viewing.seen_ns = grown, now_ns
            await asyncio.shield(viewing.noted)
            return
        if viewing is not None:
            self._tell(viewing)
        look = _look(user, camera, stream, kind, from_ns, to_ns, unmasked)
        noted = asyncio.create_task(self._keep(look))
        viewing = _Viewing(look, look, now_ns, now_ns, noted)
        self._viewings[key] = viewing
        while len(self._viewings) > _MOST_VIEWINGS:
            self._tell(self._viewings.popitem(last=False)[1])
        try:
            # Whoever is given more of it meanwhile waits for the same note.
            await asyncio.shield(noted)
        except WatchglassError:
            if self._viewings.get(key) is viewing:
                del self._viewings[key]
            raise

    async def began(
        self, user: User, camera: CameraId, stream: StreamName, unmasked: str = ""
    ) -> Look:
        """A live view is about to begin; ``ended`` takes what this gives. Raises as ``saw``."""
        now_ns = self._clock.wall_ns()
        look = _look(user, camera, stream, LookKind.LIVE, now_ns, None, unmasked)
        await self._keep(look)
        return look

    async def copied(
        self,
        user: User,
        camera: CameraId,
        stream: StreamName,
        from_ns: int,
        to_ns: int,
        unmasked: str = "",
        reason: str = "",
        kind: LookKind = LookKind.CLIP,
    ) -> None:
        """Somebody is about to be given a copy. Once this returns, the ledger itself has it.

        WatchglassError when it has not: then nothing may be given.
        """
        look = _look(user, camera, stream, kind, from_ns, to_ns, unmasked)
        why = ". ".join(each for each in (unmasked, reason) if each)
        await self._queue.tell(replace(look, reason=why))

    def ended(self, look: Look) -> None:
        """A live view is over."""
        self._queue.put(replace(look, to_ns=max(look.from_ns, self._clock.wall_ns())))

    def keep_up(self) -> None:
        """Tell what viewings have come to; once a second."""
        now_ns = self._clock.monotonic_ns()
        for key, viewing in list(self._viewings.items()):
            idle = now_ns - viewing.seen_ns > _IDLE_NS
            if idle:
                del self._viewings[key]
            if idle or now_ns - viewing.told_ns > _TOLD_EVERY_NS:
                viewing.told_ns = now_ns
                self._tell(viewing)

    def close(self) -> None:
        """Tell what all that is open has come to, at the end of the process."""
        while self._viewings:
            self._tell(self._viewings.popitem()[1])

    async def _keep(self, look: Look) -> None:
        if look.unmasked:
            await self._queue.tell(look)
        else:
            await self._queue.keep(look)

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
    unmasked: str,
) -> Look:
    return Look(
        LookId(random_id()), user.name, camera, stream, kind, from_ns, to_ns,
        unmasked=bool(unmasked), reason=unmasked,
    )  # fmt: skip


def _grown(look: Look, from_ns: int, to_ns: int) -> Look | None:
    """A playback with a span more; None where that does not touch it."""
    assert look.to_ns is not None
    if from_ns > look.to_ns + _TOUCHES_NS or to_ns < look.from_ns - _TOUCHES_NS:
        return None
    return replace(look, from_ns=min(look.from_ns, from_ns), to_ns=max(look.to_ns, to_ns))
