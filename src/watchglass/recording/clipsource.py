"""Samples of a recorded run, read back byte for byte from its files.

A file that is still written gives what it holds up to its last whole fragment. What is read of a
closed one is checked against its footer: a clip must not pass on what was changed since.
"""

import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from watchglass.base.errors import DamagedError, NotFoundError, StorageError
from watchglass.base.ids import RunId
from watchglass.model.stream import Track
from watchglass.recording.anchor import Placed
from watchglass.recording.boxes import read_at
from watchglass.recording.fileheader import HEADER_BOX_BYTES, VIDEO_TIMESCALE, read_header
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY, decode_fragment
from watchglass.recording.mediafile import ScannedFile, read_fragment_head, scan
from watchglass.recording.merkle import leaf_hash


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A media file of a run; ``placed`` says where its media lies in UTC."""

    path: Path
    sequence: int
    placed: Placed
    length: int


@dataclass(frozen=True, slots=True)
class SourceRun:
    """What to take of a run. Media times in 1/90000 s of the run.

    From the key frame that is on show at ``media_from`` to the last picture that begins at or
    before ``media_last``, less the ``holes`` (in order).
    """

    run: RunId
    files: tuple[SourceFile, ...]
    holes: tuple[tuple[int, int], ...]
    media_from: int
    media_last: int


@dataclass(frozen=True, slots=True)
class SourceSample:
    """One sample; ``media`` is its decode time in ticks of its track, counted from the run's start.

    ``timescale`` is that of the track. ``data`` is empty, and ``unread_bytes`` its length, where
    only the fragments' heads were read.
    """

    file: SourceFile
    track: Track
    media: int
    composition_offset: int
    duration: int
    timescale: int
    is_key: bool
    data: bytes
    unread_bytes: int = 0


@dataclass(frozen=True, slots=True)
class _Opened:
    fd: int
    source: SourceFile
    scanned: ScannedFile


def tracks_of(file: SourceFile) -> bytes:
    """``ftyp`` and ``moov``: files whose are the same can be joined."""
    with _descriptor(file) as fd:
        return read_header(fd, os.fstat(fd).st_size)[:-HEADER_BOX_BYTES]


def begun(run: SourceRun) -> SourceRun | None:
    """The run from the key frame to begin with, without the files before; None without any."""
    start = _start(run)
    if start is None:
        return None
    at = sum(file.placed.media <= start for file in run.files) - 1
    return replace(run, files=run.files[max(at, 0) :], media_from=start)


def samples(run: SourceRun, *, heads: bool = False) -> Iterator[SourceSample]:
    """The samples of a run that has ``begun``, in the order in which they were written.

    With ``heads`` nothing of them is read but where they lie, and nothing is verified. Where
    pictures are not shown in the order in which they come, those go along at the end that are shown
    before one that was taken.
    """
    shown = run.media_last
    for source in run.files:
        with _opened(source) as opened:
            for entry in opened.scanned.entries:
                if not _touches(entry, opened.scanned, run.media_from, shown):
                    continue
                for sample in _samples_of(opened, entry, heads=heads):
                    media = sample.media * VIDEO_TIMESCALE // sample.timescale
                    if media < run.media_from or in_hole(media, run.holes):
                        continue
                    if media <= run.media_last or media + sample.composition_offset < shown:
                        shown = max(shown, media + sample.composition_offset)
                        yield sample


def in_hole(media: int, holes: Sequence[tuple[int, int]]) -> bool:
    """Whether a media time lies in one of the holes, which are in order."""
    at = bisect_right(holes, media, key=lambda hole: hole[0]) - 1
    return at >= 0 and media < holes[at][1]


# --- where to begin -------------------------------------------------------------------------------


def _start(run: SourceRun) -> int | None:
    """Decode time of the key frame to begin with; None when the files hold none that serves."""
    wanted = next(
        (ends for begins, ends in run.holes if begins <= run.media_from < ends), run.media_from
    )
    earliest: int | None = None
    for source in reversed([file for file in run.files if file.placed.media <= wanted]):
        for media, shown in _keys(source):
            if shown <= wanted:
                return media
            earliest = media
    if earliest is None:
        # All of it begins later than what was asked for.
        firsts = (list(_keys(source)) for source in run.files)
        earliest = next((keys[-1][0] for keys in firsts if keys), None)
    return earliest


def _keys(source: SourceFile) -> Iterator[tuple[int, int]]:
    """(decode time, time on show) of a file's key frames, the last one first."""
    with _opened(source) as opened:
        for entry in reversed(opened.scanned.entries):
            if entry.track is not Track.VIDEO or not entry.flags & HAS_KEY or entry.erased:
                continue
            head = read_fragment_head(opened.fd, entry.offset, entry.offset + entry.length)
            media = head.info.media_time
            keys = []
            for sample in head.samples:
                if sample.is_key:
                    keys.append((media, media + sample.composition_offset))
                media += sample.duration
            yield from reversed(keys)


# --- reading --------------------------------------------------------------------------------------


def _touches(entry: Entry, scanned: ScannedFile, media_from: int, media_last: int) -> bool:
    timescale = scanned.info.timescale(entry.track)
    if not timescale:
        raise DamagedError(f"Fragment {entry.number} is of a track that the file does not have.")
    begins = entry.media_time * VIDEO_TIMESCALE // timescale
    ends = (entry.media_time + entry.duration) * VIDEO_TIMESCALE // timescale
    return begins <= media_last and ends >= media_from


def _samples_of(opened: _Opened, entry: Entry, *, heads: bool) -> Iterator[SourceSample]:
    if entry.erased:
        raise NotFoundError(
            f"Part of this span was erased from {opened.source.path}: choose a span without it."
        )
    if heads:
        fragment = read_fragment_head(opened.fd, entry.offset, entry.offset + entry.length)
        data = b""
    else:
        data = _verified(opened, entry)
        fragment = decode_fragment(data)
    media = fragment.info.media_time
    for sample, offset in zip(fragment.samples, fragment.offsets, strict=True):
        yield SourceSample(
            opened.source, fragment.info.track, media, sample.composition_offset, sample.duration,
            fragment.info.timescale, sample.is_key, data[offset : offset + sample.data_bytes],
            sample.data_bytes if heads else 0,
        )  # fmt: skip
        media += sample.duration


def _verified(opened: _Opened, entry: Entry) -> bytes:
    data = read_at(opened.fd, entry.offset, entry.length)
    # The leaves of a file that is still written are not in it.
    if entry.leaf and leaf_hash(data) != entry.leaf:
        raise DamagedError(
            f"Fragment {entry.number} of {opened.source.path} is not what was recorded: run "
            "`watchglass check --deep`, and choose a span without it."
        )
    return data


@contextmanager
def _opened(source: SourceFile) -> Iterator[_Opened]:
    with _descriptor(source) as fd:
        yield _Opened(fd, source, scan(fd, os.fstat(fd).st_size, hash_leaves=False))


@contextmanager
def _descriptor(source: SourceFile) -> Iterator[int]:
    try:
        fd = os.open(source.path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{source.path} is not there any more: it was deleted meanwhile, or its disk is gone."
        ) from error
    except OSError as error:
        raise StorageError(f"{source.path} cannot be opened ({error.strerror}).") from error
    try:
        yield fd
    except DamagedError as error:
        if str(source.path) in error.sentence:
            raise
        raise DamagedError(f"{source.path}: {error.sentence}") from error
    finally:
        os.close(fd)
