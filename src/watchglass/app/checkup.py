"""What a machine and its recorder are like: findings for ``doctor``, each with its meaning."""

import ctypes
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from watchglass.app.words import length_words, size_words
from watchglass.base import landlock
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, lock
from watchglass.base.errors import StorageError, VolumeMissingError
from watchglass.base.ids import VolumeId
from watchglass.config.settings import Settings
from watchglass.recording.alive import Alive
from watchglass.recording.volume import Volume, space

_PACKAGES = ("av", "cryptography", "msgspec", "pyzmq", "sqlalchemy")
_RELEASED_NS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) * 10**9
_NETWORK = ("nfs", "cifs", "smb", "fuse", "9p", "ceph", "glusterfs")
_TIMEX_BYTES = 256
_CLOCK_UNSYNCHRONISED = 5


class Verdict(StrEnum):
    """``note`` is worth knowing, ``wrong`` needs somebody."""

    FINE = "fine"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``meaning`` is one sentence on what ``value`` means."""

    about: str
    value: str
    meaning: str
    verdict: Verdict = Verdict.FINE


def software() -> Iterator[Finding]:
    """Python, SQLite and the packages that matter."""
    yield Finding(
        "Python", platform.python_version(), "Python 3.11 or newer is needed.",
        Verdict.FINE if sys.version_info >= (3, 11) else Verdict.WRONG,
    )  # fmt: skip
    found = [f"{name} {_version(name)}" for name in _PACKAGES]
    yield Finding(
        "Watchglass", _version("watchglass"),
        f"With {', '.join(found)}.",
    )  # fmt: skip


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


def kernel(folder: Path) -> Iterator[Finding]:
    """What the kernel and the file system of ``folder`` (which exists) can do."""
    locks = _has_locks(folder)
    yield Finding(
        "File locks", "yes" if locks else "no",
        "Locks that belong to an open file tell the keeper whether a writer lives.",
        Verdict.FINE if locks else Verdict.WRONG,
    )  # fmt: skip
    abi = landlock.abi()
    yield Finding(
        "Landlock", f"version {abi}" if abi else "no",
        "With it the kernel keeps a worker from all files that are not its own."
        if abi
        else "This kernel cannot fence workers in; recording works without.",
        Verdict.FINE if abi else Verdict.NOTE,
    )  # fmt: skip


def _has_locks(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        return lock(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def clock(state: Path, disk: Disk, clock: Clock) -> Iterator[Finding]:
    """Whether the clock may be right."""
    now_ns = clock.wall_ns()
    seen = Alive(state, disk, clock).read()
    newest_ns = seen.wall_ns if seen is not None else 0
    shown = f"{datetime.fromtimestamp(now_ns / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if now_ns < _RELEASED_NS:
        yield Finding(
            "Clock", shown, "That is before this version was made: set the clock.", Verdict.WRONG
        )
    elif now_ns < newest_ns:
        yield Finding(
            "Clock", shown,
            f"The recorder last ran {length_words(newest_ns - now_ns)} later than that: the clock "
            "was set back.", Verdict.WRONG,
        )  # fmt: skip
    else:
        yield Finding("Clock", shown, "It is later than all that was recorded, as it must be.")
    is_kept = synchronised()
    if is_kept is not None:
        yield Finding(
            "Clock is kept right", "yes" if is_kept else "no",
            "The kernel says whether something (NTP) keeps the clock right; recordings are as "
            "exact as the clock.",
            Verdict.FINE if is_kept else Verdict.NOTE,
        )  # fmt: skip


def synchronised() -> bool | None:
    """Whether the kernel says that something keeps its clock right; None where it does not say."""
    buffer = ctypes.create_string_buffer(_TIMEX_BYTES)
    state = ctypes.CDLL(None).adjtimex(buffer)
    return None if state < 0 else state != _CLOCK_UNSYNCHRONISED


def folder(about: str, path: Path, least_bytes: int) -> Iterator[Finding]:
    """A folder's room and file system."""
    if not path.is_dir():
        yield Finding(about, str(path), "It is made when the recorder first starts.", Verdict.NOTE)
        return
    writable = os.access(path, os.W_OK | os.X_OK)
    yield Finding(
        about, str(path),
        "It can be written." if writable else "It cannot be written: make it writable.",
        Verdict.FINE if writable else Verdict.WRONG,
    )  # fmt: skip
    try:
        room = space(path)
    except VolumeMissingError as error:
        yield Finding(f"{about}, room", "unknown", error.sentence, Verdict.WRONG)
        return
    enough = room.free_bytes > least_bytes
    yield Finding(
        f"{about}, room", f"{size_words(room.free_bytes)} free of {size_words(room.total_bytes)}",
        f"{size_words(least_bytes)} are kept free."
        if enough
        else f"Less than the {size_words(least_bytes)} that are kept free: the oldest recordings "
        "go, and then recording pauses.",
        Verdict.FINE if enough else Verdict.WRONG,
    )  # fmt: skip
    yield _sync(about, path)


def _sync(about: str, path: Path) -> Finding:
    kind = filesystem(path)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            Disk().sync_filesystem(descriptor, str(path))
        finally:
            os.close(descriptor)
    except (OSError, StorageError) as error:
        return Finding(f"{about}, sync", f"fails on {kind}", str(error), Verdict.WRONG)
    remote = kind.startswith(_NETWORK)
    return Finding(
        f"{about}, sync", f"works on {kind}",
        "A file system over the network or FUSE may keep less than it says after a power cut."
        if remote
        else "What is reported as recorded has reached the disk.",
        Verdict.NOTE if remote else Verdict.FINE,
    )  # fmt: skip


def filesystem(path: Path) -> str:
    """The type of the file system that ``path`` lies on."""
    device = os.stat(path).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "an unknown file system"
    for line in lines.splitlines():
        words = line.split()
        if words[2] == wanted and "-" in words:
            return words[words.index("-") + 1]
    return "an unknown file system"


def volume(volume_id: VolumeId, path: Path, settings: Settings) -> Iterator[Finding]:
    """A volume of the site."""
    try:
        Volume(volume_id, path).check()
    except VolumeMissingError as error:
        yield Finding("Volume", str(path), error.sentence, Verdict.WRONG)
        return
    yield from folder("Volume", path, settings.floor_bytes)
    ballast = path / "ballast"
    there = ballast.exists()
    yield Finding(
        "Volume, ballast", size_words(ballast.stat().st_size) if there else "none",
        "A file that is given up on a full disk, so that the account can still be written."
        if there
        else "It was given up on a full disk, or the recorder has not run yet.",
        Verdict.FINE if there else Verdict.NOTE,
    )  # fmt: skip
