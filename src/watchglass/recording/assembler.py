"""Packets of one run become fragments, and fragments files.

The assembler decides; it never touches the disk. It hands jobs to a sink, which may refuse a
fragment when the disk has fallen behind: then the span up to the next key frame that finds room is
a hole of cause ``overload``, and says so.

A fragment holds video alone or sound alone. It is closed by the first frame past 400 ms, or one
second after its last frame, so what a killed process loses is bounded by that and not by the GOP.
A new file begins with a key frame. Sound that belongs before that key frame may arrive after it;
so the old file stays open until the new file's first fragment is complete.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import CameraId, GapId, RunId, random_id
from watchglass.media.header import file_header
from watchglass.model.fact import Hole, RunStarted, SoundBroke
from watchglass.model.gap import GapCause
from watchglass.model.stream import Packet, SoundParameters, StreamName, Track, VideoParameters
from watchglass.recording.fileheader import FileInfo, encode_header_box
from watchglass.recording.fragment import FragmentInfo, Sample, encode_fragment, flags_of
from watchglass.recording.job import CloseFile, EndRun, Job, OpenFile, Tell, WriteFragment

VIDEO_TIMESCALE = 90_000
_FIRST_INTERVAL = VIDEO_TIMESCALE // 15
_LONGEST_JUMP = 10 * VIDEO_TIMESCALE
_NS_PER_S = 1_000_000_000


class JobSink(Protocol):
    """Takes jobs in order."""

    def put(self, job: WriteFragment) -> bool:
        """Queue a fragment; False when there is no room for it."""
        ...

    def put_always(self, job: Job) -> None:
        """Queue what must not be lost and weighs little."""
        ...

    def congestion(self) -> GapCause:
        """Why the queue is full: the disk is, or it is slow."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """When a fragment and a file are closed. Media times in 1/90000 s."""

    fragment: int = VIDEO_TIMESCALE * 4 // 10
    idle_ns: int = _NS_PER_S
    file: int = VIDEO_TIMESCALE * 300
    file_bytes: int = 1 << 30


class RunBrokenError(Exception):
    """The packet cannot belong to this run (its time runs back or jumps): end it, begin another."""


@dataclass(slots=True)
class _Pending:
    """A fragment being filled. Times count in the track's ticks since the run's start."""

    track: Track
    timescale: int
    media_time: int
    wall_ns: int
    fed_ns: int
    samples: list[Sample]
    payload: list[bytes]
    last: int


class _NextFile:
    """A file to be opened with its first fragment."""

    __slots__ = ("media_from", "video", "wall_ns")

    def __init__(self, video: VideoParameters, media_from: int, wall_ns: int) -> None:
        self.video = video
        self.media_from = media_from
        self.wall_ns = wall_ns


class Assembler:
    """One run of one stream. Fed by its reader thread; ``tick`` may come from another.

    ``video`` is called for the stream's parameters as of now, at each key frame. Samples are given
    with their bytes already length-prefixed.
    """

    def __init__(
        self,
        camera: CameraId,
        stream: StreamName,
        sink: JobSink,
        *,
        sound: SoundParameters | None = None,
        limits: Limits | None = None,
        new_id: Callable[[], str] = random_id,
    ) -> None:
        self.camera = camera
        self.stream = stream
        self.run = RunId(new_id())
        self._sink = sink
        self._sound = sound
        self._limits = limits or Limits()
        self._new_id = new_id
        self._lock = threading.Lock()
        self._origin: int | None = None
        self._number = 0
        self._sequence = 0
        self._file: _NextFile | None = None
        self._next: _NextFile | None = None
        self._file_bytes = 0
        self._video: _Pending | None = None
        self._audio: _Pending | None = None
        self._last_dts = -1
        self._interval = 0
        self._first_key_wall_ns = 0
        self._hole_from: int | None = None
        self._refused_from: int | None = None
        self._written_to = 0
        self._ended = False

    # --- feeding -----------------------------------------------------------------------------

    def add_video(
        self, packet: Packet, payload: bytes, is_key: bool, parameters: VideoParameters | None
    ) -> None:
        """One access unit, ``payload`` length-prefixed.

        ``parameters`` are given with each key frame, None otherwise. RunBrokenError when its time
        cannot belong to the run; the packet was not taken.
        """
        with self._lock:
            dts = packet.dts if packet.dts is not None else packet.pts
            pts = packet.pts if packet.pts is not None else dts
            if packet.timescale != VIDEO_TIMESCALE:
                dts = _rescaled(dts, packet.timescale)
                pts = _rescaled(pts, packet.timescale)
            if self._origin is None:
                self._origin = dts or 0
                self._first_key_wall_ns = packet.arrival_wall_ns
            if dts is None or pts is None:
                dts = pts = self._origin + self._last_dts + (self._interval or _FIRST_INTERVAL)
            media = dts - self._origin
            self._check_time(media)
            if media <= self._last_dts:
                media = self._last_dts + 1
            self._notice_hole(media, is_key)
            if is_key:
                self._key_frame(media, packet, parameters)
            self._close_full(media)
            self._append_video(media, pts - dts, packet, payload, is_key)

    def add_sound(self, packet: Packet) -> None:
        """One frame of sound; dropped before the run's first picture."""
        sound = self._sound
        with self._lock:
            if sound is None or self._origin is None or packet.pts is None:
                return
            rate = sound.sample_rate
            origin = self._origin * rate // VIDEO_TIMESCALE
            media = packet.pts * rate // packet.timescale - origin
            if media < 0:
                return
            pending = self._audio
            if pending is not None and (media <= pending.last or media > pending.last + 2 * rate):
                self._flush_sound(None)
                self._tell_sound("changed", packet.arrival_wall_ns)
                pending = None
            if (
                pending is not None
                and media - pending.media_time >= self._limits.fragment * (rate) // VIDEO_TIMESCALE
            ):
                self._flush_sound(media)
                pending = None
            if pending is None:
                self._audio = pending = _Pending(
                    Track.SOUND, rate, media, packet.arrival_wall_ns,
                    packet.arrival_monotonic_ns, [], [], media,
                )  # fmt: skip
            elif pending.samples:
                pending.samples[-1].duration = media - pending.last
            pending.samples.append(Sample(len(packet.data), 0, True, 0))
            pending.payload.append(packet.data)
            pending.last = media
            pending.fed_ns = packet.arrival_monotonic_ns

    def tick(self, monotonic_ns: int) -> None:
        """Close a fragment whose last frame is a second old."""
        with self._lock:
            pending = self._video
            if pending is not None and monotonic_ns - pending.fed_ns >= self._limits.idle_ns:
                self._flush_video(None)
            sound = self._audio
            if sound is not None and monotonic_ns - sound.fed_ns >= self._limits.idle_ns:
                self._flush_sound(None)
                self._tell_sound("stopped", sound.wall_ns)

    def end(self, cause: GapCause, wall_ns: int) -> bool:
        """Close everything; what follows is a gap of ``cause``. False when nothing was recorded."""
        with self._lock:
            if self._ended:
                return self._sequence > 0
            self._ended = True
            self._flush_video(None)
            self._flush_sound(None)
            if self._sequence == 0:
                return False
            if self._hole_from is not None:
                self._tell_hole(self._hole_from, self._written_to, GapCause.CAMERA_DROPPED, wall_ns)
            self._sink.put_always(EndRun(self.run, self._written_to, wall_ns, cause))
            return True

    # --- time --------------------------------------------------------------------------------

    def _check_time(self, media: int) -> None:
        if self._last_dts < 0:
            return
        if media < self._last_dts or media - self._last_dts > _LONGEST_JUMP:
            raise RunBrokenError(f"media time went from {self._last_dts} to {media}")

    def _notice_hole(self, media: int, is_key: bool) -> None:
        if self._last_dts >= 0:
            passed = media - self._last_dts
            limit = max(VIDEO_TIMESCALE, 3 * (self._interval or VIDEO_TIMESCALE))
            if passed > limit and self._hole_from is None:
                # The last sample before a hole must not be stretched over it: the file alone has
                # to tell of the hole after a crash.
                self._flush_video(None)
                self._hole_from = self._written_to
            else:
                self._interval = passed
        if is_key and self._hole_from is not None:
            if media > self._hole_from:
                self._flush_video(None)
                self._tell_hole(self._hole_from, media, GapCause.CAMERA_DROPPED, None)
            self._hole_from = None

    # --- files -------------------------------------------------------------------------------

    def _key_frame(self, media: int, packet: Packet, parameters: VideoParameters | None) -> None:
        current = self._next or self._file
        if parameters is None:
            if current is None:
                raise StreamInvalidError("The camera sent a key frame without parameter sets.")
            parameters = current.video
        due = (
            current is None
            or current.video != parameters
            or media - current.media_from >= self._limits.file
            or self._file_bytes >= self._limits.file_bytes
        )
        if due:
            self._flush_video(media)
            self._next = _NextFile(parameters, media, packet.arrival_wall_ns)
        elif self._refused_from is not None:
            # While fragments are refused, the next one to be let in has to begin with a key frame.
            self._flush_video(media)

    def _open_next(self, following: _NextFile) -> None:
        """Close the file before, with the sound that still belongs to it, and open the next."""
        self._split_sound(following.media_from)
        if self._file is not None:
            self._sink.put_always(CloseFile(self.run, following.media_from))
            self._sequence += 1
        info = FileInfo(
            self.camera, self.stream, self.run, self._sequence, self._number,
            following.media_from, VIDEO_TIMESCALE,
            self._sound.sample_rate if self._sound else 0, following.wall_ns,
        )  # fmt: skip
        started = None
        if self._file is None:
            started = RunStarted(self.run, self.camera, self.stream, following.wall_ns)
        header = file_header(following.video, self._sound).data + encode_header_box(info)
        sound = self._sound.codec.value if self._sound else ""
        self._sink.put_always(OpenFile(info, header, following.video, sound, started))
        self._file = following
        self._next = None
        self._file_bytes = 0

    # --- fragments ---------------------------------------------------------------------------

    def _append_video(
        self, media: int, offset: int, packet: Packet, payload: bytes, is_key: bool
    ) -> None:
        pending = self._video
        if pending is None:
            self._video = pending = _Pending(
                Track.VIDEO, VIDEO_TIMESCALE, media, packet.arrival_wall_ns, 0, [], [], media
            )
        else:
            pending.samples[-1].duration = media - pending.last
        pending.samples.append(Sample(len(payload), 0, is_key, offset))
        pending.payload.append(payload)
        pending.last = self._last_dts = media
        pending.fed_ns = packet.arrival_monotonic_ns

    def _close_full(self, media: int) -> None:
        pending = self._video
        if pending is not None and media - pending.media_time >= self._limits.fragment:
            self._flush_video(media)

    def _flush_video(self, following: int | None) -> None:
        """Hand the pending fragment on; ``following`` is the next sample's time where known."""
        pending = self._video
        if pending is None:
            return
        self._video = None
        pending.samples[-1].duration = (
            following - pending.last if following is not None else self._interval or _FIRST_INTERVAL
        )
        if self._refused_from is not None and not pending.samples[0].is_key:
            return
        if self._next is not None and pending.media_time >= self._next.media_from:
            self._open_next(self._next)
        assert self._file is not None
        end = pending.last + pending.samples[-1].duration
        if self._hand_on(pending, pending.media_time - self._file.media_from):
            if self._refused_from is not None:
                self._tell_hole(
                    self._refused_from, pending.media_time, self._sink.congestion(), None
                )
                self._refused_from = None
            self._written_to = end
        elif self._refused_from is None:
            self._refused_from = pending.media_time

    def _flush_sound(self, following: int | None) -> None:
        pending = self._audio
        if pending is None or self._sound is None:
            return
        self._audio = None
        if following is not None:
            last = following - pending.last
        elif len(pending.samples) > 1:
            last = pending.samples[-2].duration
        else:
            last = self._sound.sample_rate // 50
        pending.samples[-1].duration = last
        if self._file is None or self._refused_from is not None:
            return
        decode_time = pending.media_time - self._sound_start(self._file)
        if decode_time < 0:
            self._tell_sound("late", pending.wall_ns)
            return
        self._hand_on(pending, decode_time)

    def _split_sound(self, border: int) -> None:
        """Flush the sound before a file's border into the old file; keep the rest pending."""
        pending = self._audio
        if pending is None or self._sound is None or self._file is None:
            return
        edge = border * self._sound.sample_rate // VIDEO_TIMESCALE
        if pending.last < edge:
            self._flush_sound(None)
            return
        media = pending.media_time
        split = 0
        for sample in pending.samples[:-1]:
            if media >= edge:
                break
            media += sample.duration
            split += 1
        if split == 0:
            return
        rest = _Pending(
            Track.SOUND, pending.timescale, media, pending.wall_ns, pending.fed_ns,
            pending.samples[split:], pending.payload[split:], pending.last,
        )  # fmt: skip
        before = _Pending(
            Track.SOUND, pending.timescale, pending.media_time, pending.wall_ns, pending.fed_ns,
            pending.samples[:split], pending.payload[:split],
            media - pending.samples[split - 1].duration,
        )  # fmt: skip
        self._audio = before
        self._flush_sound(media)
        self._audio = rest

    def _sound_start(self, file: _NextFile) -> int:
        assert self._sound is not None
        return file.media_from * self._sound.sample_rate // VIDEO_TIMESCALE

    def _hand_on(self, pending: _Pending, decode_time: int) -> bool:
        flags = flags_of(pending.track, pending.samples)
        info = FragmentInfo(
            self.camera, self.stream, self.run, self._number, pending.track, flags,
            pending.media_time, pending.timescale, pending.wall_ns,
        )  # fmt: skip
        data = encode_fragment(info, pending.samples, pending.payload, decode_time)
        job = WriteFragment(
            self.run, self._number, pending.track, flags, pending.media_time,
            pending.last - pending.media_time + pending.samples[-1].duration,
            len(pending.samples), pending.wall_ns, data,
        )  # fmt: skip
        if not self._sink.put(job):
            return False
        self._number += 1
        self._file_bytes += len(data)
        return True

    # --- facts -------------------------------------------------------------------------------

    def _tell_hole(self, start: int, end: int, cause: GapCause, wall_ns: int | None) -> None:
        if end <= start:
            return
        gap = GapId(self._new_id())
        wall = wall_ns if wall_ns is not None else self._first_key_wall_ns
        self._sink.put_always(
            Tell(Hole(gap, self.run, self.camera, self.stream, cause, start, end, wall))
        )

    def _tell_sound(self, what: Literal["stopped", "late", "changed"], wall_ns: int) -> None:
        if self._file is None:
            return
        self._sink.put_always(Tell(SoundBroke(self.run, self.camera, self.stream, wall_ns, what)))


def _rescaled(ticks: int | None, timescale: int) -> int | None:
    return None if ticks is None else ticks * VIDEO_TIMESCALE // timescale
