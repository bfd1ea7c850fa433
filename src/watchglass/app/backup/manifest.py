"""What a backup says of itself: ``manifest.json``, written last, names every part with its hash.

A folder without one is no backup: it was not finished.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from watchglass.base.errors import ConfigError, DamagedError, NotFoundError, StorageError
from watchglass.base.ids import VolumeId

FORMAT = 1
NAME = "manifest.json"
SITE_DB = "site.db"
EVENTS_DB = "events.db"
"""What was understood and found; a backup may be without it."""
KEYS = "keys.sealed"
FACTS = "facts"
"""Tables of facts that somebody put in the place of ours, as they lie in the state folder."""
ANCHORS = "anchors"
"""Authorities, and heads that they have stamped, as they lie in the state folder."""
COLLECTORS = "collectors"
"""What is known of collectors that are out: sealed with the keys, since each has a secret."""
MEDIA = "media.jsonl"
WHAT = "watchglass backup"
PIECE_BYTES = 1 << 20


class Part(msgspec.Struct, frozen=True):
    """A file of the backup: its path in it, its length, its SHA-256 in hex."""

    path: str
    bytes: int
    sha256: str


class BackedVolume(msgspec.Struct, frozen=True):
    id: VolumeId
    path: str


class BackedLedger(msgspec.Struct, frozen=True):
    """``lines`` up to the newest head, which was signed at ``signed`` (UTC ns)."""

    name: str
    lines: int
    signed: str
    head: str


class MediaChoice(msgspec.Struct, frozen=True):
    """What of the recordings is in it: cameras by id (none: all), a span (UTC ns), how much."""

    cameras: list[str]
    from_ns: str
    to_ns: str
    files: int
    bytes: int


class Manifest(msgspec.Struct, frozen=True):
    """``media`` lists the recordings, and is a part itself. Times are UTC ns as text."""

    what: str
    format: int
    backup: str
    version: str
    made: str
    holds: list[str]
    lacks: list[str]
    volumes: list[BackedVolume]
    ledgers: list[BackedLedger]
    parts: list[Part]
    media: MediaChoice | None = None


def read_manifest(folder: Path) -> Manifest:
    """A backup's manifest. NotFoundError where there is none, ConfigError for a newer one,
    DamagedError for one that cannot be read."""
    try:
        raw = (folder / NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            f"{folder} is no backup that was finished: it has no {NAME}. Name the folder that "
            "'watchglass backup' said it wrote."
        ) from None
    except OSError as error:
        raise StorageError(f"Reading {folder / NAME} failed ({error.strerror}).") from error
    try:
        head = msgspec.json.decode(raw, type=dict[str, object])
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{folder / NAME} is damaged ({error}): take another backup.") from error
    found = head.get("format")
    if head.get("what") == WHAT and isinstance(found, int) and found > FORMAT:
        raise ConfigError(
            f"The backup {folder} was made by a newer Watchglass ({head.get('version')!s:.20}): "
            "restore it with that version."
        )
    try:
        manifest = msgspec.json.decode(raw, type=Manifest)
    except msgspec.MsgspecError as error:
        raise DamagedError(f"{folder / NAME} is damaged ({error}): take another backup.") from error
    if manifest.what != WHAT or manifest.format != FORMAT:
        raise DamagedError(f"{folder / NAME} is no manifest of a backup.")
    for part in manifest.parts:
        _check_path(folder, part.path)
    return manifest


def _check_path(folder: Path, path: str) -> None:
    if path.startswith("/") or ".." in Path(path).parts or not path.isprintable():
        raise DamagedError(f"{folder / NAME} names a part outside of the backup: {path!r:.80}.")


def media_parts(folder: Path, manifest: Manifest) -> Iterator[Part]:
    """The recordings of a backup, one at a time; DamagedError for a list that cannot be read."""
    if manifest.media is None:
        return
    decoder = msgspec.json.Decoder(Part)
    with (folder / MEDIA).open("rb") as file:
        for line in file:
            try:
                part = decoder.decode(line)
            except msgspec.MsgspecError as error:
                raise DamagedError(f"{folder / MEDIA} is damaged ({error}).") from error
            _check_path(folder, part.path)
            yield part


def bound_to(parts: list[Part]) -> bytes:
    """What the sealed keys are bound to: all other parts."""
    digest = hashlib.sha256()
    for part in sorted(parts, key=lambda each: each.path):
        if part.path != KEYS:
            digest.update(msgspec.json.encode(part) + b"\n")
    return digest.digest()


def hashed(path: Path, name: str) -> Part:
    """A part as it lies on the disk, not as the kernel remembers it."""
    digest, size = hashlib.sha256(), 0
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        raise DamagedError(f"The backup lacks {name}: take another backup.") from None
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error.strerror}).") from error
    try:
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        while piece := os.read(fd, PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error.strerror}).") from error
    finally:
        os.close(fd)
    return Part(name, size, digest.hexdigest())


def verify(folder: Path, *, media: bool = True) -> Manifest:
    """Read every byte of a backup; DamagedError names the first part that is not as written."""
    manifest = read_manifest(folder)
    for part in manifest.parts:
        _check_part(folder, part)
    if media:
        for part in media_parts(folder, manifest):
            _check_part(folder, part)
    return manifest


def _check_part(folder: Path, part: Part) -> None:
    if hashed(folder / part.path, part.path) != part:
        raise DamagedError(
            f"The backup {folder} is damaged: {part.path} is not what was written. Take another "
            "backup."
        )
