"""Media files as they lie on their volumes, against what the ledger of their camera says."""

import fcntl
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.finding import Finding, FindingKind, Severity
from watchglass.model.stream import StreamName
from watchglass.recording.check_ledger import FileKey, ReadLedger, ToldFile, files_since
from watchglass.recording.mediafile import ScannedFile, scan, verify
from watchglass.recording.mediapath import parse_media_path
from watchglass.recording.merkle import Frontier
from watchglass.recording.volume import Volume

_F_OFD_GETLK = 36
_FLOCK = struct.Struct("hhqqi4x")

_RESTORE = "Bring it back from a backup if there is one; the timeline will show what is missing."
_LOOK = "Check the disk it is on; the rest of the recordings is not touched by this."
_ADOPT = "Run `watchglass check --repair` while the recorder is stopped: it will be taken in."
_START = "Nothing: the next start of the recorder puts it right."


@dataclass(slots=True)
class MediaLook:
    """What was looked at, and what was found."""

    files: int = 0
    being_written: int = 0
    media_bytes: int = 0
    findings: list[Finding] = field(default_factory=list)


def check_media(ledger: ReadLedger, volumes: dict[VolumeId, Volume], *, deep: bool) -> MediaLook:
    """Look at the files of a camera. With ``deep`` every byte of them is read and hashed."""
    look = MediaLook()
    camera = CameraId(ledger.name)
    missing: dict[FileKey, Finding] = {}
    for key, told in ledger.files.items():
        if told.volume not in volumes:
            continue
        path = told.path(volumes[told.volume].path, camera, key)
        if told.deleted:
            if path.exists():
                look.findings.append(_left(path))
        elif not path.exists():
            missing[key] = _missing(path)
        else:
            look.findings += _look_at(path, told, ledger.signed.get(key, {}), look, deep)
    unknown = {
        path: finding
        for volume in volumes.values()
        for path, finding in _unknown(volume, camera, ledger)
    }
    if missing or unknown:
        # Since the ledger was read, the recorder may have gone on.
        opened, deleted = files_since(ledger)
        look.findings += [each for key, each in missing.items() if key not in deleted]
        look.findings += [each for path, each in unknown.items() if _key_of(path) not in opened]
    return look


def _missing(path: Path) -> Finding:
    return Finding(
        FindingKind.FILE_MISSING, Severity.DAMAGE, str(path),
        "The ledger names this recording, and it is not there.", _RESTORE,
    )  # fmt: skip


def _left(path: Path) -> Finding:
    return Finding(
        FindingKind.FILE_LEFT, Severity.NOTICE, str(path),
        "This recording, or some of it, was deleted by the ledger and still lies there.", _START,
    )  # fmt: skip


# --- one file -------------------------------------------------------------------------------------


def _look_at(
    path: Path, told: ToldFile, signed: dict[int, bytes], look: MediaLook, deep: bool
) -> Iterator[Finding]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        yield _damaged(path, f"It cannot be opened ({error.strerror}).")
        return
    try:
        size = os.fstat(fd).st_size
        look.files += 1
        look.media_bytes += size
        is_written = is_locked(fd)
        look.being_written += is_written
        # Of an open file, leaves are known only by hashing; of a closed one by its footer.
        found = scan(fd, size, hash_leaves=False)
        if found.footer is None and signed:
            found = scan(fd, size)
        yield from _compared(path, found, told, is_written, size)
        yield from _signed(path, found, signed)
        if deep and found.footer is not None:
            for what in verify(fd, size):
                yield _damaged(path, what)
    except WatchglassError as error:
        yield _damaged(path, error.sentence)
    finally:
        os.close(fd)


def _damaged(path: Path, what: str) -> Finding:
    return Finding(FindingKind.FILE_DAMAGED, Severity.DAMAGE, str(path), what, _LOOK)


def _compared(
    path: Path, found: ScannedFile, told: ToldFile, is_written: bool, size: int
) -> Iterator[Finding]:
    if found.header_leaf != told.header:
        yield _differs(path, "Its header is not the one that the ledger tells of.")
    if told.closed is not None:
        if size != told.closed[0] and size == told.longer:
            yield _left(path)
        else:
            yield from _closed(path, found, told.closed, size)
    elif found.footer is None and not is_written:
        torn = f", and {found.torn_bytes} bytes at its end are torn" if found.torn_bytes else ""
        yield Finding(
            FindingKind.FILE_TORN, Severity.NOTICE, str(path),
            f"Its writer is gone and did not close it{torn}.", _START,
        )  # fmt: skip


def _signed(path: Path, found: ScannedFile, signed: dict[int, bytes]) -> Iterator[Finding]:
    """What heads said of the file while it was open still holds."""
    frontier = Frontier([found.header_leaf])
    roots = {0: frontier.root()}
    for count, entry in enumerate(found.entries, 1):
        frontier.append(entry.leaf)
        if count in signed:
            roots[count] = frontier.root()
    for count, root in sorted(signed.items()):
        if count > len(found.entries):
            yield _differs(
                path, f"{count} fragments of it were signed, and {len(found.entries)} are left."
            )
            return
        if roots[count] != root:
            yield _differs(path, f"Its first {count} fragments are not those that were signed.")
            return


def _differs(path: Path, what: str) -> Finding:
    return Finding(FindingKind.FILE_DIFFERS, Severity.DAMAGE, str(path), what, _LOOK)


def _closed(
    path: Path, found: ScannedFile, closed: tuple[int, int, bytes], size: int
) -> Iterator[Finding]:
    length, fragments, root = closed
    if found.footer is None:
        yield _differs(
            path,
            f"It was closed with {length} bytes; now it has {size}, and no footer that counts.",
        )
        return
    if size != length:
        yield _differs(path, f"It is {size} bytes long, and was closed with {length}.")
    if found.footer.root != root or len(found.entries) != fragments:
        yield _differs(path, "Its root is not the one that the ledger tells of.")


def is_locked(fd: int) -> bool:
    """Whether somebody writes an open file. Only asks: taking it would disturb that one."""
    asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    answer = fcntl.fcntl(fd, _F_OFD_GETLK, asked)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)


# --- files that nobody knows ----------------------------------------------------------------------


def _unknown(
    volume: Volume, camera: CameraId, ledger: ReadLedger
) -> Iterator[tuple[Path, Finding]]:
    for stream in StreamName:
        for path in sorted((volume.path / camera / stream.value).glob("*/*/*/*")):
            name = parse_media_path(path)
            if name is None:
                continue
            told = ledger.files.get((name.run, name.sequence))
            if told is None and not _is_written(path):
                yield path, Finding(
                    FindingKind.FILE_UNKNOWN, Severity.NOTICE, str(path),
                    "No ledger tells of this recording.", _ADOPT,
                )  # fmt: skip
            elif told is not None and (told.volume, told.path(volume.path, camera, name[3:])) != (
                volume.id, path,
            ):  # fmt: skip
                yield path, Finding(
                    FindingKind.FILE_UNKNOWN, Severity.NOTICE, str(path),
                    "The ledger tells of this recording at another place.",
                    "Compare the two, and move this one away.",
                )  # fmt: skip


def _is_written(path: Path) -> bool:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return is_locked(fd)
    finally:
        os.close(fd)


def _key_of(path: Path) -> FileKey | None:
    name = parse_media_path(path)
    return None if name is None else (name.run, name.sequence)
