"""The header of a media file: ``ftyp``, ``moov`` and the ``uuid`` box that says whose file it is.

``ftyp`` and ``moov`` come from libavformat and are only walked over here.
"""

import struct
from dataclasses import dataclass

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName, Track
from watchglass.recording.boxes import box_at, box_in_file, read_at
from watchglass.recording.merkle import Buffer

FORMAT_VERSION = 1
HEADER_TYPE = bytes.fromhex("a1c1d8e29f5b4f0c8a6e77671a540001")
VIDEO_TIMESCALE = 90_000
HEADER_BOX_BYTES = 100
MOST_HEADER_BYTES = 1024 * 1024
"""Parameter sets are a few hundred bytes; a ``moov`` beyond this is damage."""

_HEADER = struct.Struct(">I4s16sBB2x16s16sIQQIIq4x")


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Whose file it is and where it begins in its run.

    ``media_from`` is in 1/90000 s since the run's start; ``sound_timescale`` is 0 without a sound
    track; ``wall_ns`` is UTC when the first picture arrived, as observed.
    """

    camera: CameraId
    stream: StreamName
    run: RunId
    sequence: int
    first_fragment: int
    media_from: int
    video_timescale: int
    sound_timescale: int
    wall_ns: int

    def timescale(self, track: Track) -> int:
        """Ticks per second of a track, 0 when the file does not have it."""
        return self.video_timescale if track is Track.VIDEO else self.sound_timescale

    def media_start(self, track: Track) -> int:
        """The media time, in the track's ticks, from which the file's ``tfdt`` count."""
        if track is Track.VIDEO:
            return self.media_from
        return self.media_from * self.sound_timescale // VIDEO_TIMESCALE


def encode_header_box(info: FileInfo) -> bytes:
    """The header's ``uuid`` box; ValueError when a number does not fit its field."""
    try:
        return _HEADER.pack(
            HEADER_BOX_BYTES,
            b"uuid",
            HEADER_TYPE,
            FORMAT_VERSION,
            info.stream.number,
            bytes.fromhex(info.camera),
            bytes.fromhex(info.run),
            info.sequence,
            info.first_fragment,
            info.media_from,
            info.video_timescale,
            info.sound_timescale,
            info.wall_ns,
        )
    except struct.error as error:
        raise ValueError(f"the header of a file of run {info.run} does not fit: {error}") from None


def decode_header_box(buffer: Buffer, offset: int = 0) -> FileInfo:
    """The header's ``uuid`` box at ``offset``; DamagedError says what is off."""
    if offset < 0 or len(buffer) - offset < HEADER_BOX_BYTES:
        raise DamagedError(f"No room for a header box at {offset}.")
    size, kind, extended_type, version, stream, camera, run, *rest = _HEADER.unpack_from(
        buffer, offset
    )
    if (size, kind, extended_type) != (HEADER_BOX_BYTES, b"uuid", HEADER_TYPE):
        raise DamagedError(f"There is no header box at {offset}: not a media file of ours.")
    if version != FORMAT_VERSION:
        raise DamagedError(f"The header box at {offset} has the unknown version {version}.")
    sequence, first_fragment, media_from, video_timescale, sound_timescale, wall_ns = rest
    if stream > 1 or video_timescale != VIDEO_TIMESCALE:
        raise DamagedError(f"The header box at {offset} names no known stream or time scale.")
    return FileInfo(
        CameraId(camera.hex()),
        StreamName.from_number(stream),
        RunId(run.hex()),
        sequence,
        first_fragment,
        media_from,
        video_timescale,
        sound_timescale,
        wall_ns,
    )


def decode_header(buffer: Buffer) -> tuple[FileInfo, int]:
    """What a file's first bytes say, and how many bytes the header is long."""
    offset = 0
    for expected in (b"ftyp", b"moov"):
        box = box_at(buffer, offset)
        if box.type != expected:
            raise DamagedError(f"A file begins with ftyp and moov, not with {box.type!r}.")
        offset = box.end
    return decode_header_box(buffer, offset), offset + HEADER_BOX_BYTES


def read_header(fd: int, size: int) -> bytes:
    """The bytes of an open file's header, found by its boxes; DamagedError when it has none."""
    offset = 0
    for _ in range(2):
        offset = box_in_file(fd, offset, size).end
        if offset > MOST_HEADER_BYTES:
            raise DamagedError(f"The header is longer than {MOST_HEADER_BYTES} bytes.")
    return read_at(fd, 0, offset + HEADER_BOX_BYTES)
