"""The recorder's own cameras as things that were seen: where they are, and what they are called."""

import ipaddress
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from watchglass.app.ground import Ground
from watchglass.app.scanning import Looked, take_in
from watchglass.base.ids import ScanId, random_id
from watchglass.cameras.address import is_rtsp, split_url
from watchglass.cameras.survey.neighbours import Neighbours
from watchglass.model.camera import Camera, CameraState
from watchglass.model.coverage import Coverage, ScanEntry, ScanKind
from watchglass.model.observation import Observation, Signal, Source, observe
from watchglass.model.scan import Covered, FromScan, Observed, ScanEnded
from watchglass.model.stream_path import channel_of

MacOf = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Own:
    """A camera with the place of its main stream; ``host`` is empty where that has none."""

    camera: Camera
    host: str = ""
    port: int = 0
    path: str = ""


def take_in_own(on: Ground, cameras: Sequence[Camera], by: str) -> Looked:
    """Keep what the recorder knows of its cameras as one look."""
    now_ns = on.clock.wall_ns()
    entry = ScanEntry(
        scan=ScanId(random_id()), kind=ScanKind.OWN, started_ns=now_ns, ended_ns=now_ns, by=by,
        note="The recorder's own cameras.",
    )  # fmt: skip
    neighbours = Neighbours(on.clock.monotonic_ns)
    try:
        return take_in(on, entry, own_cameras(cameras, entry, neighbours.mac))
    finally:
        neighbours.close()


def own_cameras(
    cameras: Sequence[Camera], entry: ScanEntry, mac_of: MacOf = lambda _: ""
) -> Iterator[FromScan]:
    """What the recorder knows of its cameras without asking them.

    ``mac_of`` tells the MAC at an address of this machine's own network, or nothing: by it a
    camera is known again at another address.
    """
    recorded = [each for each in cameras if each.state is not CameraState.REMOVED]
    at_host: dict[str, list[_Own]] = defaultdict(list)
    for each in map(_placed, recorded):
        at_host[each.host].append(each)
    yield Observed(tuple(
        seen for host, here in at_host.items() for seen in _at_host(host, here, entry, mac_of)
    ))  # fmt: skip
    yield Covered(
        Coverage(
            scan=entry.scan, cidr="", place="This recorder's own cameras",
            started_ns=entry.started_ns, ended_ns=entry.started_ns, asked=len(recorded),
            answered=len(recorded), silent=0, refused=0, doors=(Source.OWN_CAMERA,),
        )
    )  # fmt: skip
    yield ScanEnded()


def _placed(camera: Camera) -> _Own:
    url = camera.streams[0].url if camera.streams else ""
    if not is_rtsp(url):
        return _Own(camera)  # a device or file of this machine
    address = split_url(url)[0]
    return _Own(camera, address.host, address.port, address.tail)


def _at_host(
    host: str, here: Sequence[_Own], entry: ScanEntry, mac_of: MacOf
) -> Iterator[Observation]:
    """All that are reached at one host. One there is what answers there, unless its path names a
    channel behind the first; several are devices behind one address where each has a port of its
    own, and channels of one recorder where they share it and their paths say which."""
    if len(here) == 1 or not host:
        mac = mac_of(host) if _is_address(host) else ""
        for each in here:
            address = host or f"camera {each.camera.id[:8]}"
            channel = channel_of(each.path)
            if channel is not None and channel > 1:
                yield from _seen(each, entry, address, channel=channel)
            else:
                yield from _seen(each, entry, address, mac)
        return
    at_port: dict[int, list[_Own]] = defaultdict(list)
    for each in here:
        at_port[each.port].append(each)
    for port, sharing in at_port.items():
        address = f"{host}:{port}" if len(at_port) > 1 else host
        channels = [channel_of(each.path) for each in sharing]
        told = len(sharing) > 1 and None not in channels and len(set(channels)) == len(sharing)
        for each, channel in zip(sharing, channels, strict=True):
            if len(sharing) == 1 or told:
                yield from _seen(each, entry, address, channel=channel if told else None)
            else:
                yield from _seen(each, entry, f"{address}{each.path}"[:64])


def _seen(
    own: _Own, entry: ScanEntry, address: str, mac: str = "", channel: int | None = None
) -> Iterator[Observation]:
    told = [(Signal.CAMERA_ID, own.camera.device_key), (Signal.NAME, own.camera.name)]
    if own.path:
        told.append((Signal.RTSP_PATH, own.path))
    if own.host and not _is_address(own.host):
        told.append((Signal.HOST_NAME, own.host))
    for signal, value in told:
        yield observe(
            Source.OWN_CAMERA, signal, value, at_ns=entry.started_ns, scan=entry.scan,
            address=address, port=own.port, mac=mac, channel=channel,
        )  # fmt: skip


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
