"""Acts on their way to the ledger: who signed in, searched, steered, changed what has no line."""

from contextlib import suppress

from watchglass.access.policy import User
from watchglass.api.notequeue import NoteQueue
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import ActId, CameraId, random_id
from watchglass.model.act import MOST_DETAIL, Act, ActKind

_TOGETHER_NS = 60 * NS_PER_S
_SAME_NS = 600 * NS_PER_S
_MOST_REMEMBERED = 1000
_MOST_STRANGERS = 1000
_MANY = "from many addresses"

_Known = tuple[str, ActKind, str, CameraId | None]
_Stranger = tuple[ActKind, str]


class Acts:
    """Of one event loop."""

    def __init__(self, clock: Clock, queue: NoteQueue) -> None:
        self._clock = clock
        self._queue = queue
        self._noted: dict[_Known, int] = {}
        self._strangers: dict[_Stranger, tuple[int, int]] = {}

    async def note(
        self, user: User | str, kind: ActKind, detail: str = "", camera: CameraId | None = None
    ) -> None:
        """Somebody does this: on disk when it returns. WatchglassError: it may not be done."""
        await self._queue.keep(self._act(user, kind, detail, camera))

    async def once(
        self, user: User, kind: ActKind, detail: str = "", camera: CameraId | None = None
    ) -> None:
        """As ``note``, and for ten minutes the same by the same sign-in is the same act."""
        now_ns = self._clock.monotonic_ns()
        key = user.session, kind, detail, camera
        noted_ns = self._noted.get(key)
        if noted_ns is not None and now_ns - noted_ns < _SAME_NS:
            return
        await self.note(user, kind, detail, camera)
        self._noted.pop(key, None)
        self._noted[key] = now_ns
        while len(self._noted) > _MOST_REMEMBERED:
            del self._noted[next(iter(self._noted))]

    async def mention(self, user: User | str, kind: ActKind, detail: str = "") -> None:
        """As ``note``, for what goes on although nobody could keep it: a door that opens only while
        the disk is well keeps out who would mend it."""
        with suppress(WatchglassError):  # counted, and in the log
            await self.note(user, kind, detail)

    async def tell(
        self, user: User | str, kind: ActKind, detail: str = "", camera: CameraId | None = None
    ) -> None:
        """As ``note``, for what the ledger itself must have first."""
        await self._queue.tell(self._act(user, kind, detail, camera))

    async def by_stranger(self, kind: ActKind, detail: str) -> None:
        """What anybody can make happen as often as he likes: the first at once, and those that
        follow within a minute as one, with their count."""
        now_ns = self._clock.monotonic_ns()
        key = kind, detail[:MOST_DETAIL]
        if key not in self._strangers and len(self._strangers) >= _MOST_STRANGERS:
            key = kind, _MANY
        known = self._strangers.get(key)
        if known is not None:
            since_ns, count = known
            self._strangers[key] = since_ns, count + 1
            return
        self._strangers[key] = now_ns, 0
        await self.mention("", kind, key[1])

    def keep_up(self, *, ending: bool = False) -> None:
        """Tell how often strangers went on; about once a second, and at the end."""
        now_ns = self._clock.monotonic_ns()
        for key, (since_ns, count) in list(self._strangers.items()):
            if not ending and now_ns - since_ns < _TOGETHER_NS:
                continue
            del self._strangers[key]
            if count:
                kind, detail = key
                self._queue.put(self._act("", kind, detail, count=count))

    def _act(
        self,
        user: User | str,
        kind: ActKind,
        detail: str,
        camera: CameraId | None = None,
        count: int = 1,
    ) -> Act:
        name = user if isinstance(user, str) else user.name
        now_ns = self._clock.wall_ns()
        return Act(ActId(random_id()), name, kind, now_ns, camera, detail[:MOST_DETAIL], count)
