"""A fleet of simulated cameras in this process."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from watchglass.base.clock import SystemClock
from watchglass.simulate import certificate
from watchglass.simulate.camera_kind import CameraSpec
from watchglass.simulate.digest import Credentials
from watchglass.simulate.faults import BadFault, FaultValue, picture_size
from watchglass.simulate.frame_log import FrameLog
from watchglass.simulate.loop import Loop, LoopSpec, encode_loop
from watchglass.simulate.loop_cache import load_loop
from watchglass.simulate.onvif.of_camera import device_of
from watchglass.simulate.onvif.quirks import Quirks
from watchglass.simulate.onvif.server import OnvifServer
from watchglass.simulate.rtsp_connection import TRANSPORTS, Settings, TransportName
from watchglass.simulate.rtsp_server import RtspServer
from watchglass.simulate.stream import Stream, StreamCounters
from watchglass.simulate.view import STRAIGHT

StreamChoice = Literal["main", "sub"]
FleetProgress = Callable[[LoopSpec, int, int], None]
"""Told (loop, frames encoded, frames in all); called from another thread."""

# Each camera is so much further on in its own time, so that key frames of many do not coincide.
_CAMERA_OFFSET_S = 7.37
_LOOK_S = 0.25
_MOST_FRAMES = 600
"""Of a loop that is made anew when its camera is turned, or covers something."""


@dataclass(frozen=True, slots=True)
class FleetSettings:
    host: str = "127.0.0.1"
    port: int = 0
    port_each: bool = False
    """A port of its own for each camera; then `offline` makes the system refuse connections."""
    credentials: Credentials | None = None
    log_folder: Path | None = None
    cache_folder: Path | None = None
    send_limit_bytes: int = 4 << 20
    tls: bool = False
    """rtsps://, with a certificate that nobody vouches for and a new key for each port."""
    transports: frozenset[TransportName] = frozenset(TRANSPORTS)
    session_timeout_s: float = 60.0
    onvif: bool = False
    """Each camera is an ONVIF device too, at a port of its own."""
    onvif_recorder: bool = False
    """The first alone is a device, and tells of all others as a recorder does."""
    onvif_quirks: Quirks | None = None
    path: str = ""
    """Of streams, with ``{channel}`` (from 1) and ``{stream}`` (1 main, 2 sub); else by names."""


@dataclass(frozen=True, slots=True)
class CameraUrls:
    """``onvif`` is empty where a camera is no ONVIF device."""

    name: str
    main: str
    sub: str
    onvif: str = ""


@dataclass(slots=True)
class _Camera:
    spec: CameraSpec
    server: RtspServer
    streams: dict[StreamChoice, Stream] = field(default_factory=dict)
    device: OnvifServer | None = None


class SimulatedFleet:
    """Cameras that run from `start` to `stop`; use from one event loop."""

    def __init__(
        self, cameras: Sequence[CameraSpec], settings: FleetSettings | None = None
    ) -> None:
        self._specs = list(cameras)
        self._settings = settings or FleetSettings()
        self._cameras: dict[str, _Camera] = {}
        self._servers: list[RtspServer] = []
        self._loops: dict[LoopSpec, Loop] = {}
        self._looking: asyncio.Task[None] | None = None

    def use(self, loops: Mapping[LoopSpec, Loop]) -> None:
        """Play these where cameras are to play their specs; before `start`."""
        self._loops.update(loops)

    async def start(self, progress: FleetProgress | None = None) -> None:
        """Encode what is not cached, then listen on all ports."""
        for spec in self._specs:
            for loop_spec in (spec.main, spec.sub):
                await self._load(loop_spec, progress)
        started_s = asyncio.get_running_loop().time()
        for index, spec in enumerate(self._specs):
            server = self._server_for(index)
            origin_s = started_s - index * _CAMERA_OFFSET_S
            self._cameras[spec.name] = self._build(spec, server, origin_s)
        for server in self._servers:
            await server.listen()
        if self._settings.onvif:
            for name, camera in list(self._cameras.items())[
                : 1 if self._settings.onvif_recorder else None
            ]:
                camera.device = device_of(
                    camera.spec, self.url(name), SystemClock(), self._settings.credentials,
                    self._settings.onvif_quirks, host=self._settings.host,
                    behind=self._specs[1:] if self._settings.onvif_recorder else (),
                )  # fmt: skip
                await camera.device.listen()
            self._looking = asyncio.create_task(self._look())

    async def stop(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        for camera in self._cameras.values():
            if camera.device is not None:
                await camera.device.close()
        for server in self._servers:
            await server.close()
        for camera in self._cameras.values():
            for stream in camera.streams.values():
                stream.close()

    @property
    def port(self) -> int:
        """Port of the first camera, which is that of all unless each has its own."""
        return self._servers[0].port

    @property
    def urls(self) -> list[CameraUrls]:
        return [
            CameraUrls(
                name, self.url(name, "main"), self.url(name, "sub"),
                camera.device.url if camera.device is not None else "",
            )
            for name, camera in self._cameras.items()
        ]  # fmt: skip

    def device(self, camera: str) -> OnvifServer:
        """The ONVIF device that a camera is; BadFault where it is none."""
        device = self._camera(camera).device
        if device is None:
            raise BadFault(f"{camera!r} is no ONVIF device")
        return device

    def url(self, camera: str, stream: StreamChoice = "main") -> str:
        """With user and password, where the fleet asks for them."""
        server = self._camera(camera).server
        login = self._settings.credentials
        prefix = f"{quote(login.user, '')}:{quote(login.password, '')}@" if login else ""
        scheme = "rtsp" if server.tls is None else "rtsps"
        return f"{scheme}://{prefix}{server.host}:{server.port}/{quote(self._path(camera, stream))}"

    def _path(self, camera: str, stream: StreamChoice) -> str:
        if not self._settings.path:
            return f"{camera}/{stream}"
        channel = 1 + [spec.name for spec in self._specs].index(camera)
        return self._settings.path.format(channel=channel, stream=1 if stream == "main" else 2)

    def stream(self, camera: str, stream: StreamChoice = "main") -> Stream:
        return self._camera(camera).streams[stream]

    async def set(
        self,
        camera: str,
        fault: str,
        value: FaultValue = True,
        stream: StreamChoice | None = None,
    ) -> None:
        """Set a fault of one stream, or of both; BadFault for what does not exist."""
        found = self._camera(camera)
        for name in (stream,) if stream else found.streams:
            target = found.streams[name]
            if fault == "resolution":
                target.switch(await self._load(picture_size(value, target.loop.spec), None))
            else:
                target.set_fault(fault, value)
        if fault == "offline" and self._settings.port_each:
            offline = all(target.faults.offline for target in found.streams.values())
            await (found.server.refuse() if offline else found.server.listen())

    def counters(self) -> dict[str, StreamCounters]:
        """By "camera/stream"."""
        return {
            stream.name: stream.counters
            for camera in self._cameras.values()
            for stream in camera.streams.values()
        }

    async def _look(self) -> None:
        """Let cameras show where they look, from their next key frame on, and what they cover."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for camera in self._cameras.values():
                if camera.device is None:
                    continue
                view = camera.device.view
                for stream in camera.streams.values():
                    spec = stream.wanted.spec
                    if spec.view == view or spec.frames > _MOST_FRAMES:
                        continue
                    straight = replace(spec, view=STRAIGHT)
                    if view == STRAIGHT:
                        stream.switch(await self._load(straight, None))
                    else:
                        # Of one place among many: not kept.
                        seen = replace(straight, view=view)
                        stream.switch(await asyncio.to_thread(encode_loop, seen))

    def _camera(self, name: str) -> _Camera:
        try:
            return self._cameras[name]
        except KeyError:
            raise BadFault(f"there is no camera {name!r}") from None

    async def _load(self, spec: LoopSpec, progress: FleetProgress | None) -> Loop:
        if spec not in self._loops:
            tell = None
            if progress is not None:
                inner = progress

                def tell(done: int, frames: int) -> None:
                    inner(spec, done, frames)

            folder = self._settings.cache_folder
            self._loops[spec] = await asyncio.to_thread(load_loop, spec, folder, tell)
        return self._loops[spec]

    def _server_for(self, index: int) -> RtspServer:
        settings = self._settings
        if index == 0 or settings.port_each:
            connection = Settings(
                settings.credentials,
                settings.send_limit_bytes,
                settings.transports,
                settings.session_timeout_s,
            )
            tls = certificate.self_signed() if settings.tls else None
            port = settings.port + index if settings.port else 0
            self._servers.append(RtspServer(settings.host, port, connection, tls))
        return self._servers[-1]

    def _build(self, spec: CameraSpec, server: RtspServer, origin_s: float) -> _Camera:
        camera = _Camera(spec, server)
        choices: tuple[tuple[StreamChoice, LoopSpec], ...] = (
            ("main", spec.main),
            ("sub", spec.sub),
        )
        for choice, loop_spec in choices:
            folder = self._settings.log_folder
            log = FrameLog(folder / f"{spec.name}-{choice}.jsonl") if folder else None
            name = f"{spec.name}/{choice}"
            stream = Stream(name, self._loops[loop_spec], origin_s, log)
            camera.streams[choice] = stream
            server.streams[self._path(spec.name, choice)] = stream
        return camera
