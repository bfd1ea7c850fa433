"""The ONVIF device that a simulated camera is."""

from collections.abc import Sequence
from functools import lru_cache

from watchglass.base.clock import Clock
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.simulate.camera_kind import CameraSpec
from watchglass.simulate.digest import Credentials
from watchglass.simulate.loop import LoopSpec
from watchglass.simulate.onvif.quirks import Quirks
from watchglass.simulate.onvif.server import Label, OnvifServer
from watchglass.simulate.onvif.services import Identity, Profile
from watchglass.simulate.scene import Scene

ANYBODY = Credentials("admin", "admin")
"""Of a device in front of streams that ask for no login."""


def device_of(
    spec: CameraSpec,
    stream_url: str,
    clock: Clock,
    credentials: Credentials | None,
    quirks: Quirks | None = None,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    behind: Sequence[CameraSpec] = (),
) -> OnvifServer:
    """Not listening yet. ``stream_url``: of its main stream, with or without login.
    ``behind``: other cameras of the same server, as a recorder has them."""
    scheme, _, rest = stream_url.partition("://")
    place, _, path = rest.rpartition("@")[2].partition("/")
    folder = path.rpartition("/")[0]
    profiles = (
        Profile("main", "Main stream", spec.main, f"/{folder}/main"),
        Profile("sub", "Sub-stream", spec.sub, f"/{folder}/sub"),
        *(
            Profile(f"{name}-{each.name}", name, shown, f"/{each.name}/{name}", each.name)
            for each in behind
            for name, shown in (("main", each.main), ("sub", each.sub))
        ),
    )
    label = Label(profiles, place, scheme, Identity(serial=spec.name))
    return OnvifServer(
        label, clock, credentials or ANYBODY, quirks, host=host, port=port,
        picture=lambda: snapshot(spec.sub),
    )  # fmt: skip


@lru_cache(maxsize=8)
def snapshot(spec: LoopSpec) -> bytes:
    """The first picture of a loop as JPEG."""
    scene = Scene(spec.seed, spec.width, spec.height, spec.seconds, 0.7)
    encoder = VideoEncoder(
        VideoEncoding(
            codec="mjpeg", width=spec.width, height=spec.height, fps=spec.fps,
            bit_rate=2_000_000, constant_rate=False,
        )
    )  # fmt: skip
    units = encoder.encode(scene.picture(0, spec.fps), key=True) + encoder.flush()
    return b"".join(units)
