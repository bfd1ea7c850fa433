"""Where devices of a maker have their main streams: the paths of their addresses, by channel.

They are candidates: a look at the camera tells which one it has. What a device itself has told
goes before all of them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_TRIES = 5
"""Of one camera: a wrong path costs a second or two, and some cameras count it as an attack."""


@dataclass(frozen=True, slots=True)
class MakerPaths:
    """``maker`` is the key of the fact tables, ``name`` what people know it by. ``camera`` and
    ``recorder`` are paths with ``{channel}`` in them where there are channels, from 1; ``recorder``
    is empty where that is not known."""

    maker: str
    name: str
    camera: tuple[str, ...]
    recorder: str = ""


# The patterns of cameras.substream come from the same sources.
MAKERS: tuple[MakerPaths, ...] = (
    MakerPaths(
        "hikvision", "Hikvision, Annke, LTS, HiLook",
        ("/Streaming/Channels/{channel}01",), "/Streaming/Channels/{channel}01",
    ),
    MakerPaths(
        "dahua", "Dahua, Amcrest, Lorex, Imou",
        ("/cam/realmonitor?channel={channel}&subtype=0",),
        "/cam/realmonitor?channel={channel}&subtype=0",
    ),
    MakerPaths("uniview", "Uniview", ("/media/video1",), "/unicast/c{channel}/s0/live"),
    MakerPaths("tp-link", "TP-Link, Tapo", ("/stream1",)),
    MakerPaths("axis", "Axis", ("/axis-media/media.amp",)),
    MakerPaths("reolink", "Reolink", ("/h264Preview_0{channel}_main",)),
    MakerPaths("hanwha", "Hanwha, Samsung", ("/profile2/media.smp", "/profile1/media.smp")),
    MakerPaths("vivotek", "Vivotek", ("/live.sdp", "/live1s1.sdp")),
    MakerPaths("bosch", "Bosch", ("/rtsp_tunnel", "/video?inst=1")),
    MakerPaths("foscam", "Foscam", ("/videoMain",)),
    MakerPaths("ubiquiti", "Ubiquiti", ("/s0",)),
)  # fmt: skip
MAKER_KEYS = frozenset(each.maker for each in MAKERS)
_BY_KEY = {each.maker: each for each in MAKERS}
_ANY = ("/Streaming/Channels/101", "/cam/realmonitor?channel=1&subtype=0", "/stream1", "/live", "/")
_CHANNELS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"/(?:ISAPI/)?Streaming/(?:Channels|tracks)/(\d{1,3})0[1-9]\b",
        r"/cam/realmonitor\?(?:.*&)?channel=(\d{1,3})\b",
        r"/unicast/c(\d{1,3})/",
    )
)


def paths_of(maker: str, told: Sequence[str] = (), channel: int | None = None) -> tuple[str, ...]:
    """Paths to try, best first and at most `MOST_TRIES`: what the device told, what its maker's
    have, and of a maker that is not known the commonest. ``channel``: of a recorder, whose own
    paths are not told by its streams."""
    known = _BY_KEY.get(maker)
    if channel is not None:
        path = known.recorder if known is not None else ""
        return (path.format(channel=channel),) if path else ()
    usual = [path.format(channel=1) for path in known.camera] if known is not None else _ANY
    return tuple(dict.fromkeys([*told, *usual]))[:MOST_TRIES]


def channel_of(path: str) -> int | None:
    """Which channel of a device a stream's path names; None where it names none."""
    found = next((match for each in _CHANNELS if (match := each.search(path))), None)
    return int(found[1]) if found is not None else None
