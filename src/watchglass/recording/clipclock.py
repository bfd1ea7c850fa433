"""Times in a clip: the media times of one run after the other, without what is missing between."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchglass.media.remux_packet import RemuxPacket
from watchglass.model.stream import Track
from watchglass.recording.clipsource import SourceSample
from watchglass.recording.fileheader import VIDEO_TIMESCALE


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Media without a hole, its first picture shown at ``shown``.

    ``ahead`` is how much earlier it is in the clip; ``media_to`` is where the next hole begins,
    None after the last. All in 1/90000 s.
    """

    shown: int
    media_to: int | None
    ahead: int

    def goes_on_to(self, media: int) -> bool:
        return self.media_to is None or media < self.media_to


class ClipClock:
    """Gives samples their place in a clip. Pictures lead; sound follows where they are shown."""

    def __init__(self) -> None:
        self._holes: Sequence[tuple[int, int]] = ()
        self._stretches: list[_Stretch] = []
        self._decoded_to: int | None = None
        self._shown_to = 0
        self._last_sound = -1

    def begin(self, holes: Sequence[tuple[int, int]]) -> None:
        """Another run follows, with these holes in it."""
        self._holes = holes
        self._stretches = []

    def packet(self, sample: SourceSample) -> RemuxPacket | None:
        """The sample as it goes into the clip; None for sound where no picture is shown."""
        if sample.track is Track.SOUND:
            return self._sound(sample)
        current = self._stretches[-1] if self._stretches else None
        if current is None or not current.goes_on_to(sample.media):
            current = self._next(sample)
            # Sound may come a little later than the pictures that it belongs to.
            self._stretches = [*self._stretches[-3:], current]
        dts = sample.media - current.ahead
        pts = dts + sample.composition_offset
        self._decoded_to = dts + sample.duration
        self._shown_to = max(self._shown_to, pts + sample.duration)
        return RemuxPacket(
            Track.VIDEO, sample.data, dts, pts, sample.duration, sample.is_key, sample.unread_bytes
        )

    def _next(self, sample: SourceSample) -> _Stretch:
        """Shown at once when what is before it ends; but decode times must never run back."""
        at = self._shown_to - sample.composition_offset
        if self._decoded_to is not None:
            at = max(at, self._decoded_to)
        media_to = next((begins for begins, _ in self._holes if begins > sample.media), None)
        shown = sample.media + sample.composition_offset
        return _Stretch(shown, media_to, sample.media - at)

    def _sound(self, sample: SourceSample) -> RemuxPacket | None:
        rate = sample.timescale
        media = sample.media * VIDEO_TIMESCALE // rate
        for stretch in reversed(self._stretches):
            if stretch.shown <= media and stretch.goes_on_to(media):
                break
        else:
            return None
        begins = (stretch.shown - stretch.ahead) * rate // VIDEO_TIMESCALE
        dts = sample.media - stretch.shown * rate // VIDEO_TIMESCALE + begins
        dts = max(dts, self._last_sound + 1)
        self._last_sound = dts
        ends = -(-(dts + sample.duration) * VIDEO_TIMESCALE // rate)
        self._shown_to = max(self._shown_to, ends)
        return RemuxPacket(
            Track.SOUND, sample.data, dts, dts, sample.duration, True, sample.unread_bytes
        )
