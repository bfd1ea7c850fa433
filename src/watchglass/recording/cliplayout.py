"""A clip laid out before a byte of it is read: its index first, and how long it will be.

libavformat writes a file's index when it has seen all of the file, and moves it to the front at the
end. Here the heads of fragments are enough to write it first, so that a clip of any length goes out
as it is read: its length is known, and nothing of it is kept. ``stsd``, which says how to decode,
is the camera's own, byte for byte.
"""

import struct
from array import array
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field

from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.media.remux_packet import RemuxPacket, in_time, is_quicktime
from watchglass.model.stream import Track
from watchglass.recording.boxes import Box, box_at, walk
from watchglass.recording.clipplan import ClipGroup, SeenPictures, packets_of
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.shape import Shape, shape_of
from watchglass.recording.track import TrackParts, track_parts

MOST_SAMPLES = 2_000_000
"""Of both tracks. A clip's index takes about 12 bytes of memory a sample."""
_PIECE_BYTES = 256 * 1024
_MOST_32 = 0xFFFFFFFF
_BOX = struct.Struct(">I4s")
_FTYP = _BOX.pack(28, b"ftyp") + b"isom" + bytes.fromhex("00000200") + b"isomiso2mp41"


@dataclass(frozen=True, slots=True)
class LaidOutFile:
    """A file of a clip. ``head`` is all of it but the samples; ``from_ns`` and ``to_ns`` are UTC of
    its first picture and of its end."""

    group: ClipGroup
    sound: bool
    head: bytes = field(repr=False)
    data_bytes: int
    from_ns: int
    to_ns: int
    pictures: int
    shape: Shape

    @property
    def length(self) -> int:
        return len(self.head) + self.data_bytes

    @property
    def ending(self) -> str:
        return ".mov" if is_quicktime(self.shape.sound) else ".mp4"


def lay_out(group: ClipGroup, *, sound: bool = True) -> LaidOutFile | None:
    """What a file of a clip will be; None when there turned out to be nothing for it.

    UsageError for more than ``MOST_SAMPLES``, DamagedError for recordings that make no file.
    """
    parts = {each.track: each for each in track_parts(group.tracks)}
    shape = shape_of(group.tracks)
    has_sound = sound and Track.SOUND in parts
    seen = SeenPictures()
    tables = {track: _Table(part, shape) for track, part in parts.items()}
    at = 0
    packets = _packets(group, seen, parts, shape, sound=has_sound, heads=True)
    for count, packet in enumerate(packets):
        tables[packet.track].add(packet, at)
        at += packet.data_bytes
        if count > MOST_SAMPLES:
            raise UsageError("This clip would be too long: choose a shorter span.")
    if not seen.pictures:
        return None
    used = [table for table in tables.values() if table.count]
    with_sound = any(table.part.track is Track.SOUND for table in used)
    if not with_sound:
        shape = shape._replace(sound="")
    head = _head(group.tracks, used, at, quicktime=is_quicktime(shape.sound))
    return LaidOutFile(group, with_sound, head, at, seen.from_ns, seen.to_ns, seen.pictures, shape)


def read_out(file: LaidOutFile) -> Generator[bytes, None, None]:
    """The bytes of a file, in pieces of about 256 KiB; what is read is verified as it goes.

    DamagedError, NotFoundError or StorageError in the middle, where the recordings are not any more
    what they were when it was laid out.
    """
    yield file.head
    parts = {each.track: each for each in track_parts(file.group.tracks)}
    left = file.data_bytes
    waiting: list[bytes] = []
    size = 0
    for packet in _packets(file.group, SeenPictures(), parts, file.shape, sound=file.sound):
        if left == 0:
            break  # of a file that is still written there is more by now
        waiting.append(packet.data)
        size += len(packet.data)
        left -= len(packet.data)
        if left < 0:
            break
        if size >= _PIECE_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if left:
        raise NotFoundError("A part of this recording went while it was copied.")
    if waiting:
        yield b"".join(waiting)


def _packets(
    group: ClipGroup,
    seen: SeenPictures,
    parts: dict[Track, TrackParts],
    shape: Shape,
    *,
    sound: bool,
    heads: bool = False,
) -> Iterator[RemuxPacket]:
    packets = packets_of(group, seen, sound=sound, heads=heads)
    if sound and is_quicktime(shape.sound):
        facts = parts[Track.SOUND]
        packets = in_time(packets, shape.sound, facts.channels, facts.timescale)
    return packets


# --- tables ---------------------------------------------------------------------------------------


class _Table:
    """What the index says of one track. Chunks are samples that lie side by side."""

    def __init__(self, part: TrackParts, shape: Shape) -> None:
        self.part = part
        self.count = 0
        self.raw = part.track is Track.SOUND and is_quicktime(shape.sound)
        self.first = self.last = 0
        self._last_duration = 0
        self._least_shown = 0
        self._most_shown = 0
        self._sizes = array("I")
        self._durations = _Runs()
        self._offsets = _Runs()
        self._keys = array("I")
        self._chunks = array("Q")
        self._chunk_samples = array("I")
        self._end = -1

    def add(self, packet: RemuxPacket, at: int) -> None:
        """A sample that lies at ``at`` of the samples' bytes."""
        if not self.count:
            self.first, self._least_shown = packet.dts, packet.pts
        elif not self.raw:
            self._durations.add(packet.dts - self.last)
        self._offsets.add(packet.pts - packet.dts)
        self.last, self._last_duration = packet.dts, packet.duration
        self._least_shown = min(packet.pts, self._least_shown)
        self._most_shown = max(self._most_shown, packet.pts + packet.duration)
        if at != self._end:
            self._chunks.append(at)
            self._chunk_samples.append(0)
        self._end = at + packet.data_bytes
        # Of G.711 each value is a sample.
        more = packet.duration if self.raw else 1
        self._chunk_samples[-1] += more
        self.count += more
        if not self.raw:
            self._sizes.append(packet.data_bytes)
            if packet.is_key:
                self._keys.append(self.count)

    @property
    def media_ticks(self) -> int:
        return self.last + self._last_duration - self.first

    @property
    def movie_ticks(self) -> int:
        """Until when it is shown, in 1/90000 s since the clip's start."""
        return max(0, self._most_shown) * VIDEO_TIMESCALE // self.part.timescale

    def edits(self) -> bytes:
        """``edts``: where the track begins in the clip."""
        late = max(0, self._least_shown) * VIDEO_TIMESCALE // self.part.timescale
        entries = [(late, -1)] if late else []
        entries.append((self.movie_ticks - late, self._least_shown - self.first))
        table = b"".join(struct.pack(">Qqhh", ticks, at, 1, 0) for ticks, at in entries)
        return _boxed(b"edts", _full(b"elst", struct.pack(">I", len(entries)) + table, version=1))

    def boxes(self, base: int) -> bytes:
        """All of ``stbl`` behind ``stsd``; the samples' bytes begin at ``base``."""
        durations = self._durations
        if self.raw:
            durations = _Runs()
            durations.add(1, self.count)
        else:
            durations = durations.with_more(self._last_duration)
        made = [_full(b"stts", durations.table("II"))]
        if self._offsets.any_but_zero:
            made.append(_full(b"ctts", self._offsets.table("Ii"), version=1))
        if self.part.track is Track.VIDEO and len(self._keys) != self.count:
            made.append(_full(b"stss", _counted(self._keys)))
        made.append(_full(b"stsc", self._samples_to_chunks()))
        if self.raw:
            made.append(_full(b"stsz", struct.pack(">II", self.part.channels, self.count)))
        else:
            made.append(_full(b"stsz", bytes(4) + _counted(self._sizes)))
        chunks = array("Q", (base + at for at in self._chunks))
        made.append(_full(b"co64", _counted(chunks)))
        return b"".join(made)

    def _samples_to_chunks(self) -> bytes:
        entries: list[bytes] = []
        before = -1
        for number, samples in enumerate(self._chunk_samples, 1):
            if samples != before:
                entries.append(struct.pack(">III", number, samples, 1))
                before = samples
        return struct.pack(">I", len(entries)) + b"".join(entries)


class _Runs:
    """A column in which equal values follow each other."""

    def __init__(self) -> None:
        self._counts = array("I")
        self._values = array("q")

    def add(self, value: int, count: int = 1) -> None:
        if self._values and self._values[-1] == value:
            self._counts[-1] += count
        else:
            self._values.append(value)
            self._counts.append(count)

    def with_more(self, value: int) -> "_Runs":
        """The same and one value more."""
        found = _Runs()
        found._counts, found._values = self._counts[:], self._values[:]
        found.add(value)
        return found

    @property
    def any_but_zero(self) -> bool:
        return any(self._values)

    def table(self, form: str) -> bytes:
        """Count and value of each, as ``form`` says, behind how many there are."""
        flat = [each for pair in zip(self._counts, self._values, strict=True) for each in pair]
        try:
            rows = struct.pack(">" + form * len(self._values), *flat)
        except struct.error as error:
            raise DamagedError("The times of this recording do not fit into a file.") from error
        return struct.pack(">I", len(self._values)) + rows


def _counted(values: "array[int]") -> bytes:
    swapped = values[:]
    swapped.byteswap()
    return struct.pack(">I", len(values)) + swapped.tobytes()


# --- boxes ----------------------------------------------------------------------------------------


def _boxed(kind: bytes, content: bytes) -> bytes:
    return _BOX.pack(8 + len(content), kind) + content


def _full(kind: bytes, content: bytes, *, version: int = 0) -> bytes:
    return _boxed(kind, bytes([version, 0, 0, 0]) + content)


def _head(header: bytes, tables: list[_Table], data_bytes: int, *, quicktime: bool) -> bytes:
    ftyp = header[: box_at(header).end] if quicktime else _FTYP
    mdat = _BOX.pack(1, b"mdat") + struct.pack(">Q", 16 + data_bytes)
    if 8 + data_bytes <= _MOST_32:
        mdat = _BOX.pack(8 + data_bytes, b"mdat")
    base = len(ftyp) + len(_moov(header, tables, 0)) + len(mdat)
    return ftyp + _moov(header, tables, base) + mdat


def _moov(header: bytes, tables: list[_Table], base: int) -> bytes:
    moov = box_at(header, box_at(header).end)
    ticks = max(table.movie_ticks for table in tables)
    mvhd = next((box for box in walk(header, moov.payload, moov.end) if box.type == b"mvhd"), None)
    if mvhd is None:
        raise DamagedError("The file's moov has no mvhd.")
    made = [_timed(header, mvhd, 12, VIDEO_TIMESCALE, ticks)]
    made += [_trak(header, table, ticks, base) for table in tables]
    return _boxed(b"moov", b"".join(made))


def _trak(header: bytes, table: _Table, ticks: int, base: int) -> bytes:
    part = table.part
    tkhd = bytearray(header[part.tkhd.offset : part.tkhd.end])
    _put(tkhd, 8 + 20, ticks)
    mdhd = _timed(header, part.mdhd, 12, part.timescale, table.media_ticks)
    stsd = header[part.stsd.offset : part.stsd.end]
    stbl = _boxed(b"stbl", stsd + table.boxes(base))
    minf = _boxed(b"minf", _copied(header, part.minf, but=b"stbl") + stbl)
    mdia = _boxed(b"mdia", mdhd + _copied(header, part.mdia, but=b"mdhd minf") + minf)
    return _boxed(b"trak", bytes(tkhd) + table.edits() + mdia)


def _copied(header: bytes, box: Box, *, but: bytes) -> bytes:
    left_out = but.split()
    kept: Iterable[Box] = walk(header, box.payload, box.end)
    return b"".join(header[each.offset : each.end] for each in kept if each.type not in left_out)


def _timed(header: bytes, box: Box, at: int, timescale: int, ticks: int) -> bytes:
    """A header with its time scale and, behind that, its duration."""
    made = bytearray(header[box.offset : box.end])
    _put(made, 8 + at, timescale)
    _put(made, 8 + at + 4, ticks)
    return bytes(made)


def _put(box: bytearray, at: int, value: int) -> None:
    if box[8] != 0 or not 0 <= value <= _MOST_32 or at + 4 > len(box):
        raise DamagedError("The times of this recording do not fit into a file.")
    struct.pack_into(">I", box, at, value)
