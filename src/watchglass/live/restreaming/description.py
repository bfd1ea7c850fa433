"""What another system has to know of a stream before its first packet: SDP (RFC 4566)."""

import base64
from dataclasses import dataclass

from watchglass.base.errors import StreamInvalidError
from watchglass.media.bitstream import H265_PPS, H265_SPS, H265_VPS
from watchglass.media.sample_entry import video_entry
from watchglass.media.serving.packetize import VideoCodecName
from watchglass.model.live import LiveShape
from watchglass.model.stream import SoundCodec, VideoCodec

_DYNAMIC, _DYNAMIC_SOUND, _JPEG = 96, 97, 26
_STATIC_SOUND = {SoundCodec.PCM_MULAW: 0, SoundCodec.PCM_ALAW: 8}
_MOST_JPEG_SIDE = 2040
"""RFC 2435 has a byte for each side, in blocks of 8."""
CLOCK_RATE = 90_000
CONTROL, SOUND_CONTROL = "trackID=0", "trackID=1"

_NAMES: dict[VideoCodec, VideoCodecName] = {
    VideoCodec.H264: "h264", VideoCodec.H265: "h265", VideoCodec.MJPEG: "mjpeg",
}  # fmt: skip
_ENCODINGS: dict[VideoCodecName, str] = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
_SPROPS = {H265_VPS: "sprop-vps", H265_SPS: "sprop-sps", H265_PPS: "sprop-pps"}
_HVCC_ARRAYS_AT = 22


@dataclass(frozen=True, slots=True)
class DescribedSound:
    """A stream's sound; its RTP clock is its sample rate. ``config``: AAC's AudioSpecificConfig."""

    codec: SoundCodec
    sample_rate: int
    channels: int
    config: bytes

    @property
    def payload_type(self) -> int:
        """Numbers of their own are for G.711 of 8 kHz alone (RFC 3551, 6)."""
        if (self.sample_rate, self.channels) == (8000, 1):
            return _STATIC_SOUND.get(self.codec, _DYNAMIC_SOUND)
        return _DYNAMIC_SOUND

    def lines(self) -> list[str]:
        number = self.payload_type
        names = {SoundCodec.PCM_ALAW: "PCMA", SoundCodec.PCM_MULAW: "PCMU"}
        name = names.get(self.codec, "MPEG4-GENERIC")
        found = [
            f"m=audio 0 RTP/AVP {number}",
            f"a=rtpmap:{number} {name}/{self.sample_rate}/{self.channels}",
        ]
        if self.codec is SoundCodec.AAC:
            found.append(
                f"a=fmtp:{number} streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;"
                f"indexlength=3;indexdeltalength=3;config={self.config.hex()}"
            )
        return [*found, f"a=control:{SOUND_CONTROL}"]


@dataclass(frozen=True, slots=True)
class Described:
    """A stream's codec, and its parameter sets in the order a decoder wants them; JPEG has none."""

    codec: VideoCodecName
    sets: tuple[bytes, ...]

    @property
    def payload_type(self) -> int:
        return _JPEG if self.codec == "mjpeg" else _DYNAMIC

    def sdp(self, host: str, sound: DescribedSound | None = None) -> str:
        """Of the picture, and of the sound that is handed on with it."""
        kind = "IP6" if ":" in host else "IP4"
        number = self.payload_type
        lines = [
            "v=0", f"o=- 1 1 IN {kind} {host}", "s=Watchglass", f"c=IN {kind} {host}", "t=0 0",
            "a=control:*", "a=range:npt=now-", f"m=video 0 RTP/AVP {number}",
            f"a=rtpmap:{number} {_ENCODINGS[self.codec]}/{CLOCK_RATE}",
            *([f"a=fmtp:{number} {self._parameters()}"] if self.sets else []),
            f"a=control:{CONTROL}",
            *(sound.lines() if sound is not None else ()),
        ]  # fmt: skip
        return "\r\n".join(lines) + "\r\n"

    def _parameters(self) -> str:
        coded = [base64.b64encode(each).decode() for each in self.sets]
        if self.codec == "h264":
            return (
                f"packetization-mode=1;profile-level-id={self.sets[0][1:4].hex()};"
                f"sprop-parameter-sets={','.join(coded)}"
            )
        by_name: dict[str, list[str]] = {}
        for unit, text in zip(self.sets, coded, strict=True):
            by_name.setdefault(_SPROPS[unit[0] >> 1 & 0x3F], []).append(text)
        return ";".join(f"{name}={','.join(texts)}" for name, texts in by_name.items())


def described(shape: LiveShape) -> Described:
    """StreamInvalidError for what cannot be handed on."""
    codec, record = video_entry(shape.init)
    name = _NAMES[codec]
    if name == "mjpeg":
        if max(shape.width, shape.height) > _MOST_JPEG_SIDE:
            raise StreamInvalidError(
                f"RTSP has no way for JPEG pictures of more than {_MOST_JPEG_SIDE} pixels a side:"
                " hand on the small stream, or have the camera send H.264."
            )
        return Described(name, ())
    try:
        sets = _avcc_sets(record) if name == "h264" else _hvcc_sets(record)
    except IndexError:
        sets = ()
    if not sets or not all(len(each) >= 4 for each in sets):
        raise StreamInvalidError("This stream's description cannot be read.")
    return Described(name, sets)


def _avcc_sets(record: bytes) -> tuple[bytes, ...]:
    at, found = 5, []
    for mask in (0x1F, 0xFF):
        count, at = record[at] & mask, at + 1
        for _ in range(count):
            unit, at = _unit(record, at)
            found.append(unit)
    return tuple(found)


def _hvcc_sets(record: bytes) -> tuple[bytes, ...]:
    at, found = _HVCC_ARRAYS_AT + 1, []
    for _ in range(record[_HVCC_ARRAYS_AT]):
        kind, count, at = record[at] & 0x3F, record[at + 1] << 8 | record[at + 2], at + 3
        for _ in range(count):
            unit, at = _unit(record, at)
            if kind in _SPROPS and unit[0] >> 1 & 0x3F == kind:
                found.append(unit)
    return tuple(found)


def _unit(record: bytes, at: int) -> tuple[bytes, int]:
    end = at + 2 + (record[at] << 8 | record[at + 1])
    if end > len(record):
        raise IndexError
    return record[at + 2 : end], end


def nal_units(data: bytes) -> list[memoryview]:
    """Those of a picture as media files have it, each behind its length; nonsense ends them."""
    view, at, found = memoryview(data), 0, []
    while at + 4 < len(data):
        end = at + 4 + int.from_bytes(view[at : at + 4], "big")
        if end > len(data) or end == at + 4:
            break
        found.append(view[at + 4 : end])
        at = end
    return found
