"""The encoder of pictures for people: whichever the build of PyAV brings that browsers play.

One picture in, one out: no look-ahead and no B pictures, so each keeps its own time.
"""

import io
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import av
import av.codec
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from watchglass.base.errors import WatchglassError
from watchglass.base.ids import RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.model.live import LiveShape
from watchglass.model.stream import VideoCodec

TICKS = 90_000
_MOVFLAGS = "empty_moov+default_base_moof+skip_trailer"
_LEAST_SIDE = 32
_BITS_A_PIXEL = 1.6
"""Bits a second for each pixel of a picture: 1.5 Mb/s at 1280 by 720."""
_LEAST_BIT_RATE = 150_000


class NoEncoderError(WatchglassError):
    """This build of PyAV encodes nothing that browsers play."""

    code = "no_encoder"


@dataclass(frozen=True, slots=True)
class Form:
    """What an encoder gives: ``codec`` as RFC 6381 writes it, for the largest picture of ours."""

    name: str
    codec: str
    options: dict[str, str]
    is_h264: bool

    @property
    def mime(self) -> str:
        """As MediaSource.isTypeSupported takes it."""
        return f'video/mp4; codecs="{self.codec}"'


_FORMS = (
    Form("libopenh264", "avc1.42c028", {"allow_skip_frames": "0"}, True),
    Form(
        "libx264", "avc1.4d4028",
        {"preset": "superfast", "tune": "zerolatency", "profile": "main", "forced-idr": "1",
         "x264-params": "keyint=100000:scenecut=0:log-level=none"},
        True,
    ),
    Form(
        "libvpx-vp9", "vp09.00.40.08",
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "error-resilient": "1"},
        False,
    ),
)  # fmt: skip
"""The first that is there is taken: by licence, then by cost."""


@cache
def form() -> Form:
    """The form of all converted pictures; NoEncoderError where there is none."""
    for each in _FORMS:
        if each.name in av.codecs_available and _encodes(each.name):
            return each
    raise NoEncoderError(
        "Pictures cannot be converted here: PyAV was built without an encoder for H.264 or VP9."
    )


def _encodes(name: str) -> bool:
    try:
        return av.codec.Codec(name, "w").is_encoder
    except av.codec.codec.UnknownCodecError:
        return False


def even_size(width: int, height: int) -> tuple[int, int]:
    """What the encoder takes: whole samples of colour, and not too few."""
    return max(_LEAST_SIDE, width & ~1), max(_LEAST_SIDE, height & ~1)


class Outgoing:
    """One encoder. ``width`` and ``height`` as ``even_size`` gives them."""

    def __init__(self, width: int, height: int) -> None:
        self._form = form()
        self._file = io.BytesIO()
        # The muxer is only asked for the header: each picture is put into its fragment elsewhere.
        self._out = av.open(
            self._file, "w", format="mp4",
            options={"movflags": _MOVFLAGS, "video_track_timescale": str(TICKS),
                     "use_editlist": "0", "fflags": "+bitexact"},
        )  # fmt: skip
        stream: Any = self._out.add_stream(self._form.name, rate=25, options=self._form.options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context: Any = stream.codec_context
        stream.time_base = context.time_base = Fraction(1, TICKS)
        context.thread_count = 1
        context.bit_rate = max(_LEAST_BIT_RATE, round(width * height * _BITS_A_PIXEL))
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        self._context = context
        self._out.start_encoding()
        self.width, self.height = width, height
        self.init = self._file.getvalue()

    def shape(self, run: RunId) -> LiveShape:
        """What a player must know before the first picture."""
        codec = self._codec()
        mime = f'video/mp4; codecs="{codec}"'
        return LiveShape(run, codec, mime, self.width, self.height, self.init)

    def encode(self, picture: VideoFrame, shown_at: int, *, key: bool) -> tuple[bytes, bool]:
        """One picture of our size, yuv420p, BT.709, as it stands in an MP4; whether it is a key
        frame. ``shown_at`` in 1/90000 s, later each time. b"" where the encoder left it out."""
        picture.pts, picture.time_base = shown_at, Fraction(1, TICKS)
        picture.pict_type = PictureType.I if key else PictureType.NONE
        packets = list(self._context.encode(picture))
        if not packets:
            return b"", False
        data = bytes(packets[0])
        if self._form.is_h264:
            data = to_length_prefixed(data, VideoCodec.H264).data
        return data, packets[0].is_keyframe

    def close(self) -> None:
        self._out.close()

    def _codec(self) -> str:
        at = self.init.find(b"avcC")
        if not self._form.is_h264 or at < 0:
            return self._form.codec
        return f"avc1.{self.init[at + 5 : at + 8].hex()}"
