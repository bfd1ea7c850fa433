"""A bundle in the making: a folder beside its target, until all of it is there and signed.

Each file is hashed as it is written and noted in a journal, so that an export that was stopped goes
on where it was. Memory holds one piece of one file, and the list of files.
"""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import rfc8785

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, NotFoundError, RefusedError, StorageError

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
_JOURNAL = ".journal"
_PIECE_BYTES = 1 << 20
_SITE = WriteSite.EVIDENCE

Progress = Callable[[int], None]
"""Told how many bytes more were done; an exception of it stops the export."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Ranges (offset, length) of a recording, and the footer that follows them."""

    source: Path
    target: str
    pieces: tuple[tuple[int, int], ...]
    footer: bytes

    @property
    def length(self) -> int:
        return sum(length for _, length in self.pieces) + len(self.footer)


@dataclass(frozen=True, slots=True)
class Written:
    """A file of the bundle, as the manifest names it."""

    path: str
    length: int
    sha256: str

    def fields(self) -> dict[str, str]:
        return {"path": self.path, "length": str(self.length), "sha256": self.sha256}


class BundleFolder:
    """Writes one bundle. ``target`` is a folder, or a file that ends in ``.zip``."""

    def __init__(self, target: Path, disk: Disk) -> None:
        """RefusedError where something is at ``target`` already."""
        if target.exists():
            raise RefusedError(f"{target} is there already: choose another name.")
        self.target = target
        self.part = target.with_name(target.name + ".part")
        self._disk = disk
        self._done: dict[str, tuple[str, Written]] = {}
        self._files: dict[str, Written] = {}
        self._disk.make_folders(_SITE, self.part, 0o700)
        self._read_journal()

    # --- what is in it -----------------------------------------------------------------------

    def put(self, path: str, data: bytes) -> None:
        self.write(path, [data])

    def write(self, path: str, pieces: Iterable[bytes]) -> Written:
        """A file, piece by piece."""
        digest, length = hashlib.sha256(), 0
        whole = self._place(path)
        partial = whole.with_name(f".{whole.name}.part")
        self._disk.unlink(_SITE, partial)
        fd = self._disk.create(_SITE, partial, 0o600)
        try:
            for piece in pieces:
                self._disk.write_at(_SITE, fd, piece, length, str(whole))
                digest.update(piece)
                length += len(piece)
            self._disk.sync_file(_SITE, fd, str(whole))
        finally:
            os.close(fd)
        self._disk.replace(_SITE, partial, whole)
        written = Written(path, length, digest.hexdigest())
        self._files[path] = written
        return written

    def copy(self, excerpt: Excerpt, progress: Progress) -> None:
        """An excerpt of a recording; what an earlier try wrote of it stays."""
        sign = hashlib.sha256(repr(excerpt.pieces).encode() + excerpt.footer).hexdigest()
        known = self._done.get(excerpt.target)
        place = self._place(excerpt.target)
        if known is not None and known[0] == sign and _size(place) == known[1].length:
            self._files[excerpt.target] = known[1]
            progress(excerpt.length)
            return
        written = self.write(excerpt.target, _pieces(excerpt, progress))
        self._note(sign, written)

    def take(self, path: str, made: Path) -> Written:
        """A file that was made here by somebody else, who may be told no more of it."""
        try:
            with made.open("rb") as file:
                written = self.write(path, iter(lambda: file.read(_PIECE_BYTES), b""))
        except OSError as error:
            raise StorageError(f"Reading {made} failed ({error}): check the disk.") from error
        self._disk.unlink(_SITE, made)
        return written

    # --- the end -----------------------------------------------------------------------------

    def close_manifest(self, fields: dict[str, Any]) -> str:
        """Write the manifest with the list of files; its SHA-256."""
        files = [written.fields() for _, written in sorted(self._files.items())]
        raw = rfc8785.dumps({**fields, "files": files})
        self.put(MANIFEST, raw)
        return hashlib.sha256(raw).hexdigest()

    def finish(self, signature: bytes, progress: Progress) -> None:
        """Put the signature to it, and give it its name."""
        self.put(SIGNATURE, signature)
        with suppress(OSError):
            os.unlink(self.part / _JOURNAL)
        self._drop_strange()
        if self.target.suffix.lower() == ".zip":
            self._zip(progress)
            shutil.rmtree(self.part, ignore_errors=True)
        else:
            self._disk.replace(_SITE, self.part, self.target)
        self._disk.sync_folder(_SITE, self.target.absolute().parent)

    def _drop_strange(self) -> None:
        """Files of an earlier try that asked for more."""
        for path in list(self.part.rglob("*")):
            if path.is_file() and path.relative_to(self.part).as_posix() not in self._files:
                self._disk.unlink(_SITE, path)
        for path in sorted(self.part.rglob("*"), reverse=True):
            if path.is_dir():
                self._disk.remove_folder_if_empty(_SITE, path)

    def _zip(self, progress: Progress) -> None:
        """Nothing is packed: media hardly shrinks, and a check needs no trust in an unpacker."""
        partial = self.target.with_name(f".{self.target.name}.part")
        try:
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
                for path in sorted(self._files):
                    info = zipfile.ZipInfo(f"{self.target.stem}/{path}", (1980, 1, 1, 0, 0, 0))
                    info.external_attr = 0o100600 << 16
                    whole = self._files[path].length
                    with (
                        archive.open(info, "w", force_zip64=whole >= 1 << 31) as out,
                        (self.part / path).open("rb") as file,
                    ):
                        while piece := file.read(_PIECE_BYTES):
                            out.write(piece)
                            progress(0)
        except OSError as error:
            raise StorageError(
                f"Writing {self.target} failed ({error}): check the disk."
            ) from error
        self._disk.replace(_SITE, partial, self.target)

    # --- the journal -------------------------------------------------------------------------

    def _place(self, path: str) -> Path:
        place = self.part / path
        self._disk.make_folders(_SITE, place.parent, 0o700)
        return place

    def _note(self, sign: str, written: Written) -> None:
        line = json.dumps({"sign": sign, **written.fields()}) + "\n"
        try:
            with (self.part / _JOURNAL).open("a", encoding="utf-8") as file:
                file.write(line)
        except OSError as error:
            raise StorageError(f"Writing {self.part} failed ({error}): check the disk.") from error

    def _read_journal(self) -> None:
        try:
            lines = (self.part / _JOURNAL).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            return
        for line in lines:
            with suppress(ValueError, KeyError):  # cut off while it was written
                found = json.loads(line)
                written = Written(found["path"], int(found["length"]), found["sha256"])
                self._done[written.path] = found["sign"], written


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _pieces(excerpt: Excerpt, progress: Progress) -> Iterator[bytes]:
    try:
        with excerpt.source.open("rb") as file:
            for offset, length in excerpt.pieces:
                file.seek(offset)
                while length > 0:
                    piece = file.read(min(length, _PIECE_BYTES))
                    if not piece:
                        raise DamagedError(f"{excerpt.source} is shorter than a moment ago.")
                    length -= len(piece)
                    yield piece
                    progress(len(piece))
    except FileNotFoundError as error:
        raise NotFoundError(
            f"{excerpt.source.name} was deleted while the bundle was made: its time was up. Begin "
            "again; a hold keeps what is left."
        ) from error
    except OSError as error:
        raise StorageError(f"Reading {excerpt.source} failed ({error}): check the disk.") from error
    yield excerpt.footer
    progress(len(excerpt.footer))
