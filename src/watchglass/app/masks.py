"""Changes of masks: in the database, and as acts in the ledger.

A mask that is drawn holds even if nobody could be told; one that is to go is told of first.
"""

from collections.abc import Callable

from watchglass.app.speaking import speaks_at_its_stream
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.control import DrawMaskRequest, EndMaskRequest
from watchglass.store.site import SiteStore

Note = Callable[[ActKind, CameraId, str, str], None]
"""Puts an act into the ledger: kind, camera, by whom, in words."""


def draw_mask(store: SiteStore, note: Note, request: DrawMaskRequest) -> CameraId:
    """Cover a part of a camera's picture; the camera."""
    camera = store.find_camera(request.camera, with_credentials=False)
    if request.into_camera and not speaks_at_its_stream(camera):
        raise UsageError(
            "This camera is not spoken to by ONVIF, so the mask cannot be set in it: leave that"
            " out, and the recorder hides it alone."
        )
    mask = store.draw_mask(
        camera.id, request.name, request.polygon, request.from_ns, request.until_ns, request.by,
        request.reason, request.into_camera,
    )  # fmt: skip
    why = f": {mask.reason}" if mask.reason else ""
    why = f", in the camera too{why}" if mask.into_camera else why
    note(ActKind.MASK_CHANGED, camera.id, request.by, f"drew '{mask.name}' ({mask.id[:8]}){why}")
    return camera.id


def end_mask(store: SiteStore, note: Note, request: EndMaskRequest) -> CameraId:
    """Let a mask cover nothing, or nothing new; the camera."""
    camera = store.find_camera(request.camera, with_credentials=False)
    names = {each.id: each.name for each in store.masks(camera.id)}
    if request.mask in names and request.reason.strip():
        how = "took away" if request.until_ns is None else "ended"
        detail = f"{how} '{names[request.mask]}' ({request.mask[:8]}): {request.reason.strip()}"
        note(ActKind.MASK_CHANGED, camera.id, request.by, detail)
    store.end_mask(camera.id, request.mask, request.until_ns, request.by, request.reason)
    return camera.id
