"""The session description (RFC 4566) that DESCRIBE answers."""

import base64
from dataclasses import dataclass

from watchglass.media.encode import VideoCodecName
from watchglass.simulate import nal
from watchglass.simulate.loop import Loop, Sound

VIDEO_PAYLOAD_TYPE = 96
JPEG_PAYLOAD_TYPE = 26
AAC_PAYLOAD_TYPE = 97
VIDEO_CLOCK_RATE = 90_000
VIDEO_CONTROL, SOUND_CONTROL = "trackID=0", "trackID=1"

_ENCODINGS: dict[VideoCodecName, str] = {"h264": "H264", "h265": "H265", "mjpeg": "JPEG"}
_STATIC_TYPES = {"pcm_mulaw": (0, "PCMU"), "pcm_alaw": (8, "PCMA")}


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a camera may get wrong in its description."""

    parameter_sets: bool = True
    encoding: str | None = None
    """Encoding name to announce in place of the true one, as "MP4V-ES" or "VP8"."""


def video_payload_type(loop: Loop) -> int:
    return JPEG_PAYLOAD_TYPE if loop.spec.codec == "mjpeg" else VIDEO_PAYLOAD_TYPE


def sound_payload_type(sound: Sound) -> int:
    return _STATIC_TYPES[sound.codec][0] if sound.codec in _STATIC_TYPES else AAC_PAYLOAD_TYPE


def describe(loop: Loop, address: str, announcement: Announcement) -> str:
    lines = [
        "v=0",
        f"o=- 1 1 IN IP4 {address}",
        "s=Watchglass simulated camera",
        f"c=IN IP4 {address}",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        *_video(loop, announcement),
    ]
    if loop.sound is not None:
        lines += _sound(loop.sound)
    return "\r\n".join(lines) + "\r\n"


def _video(loop: Loop, announcement: Announcement) -> list[str]:
    spec = loop.spec
    encoding = announcement.encoding or _ENCODINGS[spec.codec]
    number = video_payload_type(loop)
    lines = [
        f"m=video 0 RTP/AVP {number}",
        f"b=AS:{spec.bit_rate // 1000}",
        f"a=rtpmap:{number} {encoding}/{VIDEO_CLOCK_RATE}",
        f"a=framerate:{spec.fps}",
        f"a=control:{VIDEO_CONTROL}",
    ]
    if announcement.encoding is None and spec.codec != "mjpeg":
        parameters = _format_parameters(loop, announcement.parameter_sets)
        lines.append(f"a=fmtp:{VIDEO_PAYLOAD_TYPE} {parameters}")
    return lines


def _format_parameters(loop: Loop, with_sets: bool) -> str:
    sets = loop.parameter_sets()
    parameters = []
    if loop.spec.codec == "h264":
        parameters = ["packetization-mode=1", f"profile-level-id={sets[0][1:4].hex()}"]
        if with_sets:
            parameters.append("sprop-parameter-sets=" + ",".join(map(_base64, sets)))
    else:
        parameters = ["profile-id=1"]
        if with_sets:
            parameters += [f"{_sprop_name(unit, loop.spec.codec)}={_base64(unit)}" for unit in sets]
    return ";".join(parameters)


def _sprop_name(unit: bytes, codec: VideoCodecName) -> str:
    names = {nal.H265_VPS: "sprop-vps", nal.H265_SPS: "sprop-sps", nal.H265_PPS: "sprop-pps"}
    return names[nal.nal_type(unit, codec)]


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _sound(sound: Sound) -> list[str]:
    if sound.codec in _STATIC_TYPES:
        number, name = _STATIC_TYPES[sound.codec]
        kind = [f"m=audio 0 RTP/AVP {number}", f"a=rtpmap:{number} {name}/{sound.sample_rate}/1"]
    else:
        number = AAC_PAYLOAD_TYPE
        kind = [
            f"m=audio 0 RTP/AVP {number}",
            f"a=rtpmap:{number} MPEG4-GENERIC/{sound.sample_rate}/1",
            f"a=fmtp:{number} streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;"
            f"indexlength=3;indexdeltalength=3;config={sound.config.hex()}",
        ]
    return [*kind, f"a=control:{SOUND_CONTROL}"]
