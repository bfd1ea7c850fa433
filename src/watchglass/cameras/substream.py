"""Guessing the sub-stream's address from the main stream's.

Makers write their two streams by a handful of patterns. A guess is only a candidate: a probe
confirms it before anything is stored.
"""

import re
from dataclasses import dataclass

MOST_CANDIDATES = 4


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a maker tells main and sub: ``find`` in path and query, ``put`` in its place."""

    maker: str
    find: re.Pattern[str]
    put: str


def _pattern(maker: str, find: str, put: str) -> Pattern:
    return Pattern(maker, re.compile(find, re.IGNORECASE), put)


# In order: the particular before the general.
PATTERNS: tuple[Pattern, ...] = (
    # /Streaming/Channels/101 and /ISAPI/Streaming/channels/101: channel, then 01 main, 02 sub.
    _pattern("Hikvision, Annke", r"(/Streaming/(?:Channels|tracks)/\d{1,3}0)1\b", r"\g<1>2"),
    _pattern("Hikvision before 2013", r"(/(?:h264|h265|mpeg4)/ch\d{1,3}/)main\b", r"\g<1>sub"),
    _pattern("Hikvision before 2013", r"(/PSIA/Streaming/channels/\d{1,2})$", r"\g<1>02"),
    _pattern("Dahua, Amcrest, Lorex", r"([?&]subtype=)0\b", r"\g<1>1"),
    _pattern("Dahua, without subtype", r"(/cam/realmonitor\?channel=\d{1,3})$", r"\g<1>&subtype=1"),
    _pattern("Uniview", r"(/media/video)1\b", r"\g<1>2"),
    _pattern("Uniview recorders", r"(/unicast/c\d{1,3}/s)0\b", r"\g<1>1"),
    _pattern("Reolink", r"(/(?:h264|h265)?Preview_\d{1,2}_)main\b", r"\g<1>sub"),
    _pattern("Reolink", r"(/bcs/channel\d{1,2}_)main\b", r"\g<1>sub"),
    _pattern("TP-Link, Tapo", r"(/stream)1\b", r"\g<1>2"),
    _pattern("XMeye", r"([_&?/]stream=)0\b", r"\g<1>1"),
    _pattern("Foscam", r"(/video)Main\b", r"\g<1>Sub"),
    _pattern("Hanwha", r"(/profile)1\b", r"\g<1>2"),
    _pattern("Hanwha", r"(/profile)2(/media\.smp)", r"\g<1>3\g<2>"),
    _pattern("Vivotek", r"(/live)1?(\.sdp)\b", r"\g<1>2\g<2>"),
    _pattern("Vivotek", r"(/live)1(s1\.sdp)\b", r"\g<1>2\g<2>"),
    _pattern("Bosch", r"([?&]inst=)1\b", r"\g<1>2"),
    _pattern("Bosch", r"^(/(?:rtsp_tunnel|video)?)$", r"\g<1>?inst=2"),
    # Axis makes any size on demand; the small one must be asked for.
    _pattern("Axis", r"([?&]resolution=)\d+x\d+", r"\g<1>640x360"),
    _pattern("Axis", r"([?&]streamprofile=)[^&]+", r"\g<1>Mobile"),
    _pattern("Axis", r"(/axis-media/media\.amp)$", r"\g<1>?resolution=640x360"),
    _pattern(
        "Axis", r"(/axis-media/media\.amp\?(?!.*resolution=).+)$", r"\g<1>&resolution=640x360"
    ),
    # A UniFi camera by itself: s0 high, s1 middle, s2 low.
    _pattern("Ubiquiti", r"^(/s)0$", r"\g<1>2"),
    _pattern("Ubiquiti", r"^(/s)0$", r"\g<1>1"),
    _pattern("generic", r"(/ch\d{1,2}[/_])0\b", r"\g<1>1"),
    _pattern("generic", r"(/live/ch\d{1,2}_)0\b", r"\g<1>1"),
    _pattern("generic", r"(/(?:live/)?)mainstream\b", r"\g<1>substream"),
    _pattern("generic, and our simulated cameras", r"(/)main(?=$|[/?_.])", r"\g<1>sub"),
    _pattern("generic", r"(_)main(?=$|[/?.])", r"\g<1>sub"),
)


def substream_candidates(url: str) -> tuple[str, ...]:
    """URLs where the sub-stream of ``url`` may be, most likely first; empty when none is known.

    ``url`` and the results are without user name and password. Never ``url`` itself.
    """
    scheme, separator, rest = url.partition("://")
    if not separator:
        return ()
    at = min((at for mark in "/?" if (at := rest.find(mark)) >= 0), default=len(rest))
    host, tail = rest[:at], rest[at:] or "/"
    found: dict[str, None] = {}
    for pattern in PATTERNS:
        changed, count = pattern.find.subn(pattern.put, tail, count=1)
        if count and changed != tail:
            found[f"{scheme}://{host}{changed}"] = None
    return tuple(found)[:MOST_CANDIDATES]
