"""Pictures out of a stream's coded frames, for whoever looks at them by machine.

For a process of its own that may die: a stranger's bytes are decoded. What comes out is no picture
for people: it is small and grey, or in colours where they are asked for.
"""

from collections.abc import Iterable
from fractions import Fraction
from typing import TypeAlias, cast

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from numpy.typing import NDArray

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import CodecUnsupportedError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.sample_entry import video_entry
from watchglass.media.still import DECODERS
from watchglass.model.live import LiveFrame, LiveShape

Levels: TypeAlias = NDArray[np.uint8]

MOST_PIXELS = 4096 * 4096
LUMA_WIDTH = 160
_TICKS = 90_000
_ROUGHLY = {"flags2": "+fast", "skip_loop_filter": "all"}
_MOST_HELD = 64
"""Decoders hold back 16 pictures at most; who has more here has sent what is none."""


class Picture:
    """One decoded picture. ``wall_ns`` is its frame's arrival (UTC), ``decode_time`` the frame's in
    1/90000 s of its run, as ``shown_at`` is. It may be kept; each costs what the decoder's own
    picture does."""

    __slots__ = (
        "_frame", "_reformatter", "decode_time", "duration_ns", "is_key", "shown_at", "wall_ns"
    )  # fmt: skip

    def __init__(self, frame: VideoFrame, of: LiveFrame, reformatter: VideoReformatter) -> None:
        self._frame = frame
        self._reformatter = reformatter
        self.wall_ns = of.wall_ns
        self.decode_time = of.decode_time
        self.shown_at = of.decode_time + of.composition_offset
        self.duration_ns = duration_ns(of)
        self.is_key = of.is_key

    @property
    def width(self) -> int:
        return self._frame.width

    @property
    def height(self) -> int:
        return self._frame.height

    @property
    def frame(self) -> VideoFrame:
        """The decoder's own, which may need it yet: not to be written to."""
        return self._frame

    def luma(self, width: int = LUMA_WIDTH) -> Levels:
        """``uint8 (h, w)``, at most so wide: each level the mean of what it covers, as the camera
        coded it. Not to be written to. 65 us from 640 by 360."""
        width, height = self._size(width)
        # Both ranges the same, whatever they are: levels are compared with one another, not shown.
        small = self._reformatter.reformat(
            self._frame, width, height, "gray8", interpolation=Interpolation.AREA,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.JPEG, threads=1,
        )  # fmt: skip
        return _plane(small)[:height, :width]

    def bgr(self, width: int | None = None) -> Levels:
        """``uint8 (h, w, 3)``, blue first, at most so wide; as large as it is coded without
        ``width``. 0.7 ms of 640 by 360."""
        width, height = self._size(width or self.width)
        shown = VideoReformatter().reformat(
            self._frame, width, height, "bgr24", interpolation=Interpolation.BILINEAR, threads=1
        )
        return _plane(shown)[:height, : 3 * width].reshape(height, width, 3)

    def _size(self, width: int) -> tuple[int, int]:
        width = max(1, min(width, self.width))
        return width, max(1, round(self.height * width / self.width))


class StreamDecoder:
    """Of one shape of a stream; frames in order, from a key frame on. Not thread-safe."""

    def __init__(self, shape: LiveShape, *, roughly: bool = False) -> None:
        """StreamInvalidError or CodecUnsupportedError where nothing can come of it.

        ``roughly``: edges of blocks are left as they are, and what takes less work is done in place
        of what the standard says to the bit: a third less in all. What is seen at the width of
        ``luma`` differs by a quarter of a level, by 5 at most, where that was held against it.
        """
        self.shape = shape
        self._roughly = roughly
        self.failed = 0
        """Frames that could not be decoded, or were damaged."""
        self._decoder = _decoder(shape, roughly=roughly)
        self._reformatter = VideoReformatter()
        self._held: dict[int, LiveFrame] = {}
        self._last: int | None = None

    @property
    def sample_aspect(self) -> Fraction:
        """How wide a pixel is to its height; 1 where the stream does not say."""
        return self._decoder.sample_aspect_ratio or Fraction(1)

    @property
    def waits(self) -> bool:
        """Whether nothing comes of any frame before the next key frame."""
        return self._last is None

    def decode(self, frame: LiveFrame) -> list[Picture]:
        """The pictures that are ready by now, in the order they are shown.

        What cannot be decoded is counted, and what hangs on it is left out, up to the next key
        frame: a picture made of what is missing shows what was not there.
        """
        if frame.is_key:
            if self._last is None:
                self._held.clear()
        elif self._last is None or frame.after != self._last:
            self._last = None
            return []
        packet = av.Packet(frame.data)
        packet.dts = frame.decode_time
        packet.pts = frame.decode_time + frame.composition_offset
        packet.time_base = Fraction(1, _TICKS)
        self._held[packet.pts] = frame
        if len(self._held) > _MOST_HELD:
            del self._held[min(self._held)]
        self._last = frame.decode_time
        try:
            return self._pictures(self._decoder.decode(packet))
        except FOREIGN_ERRORS:
            self._held.pop(packet.pts, None)
            self._fail()
            return []

    def flush(self) -> list[Picture]:
        """What the decoder has held back; what comes next has to be a key frame."""
        try:
            return self._pictures(self._decoder.decode(None))
        except FOREIGN_ERRORS:
            self.failed += 1
            return []
        finally:
            self._restart()

    def _pictures(self, frames: Iterable[VideoFrame]) -> list[Picture]:
        found = []
        for frame in frames:
            held = self._held.pop(frame.pts, None) if frame.pts is not None else None
            if frame.is_corrupt:
                self._fail()
            elif held is not None:
                found.append(Picture(frame, held, self._reformatter))
        return found

    def _fail(self) -> None:
        self.failed += 1
        self._restart()

    def _restart(self) -> None:
        self._last = None
        self._held.clear()
        try:
            self._decoder.flush_buffers()
        except FOREIGN_ERRORS:
            self._decoder = _decoder(self.shape, roughly=self._roughly)


def duration_ns(frame: LiveFrame) -> int:
    """How long it is shown."""
    return frame.duration * NS_PER_S // _TICKS


def _decoder(shape: LiveShape, *, roughly: bool) -> av.VideoCodecContext:
    codec, configuration = video_entry(shape.init)
    try:
        decoder = cast(av.VideoCodecContext, av.CodecContext.create(DECODERS[codec], "r"))
        decoder.extradata = configuration
        decoder.thread_count = 1
        # Asked before memory is taken, whatever size the stream itself may claim.
        decoder.options = {"max_pixels": str(MOST_PIXELS)} | (_ROUGHLY if roughly else {})
    except FOREIGN_ERRORS as error:
        raise CodecUnsupportedError("This build of PyAV does not decode this stream.") from error
    return decoder


def _plane(frame: VideoFrame) -> Levels:
    plane = frame.planes[0]
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
