"""Changes of what is handed on by RTSP: in the database, and as acts in the ledger."""

import ipaddress
import socket
from collections.abc import Callable

import msgspec

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, is_id
from watchglass.model.act import ActKind
from watchglass.model.camera import CameraState
from watchglass.model.restream import (
    AddRestreamRequest,
    DropRestreamRequest,
    Restream,
    RestreamRequest,
)
from watchglass.store.site import SiteStore

Note = Callable[[ActKind, CameraId, str, str], None]


def change_restreams(
    store: SiteStore, note: Note, clock: Clock, request: RestreamRequest
) -> CameraId:
    """Make one or end one; its camera."""
    if isinstance(request, AddRestreamRequest):
        return _add(store, note, clock, request)
    return _drop(store, note, request)


def handed_on(store: SiteStore, note: Note) -> tuple[Restream, ...]:
    """Those that hold now: of cameras that are recorded, and of which no mask hides a part unless
    the relay was made although, or has it painted on. Those of removed cameras are ended."""
    found = store.restreams()
    if not found:
        return ()
    states = {
        each.id: each.state for each in store.cameras(include_removed=True, with_credentials=False)
    }
    masked = store.masked_cameras()
    held = []
    for each in found:
        if states[each.camera] is CameraState.REMOVED:
            note(ActKind.CAMERA_CHANGED, each.camera, "", f"relay {each.id[:8]} ended: removed")
            store.drop_restream(each.id)
        elif states[each.camera] is CameraState.ENABLED:
            if each.unmasked or each.camera not in masked:
                held.append(each)
            elif each.masked:
                masking = store.masking(each.camera)
                held.append(msgspec.structs.replace(each, masking=masking))
    return tuple(held)


def _add(store: SiteStore, note: Note, clock: Clock, request: AddRestreamRequest) -> CameraId:
    camera = store.find_camera(request.camera, with_credentials=False)
    host = _checked_host(request.host)
    if not is_id(request.restream) or not 1024 <= request.port <= 65_535:
        raise UsageError("A relay listens at a port from 1024 to 65535: --listen 127.0.0.1:8554.")
    if request.stream not in [each.stream for each in camera.streams]:
        raise UsageError(f"This camera has no stream '{request.stream}' that is recorded.")
    hides = camera.id in store.masked_cameras()
    if request.unmask and request.masked:
        raise UsageError("A relay hands on what masks hide, or paints them on: not both.")
    if hides and not request.unmask and not request.masked:
        raise RefusedError(
            "Masks hide a part of this camera's picture, and a relay hands it on as it is: have"
            " them painted on (--masked), or give a reason (--unmask, --reason) if the other"
            " system may have what they hide."
        )
    if request.unmask and not request.reason.strip():
        raise UsageError("Handing on what masks hide needs a reason: --reason 'why'.")
    taken = {(each.host, each.port) for each in store.restreams()}
    if (host, request.port) not in taken and (why := why_taken(host, request.port)):
        raise UsageError(
            f"Nothing can listen at {host}:{request.port} ({why}): name another address or port."
        )
    made = Restream(
        request.restream, camera.id, request.stream, host, request.port, request.user,
        request.secret, request.unmask, clock.wall_ns(), request.by, request.reason.strip(),
        request.masked, sound=request.sound,
    )  # fmt: skip
    store.require_room(made)
    # Told of first: who cannot be noted gets nothing.
    unmasked = ", with what masks hide" if made.unmasked else ", masked" if made.masked else ""
    heard = ", with sound" if made.sound else ""
    why = f": {made.reason}" if made.reason else ""
    note(
        ActKind.CAMERA_CHANGED, camera.id, request.by,
        f"relay {made.id[:8]} made at {made.url} for {made.user}{unmasked}{heard}{why}",
    )  # fmt: skip
    store.add_restream(made)
    return camera.id


def _drop(store: SiteStore, note: Note, request: DropRestreamRequest) -> CameraId:
    found = next((each for each in store.restreams() if each.id == request.restream), None)
    if found is None:
        raise NotFoundError("There is no such relay: see 'watchglass relay list'.")
    why = f": {request.reason.strip()}" if request.reason.strip() else ""
    store.drop_restream(found.id)
    note(ActKind.CAMERA_CHANGED, found.camera, request.by, f"relay {found.id[:8]} ended{why}")
    return found.camera


def _checked_host(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(
            "A relay listens at an address of this machine, in numbers: --listen 127.0.0.1:8554."
        ) from None


def why_taken(host: str, port: int) -> str:
    """Why nothing can listen there now; empty: it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return ""
