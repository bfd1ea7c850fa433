"""Another device in a camera's place: what people drew and may see stays, and so does its past."""

from dataclasses import replace

from watchglass.app.hosts import allow_hosts, allowed_hosts
from watchglass.app.keeper_port import KeeperPort
from watchglass.app.workers_port import Workers, assigned
from watchglass.base.clock import Clock
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.cameras.host import host_of
from watchglass.model.camera import BehindCamera, Camera, CameraState, Credentials, StreamAddress
from watchglass.model.control import AddCameraRequest, SwapCameraRequest
from watchglass.model.gap import GapCause
from watchglass.model.order import SwapDevice
from watchglass.store.site import SiteStore

NOTHING_SAID = "a device that does not say what it is"
TO_SWAP = "Putting another device in a camera's place needs a reason: --reason 'why'."


class Swapping:
    """Of one site. Thread-safe as far as its store and keeper are."""

    def __init__(
        self, store: SiteStore, keeper: KeeperPort, workers: Workers, clock: Clock
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._workers = workers
        self._clock = clock

    def swap(self, request: SwapCameraRequest) -> CameraId:
        """What the old device sent is recorded up to now, and from now on what the new one sends.

        The database has it before the ledger has: what the ledger was not told of is told at the
        next start, with the time at which it was.
        """
        if not request.reason.strip():
            raise UsageError(TO_SWAP)
        store, to = self._store, request.to
        camera = store.find_camera(request.camera)
        streams = streams_after(camera, to)
        if to.allow:
            allow_hosts(store, frozenset(to.allow))
            self._workers.allow(allowed_hosts(store))
        login = Credentials(to.user, Secret(to.password)) if to.user else None
        if camera.state is CameraState.ENABLED:
            self._workers.stop_recording(camera.id, GapCause.WAITING_KEY_FRAME)
        device = BehindCamera(
            camera.device_no + 1, self._clock.wall_ns(), to.device or NOTHING_SAID,
            host_of(streams[0].url), request.by, request.reason.strip(),
        )  # fmt: skip
        try:
            store.swap_device(camera, device, streams, login, to.onvif)
            self._tell(camera.id, device)
        finally:
            # As it is now, whichever that is.
            if camera.state is CameraState.ENABLED:
                self._workers.record([assigned(store.camera(camera.id))])
        return camera.id

    def tell_untold(self) -> None:
        """Tell the ledger of devices that were put in place when it could not be told."""
        for camera, devices in self._store.untold_devices().items():
            for each in devices:
                self._tell(camera, each)

    def _tell(self, camera: CameraId, device: BehindCamera) -> None:
        self._keeper.order(
            SwapDevice(camera, device.identity, device.since_ns, device.by, device.reason)
        )
        self._store.told_of_device(camera, device.number)


def streams_after(camera: Camera, to: AddCameraRequest) -> tuple[StreamAddress, ...]:
    """The camera's streams where the new device has them; how long each is kept stays."""
    found = dict(to.streams)
    lacking = [each.stream for each in camera.streams if each.stream not in found]
    if lacking:
        raise UsageError(
            f"{camera.name} has a sub-stream, and the new device shows none: give its address, or "
            "that of its main stream again."
        )
    return tuple(
        replace(each, url=found[each.stream], transport=to.transport, fingerprint=to.fingerprint)
        for each in camera.streams
    )
