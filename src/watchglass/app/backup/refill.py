"""Recordings of a backup, put back on their volumes where they are missing."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from watchglass.app.backup.manifest import PIECE_BYTES, Manifest, Part, media_parts
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, StorageError
from watchglass.base.ids import RunId, VolumeId
from watchglass.recording.fold import deleted_files
from watchglass.recording.ledger import line_reader
from watchglass.recording.lineage import Telling
from watchglass.recording.mediapath import MediaName, parse_media_path

_SITE = WriteSite.RESTORE


def refill(
    backup: Path,
    manifest: Manifest,
    tellings: dict[str, Telling],
    volumes: dict[VolumeId, Path],
    disk: Disk,
    tell: Callable[[str, int, int], None],
) -> int:
    """Copy back what is not there and was not deleted since; how many files. Each is whole or not
    there at all; a restore that was cut short goes on with the next.

    DamagedError for a recording that is not what the backup was made with.
    """
    gone = {name: _deleted(told) for name, told in tellings.items()}
    copied = 0
    whole = manifest.media.files if manifest.media is not None else 0
    for done, part in enumerate(media_parts(backup, manifest)):
        tell("recordings", done, whole)
        _, volume, *rest = Path(part.path).parts
        root = volumes.get(VolumeId(volume))
        name = parse_media_path(Path(part.path))
        if root is None or name is None or _key(name) in gone.get(name.camera, set()):
            continue
        target = root.joinpath(*rest)
        if not target.exists():
            _copy(backup / part.path, target, part, disk)
            copied += 1
    return copied


def _key(name: MediaName) -> tuple[RunId, int]:
    return name.run, name.sequence


def _deleted(told: Telling) -> set[tuple[RunId, int]]:
    found: set[tuple[RunId, int]] = set()
    for _, _, line in line_reader(told.folder):
        if line.n >= len(told.leaves):
            break
        if line.type == "files_deleted":
            found.update(deleted_files(line))
    return found


def _copy(source: Path, target: Path, part: Part, disk: Disk) -> None:
    partial = target.with_name(f".{target.name}.part")
    disk.make_folders(_SITE, target.parent)
    disk.unlink(_SITE, partial)
    digest, size = hashlib.sha256(), 0
    fd = disk.create(_SITE, partial)
    try:
        with source.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                disk.write_at(_SITE, fd, piece, size, str(partial))
                digest.update(piece)
                size += len(piece)
        disk.sync_file(_SITE, fd, str(partial))
    except OSError as error:
        raise StorageError(f"Reading {source} failed ({error.strerror}).") from error
    finally:
        os.close(fd)
    if (size, digest.hexdigest()) != (part.bytes, part.sha256):
        raise DamagedError(f"The backup is damaged: {part.path} is not what was written.")
    disk.replace(_SITE, partial, target)
    disk.sync_folder(_SITE, target.parent)
