"""Which fragments of a recording go into a bundle: whole ones, as they were recorded.

What stays out is told by its leaf hash alone, in the footer that ends the excerpt. So an excerpt is
a media file of the format, with the root that the ledger names.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from watchglass.app.evidence.ledgerplan import LedgerPlan, ToldFile
from watchglass.base.errors import DamagedError, StorageError, VolumeMissingError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.evidence.bundle import Excerpt
from watchglass.model.stream import StreamName, Track
from watchglass.recording.fragment import FIRST_IS_KEY
from watchglass.recording.mediafile import (
    ERASED,
    Entry,
    ScannedFile,
    encode_footer,
    media_path,
    scan,
)
from watchglass.recording.merkle import tree_hash
from watchglass.recording.placement import media_at


@dataclass(frozen=True, slots=True)
class Part:
    """What an excerpt shows. Times are UTC ns; ``starts`` is a media time, in 1/90000 s, counted
    from the file's start: that of its first picture."""

    path: str
    length: int
    codec: str
    from_ns: int
    to_ns: int
    starts: int
    pictures: int
    has_sound: bool
    left_out: int
    damaged: tuple[int, ...]


def excerpt_of(
    plan: LedgerPlan,
    file: ToldFile,
    volume_path: Callable[[VolumeId], Path | None],
    from_ns: int,
    to_ns: int,
    *,
    sound: bool,
) -> tuple[Part, Excerpt] | None:
    """What of a file belongs to a span; None for nothing.

    VolumeMissingError or DamagedError where it cannot be read at all.
    """
    source = _path(plan.camera, file, volume_path)
    scanned = _scanned(source)
    entries = scanned.entries
    if file.closed is None:
        entries = entries[: _signed(plan, file)]
    chosen = _chosen(file, entries, from_ns, to_ns)
    if not chosen:
        return None
    kept = [
        each
        for each in entries[chosen.start : chosen.stop]
        if (sound or each.track is Track.VIDEO)
        and each.number not in scanned.damaged
        and not each.erased
    ]
    pictures = [each for each in kept if each.track is Track.VIDEO]
    if not pictures:
        return None
    last = pictures[-1]
    excerpt = _excerpt(source, plan.camera, file, scanned, entries, kept)
    part = Part(
        excerpt.target, excerpt.length, file.codec,
        file.placed.wall_at(pictures[0].media_time),
        file.placed.wall_at(last.media_time + last.duration),
        pictures[0].media_time - scanned.info.media_from,
        sum(each.samples for each in pictures), any(each.track is Track.SOUND for each in kept),
        len(entries) - len(kept), scanned.damaged,
    )  # fmt: skip
    return part, excerpt


def signed_end(
    plan: LedgerPlan, stream: StreamName, volume_path: Callable[[VolumeId], Path | None]
) -> int:
    """Up to when (UTC ns) the newest head tells of a stream: of what goes on, not quite to now."""
    if stream in plan.standing:
        return plan.head.t
    reached = [
        _open_end(plan, file, volume_path) if file.closed is None else file.to_ns or 0
        for file in plan.files
        if file.stream is stream and not file.deleted
    ]
    return min(plan.head.t, max(reached, default=plan.head.t))


def _open_end(
    plan: LedgerPlan, file: ToldFile, volume_path: Callable[[VolumeId], Path | None]
) -> int:
    entries = _scanned(_path(plan.camera, file, volume_path), hash_leaves=False).entries
    pictures = [
        each
        for each in entries[: _signed(plan, file)]
        if each.track is Track.VIDEO and not each.erased
    ]
    if not pictures:
        return file.from_ns
    return file.placed.wall_at(pictures[-1].media_time + pictures[-1].duration)


def _signed(plan: LedgerPlan, file: ToldFile) -> int:
    """How many fragments of an open file the head signs."""
    return next(
        (each.fragments for each in plan.head.open
         if (each.run, each.sequence) == (file.run, file.sequence)), 0,
    )  # fmt: skip


def _path(camera: CameraId, file: ToldFile, volume_path: Callable[[VolumeId], Path | None]) -> Path:
    root = volume_path(file.volume)
    if root is None:
        raise VolumeMissingError(
            f"The volume {file.volume} with recordings of this span is not there: mount its disk."
        )
    return media_path(root, camera, file.stream, file.wall_ns, file.run, file.sequence)


def _scanned(path: Path, *, hash_leaves: bool = True) -> ScannedFile:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error
    try:
        return scan(fd, os.fstat(fd).st_size, hash_leaves=hash_leaves)
    finally:
        os.close(fd)


def _chosen(file: ToldFile, entries: tuple[Entry, ...], from_ns: int, to_ns: int) -> range:
    """From the key frame on show at ``from_ns`` to the first fragment that reaches ``to_ns``."""
    placed = file.placed
    if file.from_ns >= to_ns or (file.to_ns is not None and file.to_ns <= from_ns):
        return range(0)
    media_from = media_at(from_ns, placed.media, placed.wall, placed.rate_ppb)
    start, stop = 0, 0
    for at, each in enumerate(entries):
        if each.track is not Track.VIDEO:
            continue
        if each.flags & FIRST_IS_KEY and each.media_time <= media_from:
            start = at
        stop = at + 1
        if placed.wall_at(each.media_time + each.duration) >= to_ns:
            return range(start, stop)
    # Nothing more is shown: sound that follows belongs to it, and proves that nothing does.
    return range(start, len(entries)) if stop else range(0)


def _excerpt(
    source: Path, camera: CameraId, file: ToldFile, scanned: ScannedFile,
    entries: tuple[Entry, ...], kept: list[Entry],
) -> Excerpt:  # fmt: skip
    pieces = [(0, scanned.header_bytes)]
    told: list[Entry] = []
    at, wanted = scanned.header_bytes, {each.number for each in kept}
    for each in entries:
        if each.number not in wanted:
            told.append(Entry(each.number, 0, 0, Track.VIDEO, ERASED, 0, 0, 0, 0, each.leaf))
            continue
        told.append(
            Entry(
                each.number, at, each.length, each.track, each.flags, each.media_time,
                each.duration, each.samples, each.wall_ns, each.leaf,
            )
        )  # fmt: skip
        offset, length = pieces[-1]
        if offset + length == each.offset:
            pieces[-1] = offset, length + each.length
        else:
            pieces.append((each.offset, each.length))
        at += each.length
    root = tree_hash([scanned.header_leaf, *(each.leaf for each in entries)])
    if file.closed is not None and root != file.closed[1]:
        raise DamagedError(f"{source} is not what the ledger says: see 'watchglass check --deep'.")
    footer = encode_footer(scanned.header_bytes, scanned.header_leaf, told, root, at)
    name = f"media/{camera}/{file.stream.value}/{file.run}-{file.sequence:04d}.mp4"
    return Excerpt(source, name, tuple(pieces), footer)
