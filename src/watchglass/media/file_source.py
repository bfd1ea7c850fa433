"""A media file as a camera: its packets at their pace, as they lie there, round and round or once.

The file is opened by us, and only inside the folder that the operator named; libavformat gets
bytes and the one demuxer that goes with the file's ending, so neither a link nor a play list in it
leads anywhere else.
"""

import os
import stat
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
from av.bitstream import BitStreamFilterContext

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import (
    CameraError,
    CameraUnreachableError,
    CodecUnsupportedError,
    StreamInvalidError,
)
from watchglass.media import jpeg
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.parameter_sets import ParameterSets
from watchglass.media.sound import sound_parameters
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters

FORMATS = {
    ".mp4": "mov", ".mov": "mov", ".m4v": "mov", ".mkv": "matroska", ".webm": "matroska",
    ".ts": "mpegts", ".avi": "avi",
}  # fmt: skip
"""Demuxers by the file's ending; none of them opens anything but the file."""

_CODECS = {"h264": VideoCodec.H264, "hevc": VideoCodec.H265, "mjpeg": VideoCodec.MJPEG}
_TIMESCALE = 90_000
_LONGEST_WAIT_NS = 10 * NS_PER_S
"""A longer step in the file's times is not waited for: it is a jump."""
_CLOSE_WAIT_S = 1.0
_MOST_ROUNDS_OF_NOTHING = 2


class FileSource:
    """A `model.source.VideoSource`. ``path`` has to lie inside ``folder``, links followed.

    ``played`` is where a file that was played to its end is noted, and by what name: it is not
    opened again.
    """

    def __init__(
        self,
        path: Path,
        folder: Path,
        *,
        sound: bool,
        clock: Clock,
        loop: bool = True,
        played: tuple[set[str], str] | None = None,
    ) -> None:
        self._path = path
        self._folder = folder
        self._asks_sound = sound
        self._clock = clock
        self._loop = loop
        self._played = played
        self._closed = threading.Event()
        self._inside = threading.Lock()
        self._file: Any = None
        self._container: Any = None
        self._packets: Iterator[Packet] | None = None
        self._ready: deque[Packet] = deque()
        self._codec: VideoCodec | None = None
        self._video: VideoParameters | None = None
        self._sound: SoundParameters | None = None
        self._begun_ns = 0
        self._offset = 0
        self._end = 0

    @property
    def codec(self) -> VideoCodec | None:
        """See `VideoSource.codec`."""
        return self._codec

    @property
    def video(self) -> VideoParameters | None:
        """See `VideoSource.video`."""
        return self._video

    @property
    def sound(self) -> SoundParameters | None:
        """See `VideoSource.sound`."""
        return self._sound

    @property
    def length_ns(self) -> int:
        """How long the file says that it is, while it is open; 0 where it does not say."""
        container = self._container
        told = container.duration if container is not None else None
        return max(0, told or 0) * 1000

    def open(self) -> None:
        """See `VideoSource.open`."""
        with self._inside:
            if self._closed.is_set():
                raise self._closed_error()
            if self._played is not None and self._played[1] in self._played[0]:
                raise self._at_its_end()
            try:
                self._open()
            except CameraError:
                self._release()
                raise
            except FOREIGN_ERRORS:
                self._release()
                raise self._unreadable() from None

    def read(self) -> Packet:
        """See `VideoSource.read`. The end of a file that is played once is an error."""
        with self._inside:
            packets = self._packets
            if packets is None or self._closed.is_set():
                raise self._closed_error()
            try:
                packet = next(packets)
            except StopIteration:
                if self._played is not None:
                    self._played[0].add(self._played[1])
                self._release()
                raise self._at_its_end() from None
            except FOREIGN_ERRORS:
                self._release()
                raise self._unreadable() from None
            self._wait(packet)
        packet.arrival_wall_ns = self._clock.wall_ns()
        packet.arrival_monotonic_ns = self._clock.monotonic_ns()
        return packet

    def close(self) -> None:
        """See `VideoSource.close`."""
        self._closed.set()
        if self._inside.acquire(timeout=_CLOSE_WAIT_S):
            try:
                self._release()
            finally:
                self._inside.release()

    # --- the file ---------------------------------------------------------------------------------

    def _open(self) -> None:
        ending = self._path.suffix.lower()
        if ending not in FORMATS:
            raise StreamInvalidError(
                f"{self._path.name} is of no kind that is played: give a file that ends in"
                f" {', '.join(FORMATS)}."
            )
        self._file = self._opened_file()
        self._container = av.open(self._file, "r", format=FORMATS[ending])
        streams = self._container.streams
        video = streams.video[0] if streams.video else None
        if video is None:
            raise StreamInvalidError(f"{self._path.name} has no picture.")
        codec = self._codec = _CODECS.get(video.codec_context.name)
        if codec is None:
            raise CodecUnsupportedError(
                f"{self._path.name} holds a kind of video that is not recorded: give one with"
                " H.264, H.265 or MJPEG."
            )
        sound = self._choose_sound(streams.audio)
        self._packets = self._rounds(video, sound)
        # The first picture tells what a file's own description may leave open.
        first = next(self._packets, None)
        if first is None:
            raise StreamInvalidError(f"{self._path.name} has no picture.")
        sets = ParameterSets(codec, first.parameter_sets)
        self._video = sets.parameters() if sets.complete else None
        self._ready.append(first)
        self._packets = self._from_ready(self._packets)
        self._begun_ns = self._clock.monotonic_ns() - _ns(first)

    def _from_ready(self, packets: Iterator[Packet]) -> Iterator[Packet]:
        yield from self._ready
        yield from packets

    def _opened_file(self) -> Any:
        try:
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            raise CameraUnreachableError(
                f"There is no file {self._path} that can be read: check its name and its rights."
            ) from None
        file = os.fdopen(descriptor, "rb")
        try:
            # Of what was really opened, whatever the path means by now.
            real = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
            is_inside = self._folder.resolve() in real.parents
            if not is_inside or not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise StreamInvalidError(
                    f"{self._path} is no file inside {self._folder}, from which alone files are"
                    " played (WATCHGLASS_SOURCES)."
                )
        except BaseException:
            file.close()
            raise
        return file

    def _choose_sound(self, offered: Any) -> Any:
        if not (self._asks_sound and offered):
            return None
        context = offered[0].codec_context
        self._sound = sound_parameters(
            context.name, context.sample_rate or 0, context.channels or 0, context.extradata
        )
        return offered[0] if self._sound is not None else None

    # --- its packets ------------------------------------------------------------------------------

    def _rounds(self, video: Any, sound: Any) -> Iterator[Packet]:
        empty = 0
        while empty < _MOST_ROUNDS_OF_NOTHING:
            begin, count = self._end, 0
            for packet in self._once(video, sound):
                count += 1
                yield packet
            empty = 0 if count else empty + 1
            if not self._loop:
                return
            self._offset = max(self._end, begin)
            self._container.seek(0)

    def _once(self, video: Any, sound: Any) -> Iterator[Packet]:
        name = video.codec_context.name
        convert = None
        if self._codec is not VideoCodec.MJPEG:
            convert = BitStreamFilterContext(f"{name}_mp4toannexb", video)
        first: int | None = None
        for packet in self._container.demux([each for each in (video, sound) if each is not None]):
            if packet.stream is sound:
                if first is not None and packet.pts is not None and packet.size:
                    yield self._sound_packet(packet, first)
                continue
            for out in convert.filter(packet) if convert is not None else (packet,):
                if not out.size:
                    continue
                at = out.dts if out.dts is not None else out.pts
                if at is None:
                    continue
                if first is None:
                    first = _ticks(at, out.time_base)
                yield self._picture(out, first)

    def _picture(self, packet: Any, first: int) -> Packet:
        data = bytes(packet)
        base = packet.time_base
        pts = None if packet.pts is None else _ticks(packet.pts, base) - first + self._offset
        dts = None if packet.dts is None else _ticks(packet.dts, base) - first + self._offset
        at = dts if dts is not None else pts
        assert at is not None
        length = _ticks(packet.duration, base) if packet.duration else _TIMESCALE // 25
        self._end = max(self._end, at + length)
        if self._codec is VideoCodec.MJPEG:
            data, frame = jpeg.whole(data)
            return Packet(Track.VIDEO, data, pts, dts, _TIMESCALE, True, 0, 0, True, (frame,))
        assert self._codec is not None
        sample = to_length_prefixed(data, self._codec)
        return Packet(
            Track.VIDEO, sample.data, pts, dts, _TIMESCALE, sample.is_key, 0, 0,
            sample.has_picture, sample.parameter_sets,
        )  # fmt: skip

    def _sound_packet(self, packet: Any, first: int) -> Packet:
        assert self._sound is not None
        rate = self._sound.sample_rate
        ticks = _ticks(packet.pts, packet.time_base) - first + self._offset
        pts = ticks * rate // _TIMESCALE
        return Packet(Track.SOUND, bytes(packet), pts, pts, rate, True, 0, 0)

    def _wait(self, packet: Packet) -> None:
        """Until the packet is due; a jump in the file's times begins a new count."""
        now_ns = self._clock.monotonic_ns()
        due_ns = self._begun_ns + _ns(packet)
        if abs(due_ns - now_ns) > _LONGEST_WAIT_NS:
            self._begun_ns += now_ns - due_ns
            return
        if due_ns > now_ns and self._clock.wait(self._closed, (due_ns - now_ns) / NS_PER_S):
            raise self._closed_error()

    # --- the end ----------------------------------------------------------------------------------

    def _release(self) -> None:
        self._packets = None
        container, self._container = self._container, None
        file, self._file = self._file, None
        with suppress(*FOREIGN_ERRORS):
            if container is not None:
                container.close()
        if file is not None:
            file.close()

    def _closed_error(self) -> CameraError:
        return CameraUnreachableError(f"{self._path.name} is not open.")

    def _at_its_end(self) -> CameraError:
        return CameraUnreachableError(f"{self._path.name} was played to its end, once.")

    def _unreadable(self) -> CameraError:
        return StreamInvalidError(
            f"{self._path.name} cannot be read as a media file: check that it plays elsewhere."
        )


def _ticks(value: int, base: Any) -> int:
    return int(value * base.numerator * _TIMESCALE // base.denominator)


def _ns(packet: Packet) -> int:
    at = packet.dts if packet.dts is not None else packet.pts
    return (at or 0) * NS_PER_S // packet.timescale
