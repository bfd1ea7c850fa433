"""A copy of a recording that any browser plays: smaller, encoded anew, without sound.

For a process of its own that may die: what a stranger's camera sent is decoded.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.conversion import MOST_PIXELS
from watchglass.media.outgoing import TICKS, even_size, form
from watchglass.media.scaling import scaled, shown_size
from watchglass.model.conversion import SHOWN_WIDTH

_KEY_EVERY = 2 * TICKS
_BITS_A_PIXEL = 1.6


def viewing_copy(source: Path, target: Path, passed: Callable[[], None] = lambda: None) -> int:
    """Write the pictures of ``source`` to an MP4; how many there are. Its time 0 is that of the
    first picture, and each keeps its own distance from it. ``passed`` is told of each picture.

    StreamInvalidError where there is none.
    """
    try:
        with av.open(str(source)) as given:
            return _written(given, target, passed)
    except FOREIGN_ERRORS as error:
        raise StreamInvalidError("This recording cannot be converted.") from error


def _written(given: InputContainer, target: Path, passed: Callable[[], None]) -> int:
    count, first, last, key = 0, 0, -1, 0
    stream = given.streams.video[0]
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    stream.codec_context.thread_count = 1
    assert stream.time_base is not None
    out = stream_out = None
    try:
        for picture in _pictures(given):
            passed()
            at = round(picture.pts * stream.time_base * TICKS) if picture.pts is not None else -1
            if out is None or stream_out is None:
                aspect = stream.codec_context.sample_aspect_ratio or Fraction(1)
                size = even_size(*shown_size(picture, aspect, SHOWN_WIDTH))
                out, stream_out = _opened(target, *size)
                first = at
            at -= first
            if at <= last:
                continue
            small = scaled(
                picture, stream_out.width, stream_out.height, "yuv420p", Colorspace.ITU709,
                ColorRange.MPEG,
            )  # fmt: skip
            is_key = not count or at - key >= _KEY_EVERY
            small.pts, small.time_base = at, Fraction(1, TICKS)
            small.pict_type = PictureType.I if is_key else PictureType.NONE
            out.mux(stream_out.encode(small))
            count, last, key = count + 1, at, at if is_key else key
        if out is None or stream_out is None:
            raise StreamInvalidError("There is no picture in this recording.")
        out.mux(stream_out.encode(None))
    finally:
        if out is not None:
            out.close()
    return count


def _pictures(given: InputContainer) -> Iterator[VideoFrame]:
    """Those that can be decoded."""
    for packet in given.demux(given.streams.video[0]):
        try:
            yield from packet.decode()
        except FOREIGN_ERRORS:
            continue


def _opened(target: Path, width: int, height: int) -> tuple[Any, Any]:
    out = av.open(
        str(target), "w", format="mp4",
        options={"movflags": "faststart", "video_track_timescale": str(TICKS)},
    )  # fmt: skip
    stream: Any = out.add_stream(form().name, rate=25, options=form().options)
    stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
    context: Any = stream.codec_context
    stream.time_base = context.time_base = Fraction(1, TICKS)
    context.thread_count = 1
    context.bit_rate = max(150_000, round(width * height * _BITS_A_PIXEL))
    context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
    return out, stream
