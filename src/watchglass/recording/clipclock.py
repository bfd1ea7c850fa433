"""Times in a clip: the media times of one run after the other, without what is missing between."""

from collections.abc import Sequence
from dataclasses import dataclass

from watchglass.media.remux import RemuxPacket
from watchglass.model.stream import Track
from watchglass.recording.clipsource import SourceSample
from watchglass.recording.fileheader import VIDEO_TIMESCALE


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Media without a hole, from ``media_from``, which is at ``clip_from`` of the clip.

    ``media_to`` is where the next hole begins, None after the last. All in 1/90000 s.
    """

    media_from: int
    media_to: int | None
    clip_from: int

    def holds(self, media: int) -> bool:
        return self.media_from <= media and (self.media_to is None or media < self.media_to)


class ClipClock:
    """Gives samples their place in a clip. Pictures lead; sound follows where they are."""

    def __init__(self) -> None:
        self._holes: Sequence[tuple[int, int]] = ()
        self._stretches: list[_Stretch] = []
        self._end = 0
        self._last_sound = -1

    def begin(self, holes: Sequence[tuple[int, int]]) -> None:
        """Another run follows, with these holes in it."""
        self._holes = holes
        self._stretches = []

    def packet(self, sample: SourceSample) -> RemuxPacket | None:
        """The sample as it goes into the clip; None for sound where there is no picture."""
        if sample.track is Track.SOUND:
            return self._sound(sample)
        current = self._stretches[-1] if self._stretches else None
        if current is None or not current.holds(sample.media):
            current = _Stretch(sample.media, self._hole_after(sample.media), self._end)
            # Sound may come a little later than the pictures that it belongs to.
            self._stretches = [*self._stretches[-3:], current]
        dts = sample.media - current.media_from + current.clip_from
        self._end = max(self._end, dts + sample.duration)
        return RemuxPacket(
            Track.VIDEO, sample.data, dts, dts + sample.composition_offset, sample.duration,
            sample.is_key,
        )  # fmt: skip

    def _sound(self, sample: SourceSample) -> RemuxPacket | None:
        rate = sample.timescale
        media = sample.media * VIDEO_TIMESCALE // rate
        stretch = next((each for each in reversed(self._stretches) if each.holds(media)), None)
        if stretch is None:
            return None
        begins = stretch.media_from * rate // VIDEO_TIMESCALE
        dts = sample.media - begins + stretch.clip_from * rate // VIDEO_TIMESCALE
        dts = max(dts, self._last_sound + 1)
        self._last_sound = dts
        self._end = max(self._end, -(-(dts + sample.duration) * VIDEO_TIMESCALE // rate))
        return RemuxPacket(Track.SOUND, sample.data, dts, dts, sample.duration, True)

    def _hole_after(self, media: int) -> int | None:
        return next((begins for begins, _ in self._holes if begins > media), None)
