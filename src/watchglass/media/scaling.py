"""A decoded picture at the size and in the colours that people are shown."""

from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

_MATRICES = frozenset(int(each) for each in Colorspace)
_HD_ROWS = 720
_MOST_SAMPLE_ASPECT = 4


def shown_size(frame: VideoFrame, sample_aspect: Fraction, width: int) -> tuple[int, int]:
    """Width and height with square pixels, at most ``width`` wide and never enlarged."""
    # Cameras write nonsense there, and nobody has pixels four times as wide as high.
    if not Fraction(1, _MOST_SAMPLE_ASPECT) <= sample_aspect <= _MOST_SAMPLE_ASPECT:
        sample_aspect = Fraction(1)
    shown_width = min(width, round(frame.width * sample_aspect))
    height = max(1, round(shown_width * frame.height / (frame.width * sample_aspect)))
    return shown_width, height


def scaled(
    frame: VideoFrame, width: int, height: int, form: str, matrix: int, colour_range: int
) -> VideoFrame:
    """The picture of that size, in another pixel format, colour matrix and range of levels.

    Where it is so already it is the same picture, which the decoder may still need: see ``own``.
    """
    source_range = _range(frame)
    if frame.format.name.startswith("gray"):
        frame = _with_chroma(frame)
    return VideoReformatter().reformat(
        frame, width, height, form,
        src_colorspace=_matrix(frame), dst_colorspace=matrix,
        interpolation=Interpolation.AREA,
        src_color_range=source_range, dst_color_range=colour_range, threads=1,
    )  # fmt: skip


def own(frame: VideoFrame) -> VideoFrame:
    """A copy that may be painted over."""
    copy = VideoFrame(frame.width, frame.height, frame.format.name)
    for source, target in zip(frame.planes, copy.planes, strict=True):
        rows = min(source.height, target.height)
        width = min(source.line_size, target.line_size)
        _rows(target)[:rows, :width] = _rows(source)[:rows, :width]
    return copy


def _rows(plane: VideoPlane) -> NDArray[np.uint8]:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _with_chroma(frame: VideoFrame) -> VideoFrame:
    """The same levels: swscale takes all that is only grey for full range, which video is not."""
    full = ColorRange.JPEG
    return VideoReformatter().reformat(
        frame, format="yuv420p", src_color_range=full, dst_color_range=full, threads=1
    )


def _matrix(frame: VideoFrame) -> int:
    """What the stream says, or what players take where it says nothing."""
    if frame.colorspace in _MATRICES:
        return frame.colorspace
    return Colorspace.ITU709 if frame.height >= _HD_ROWS else Colorspace.ITU601


def _range(frame: VideoFrame) -> int:
    full = frame.color_range == ColorRange.JPEG or frame.format.name.startswith("yuvj")
    return ColorRange.JPEG if full else ColorRange.MPEG
