"""Small real streams, encoded once per test run."""

from fractions import Fraction
from functools import cache

import av
import numpy as np

from watchglass.model.stream import VideoCodec


@cache
def encode(
    codec: VideoCodec,
    width: int = 64,
    height: int = 48,
    frames: int = 6,
    options: tuple[tuple[str, str], ...] = (),
    fps: int = 10,
) -> tuple[bytes, ...]:
    """Access units in Annex B, parameter sets in front of each key frame; or JPEG files."""
    if codec is VideoCodec.MJPEG:
        return _jpegs(width, height, frames, fps)
    name = "libx264" if codec is VideoCodec.H264 else "libx265"
    context = av.CodecContext.create(name, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    quiet = "log-level=none:bframes=0:keyint=5"
    context.options = (
        {"tune": "zerolatency", "preset": "ultrafast", "g": "5"}
        if codec is VideoCodec.H264
        else {"preset": "ultrafast", "x265-params": quiet}
    ) | dict(options)
    return _encoded(context, frames)


def _jpegs(width: int, height: int, frames: int, fps: int) -> tuple[bytes, ...]:
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuvj420p"
    context.time_base, context.framerate = Fraction(1, fps), Fraction(fps)
    context.options = {"huffman": "default"}
    return _encoded(context, frames)


def _encoded(context: av.VideoCodecContext, frames: int) -> tuple[bytes, ...]:
    """Noise, the same each time."""
    units = []
    noise = np.random.default_rng(7)
    for index in range(frames):
        lines = context.height * 3 // 2
        picture = noise.integers(0, 255, (lines, context.width), dtype=np.uint8)
        frame = av.VideoFrame.from_ndarray(picture, "yuv420p")
        if context.pix_fmt != "yuv420p":
            frame = frame.reformat(format=context.pix_fmt)
        frame.pts = index
        units += [bytes(packet) for packet in context.encode(frame)]
    units += [bytes(packet) for packet in context.encode(None)]
    return tuple(units)
