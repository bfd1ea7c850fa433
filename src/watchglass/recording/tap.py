"""Where those who watch take a stream's pictures and sound as they arrive, beside the recording.

While nobody does it costs two looks at a sink for each picture, and one for each sound. A sink
never blocks and never fails, so whoever watches can neither delay the recording nor end it.
"""

from collections import deque

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.model.live import (
    LiveFrame,
    LiveItem,
    LiveShape,
    LiveSink,
    LiveSound,
    LiveSoundShape,
    SoundSink,
)
from watchglass.model.stream import SoundParameters, Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.pending import PendingFragment
from watchglass.recording.track import track_header

_FIRST = VIDEO_TIMESCALE // 15
"""How long a run's first picture is said to last, before the next one tells."""


class Tap:
    """Of one stream. ``sinks`` may be set by any thread; the calls are the assembler's, one by one.

    A sink that is new, or new to a run, begins with the shape and all of the pending fragment: what
    lies before that is in the file, or on the way to it.
    """

    __slots__ = ("_given", "_header", "_left", "_run", "_settled", "_sinks", "sound")

    def __init__(self) -> None:
        self.sound = SoundTap()
        self._sinks: tuple[LiveSink, ...] = ()
        self._left: deque[LiveSink] = deque()
        self._run: RunId | None = None
        self._given: dict[LiveSink, bytes] = {}
        """The header of which each sink has the shape."""
        self._settled: tuple[LiveSink, ...] = ()
        self._header = b""
        """The sinks of the last picture, which have all got the shape of this header."""

    @property
    def sinks(self) -> tuple[LiveSink, ...]:
        return self._sinks

    @sinks.setter
    def sinks(self, sinks: tuple[LiveSink, ...]) -> None:
        before, self._sinks = self._sinks, sinks
        self._left.extend(each for each in before if each not in sinks)

    def begin(self, run: RunId, header: bytes, pending: PendingFragment) -> None:
        """Give all that is pending to the sinks that have got nothing of this run.

        ``header`` is that of the file the pictures belong to.
        """
        self._look_again(run)
        new = [each for each in self.sinks if each not in self._given]
        if new:
            items: list[LiveItem] = [_shape(run, header), *_pictures(run, pending)]
            for sink in new:
                self._given[sink] = header
                sink(items)

    def follow(self, run: RunId, header: bytes, pending: PendingFragment, wall_ns: int) -> None:
        """The last of the pending pictures has just arrived, at ``wall_ns`` (UTC)."""
        sinks = self._sinks
        if not sinks and not self._left:
            return
        if (
            sinks is self._settled
            and header is self._header
            and not (run != self._run or self._left)
        ):
            # As for the picture before it, which is so for each of a camera that is understood.
            items = (_newest(run, pending, wall_ns),)
            for sink in sinks:
                sink(items)
        else:
            self._settle(run, header, pending, wall_ns)
            self._settled, self._header = sinks, header

    def _settle(self, run: RunId, header: bytes, pending: PendingFragment, wall_ns: int) -> None:
        """Give it to each sink behind what that one has not got yet."""
        self._look_again(run)
        sinks = [each for each in self.sinks if each in self._given]
        if len(sinks) < len(self.sinks):
            self.begin(run, header, pending)
        picture = _newest(run, pending, wall_ns) if sinks else None
        for sink in sinks:
            assert picture is not None
            if self._given[sink] is header:
                sink([picture])
            else:
                self._given[sink] = header
                sink([_shape(run, header), picture])

    def _look_again(self, run: RunId) -> None:
        if run != self._run:
            self._run = run
            self._given.clear()
            self._settled = ()
        while self._left:
            self._given.pop(self._left.popleft(), None)


class SoundTap:
    """The same for its sound. ``sink`` may be set by any thread. One that is new, or new to a run,
    is given the shape first, also of a run that has no sound."""

    __slots__ = ("_given", "sink")

    def __init__(self) -> None:
        self.sink: SoundSink | None = None
        self._given: tuple[SoundSink, RunId] | None = None

    def begin(self, run: RunId, sound: SoundParameters | None) -> None:
        sink = self.sink
        if sink is None:
            self._given = None
        elif self._given != (sink, run):
            self._given = sink, run
            sink([_sound_shape(run, sound)])

    def follow(self, run: RunId, sound: SoundParameters, sample: LiveSound) -> None:
        """It has just arrived."""
        self.begin(run, sound)
        sink = self.sink
        if sink is not None and self._given == (sink, run):
            sink([sample])


def _sound_shape(run: RunId, sound: SoundParameters | None) -> LiveSoundShape:
    if sound is None:
        return LiveSoundShape(run, None, 0, 0, b"")
    return LiveSoundShape(run, sound.codec, sound.sample_rate, sound.channels, sound.extradata)


def _shape(run: RunId, header: bytes) -> LiveShape:
    video = track_header(header, Track.VIDEO)
    return LiveShape(run, video.codec, video.mime, video.width, video.height, video.init)


def _pictures(run: RunId, pending: PendingFragment) -> list[LiveFrame]:
    """All that is pending, on the clock of its first picture's arrival."""
    found = []
    after, time = pending.after, pending.media_time
    for sample, data in zip(pending.samples, pending.payload, strict=True):
        wall_ns = pending.wall_ns + (time - pending.media_time) * NS_PER_S // VIDEO_TIMESCALE
        found.append(
            LiveFrame(
                run, time, after, sample.duration or _guess(time, after),
                sample.composition_offset, sample.is_key, wall_ns, data,
            )
        )  # fmt: skip
        after, time = time, time + sample.duration
    return found


def _newest(run: RunId, pending: PendingFragment, wall_ns: int) -> LiveFrame:
    samples, time = pending.samples, pending.last
    after = time - samples[-2].duration if len(samples) > 1 else pending.after
    newest = samples[-1]
    lasts = time - after if after >= 0 else _FIRST
    return LiveFrame(
        run, time, after, lasts, newest.composition_offset, newest.is_key, wall_ns,
        pending.payload[-1],
    )  # fmt: skip


def _guess(time: int, after: int) -> int:
    """How long a picture lasts whose successor has not come: as long as the one before it."""
    return time - after if after >= 0 else _FIRST
