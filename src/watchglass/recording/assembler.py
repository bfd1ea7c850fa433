"""Packets of one run become fragments, and fragments files.

The assembler decides; it never touches the disk. It hands jobs to a sink, which may refuse a
fragment when the disk has fallen behind: then the span up to the next key frame that finds room is
a hole of cause ``overload``, and says so.

A fragment holds video alone or sound alone (see ``sound``). It is closed by the first frame past
400 ms, or one second after its last frame, so what a killed process loses is bounded by that and
not by the GOP. A new file begins with a key frame. Sound that belongs before that key frame may
arrive after it; so the old file stays open until the new file's first fragment is complete.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from watchglass.base.errors import StreamInvalidError
from watchglass.base.ids import CameraId, GapId, RunId, random_id
from watchglass.media.header import file_header
from watchglass.model.fact import Hole, RunStarted, SoundBroke
from watchglass.model.gap import GapCause
from watchglass.model.live import LiveSound
from watchglass.model.stream import Packet, SoundParameters, StreamName, Track, VideoParameters
from watchglass.recording.fileheader import FileInfo, encode_header_box
from watchglass.recording.fragment import FragmentInfo, Sample, encode_fragment, flags_of
from watchglass.recording.job import CloseFile, EndRun, Job, OpenFile, Tell, WriteFragment
from watchglass.recording.pending import MOST_PENDING_BYTES, NextFile, PendingFragment
from watchglass.recording.sound import Break, Sound
from watchglass.recording.tap import Tap

VIDEO_TIMESCALE = 90_000
_FIRST_INTERVAL = VIDEO_TIMESCALE // 15
_LONGEST_JUMP = 10 * VIDEO_TIMESCALE
_NS_PER_S = 1_000_000_000
_MOST_SAMPLE_BYTES = 48 << 20
"""A bound that no honest camera comes near: a fragment has to fit into memory and its fields."""
_ROOM_BYTES = 1024
"""At least what a fragment has besides its samples and their table."""


class JobSink(Protocol):
    """Takes jobs in order."""

    def put(self, job: WriteFragment) -> bool:
        """Queue a fragment; False when there is no room for it."""
        ...

    def has_room(self, size_bytes: int) -> bool:
        """Whether ``put`` would take a fragment of that size now: asked before a file is opened."""
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


class Assembler:
    """One run of one stream. Fed by one thread; ``tick`` may come from another.

    Samples are given with their bytes already length-prefixed. What is given to ``tap`` is all that
    arrives, also what the sink refuses.
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
        tap: Tap | None = None,
    ) -> None:
        self.camera = camera
        self.stream = stream
        self.run = RunId(new_id())
        self._sink = sink
        self._limits = limits or Limits()
        self._sound = None
        if sound is not None:
            self._sound = Sound(sound, self._limits.fragment, self._hand_on, self._tell_sound)
        self._new_id = new_id
        self._tap = tap or Tap()
        self._lock = threading.Lock()
        self._origin: int | None = None
        self._number = 0
        self._sequence = 0
        self._file: NextFile | None = None
        self._next: NextFile | None = None
        self._file_bytes = 0
        self._video: PendingFragment | None = None
        self._last_dts = -1
        self._interval = 0
        self._first_key_wall_ns = 0
        self._hole_from: int | None = None
        self._hole_cause = GapCause.CAMERA_DROPPED
        self._refusing = False
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
        if len(payload) > _MOST_SAMPLE_BYTES:
            raise StreamInvalidError("The camera sent a picture of more than 48 MiB.")
        with self._lock:
            dts, offset = self._times(packet)
            media = self._media_of(dts, packet)
            self._check_time(media)
            if media <= self._last_dts:
                media = self._last_dts + 1
            self._notice_hole(media, packet.lost)
            if is_key:
                self._key_frame(media, packet, parameters)
            self._close_full(media, len(payload))
            self._append_video(media, offset, packet, payload, is_key)
            if self._tap.sinks:
                self._show(packet.arrival_wall_ns)
            if self._tap.sound.sink is not None:
                self._tap.sound.begin(self.run, self._sound_parameters)

    def add_sound(self, packet: Packet) -> None:
        """One frame of sound; dropped before the run's first picture."""
        sound = self._sound
        with self._lock:
            if sound is None or self._origin is None or packet.pts is None:
                return
            rate = sound.parameters.sample_rate
            origin = self._origin * rate // VIDEO_TIMESCALE
            media = packet.pts * rate // packet.timescale - origin
            newest = (self._last_dts + _LONGEST_JUMP) * rate // VIDEO_TIMESCALE
            if media < 0 or len(packet.data) > MOST_PENDING_BYTES:
                return
            if media > newest:
                # Not the picture's clock: no file could say when it was heard.
                sound.tell("changed", packet.arrival_wall_ns)
                return
            if self._tap.sound.sink is not None:
                heard = LiveSound(self.run, media, packet.arrival_wall_ns, packet.data)
                self._tap.sound.follow(self.run, sound.parameters, heard)
            if self._refusing:
                return
            opening = self._file is None or self._next is not None
            sound.add(packet, media, opening=opening)

    def tick(self, monotonic_ns: int) -> None:
        """Close a fragment whose last frame is a second old."""
        with self._lock:
            pending = self._video
            if pending is not None and monotonic_ns - pending.fed_ns >= self._limits.idle_ns:
                self._flush_video(None)
            if self._sound is not None:
                self._sound.tick(monotonic_ns, self._limits.idle_ns)

    def end(self, cause: GapCause, wall_ns: int) -> bool:
        """Close everything; what follows is a gap of ``cause``. False when nothing was recorded."""
        with self._lock:
            if self._ended:
                return self._file is not None
            self._ended = True
            self._flush_video(None)
            if self._sound is not None:
                self._sound.flush(None)
            if self._file is None:
                return False
            # What was refused at the end belongs to the gap that follows.
            self._tell_hole(self._written_to, wall_ns)
            self._sink.put_always(EndRun(self.run, self._written_to, wall_ns, cause))
            return True

    # --- who watches -------------------------------------------------------------------------

    def show(self) -> None:
        """The tap has got a sink: give it what is pending. From any thread."""
        with self._lock:
            self._show(None)
            if self._origin is not None:
                self._tap.sound.begin(self.run, self._sound_parameters)

    def _show(self, wall_ns: int | None) -> None:
        """Give the tap what is pending, or the one picture that arrived at ``wall_ns``."""
        pending, file = self._video, self._next or self._file
        if pending is None or file is None:
            return
        if wall_ns is None:
            self._tap.begin(self.run, file.header, pending)
        else:
            self._tap.follow(self.run, file.header, pending, wall_ns)

    @property
    def _sound_parameters(self) -> SoundParameters | None:
        return self._sound.parameters if self._sound is not None else None

    # --- time --------------------------------------------------------------------------------

    def _times(self, packet: Packet) -> tuple[int | None, int]:
        """Decode time in 1/90000 s of the camera's clock, and how much later it is shown."""
        dts = packet.dts if packet.dts is not None else packet.pts
        pts = packet.pts if packet.pts is not None else dts
        if dts is None or pts is None:
            return None, 0
        if packet.timescale != VIDEO_TIMESCALE:
            dts = dts * VIDEO_TIMESCALE // packet.timescale
            pts = pts * VIDEO_TIMESCALE // packet.timescale
        offset = pts - dts
        return dts, offset if abs(offset) <= _LONGEST_JUMP else 0

    def _media_of(self, dts: int | None, packet: Packet) -> int:
        """Media time of the run; one without a time follows the one before."""
        if self._last_dts < 0:
            self._first_key_wall_ns = packet.arrival_wall_ns
        step = self._interval or _FIRST_INTERVAL
        following = self._last_dts + step if self._last_dts >= 0 else 0
        if dts is None:
            return following
        if self._origin is None:
            self._origin = dts - following
        return dts - self._origin

    def _check_time(self, media: int) -> None:
        if self._last_dts < 0:
            return
        if media < self._last_dts or media - self._last_dts > _LONGEST_JUMP:
            raise RunBrokenError(f"media time went from {self._last_dts} to {media}")

    def _notice_hole(self, media: int, lost: bool) -> None:
        if self._last_dts < 0:
            return
        passed = media - self._last_dts
        limit = max(VIDEO_TIMESCALE, 3 * (self._interval or VIDEO_TIMESCALE))
        if passed <= limit and not lost:
            self._interval = passed
            return
        # The last sample before a hole must not be stretched over it: the file alone has to tell
        # of the hole after a crash.
        self._flush_video(None)
        if self._hole_from is None:
            self._hole_from = min(self._written_to, media)
            self._hole_cause = GapCause.CAMERA_DROPPED

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
            header = file_header(parameters, self._sound_parameters).data
            self._flush_video(media)
            self._next = NextFile(parameters, header, media, packet.arrival_wall_ns)
        elif self._hole_from is not None:
            # The hole ends with this frame, so a fragment begins with it.
            self._flush_video(media)

    def _open_next(self, following: NextFile) -> None:
        """Close the file before, with the sound that still belongs to it, and open the next."""
        if self._sound is not None:
            self._sound.cut(following.media_from)
        if self._file is not None:
            self._sink.put_always(CloseFile(self.run, following.media_from))
            self._sequence += 1
        sound = self._sound_parameters
        info = FileInfo(
            self.camera, self.stream, self.run, self._sequence, self._number,
            following.media_from, VIDEO_TIMESCALE,
            sound.sample_rate if sound is not None else 0, following.wall_ns,
        )  # fmt: skip
        started = None
        if self._file is None:
            started = RunStarted(self.run, self.camera, self.stream, following.wall_ns)
        header = following.header + encode_header_box(info)
        codec = sound.codec.value if sound is not None else ""
        self._sink.put_always(OpenFile(info, header, following.video, codec, started))
        self._file = following
        self._next = None
        self._file_bytes = 0
        if self._sound is not None:
            self._sound.goes_on_in(following)

    # --- fragments ---------------------------------------------------------------------------

    def _append_video(
        self, media: int, offset: int, packet: Packet, payload: bytes, is_key: bool
    ) -> None:
        pending = self._video
        if pending is None:
            self._video = pending = PendingFragment(
                Track.VIDEO, VIDEO_TIMESCALE, media, packet.arrival_wall_ns, 0, [], [], media,
                after=self._last_dts,
            )  # fmt: skip
        else:
            pending.samples[-1].duration = media - pending.last
        pending.samples.append(Sample(len(payload), 0, is_key, offset))
        pending.payload.append(payload)
        pending.size_bytes += len(payload)
        pending.last = self._last_dts = media
        pending.fed_ns = packet.arrival_monotonic_ns

    def _close_full(self, media: int, more_bytes: int) -> None:
        pending = self._video
        if pending is not None and (
            media - pending.media_time >= self._limits.fragment or pending.is_full(more_bytes)
        ):
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
        is_key = pending.samples[0].is_key
        if self._refusing and not is_key:
            return
        if not self._let_in(pending):
            if self._hole_from is None:
                self._hole_from = pending.media_time
                self._hole_cause = self._sink.congestion()
            self._refusing = True
            if self._sound is not None:
                self._sound.pending = None
            return
        self._refusing = False
        if is_key:
            self._tell_hole(pending.media_time, None)
        self._written_to = pending.last + pending.samples[-1].duration

    def _let_in(self, pending: PendingFragment) -> bool:
        """Give a fragment of video to the sink, with the file that begins with it."""
        following = self._next
        if following is not None and pending.media_time >= following.media_from:
            sound = self._sound.pending if self._sound is not None else None
            parts = [pending] if sound is None else [pending, sound]
            room_bytes = sum(_ROOM_BYTES + p.size_bytes + 16 * len(p.samples) for p in parts)
            if not self._sink.has_room(room_bytes):
                return False
            if self._file is None:
                self._hole_from = None  # nothing of the run lies before it
            # An earlier key frame may have found no room.
            following.media_from, following.wall_ns = pending.media_time, pending.wall_ns
            self._open_next(following)
        assert self._file is not None
        return self._hand_on(pending, pending.media_time - self._file.media_from)

    def _hand_on(self, pending: PendingFragment, decode_time: int) -> bool:
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

    def _tell_hole(self, end: int, wall_ns: int | None) -> None:
        """A hole was open: it reaches to ``end``."""
        start, self._hole_from = self._hole_from, None
        if start is None or end <= start:
            return
        gap, wall = GapId(self._new_id()), wall_ns or self._first_key_wall_ns
        self._sink.put_always(
            Tell(Hole(gap, self.run, self.camera, self.stream, self._hole_cause, start, end, wall))
        )

    def _tell_sound(self, what: Break, wall_ns: int) -> None:
        self._sink.put_always(Tell(SoundBroke(self.run, self.camera, self.stream, wall_ns, what)))
