"""The sound of a run: packets become fragments of their own beside those of the picture.

Sound has no say in where files begin and end. What belongs before a file's first key frame may
arrive after it, and goes into the file before; what comes later than that is left out, and told.
"""

from collections.abc import Callable
from typing import Literal

from watchglass.model.stream import Packet, SoundParameters, Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.fragment import Sample
from watchglass.recording.pending import NextFile, PendingFragment

Break = Literal["stopped", "late", "changed"]


class Sound:
    """Of one run. Times count in 1/sample rate s from the run's start.

    ``hand_on`` takes a fragment and its decode time in the file. ``tell`` is told of a break, once
    a file and kind, or a camera that stutters would fill the ledger, with its UTC in ns.
    """

    def __init__(
        self,
        parameters: SoundParameters,
        longest: int,
        hand_on: Callable[[PendingFragment, int], bool],
        tell: Callable[[Break, int], None],
    ) -> None:
        self.parameters = parameters
        self.pending: PendingFragment | None = None
        self._longest = longest * parameters.sample_rate // VIDEO_TIMESCALE
        self._hand_on = hand_on
        self._tell = tell
        self._file: NextFile | None = None
        self._told: set[Break] = set()

    def ticks(self, media: int) -> int:
        """A media time of the picture, in those of sound."""
        return media * self.parameters.sample_rate // VIDEO_TIMESCALE

    def add(self, packet: Packet, media: int, *, opening: bool) -> None:
        """``opening``: a file is about to be opened, into which what is pending may belong."""
        self._close(packet, media, opening=opening)
        pending = self.pending
        if pending is None:
            if self._file is not None and media < self.ticks(self._file.media_from):
                self.tell("late", packet.arrival_wall_ns)
                return
            self.pending = pending = PendingFragment(
                Track.SOUND, self.parameters.sample_rate, media, packet.arrival_wall_ns,
                packet.arrival_monotonic_ns, [], [], media,
            )  # fmt: skip
        else:
            pending.samples[-1].duration = media - pending.last
        pending.samples.append(Sample(len(packet.data), 0, True, 0))
        pending.payload.append(packet.data)
        pending.size_bytes += len(packet.data)
        pending.last = media
        pending.fed_ns = packet.arrival_monotonic_ns

    def tick(self, monotonic_ns: int, idle_ns: int) -> None:
        """Close a fragment whose last frame is that old."""
        pending = self.pending
        if pending is not None and monotonic_ns - pending.fed_ns >= idle_ns:
            self.flush(None)
            self.tell("stopped", pending.wall_ns)

    def flush(self, following: int | None) -> None:
        """Hand the pending fragment on; ``following`` is the next sample's time where known."""
        pending = self.pending
        if pending is None:
            return
        self.pending = None
        if following is not None:
            last = following - pending.last
        elif len(pending.samples) > 1:
            last = pending.samples[-2].duration
        else:
            last = self.parameters.sample_rate // 50
        pending.samples[-1].duration = last
        if self._file is None:
            return
        decode_time = pending.media_time - self.ticks(self._file.media_from)
        if decode_time < 0:
            self.tell("late", pending.wall_ns)
            return
        self._hand_on(pending, decode_time)

    def cut(self, border: int) -> None:
        """Hand on what lies before a file's border (media time of the picture), into the file that
        ends there; keep the rest."""
        pending = self.pending
        if pending is None or self._file is None:
            return
        edge = self.ticks(border)
        if pending.last < edge:
            self.flush(None)
            return
        media, at = pending.media_time, 0
        for sample in pending.samples[:-1]:
            if media >= edge:
                break
            media += sample.duration
            at += 1
        if at == 0:
            return
        before = PendingFragment(
            Track.SOUND, pending.timescale, pending.media_time, pending.wall_ns, pending.fed_ns,
            pending.samples[:at], pending.payload[:at], media - pending.samples[at - 1].duration,
        )  # fmt: skip
        rest = PendingFragment(
            Track.SOUND, pending.timescale, media, pending.wall_ns, pending.fed_ns,
            pending.samples[at:], pending.payload[at:], pending.last,
        )  # fmt: skip
        self.pending = before
        self.flush(media)
        self.pending = rest

    def goes_on_in(self, file: NextFile) -> None:
        """What is handed on from now on is for that file."""
        self._file = file
        self._told.clear()

    def tell(self, what: Break, wall_ns: int) -> None:
        if self._file is not None and what not in self._told:
            self._told.add(what)
            self._tell(what, wall_ns)

    def _close(self, packet: Packet, media: int, *, opening: bool) -> None:
        """Hand the pending sound on where ``packet`` does not continue it, or it is long enough."""
        pending = self.pending
        if pending is None:
            return
        if media <= pending.last or media > pending.last + 2 * pending.timescale:
            self.flush(None)
            self.tell("changed", packet.arrival_wall_ns)
            return
        is_long = media - pending.media_time >= self._longest
        if (is_long and not opening) or pending.is_full(len(packet.data)):
            self.flush(media)
