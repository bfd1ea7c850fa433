"""Encoding pictures and sound with PyAV, for the simulated cameras and for pictures for people.

Pictures are planar YUV 4:2:0 arrays of ``height * 3 / 2`` rows by ``width`` columns, uint8; sound
is a one-dimensional int16 array, one channel. What comes out is Annex B (H.264, H.265), raw AAC
access units, G.711 bytes, or JPEG files.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

import av
import av.audio
import av.video
import numpy as np
from av.video.frame import PictureType
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

VideoCodecName = Literal["h264", "h265", "mjpeg"]
LawName = Literal["pcm_alaw", "pcm_mulaw"]

_ENCODERS: dict[VideoCodecName, str] = {"h264": "libx264", "h265": "libx265", "mjpeg": "mjpeg"}
_RAW_FORMATS: dict[VideoCodecName, str] = {"h264": "h264", "h265": "hevc", "mjpeg": "mjpeg"}


@dataclass(frozen=True, slots=True)
class VideoEncoding:
    """What an encoder is asked for. Key frames come only where `encode` is told ``key=True``."""

    codec: VideoCodecName
    width: int
    height: int
    fps: int
    bit_rate: int
    """Bits per second: the rate to hold when constant, the most allowed when variable."""
    constant_rate: bool = True
    preset: str = "superfast"

    @property
    def pixel_format(self) -> str:
        """JPEG has the full range of values."""
        return "yuvj420p" if self.codec == "mjpeg" else "yuv420p"

    def options(self) -> dict[str, str]:
        if self.codec == "mjpeg":
            # The tables that RFC 2435 leaves out, and everybody has.
            return {"huffman": "default"}
        kilobits = max(self.bit_rate // 1000, 1)
        # No look-ahead and no B pictures: what an encoder in a camera does, and pictures come out
        # in the order in which they went in.
        parameters = "bframes=0:rc-lookahead=0:scenecut=0:keyint=100000:open-gop=0:repeat-headers=1"
        if self.codec == "h264":
            parameters += ":sync-lookahead=0:mbtree=0:sliced-threads=0"
        else:
            parameters += ":info=0:log-level=none:frame-threads=1"
        # Without a floor under the quantiser x264 spends the bits of small, slow streams on noise,
        # and packet sizes no longer follow what moves.
        rate = f":vbv-maxrate={kilobits}:vbv-bufsize={kilobits}"
        rate += f":bitrate={kilobits}" if self.constant_rate else ":crf=24:qpmin=22"
        name = "x264-params" if self.codec == "h264" else "x265-params"
        return {"preset": self.preset, "forced-idr": "1", name: parameters + rate}


class VideoEncoder:
    """One encoder; feed pictures in order, take access units in the same order."""

    def __init__(self, encoding: VideoEncoding) -> None:
        context = av.CodecContext.create(_ENCODERS[encoding.codec], "w")
        assert isinstance(context, av.VideoCodecContext)
        context.width = encoding.width
        context.height = encoding.height
        context.pix_fmt = encoding.pixel_format
        context.framerate = Fraction(encoding.fps)
        context.time_base = Fraction(1, encoding.fps)
        if encoding.constant_rate:
            context.bit_rate = encoding.bit_rate
        context.options = encoding.options()
        context.thread_count = 0
        self._context = context
        self._format = encoding.pixel_format
        self._next_pts = 0

    def encode(self, picture: Picture, *, key: bool) -> list[bytes]:
        """Access units that are ready, in Annex B; the encoder may hold some pictures back."""
        frame = av.VideoFrame.from_ndarray(picture, format=self._format)
        frame.pts = self._next_pts
        frame.time_base = self._context.time_base
        frame.pict_type = PictureType.I if key else PictureType.NONE
        self._next_pts += 1
        return [bytes(packet) for packet in self._context.encode(frame)]

    def flush(self) -> list[bytes]:
        return [bytes(packet) for packet in self._context.encode(None)]


@dataclass(frozen=True, slots=True)
class AacStream:
    config: bytes
    """AudioSpecificConfig (ISO/IEC 14496-3)."""
    packets: tuple[tuple[int, bytes], ...]
    """(pts in samples, access unit of 1024 samples); the first pts is negative: priming."""


def encode_aac(samples: NDArray[np.int16], sample_rate: int, bit_rate: int) -> AacStream:
    """AAC-LC by libavcodec's own encoder."""
    context = av.CodecContext.create("aac", "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = sample_rate
    context.layout = "mono"
    context.format = "fltp"
    context.bit_rate = bit_rate
    context.time_base = Fraction(1, sample_rate)
    context.open()
    config = bytes(context.extradata or b"")
    packets: list[tuple[int, bytes]] = []
    scaled = (samples / 32768).astype(np.float32)
    for frame in (*_aac_frames(scaled, sample_rate), None):
        packets.extend((packet.pts or 0, bytes(packet)) for packet in context.encode(frame))
    return AacStream(config, tuple(packets))


def _aac_frames(samples: NDArray[np.float32], sample_rate: int) -> Iterator[av.AudioFrame]:
    for start in range(0, len(samples), 1024):
        block = np.ascontiguousarray(samples[start : start + 1024]).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
        frame.sample_rate = sample_rate
        frame.time_base = Fraction(1, sample_rate)
        frame.pts = start
        yield frame


def encode_g711(samples: NDArray[np.int16], law: LawName, sample_rate: int = 8000) -> bytes:
    """One byte a sample."""
    context = av.CodecContext.create(law, "w")
    assert isinstance(context, av.AudioCodecContext)
    context.sample_rate = sample_rate
    context.layout = "mono"
    context.format = "s16"
    context.time_base = Fraction(1, sample_rate)
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate = sample_rate
    frame.pts = 0
    packets = [*context.encode(frame), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def write_file(
    path: Path, codec: VideoCodecName, fps: int, access_units: Iterable[bytes], keys: Sequence[bool]
) -> None:
    """Mux access units (Annex B) into the container that the file's ending names."""
    raw = io.BytesIO(b"".join(access_units))
    with (
        av.open(raw, "r", format=_RAW_FORMATS[codec]) as source,
        av.open(str(path), "w") as target,
    ):
        video = source.streams.video[0]
        stream = target.add_stream_from_template(video)
        stream.time_base = Fraction(1, fps)
        number = 0
        for packet in source.demux(video):
            if packet.size == 0:
                continue
            packet.pts = packet.dts = number
            packet.duration = 1
            packet.time_base = Fraction(1, fps)
            packet.is_keyframe = keys[number]
            packet.stream = stream
            target.mux(packet)
            number += 1
        if number != len(keys):
            raise ValueError(f"{path}: {number} access units found, {len(keys)} expected")
