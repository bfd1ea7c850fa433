"""What goes on somebody's decision: spans, cut out of files whose other bytes stay as they are.

For each file, in this order: its line is written and synced; the file that is left (kept fragments
byte for byte, of the others the leaf hash) is written beside it and synced; it takes the old one's
place; the old bytes are overwritten. What was begun is finished after a crash by whoever takes up
the ledger: its lines say of each file which fragments go. Held footage never goes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watchglass.base import log
from watchglass.base.disk import WriteSite
from watchglass.base.errors import RefusedError, StorageError, WatchglassError
from watchglass.base.ids import CameraId, GapId, random_id
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.desk import Desk
from watchglass.recording.entry import LedgerEntry, hole
from watchglass.recording.erasure import (
    DONE,
    ErasedFile,
    PendingErasure,
    Ranges,
    in_ranges,
    ranges_of,
    told_line,
)
from watchglass.recording.footer import ERASED, Entry, encode_footer, footer_bytes
from watchglass.recording.fragment import FIRST_IS_KEY, HAS_KEY
from watchglass.recording.mediafile import ScannedFile, read_fragment_head, scan
from watchglass.recording.mediapath import media_path
from watchglass.recording.placement import media_at, wall_at
from watchglass.store.index import CLOSED, OPEN, FileRow

_SUFFIX = ".left"
_SITE = WriteSite.MEDIA_ERASE
_MOST_FILES = 16
"""In one cycle: nothing else waits long."""
_LOG = log.get("erase")


@dataclass(frozen=True, slots=True)
class Cut:
    """What goes of a file. ``media``: the span that cannot be seen afterwards, 1/90000 s."""

    ranges: Ranges
    media: tuple[int, int]


def cut_of(fd: int, found: ScannedFile, row: FileRow, from_ns: int, to_ns: int) -> Cut | None:
    """The whole groups of pictures that a span touches, with their sound; None for none.

    What lies behind the last of them in one fragment with the next key frame stays, and cannot be
    seen: it is from after the span.
    """
    media_from, media_to = (
        media_at(at, row.media_from, row.wall_from, row.rate_ppb) for at in (from_ns, to_ns)
    )
    pictures = [
        (at, each)
        for at, each in enumerate(found.entries)
        if each.track is Track.VIDEO and not each.erased
    ]
    first = _first(pictures, found.entries, media_from)
    last = next(
        (at for at, (_, each) in enumerate(pictures)
         if at >= first and each.flags & HAS_KEY and each.media_time >= media_to), len(pictures),
    )  # fmt: skip
    gone = pictures[first:last]
    if not gone or gone[0][1].media_time >= media_to:
        return None
    begins = gone[0][1].media_time
    ends = row.media_to
    if last < len(pictures):
        ends = _key_time(fd, pictures[last][1], found)
    indices = {at + 1 for at, _ in gone} | _sound(found, begins, ends)
    return Cut(ranges_of(sorted(indices)), (begins, ends))


def _first(pictures: list[tuple[int, Entry]], entries: tuple[Entry, ...], media_from: int) -> int:
    """Which of the pictures' fragments is the first to go."""
    first = 0
    for at, (index, each) in enumerate(pictures):
        end = each.media_time + each.duration
        is_key = each.flags & FIRST_IS_KEY and each.media_time <= media_from
        if is_key or (each.flags & HAS_KEY and end <= media_from):
            first = at
        following = entries[index + 1] if index + 1 < len(entries) else None
        if end <= media_from and following is not None and following.erased:
            first = at + 1
    return first


def _key_time(fd: int, entry: Entry, found: ScannedFile) -> int:
    head = read_fragment_head(fd, entry.offset, found.whole_bytes)
    media = entry.media_time
    for sample in head.samples:
        if sample.is_key:
            return media
        media += sample.duration
    return media


def _sound(found: ScannedFile, begins: int, ends: int) -> set[int]:
    """Sound of that time, counted in the file."""
    scale = found.info.timescale(Track.SOUND)
    if not scale:
        return set()
    return {
        at + 1
        for at, each in enumerate(found.entries)
        if each.track is Track.SOUND
        and not each.erased
        and each.media_time * 90_000 < ends * scale
        and (each.media_time + each.duration) * 90_000 > begins * scale
    }


def refuse_where_held(desk: Desk, camera: CameraId, from_ns: int, to_ns: int) -> None:
    """RefusedError where a hold touches what would go: the span, widened to whole groups."""
    spans = [(from_ns, to_ns)]
    for row in _rows(desk, camera, from_ns, to_ns):
        path = _path(desk, row)
        if row.state == CLOSED and path is not None:
            spans.append(_widened(path, row, from_ns, to_ns))
    with desk.index.read() as index:
        # What was imported goes whole.
        spans += [
            (row.wall_from, row.wall_to)
            for row in index.imports(camera)
            if row.wall_from < to_ns and row.wall_to > from_ns
        ]
    holds = desk.chronicle(camera).holds.values()
    if any(begins < end and ends > start for start, end in spans for begins, ends in holds):
        raise RefusedError(
            "Some of this span is held, and what is held is not erased: lift the hold first, or "
            "choose a span that leaves it out (whole groups of pictures go)."
        )


def _widened(path: Path, row: FileRow, from_ns: int, to_ns: int) -> tuple[int, int]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return from_ns, to_ns
    try:
        found = scan(fd, os.fstat(fd).st_size, hash_leaves=False)
        if found.footer is None:
            return row.wall_from, row.wall_to
        cut = cut_of(fd, found, row, from_ns, to_ns)
    except WatchglassError:
        return row.wall_from, row.wall_to
    finally:
        os.close(fd)
    return (from_ns, to_ns) if cut is None else _wall(row, cut.media)


def _wall(row: FileRow, media: tuple[int, int]) -> tuple[int, int]:
    begins, ends = (wall_at(at, row.media_from, row.wall_from, row.rate_ppb) for at in media)
    return begins, ends


def _rows(desk: Desk, camera: CameraId, from_ns: int, to_ns: int) -> list[FileRow]:
    with desk.index.read() as index:
        return [
            row
            for stream in StreamName
            for row in index.files_between(camera, stream, from_ns, to_ns)
            if row.wall_from < to_ns and row.wall_to > from_ns
        ]


def _path(desk: Desk, row: FileRow) -> Path | None:
    root = desk.volume_path(row.volume)
    if root is None:
        return None
    return media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)


class Eraser:
    """Of one keeper, in its thread."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._behind = False

    @property
    def is_behind(self) -> bool:
        """Whether files are about to be replaced."""
        return self._behind

    def step(self) -> bool:
        """Go on with what was ordered; whether lines were written."""
        if self._desk.in_debt:
            return False
        try:
            return self._step()
        except StorageError as error:
            self._desk.once(("erase", 0), error.sentence)
            return False

    def _step(self) -> bool:
        told = False
        behind = False
        for camera in list(self._desk.books):
            for pending in list(self._desk.chronicle(camera).erasures.values()):
                told |= self._go_on(camera, pending)
                # One after another: what follows is counted from what is left.
                if pending.id in self._desk.chronicle(camera).erasures:
                    behind = True
                    break
        self._behind = behind
        return told

    def _go_on(self, camera: CameraId, pending: PendingErasure) -> bool:
        rows = _rows(self._desk, camera, pending.from_ns, pending.to_ns)
        left, done, told = False, 0, False
        for row in rows:
            if done >= _MOST_FILES:
                return told
            try:
                found = self._file(row, pending)
            except StorageError as error:
                self._desk.once((f"erase {row.run}", row.sequence), error.sentence)
                if self._desk.in_debt:
                    raise
                found = None
            left |= found is None
            told |= bool(found)
            done += bool(found)
        if left or self._is_written(camera, pending):
            return told
        self._desk.write({camera: [(DONE, {"erasure": pending.id, "files": len(pending.told)})]})
        _LOG.info("erased", camera=camera, erasure=pending.id, files=len(pending.told))
        return True

    def _is_written(self, camera: CameraId, pending: PendingErasure) -> bool:
        """Whether some of that time is not placed or not told of yet."""
        return any(
            media.placed is None or media.placed.wall_at(media.media_from) < pending.to_ns
            for media in self._desk.books[camera].files.values()
        )

    def _file(self, row: FileRow, pending: PendingErasure) -> bool | None:
        """Whether something of it went; None: it has to wait."""
        path = _path(self._desk, row)
        if row.state == OPEN or path is None:
            return None
        try:
            fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StorageError(f"{path} cannot be opened ({error.strerror}).") from error
        try:
            return self._open_file(fd, path, row, pending)
        finally:
            os.close(fd)

    def _open_file(self, fd: int, path: Path, row: FileRow, pending: PendingErasure) -> bool | None:
        found = scan(fd, os.fstat(fd).st_size, hash_leaves=False)
        if found.footer is None:
            return self._whole_file(row)
        told = pending.told.get((row.run, row.sequence))
        if told is not None:
            gone = in_ranges(told)
            if all(found.entries[at - 1].erased for at in gone if at <= len(found.entries)):
                return False
        else:
            cut = cut_of(fd, found, row, pending.from_ns, pending.to_ns)
            if cut is None:
                return False
            if self._held(row, _wall(row, cut.media)):
                return None
            gone = in_ranges(cut.ranges)
            self._tell(row, pending, found, cut)
        self._replace(fd, path, found, gone)
        return True

    def _whole_file(self, row: FileRow) -> bool | None:
        """One without its footer cannot be cut: all of it goes."""
        if self._held(row, (row.wall_from, row.wall_to)):
            return None
        files = [[row.run, row.sequence, ""]]
        self._desk.write(
            {row.camera: [("files_deleted", {"cause": GapCause.ERASED.value, "files": files})]}
        )
        return True

    def _held(self, row: FileRow, span: tuple[int, int]) -> bool:
        holds = self._desk.chronicle(row.camera).holds.values()
        return any(begins < span[1] and ends > span[0] for begins, ends in holds)

    def _tell(self, row: FileRow, pending: PendingErasure, found: ScannedFile, cut: Cut) -> None:
        gone = in_ranges(cut.ranges)
        file = ErasedFile(row.run, row.sequence, _length(found, gone), cut.ranges)
        entries: list[LedgerEntry] = [told_line(pending.id, [file])]
        entries += hole(
            GapId(random_id()), row.run, row.stream, GapCause.ERASED, *cut.media,
            self._desk.clock.wall_ns(),
        )  # fmt: skip
        self._desk.write({row.camera: entries})

    def _replace(self, fd: int, path: Path, found: ScannedFile, gone: set[int]) -> None:
        disk = self._desk.disk
        left = path.with_name(path.name + _SUFFIX)
        disk.unlink(_SITE, left)
        target = disk.create(_SITE, left)
        try:
            at = 0
            for start, length in _kept(found, gone):
                disk.copy_range(_SITE, fd, start, length, target, at, str(left))
                at += length
            disk.write_at(_SITE, target, _footer(found, gone, at), at, str(left))
            disk.sync_file(_SITE, target, str(left))
        finally:
            os.close(target)
        disk.replace(_SITE, left, path)
        disk.sync_folder(_SITE, path.parent)
        # Nobody finds the old file any more; somebody may still have it open.
        for start, length in _lost(found, gone):
            disk.zero_range(_SITE, fd, start, length, str(path))
        disk.sync_file(_SITE, fd, str(path))


def _kept(found: ScannedFile, gone: set[int]) -> Iterator[tuple[int, int]]:
    """Where the bytes lie that stay, in order."""
    start, end = 0, found.header_bytes
    for at, each in enumerate(found.entries, 1):
        if each.erased:
            continue
        if at not in gone and each.offset == end:
            end += each.length
            continue
        if end > start:
            yield start, end - start
        start, end = (each.offset, each.offset + each.length) if at not in gone else (0, 0)
    if end > start:
        yield start, end - start


def _lost(found: ScannedFile, gone: set[int]) -> Iterator[tuple[int, int]]:
    for at, each in enumerate(found.entries, 1):
        if at in gone and not each.erased:
            yield each.offset, each.length


def _length(found: ScannedFile, gone: set[int]) -> int:
    return sum(length for _, length in _kept(found, gone)) + footer_bytes(len(found.entries))


def _footer(found: ScannedFile, gone: set[int], at: int) -> bytes:
    offset = found.header_bytes
    entries: list[Entry] = []
    for number, each in enumerate(found.entries, 1):
        if number in gone or each.erased:
            entries.append(Entry(each.number, 0, 0, Track.VIDEO, ERASED, 0, 0, 0, 0, each.leaf))
            continue
        entries.append(
            Entry(
                each.number, offset, each.length, each.track, each.flags, each.media_time,
                each.duration, each.samples, each.wall_ns, each.leaf,
            )
        )  # fmt: skip
        offset += each.length
    assert found.footer is not None
    return encode_footer(found.header_bytes, found.header_leaf, entries, found.footer.root, at)
