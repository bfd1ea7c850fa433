"""Every write, sync, rename and unlink of the product goes through here.

One place, so that each can be seen, counted and made to fail: ``WriteSite`` names where in the
product a call comes from, and a test that fails each site in turn needs no list of its own.
Errors of the kernel become ``DiskFullError`` or ``WriteFailedError`` with the path in them.
"""

import ctypes
import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from watchglass.base.errors import DiskFullError, StorageError, WriteFailedError


class WriteSite(StrEnum):
    """Who asks for a change on disk."""

    MEDIA_CREATE = "media_create"
    MEDIA_HEADER = "media_header"
    MEDIA_FRAGMENT = "media_fragment"
    MEDIA_FOOTER = "media_footer"
    MEDIA_RECOVER = "media_recover"
    MEDIA_PURGE = "media_purge"
    MEDIA_ERASE = "media_erase"
    LEDGER_APPEND = "ledger_append"
    LEDGER_RECOVER = "ledger_recover"
    LEDGER_COPY = "ledger_copy"
    LEDGER_TEXT = "ledger_text"
    HEAD_APPEND = "head_append"
    HEAD_THIN = "head_thin"
    VOLUME_MARK = "volume_mark"
    ALIVE = "alive"
    BALLAST = "ballast"
    KEY = "key"
    SETTINGS = "settings"
    CLIP = "clip"
    EVIDENCE = "evidence"
    NOTE_SPOOL = "note_spool"
    BACKUP = "backup"
    RESTORE = "restore"
    SYNC = "sync"


_COPY_BYTES = 1 << 22
_NO_COPY = frozenset({errno.EXDEV, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EPERM})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_F_OFD_SETLK = 37
_FLOCK = struct.Struct("hhqqi4x")


def _mapped(error: OSError, what: str) -> StorageError:
    where = what or str(error.filename or "")
    if error.errno in _FULL:
        return DiskFullError(
            f"No room left to write {where}: free some space or shorten retention."
        )
    reason = os.strerror(error.errno) if error.errno else str(error)
    return WriteFailedError(f"Writing {where} failed ({reason}): check the disk and its mount.")


@contextmanager
def _mapping(what: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _mapped(error, str(what)) from error


class Disk:
    """The kernel's file calls. Tests subclass ``before`` to fail or record a call."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def before(self, site: WriteSite, call: str, path: str) -> None:
        """Called ahead of each change; may raise OSError in its stead."""

    # --- folders and names -----------------------------------------------------------------

    def make_folders(self, site: WriteSite, path: Path, mode: int = 0o755) -> None:
        """Create ``path`` and its parents where they are missing."""
        with _mapping(path):
            self.before(site, "mkdir", str(path))
            path.mkdir(mode=mode, parents=True, exist_ok=True)

    def unlink(self, site: WriteSite, path: Path) -> bool:
        """Remove a file; False when it is not there any more."""
        with _mapping(path):
            self.before(site, "unlink", str(path))
            try:
                os.unlink(path)
            except FileNotFoundError:
                return False
            return True

    def remove_folder_if_empty(self, site: WriteSite, path: Path) -> bool:
        """Remove an empty folder; False when it is not empty or not there."""
        try:
            self.before(site, "rmdir", str(path))
            os.rmdir(path)
        except OSError:
            return False
        return True

    def replace(self, site: WriteSite, source: Path, target: Path) -> None:
        """Rename over ``target`` in one step; the folder is not synced."""
        with _mapping(target):
            self.before(site, "rename", str(target))
            os.replace(source, target)

    def link(self, site: WriteSite, source: Path, target: Path) -> bool:
        """Another name for a file; False where this file system gives none, or it is there."""
        try:
            self.before(site, "link", str(target))
            os.link(source, target)
        except OSError as error:
            if error.errno in _FULL:
                raise _mapped(error, str(target)) from error
            return False
        return True

    # --- opening ---------------------------------------------------------------------------

    def create(
        self, site: WriteSite, path: Path, mode: int = 0o644, *, to_read: bool = True
    ) -> int:
        """Create a file that must not exist; its descriptor, for writing and, mostly, reading."""
        access = os.O_RDWR if to_read else os.O_WRONLY
        with _mapping(path):
            self.before(site, "create", str(path))
            return os.open(path, access | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)

    def open(self, site: WriteSite, path: Path, mode: int = 0o644) -> int:
        """Open a file for reading and writing, created where missing."""
        with _mapping(path):
            self.before(site, "open", str(path))
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)

    # --- bytes -----------------------------------------------------------------------------

    def write_at(self, site: WriteSite, fd: int, data: bytes, offset: int, what: str) -> None:
        """Write all of ``data`` at ``offset``.

        After a failure whatever was written past ``offset`` is cut off again where the kernel
        lets us, so that no half fragment lies before a later one.
        """
        try:
            self.before(site, "write", what)
            done = os.pwrite(fd, data, offset)
            view = memoryview(data)
            while done < len(data):
                done += os.pwrite(fd, view[done:], offset + done)
        except OSError as error:
            try:
                if os.fstat(fd).st_size > offset:
                    os.ftruncate(fd, offset)
            except OSError:
                pass  # the tail stays torn, and recovery cuts it
            raise _mapped(error, what) from error

    def overwrite(self, site: WriteSite, fd: int, data: bytes, what: str) -> None:
        """Replace a small file's bytes in place from offset 0 (same length each time)."""
        with _mapping(what):
            self.before(site, "write", what)
            os.pwrite(fd, data, 0)

    def write_again(self, site: WriteSite, fd: int, data: bytes, offset: int, what: str) -> None:
        """Hand to the kernel once more what was written there, after a sync that failed.

        What follows is not touched, whatever comes of it.
        """
        with _mapping(what):
            self.before(site, "write", what)
            view = memoryview(data)
            while view:
                done = os.pwrite(fd, view, offset)
                view, offset = view[done:], offset + done

    def copy_range(
        self, site: WriteSite, source: int, start: int, length: int, fd: int, offset: int, what: str
    ) -> None:
        """Copy bytes of one open file into another at ``offset``; the kernel moves them."""
        with _mapping(what):
            self.before(site, "write", what)
            while length > 0:
                done = _copied(source, start, min(length, _COPY_BYTES), fd, offset)
                if done == 0:
                    raise OSError(errno.EIO, "the file ends too early")
                start, offset, length = start + done, offset + done, length - done

    def zero_range(self, site: WriteSite, fd: int, offset: int, length: int, what: str) -> None:
        """Overwrite bytes of a file with zeros, in place."""
        with _mapping(what):
            self.before(site, "write", what)
            zeros = memoryview(bytes(min(length, _COPY_BYTES)))
            while length > 0:
                done = os.pwrite(fd, zeros[: min(length, len(zeros))], offset)
                offset, length = offset + done, length - done

    def truncate(self, site: WriteSite, fd: int, length: int, what: str) -> None:
        """Cut a file back to ``length`` bytes."""
        with _mapping(what):
            self.before(site, "truncate", what)
            os.ftruncate(fd, length)

    def write_whole(self, site: WriteSite, path: Path, data: bytes, mode: int = 0o644) -> None:
        """Put ``data`` under ``path`` so that a reader sees the old or the new, durably."""
        partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        with _mapping(path):
            self.before(site, "write", str(path))
            fd = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(fd, view) :]
                os.fsync(fd)
            except OSError:
                os.unlink(partial)
                raise
            finally:
                os.close(fd)
            os.replace(partial, path)
        self.sync_folder(site, path.parent)

    # --- sync ------------------------------------------------------------------------------

    def sync_filesystem(self, fd: int, what: str) -> None:
        """``syncfs``: everything written to that file system before this call is durable after."""
        with _mapping(what):
            self.before(WriteSite.SYNC, "syncfs", what)
            if self._libc.syncfs(fd) != 0:
                code = ctypes.get_errno()
                raise OSError(code, os.strerror(code), what)

    def sync_file(self, site: WriteSite, fd: int, what: str) -> None:
        """``fdatasync`` one file."""
        with _mapping(what):
            self.before(site, "fdatasync", what)
            os.fdatasync(fd)

    def sync_folder(self, site: WriteSite, path: Path) -> None:
        """``fsync`` a folder, so that names in it are durable."""
        with _mapping(path):
            self.before(site, "fsync", str(path))
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)


def lock(fd: int) -> bool:
    """Take an exclusive OFD lock without waiting; False when somebody else holds it.

    An open file description's lock goes with its last descriptor, so it ends with the process
    that holds it, however that ends, and not with another descriptor's close.
    """
    try:
        fcntl.fcntl(fd, _F_OFD_SETLK, _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


def _copied(source: int, start: int, length: int, fd: int, offset: int) -> int:
    """Bytes that were copied; by hand where the kernel or a fence does not do it."""
    try:
        return os.copy_file_range(source, fd, length, start, offset)
    except OSError as error:
        if error.errno not in _NO_COPY:
            raise
    return os.pwrite(fd, os.pread(source, length, start), offset)
