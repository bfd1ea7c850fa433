"""Frames kept in a file, in the form that every network tool reads: pcap."""

import struct
import time
from collections.abc import Iterator
from pathlib import Path

_HEAD = struct.Struct("<IHHiIII")
_FRAME = struct.Struct("<IIII")
_MAGIC = 0xA1B2C3D4
_ETHERNET = 1
_SNAP_BYTES = 65_536


class Capture:
    """Written frame by frame; whole once closed."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._file.write(_HEAD.pack(_MAGIC, 2, 4, 0, 0, _SNAP_BYTES, _ETHERNET))

    def keep(self, frame: bytes) -> None:
        seconds, rest_ns = divmod(time.time_ns(), 1_000_000_000)
        self._file.write(_FRAME.pack(seconds, rest_ns // 1000, len(frame), len(frame)) + frame)

    def close(self) -> None:
        self._file.close()


def frames(path: Path) -> Iterator[bytes]:
    """The frames of a capture, in order."""
    data = path.read_bytes()
    at = _HEAD.size
    while at < len(data):
        size = _FRAME.unpack_from(data, at)[2]
        at += _FRAME.size
        yield data[at : at + size]
        at += size
