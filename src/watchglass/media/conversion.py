"""Moving pictures made anew: decoded, scaled and encoded again, each at the time it had.

For a process of its own that may die (see ``app.media_worker``): a stranger's bytes are decoded.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import cast

import av
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.cover import Painter
from watchglass.media.outgoing import TICKS, Outgoing, even_size
from watchglass.media.scaling import own, scaled, shown_size
from watchglass.media.still import DECODERS
from watchglass.model.conversion import Converted, ConvertRequest
from watchglass.model.live import LiveFrame
from watchglass.model.mask import Cover
from watchglass.model.stream import VideoCodec

MOST_PIXELS = 4096 * 4096
_KEY_EVERY = 2 * TICKS
"""Whoever comes later waits for no key frame longer than that."""
_MOST_HELD = 64
"""Decoders hold back 16 pictures at most; who has more here has sent what is none."""


class Conversion:
    """One session: the frames of one stream, in order. Not thread-safe.

    After a frame that cannot be decoded it goes on with the next that can.
    """

    def __init__(
        self,
        codec: VideoCodec,
        configuration: bytes,
        width: int,
        covers: Sequence[Cover] = (),
    ) -> None:
        """``covers`` are painted over each picture whose time they hold at."""
        decoder = cast(av.VideoCodecContext, av.CodecContext.create(DECODERS[codec], "r"))
        decoder.extradata = configuration
        decoder.thread_count = 1
        # Asked before memory is taken, whatever size the stream itself may claim.
        decoder.options = {"max_pixels": str(MOST_PIXELS)}
        self._decoder = decoder
        self._width = width
        self._painter = Painter(covers) if covers else None
        self._outgoing: Outgoing | None = None
        self._size = (0, 0)
        self._held: dict[int, tuple[LiveFrame, bool]] = {}
        self._last = -1
        self._last_key = 0
        self._cut = True
        self.at = -1
        """The decode time of the last frame that was given."""
        self.is_over = False
        """Whether the decoder has given all it held back, and takes no more."""

    def convert(self, request: ConvertRequest) -> Converted:
        """The pictures that are ready by now; StreamInvalidError when none can be made at all."""
        self._cut = self._cut or request.cut
        made: list[LiveFrame] = []
        try:
            for number, frame in enumerate(request.frames):
                shown = number >= request.lead
                for picture in self._decoded(frame, shown=shown):
                    self._show(picture, made)
            if request.ends and self.holds_back:
                self.is_over = True
                for picture in self._decoder.decode(None):
                    self._show(picture, made)
        except FOREIGN_ERRORS as error:
            raise StreamInvalidError("This stream cannot be converted.") from error
        shape = self._outgoing.shape(request.run) if self._outgoing is not None else None
        return Converted(shape, tuple(made))

    @property
    def holds_back(self) -> bool:
        """Whether pictures that were given have not been given back."""
        return any(shown for _, shown in self._held.values())

    def close(self) -> None:
        """Give the encoder back."""
        if self._outgoing is not None:
            self._outgoing.close()
            self._outgoing = None

    def _decoded(self, frame: LiveFrame, *, shown: bool) -> Iterator[VideoFrame]:
        packet = av.Packet(frame.data)
        packet.dts = frame.decode_time
        packet.pts = frame.decode_time + frame.composition_offset
        packet.time_base = Fraction(1, TICKS)
        self.at = frame.decode_time
        self._held[packet.pts] = (frame, shown)
        if len(self._held) > _MOST_HELD:
            del self._held[min(self._held)]
        try:
            yield from self._decoder.decode(packet)
        except FOREIGN_ERRORS:
            self._held.pop(packet.pts, None)

    def _show(self, picture: VideoFrame, made: list[LiveFrame]) -> None:
        at = picture.pts
        if at is None:
            return
        held = self._held.pop(at, None)
        for passed in [each for each in self._held if each < at]:
            del self._held[passed]
        if held is None or not held[1] or picture.is_corrupt or at <= self._last:
            return
        outgoing = self._ready(picture)
        key = self._cut or at - self._last_key >= _KEY_EVERY
        small = scaled(
            picture, outgoing.width, outgoing.height, "yuv420p", Colorspace.ITU709, ColorRange.MPEG
        )
        if self._painter is not None:
            small = own(small) if small is picture else small
            self._painter.paint(small, held[0].wall_ns)
        data, is_key = outgoing.encode(small, at, key=key)
        if not data:
            return
        if is_key:
            self._last_key, self._cut = at, False
        frame = held[0]
        made.append(
            LiveFrame(frame.run, at, self._last, frame.duration, 0, is_key, frame.wall_ns, data)
        )
        self._last = at

    def _ready(self, picture: VideoFrame) -> Outgoing:
        """The encoder for pictures of this size; another where the stream's size has changed."""
        size = (picture.width, picture.height)
        if self._outgoing is None or size != self._size:
            self.close()
            aspect = self._decoder.sample_aspect_ratio or Fraction(1)
            self._outgoing = Outgoing(*even_size(*shown_size(picture, aspect, self._width)))
            self._size, self._cut = size, True
        return self._outgoing
