"""A look at the device that is to stand in a camera's place."""

from watchglass.app.adding import edit_found, look_at, request_for
from watchglass.app.hosts import allowed_hosts
from watchglass.app.site import Site
from watchglass.app.swapping import TO_SWAP
from watchglass.base.errors import CameraError, RefusedError, UsageError
from watchglass.base.ids import CameraId
from watchglass.cameras.host import host_of
from watchglass.cameras.probe import CameraProbe, Way
from watchglass.config.settings import Settings
from watchglass.model.camera import Camera
from watchglass.model.control import EditCameraRequest, SwapCameraRequest, SwapFoundRequest
from watchglass.store.site import SiteStore


def changed_found(
    settings: Settings, site: Site, request: EditCameraRequest | SwapFoundRequest
) -> CameraId:
    """Carry out what has a device looked at first; the camera it was about."""
    if isinstance(request, EditCameraRequest):
        return edit_found(settings, site, request)
    camera = site.carry_out(swap_found(settings, site.store, request))
    assert camera is not None
    return camera


def swap_found(
    settings: Settings, store: SiteStore, request: SwapFoundRequest
) -> SwapCameraRequest:
    """Look at the new device; what swaps it, or why it cannot be recorded."""
    if not request.reason.strip():
        raise UsageError(TO_SWAP)
    camera = store.find_camera(request.camera, with_credentials=False)
    host = host_of(request.url)
    allow = frozenset({host}) if request.allow else frozenset()
    user, password = (request.user, request.password) if request.user else (None, None)
    found = look_at(
        request.url, user, password, settings, allowed_hosts(store) | allow,
        way=Way(fingerprint=request.fingerprint), sub=request.sub or None, source=request.source,
    )  # fmt: skip
    refuse_same(store, camera, found)
    return SwapCameraRequest(
        camera.id, request_for(found, camera.name, request.by, allow), request.by, request.reason
    )


def refuse_same(store: SiteStore, camera: Camera, found: CameraProbe) -> None:
    """Raises what speaks against having what was found in a camera's place."""
    if found.main is None:
        raise found.problem or CameraError("The device cannot be recorded, and does not say why.")
    urls = {each.url for each in found.streams}
    for each in store.cameras(with_credentials=False):
        if urls & {stream.url for stream in each.streams}:
            raise RefusedError(
                f"{each.name} is recorded from there already."
                if each.id == camera.id
                else f"That is where {each.name} is recorded from: remove that camera first. What "
                "it recorded stays for its time."
            )
