"""An MP4 that any browser plays, encoded anew: pictures alone, without sound and without a word of
what they were made from."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from watchglass.media.outgoing import TICKS, even_size, form
from watchglass.media.scaling import scaled, shown_size
from watchglass.model.conversion import SHOWN_WIDTH

_KEY_EVERY = 2 * TICKS
_BITS_A_PIXEL = 1.6


class CopyFile:
    """One such file; ``first`` is a picture of the kind that comes, and says its size. It is whole
    once it is closed."""

    def __init__(self, target: Path, first: VideoFrame, aspect: Fraction) -> None:
        self.width, self.height = even_size(*shown_size(first, aspect, SHOWN_WIDTH))
        self.pictures = 0
        self._last, self._key = -1, 0
        self._out = av.open(
            str(target), "w", format="mp4",
            options={"movflags": "faststart", "video_track_timescale": str(TICKS)},
        )  # fmt: skip
        stream: Any = self._out.add_stream(form().name, rate=25, options=form().options)
        stream.width, stream.height, stream.pix_fmt = self.width, self.height, "yuv420p"
        context: Any = stream.codec_context
        stream.time_base = context.time_base = Fraction(1, TICKS)
        context.thread_count = 1
        context.bit_rate = max(150_000, round(self.width * self.height * _BITS_A_PIXEL))
        context.colorspace, context.color_range = Colorspace.ITU709, ColorRange.MPEG
        self._stream = stream

    def fitted(self, picture: VideoFrame) -> VideoFrame:
        """The picture as it goes in; it may be the same, which is not to be painted over."""
        return scaled(
            picture, self.width, self.height, "yuv420p", Colorspace.ITU709, ColorRange.MPEG
        )

    def put(self, fitted: VideoFrame, at: int) -> bool:
        """The next picture, shown at ``at`` (1/90000 s); False for one that is no later than the
        one before: it is left out."""
        if at <= self._last:
            return False
        is_key = not self.pictures or at - self._key >= _KEY_EVERY
        fitted.pts, fitted.time_base = at, Fraction(1, TICKS)
        fitted.pict_type = PictureType.I if is_key else PictureType.NONE
        self._out.mux(self._stream.encode(fitted))
        self.pictures += 1
        self._last, self._key = at, at if is_key else self._key
        return True

    def finish(self) -> None:
        """Write what the encoder held back."""
        self._out.mux(self._stream.encode(None))

    def close(self) -> None:
        self._out.close()
