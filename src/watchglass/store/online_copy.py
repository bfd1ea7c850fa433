"""A database copied while others read and write it: the copy is what it was at one moment."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from watchglass.base.errors import DamagedError, DiskFullError, StorageError, WriteFailedError

_PAGES = 256
_FULL = sqlite3.SQLITE_FULL
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def copy_database(source: Path, target: Path) -> None:
    """Copy ``source`` to ``target``, which must not exist: one file, 0600, whole and synced.

    A writer is not kept waiting. StorageError for what a disk refuses, DamagedError for a source,
    or a copy, that is not whole.
    """
    if not source.is_file():
        raise StorageError(f"The database {source} is not there: nothing can be copied.")
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise _refused(error, target) from error
    try:
        with (
            closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as read,
            closing(sqlite3.connect(target)) as written,
        ):
            # Or it would begin again with each write of another.
            read.execute("BEGIN")
            read.execute("SELECT count(*) FROM sqlite_master").fetchone()
            read.backup(written, pages=_PAGES, sleep=0.01)
            # One file, that opens where nothing can be written beside it.
            written.execute("PRAGMA journal_mode = DELETE")
            found = written.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise _mapped(error, source, target) from error
    if found is None or found[0] != "ok":
        raise DamagedError(f"The copy {target} of {source} is not whole ({found}).")
    fd = os.open(target, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        raise WriteFailedError(f"Writing {target} failed ({error.strerror}).") from error
    finally:
        os.close(fd)


def _refused(error: OSError, target: Path) -> StorageError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFullError(f"No room left to write {target}: free some space there.")
    return WriteFailedError(
        f"The copy {target} cannot be made ({error.strerror}): its folder must belong to the user "
        "that runs Watchglass."
    )


def _mapped(error: sqlite3.Error, source: Path, target: Path) -> DamagedError | StorageError:
    primary = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if primary in _DAMAGED:
        return DamagedError(f"The database {source} is damaged ({error}): it cannot be copied.")
    if primary == _FULL:
        return DiskFullError(f"No room left to write {target}: free some space there.")
    return WriteFailedError(f"Copying {source} to {target} failed ({error}): check both disks.")
