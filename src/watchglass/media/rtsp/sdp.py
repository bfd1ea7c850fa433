"""Session descriptions (RFC 4566) as cameras write them: only what is needed, and tolerant.

Lines in any order, missing lines, attributes of media that are not kept and texts that are no
UTF-8 are all met in the field. What is nonsense in one medium does not spoil the others.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field

from watchglass.base.errors import StreamInvalidError

MOST_SDP_BYTES = 256 << 10
MOST_MEDIA = 32
MOST_CONTROL_CHARS = 2048
_MOST_LINES = 4096
_MOST_PARAMETERS = 64
_MOST_SPROPS = 32
_START_CODE = b"\x00\x00\x01"

# RFC 3551, tables 4 and 5: what needs no rtpmap.
_STATIC_TYPES = {
    0: ("PCMU", 8000), 3: ("GSM", 8000), 4: ("G723", 8000), 8: ("PCMA", 8000), 9: ("G722", 8000),
    14: ("MPA", 90_000), 18: ("G729", 8000), 26: ("JPEG", 90_000), 32: ("MPV", 90_000),
    33: ("MP2T", 90_000), 34: ("H263", 90_000),
}  # fmt: skip
_RTPMAP = re.compile(r"(\d{1,3})\s+([^\s/]{1,64})(?:\s*/\s*(\d{1,6}))?(?:\s*/\s*(\d{1,2}))?.*")
_FRAME_SIZE = re.compile(r"(?:\d{1,3}\s+)?(\d{1,5})\s*[-,]\s*(\d{1,5})")
_CONTROL = re.compile(rf"[!-~]{{1,{MOST_CONTROL_CHARS}}}")


@dataclass(slots=True)
class MediaDescription:
    """One ``m=`` section. ``encoding`` is the name of rtpmap in upper case; empty when unknown.

    ``parameters`` are those of fmtp, their names in lower case. ``frame_size`` is width and height
    where they are told apart from the stream.
    """

    kind: str
    payload_type: int
    encoding: str = ""
    clock_rate: int = 0
    channels: int = 1
    control: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    frame_size: tuple[int, int] = (0, 0)

    def parameter_sets(self) -> list[bytes]:
        """NAL units of the sprop parameters (RFC 6184, RFC 7798); what cannot be read is left out.

        Some cameras leave start codes in them.
        """
        names = ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets")
        values = [part for name in names for part in self.parameters.get(name, "").split(",")]
        units: list[bytes] = []
        for value in values[:_MOST_SPROPS]:
            units += (unit.rstrip(b"\x00") for unit in _decoded(value).split(_START_CODE))
        return [unit for unit in units if unit][:_MOST_SPROPS]


@dataclass(slots=True)
class SessionDescription:
    """A whole description; ``name`` and each ``control`` are as the camera wrote them."""

    name: str = ""
    control: str = ""
    media: list[MediaDescription] = field(default_factory=list)


def parse_sdp(data: bytes) -> SessionDescription:
    """Read a description; StreamInvalidError for what is none, or too large."""
    if len(data) > MOST_SDP_BYTES:
        raise StreamInvalidError("The camera's description of its stream is far too long.")
    lines = data.decode("utf-8", "replace").replace("\r", "\n").split("\n")
    if len(lines) > _MOST_LINES:
        raise StreamInvalidError("The camera's description of its stream is far too long.")
    session = SessionDescription()
    medium: MediaDescription | None = None
    known = False
    for line in lines:
        kind, value = line[:2], line[2:].strip()
        known = known or kind == "v="
        if kind == "m=":
            if len(session.media) >= MOST_MEDIA:
                break
            medium = _medium(value)
            session.media.append(medium)
        elif kind == "s=" and medium is None:
            session.name = value
        elif kind == "a=":
            _take_attribute(session, medium, value)
    if not known and not session.media:
        raise StreamInvalidError("The camera does not describe its stream in a known form.")
    return session


def _medium(value: str) -> MediaDescription:
    """``video 0 RTP/AVP 96``; of several payload types the first is the one preferred."""
    words = value.split()
    number = words[3] if len(words) > 3 else ""
    payload_type = int(number) if number.isascii() and number.isdigit() and len(number) < 4 else -1
    encoding, rate = _STATIC_TYPES.get(payload_type, ("", 0))
    return MediaDescription(words[0].lower() if words else "", payload_type, encoding, rate)


def _take_attribute(
    session: SessionDescription, medium: MediaDescription | None, value: str
) -> None:
    name, _, text = value.partition(":")
    text = text.strip()
    name = name.strip().lower()
    if name == "control" and _CONTROL.fullmatch(text):
        if medium is None:
            session.control = text
        else:
            medium.control = text
    elif medium is None:
        return
    elif name == "rtpmap":
        _take_rtpmap(medium, text)
    elif name == "fmtp":
        _take_fmtp(medium, text)
    elif name in ("framesize", "x-dimensions") and (size := _FRAME_SIZE.fullmatch(text)):
        medium.frame_size = int(size[1]), int(size[2])


def _take_rtpmap(medium: MediaDescription, text: str) -> None:
    match = _RTPMAP.fullmatch(text)
    if match is None or int(match[1]) != medium.payload_type:
        return
    if not medium.parameters.get("rtpmap"):
        # Where a camera maps one type twice, the first holds, as it does for other clients.
        medium.parameters["rtpmap"] = "seen"
        medium.encoding = match[2].upper()
        medium.clock_rate = int(match[3] or medium.clock_rate or 90_000)
        medium.channels = int(match[4] or 1)


def _take_fmtp(medium: MediaDescription, text: str) -> None:
    number, _, rest = text.partition(" ")
    if number != str(medium.payload_type):
        return
    for part in rest.split(";")[:_MOST_PARAMETERS]:
        name, equals, value = part.partition("=")
        if equals:
            medium.parameters.setdefault(name.strip().lower(), value.strip())


def _decoded(value: str) -> bytes:
    text = value.strip().rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""
