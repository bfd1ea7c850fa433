"""ZIPs that are not as a bundle is written: each has to be refused, and none may do harm."""

import io
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from benches.tamper.files import Files

_LINK = (stat.S_IFLNK | 0o777) << 16


@dataclass(frozen=True)
class Trick:
    name: str
    make: Callable[[Files], bytes]


def plain(files: Files, change: Callable[[zipfile.ZipFile], None] = lambda archive: None) -> bytes:
    """As a bundle is written, and something more."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(files.held.items()):
            archive.writestr(zipfile.ZipInfo(f"case/{name}"), data)
        with warnings.catch_warnings(action="ignore"):  # that a name is there twice
            change(archive)
    return out.getvalue()


def _entry(name: str, data: bytes = b"x", **fields: int) -> Callable[[Files], bytes]:
    def make(files: Files) -> bytes:
        def change(archive: zipfile.ZipFile) -> None:
            info = zipfile.ZipInfo(name)
            for key, value in fields.items():
                setattr(info, key, value)
            archive.writestr(info, data)

        return plain(files, change)

    return make


def _bomb(files: Files) -> bytes:
    def change(archive: zipfile.ZipFile) -> None:
        archive.writestr("case/media/bomb.mp4", bytes(1 << 28), zipfile.ZIP_DEFLATED)

    return plain(files, change)


def _packed(files: Files) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.held.items()):
            archive.writestr(f"case/{name}", data)
    return out.getvalue()


def _twice(files: Files) -> bytes:
    name = f"case/{files.media[0]}"
    return _entry(name, b"another one")(files)


def _in_front(files: Files) -> bytes:
    return b"#!/bin/sh\necho hello\n" + plain(files)


def _comment(files: Files) -> bytes:
    return plain(files, lambda archive: setattr(archive, "comment", b"hello"))


def _hidden(files: Files) -> bytes:
    """A file that no table names, between the last one and the table."""
    data = plain(files)
    start = data.index(b"PK\x01\x02")
    hidden = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 20, 0, 0, 0, 0, 0, 1, 1, 6, 0) + b"case/hx"
    made = bytearray(data[:start] + hidden + data[start:])
    (offset,) = struct.unpack_from("<I", made, len(made) - 6)
    struct.pack_into("<I", made, len(made) - 6, offset + len(hidden))
    return bytes(made)


def _overlapping(files: Files) -> bytes:
    """Two names for the bytes of one file."""
    data = bytearray(plain(files))
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    return bytes(data)


def _local_name(files: Files) -> bytes:
    """The table and the file itself say different names."""
    data = bytearray(plain(files))
    at = data.index(b"report.html")
    data[at : at + 11] = b"repork.html"
    return bytes(data)


def _cut(files: Files) -> bytes:
    return plain(files)[:-100]


ALL = (
    Trick("a name that leads out", _entry("case/../../evil.txt")),
    Trick("an absolute name", _entry("/etc/cron.d/evil")),
    Trick("a name of another system", _entry("case\\..\\evil.txt")),
    Trick("a link", _entry("case/link", b"/etc/passwd", external_attr=_LINK)),
    Trick("script in a name", _entry("case/<script>alert(1)</script>")),
    Trick("a file more", _entry("case/media/more.mp4")),
    Trick("a name twice", _twice),
    Trick("a bomb", _bomb),
    Trick("packed files", _packed),
    Trick("something in front", _in_front),
    Trick("a comment", _comment),
    Trick("a hidden file", _hidden),
    Trick("files over each other", _overlapping),
    Trick("two names of one file", _local_name),
    Trick("cut off", _cut),
)
