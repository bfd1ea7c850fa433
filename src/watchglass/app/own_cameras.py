"""The recorder's own cameras as things that were seen: where they are, and what they are called."""

import ipaddress
from collections.abc import Iterator, Sequence

from watchglass.cameras.address import split_url
from watchglass.model.camera import Camera, CameraState
from watchglass.model.coverage import Coverage, ScanEntry
from watchglass.model.observation import Observation, Signal, Source, observe
from watchglass.model.scan import Covered, FromScan, Observed, ScanEnded


def own_cameras(cameras: Sequence[Camera], entry: ScanEntry) -> Iterator[FromScan]:
    """What the recorder knows of its cameras without asking them."""
    recorded = [each for each in cameras if each.state is not CameraState.REMOVED]
    yield Observed(tuple(seen for camera in recorded for seen in _seen(camera, entry)))
    yield Covered(
        Coverage(
            scan=entry.scan, cidr="", place="This recorder's own cameras",
            started_ns=entry.started_ns, ended_ns=entry.started_ns, asked=len(recorded),
            answered=len(recorded), silent=0, refused=0, doors=(Source.OWN_CAMERA,),
        )
    )  # fmt: skip
    yield ScanEnded()


def _seen(camera: Camera, entry: ScanEntry) -> Iterator[Observation]:
    first = split_url(camera.streams[0].url)[0] if camera.streams else None
    host = first.host if first is not None else ""
    address = host if _is_address(host) else ""
    told = [(Signal.CAMERA_ID, str(camera.id)), (Signal.NAME, camera.name)]
    if first is not None:
        told.append((Signal.RTSP_PATH, first.tail))
    if host and not address:
        told.append((Signal.HOST_NAME, host))
    for signal, value in told:
        yield observe(
            Source.OWN_CAMERA, signal, value, at_ns=entry.started_ns, scan=entry.scan,
            address=address or host, port=first.port if first is not None else 0,
        )  # fmt: skip


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
