"""What nothing may look at in a camera's picture: its masks."""

from watchglass.model.camera import CameraState
from watchglass.model.visit import Analysed
from watchglass.store.site import SiteStore


def analysed(store: SiteStore) -> tuple[Analysed, ...]:
    """Of each camera that is recorded, as of now; masks that hold for pictures of now."""
    found = []
    for camera in store.cameras(with_credentials=False):
        if camera.state is CameraState.REMOVED:
            continue
        covers = store.masking(camera.id).covers
        left_out = tuple(each.polygon for each in covers if each.until_ns is None)
        found.append(Analysed(camera=camera.id, left_out=left_out))
    return tuple(found)
