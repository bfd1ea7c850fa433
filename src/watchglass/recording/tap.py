"""Where somebody who watches takes a stream's pictures as they arrive, beside the recording.

While nobody watches it costs one look at ``sink`` for each picture. A sink never blocks and never
fails, so whoever watches can neither delay the recording nor end it.
"""

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.model.live import LiveFrame, LiveShape, LiveSink
from watchglass.model.stream import Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.pending import PendingFragment
from watchglass.recording.track import track_header


class Tap:
    """Of one stream. ``sink`` may be set by any thread; the calls are the assembler's, one by one.

    A sink that is new, or new to a run, begins with the shape and all of the pending fragment: what
    lies before that is in the file, or on the way to it.
    """

    __slots__ = ("_begun", "_header", "_run", "sink")

    def __init__(self) -> None:
        self.sink: LiveSink | None = None
        self._begun: LiveSink | None = None
        self._run: RunId | None = None
        self._header = b""

    def begin(self, run: RunId, header: bytes, pending: PendingFragment) -> bool:
        """Give all that is pending to a sink that has got nothing of this run; whether it was so.

        ``header`` is that of the file the pictures belong to.
        """
        sink = self.sink
        if sink is None or (sink is self._begun and run == self._run):
            return False
        self._begun, self._run, self._header = sink, run, header
        sink([_shape(run, header), *_pictures(run, pending)])
        return True

    def follow(self, run: RunId, header: bytes, pending: PendingFragment, wall_ns: int) -> None:
        """The last of the pending pictures has just arrived, at ``wall_ns`` (UTC)."""
        if self.begin(run, header, pending):
            return
        sink = self.sink
        if sink is None:
            return
        picture = _newest(run, pending, wall_ns)
        if header is self._header:
            sink([picture])
        else:
            self._header = header
            sink([_shape(run, header), picture])


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
    return LiveFrame(
        run, time, after, _guess(time, after), newest.composition_offset, newest.is_key, wall_ns,
        pending.payload[-1],
    )  # fmt: skip


def _guess(time: int, after: int) -> int:
    """How long a picture lasts whose successor has not come: as long as the one before it."""
    return time - after if after >= 0 else VIDEO_TIMESCALE // 15
