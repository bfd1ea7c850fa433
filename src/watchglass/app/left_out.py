"""What nothing may look at in a camera's picture: its masks, and what somebody said to ignore."""

from watchglass.base.ids import CameraId
from watchglass.model.area import AreaKind
from watchglass.model.camera import CameraState
from watchglass.model.polygon import Point
from watchglass.model.visit import Analysed
from watchglass.store.site import SiteStore


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
        found.append(Analysed(camera=camera.id, left_out=tuple(left_out)))
    return tuple(found)
