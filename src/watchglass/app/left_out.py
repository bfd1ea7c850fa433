"""What nothing may look at in a camera's picture, its masks and what somebody said to ignore; and
which cameras come before others."""

from pathlib import Path

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId
from watchglass.model.area import AreaKind
from watchglass.model.camera import CameraState
from watchglass.model.polygon import Point
from watchglass.model.visit import Analysed
from watchglass.store.site import SiteStore

_AGAIN_NS = 60 * NS_PER_S
"""Areas expire without anybody writing it."""


class LeftOut:
    """``analysed``, asked of the database only where that was written to, and once a minute."""

    def __init__(self, store: SiteStore, database: Path, clock: Clock) -> None:
        self._store = store
        self._files = (database, database.with_name(f"{database.name}-wal"))
        self._clock = clock
        self._seen: tuple[tuple[int, int], ...] = ()
        self._asked_ns: int | None = None
        self._found: tuple[Analysed, ...] = ()

    def __call__(self) -> tuple[Analysed, ...]:
        seen = tuple(map(_state, self._files))
        now_ns = self._clock.monotonic_ns()
        if seen != self._seen or self._asked_ns is None or now_ns - self._asked_ns > _AGAIN_NS:
            # In this order: what is written meanwhile is found the next time.
            self._seen, self._asked_ns = seen, now_ns
            self._found = analysed(self._store, self._clock.wall_ns())
        return self._found


def _state(file: Path) -> tuple[int, int]:
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def analysed(store: SiteStore, now_ns: int) -> tuple[Analysed, ...]:
    """Of each camera that is recorded: masks that hold for pictures of now, and ignore areas that
    are not over at ``now_ns`` (UTC)."""
    found = []
    ignored: dict[CameraId, list[tuple[Point, ...]]] = {}
    for area in store.areas():
        holds = area.expires_ns is None or area.expires_ns > now_ns
        if area.kind is AreaKind.IGNORE and holds:
            ignored.setdefault(area.camera, []).append(area.points)
    for camera in store.cameras(with_credentials=False):
        if camera.state is CameraState.REMOVED:
            continue
        covers = store.masking(camera.id).covers
        left_out = [each.polygon for each in covers if each.until_ns is None]
        left_out += ignored.get(camera.id, [])
        found.append(Analysed(camera=camera.id, left_out=tuple(left_out), priority=camera.priority))
    return tuple(found)
