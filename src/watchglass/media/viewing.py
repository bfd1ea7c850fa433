"""A copy of a recording that any browser plays: smaller, encoded anew, without sound.

For a process of its own that may die: what a stranger's camera sent is decoded.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.conversion import MOST_PIXELS
from watchglass.media.copyfile import CopyFile
from watchglass.media.outgoing import TICKS


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
    stream = given.streams.video[0]
    stream.codec_context.options = {"max_pixels": str(MOST_PIXELS)}
    stream.codec_context.thread_count = 1
    assert stream.time_base is not None
    out: CopyFile | None = None
    first = 0
    try:
        for picture in _pictures(given):
            passed()
            at = round(picture.pts * stream.time_base * TICKS) if picture.pts is not None else -1
            if out is None:
                aspect = stream.codec_context.sample_aspect_ratio or Fraction(1)
                out, first = CopyFile(target, picture, aspect), at
            out.put(out.fitted(picture), at - first)
        if out is None:
            raise StreamInvalidError("There is no picture in this recording.")
        out.finish()
    finally:
        if out is not None:
            out.close()
    return out.pictures


def _pictures(given: InputContainer) -> Iterator[VideoFrame]:
    """Those that can be decoded."""
    for packet in given.demux(given.streams.video[0]):
        try:
            yield from packet.decode()
        except FOREIGN_ERRORS:
            continue
