"""What strace wrote, as calls in the order in which they returned.

Asked for with ``-f -y -xx -ttt``: descriptors come with the path they stand for, strings in hex, so
that no data can look like syntax. A call that was interrupted by another thread's is two lines.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benches._harness import BenchError

CALLS = (
    "write", "writev", "pwrite64", "pwritev", "pwritev2", "ftruncate", "truncate", "fallocate",
    "rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "open",
    "openat", "openat2", "creat", "link", "linkat", "symlink", "symlinkat", "fsync", "fdatasync",
    "sync_file_range", "syncfs", "sync", "copy_file_range", "sendfile", "mmap",
)  # fmt: skip

_LINE = re.compile(r"(?P<pid>\d+) +(?P<at>\d+\.\d+) (?P<rest>.*)")
_WHOLE = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\d+|\?)")
_UNFINISHED = "<unfinished ...>"
_ENDED = ("+++", "???")  # a process that is killed on its way into a call is in none
_ENDED_IN = ("unlink", "unlinkat")
PERHAPS = "?"
"""Behind the name of a call in which its process was killed: it was done, or was not."""
_LET_GO = "<detached ...>"
_RESUMED = re.compile(r"<\.\.\. \w+ resumed>,? ?(?P<args>.*)\) += (?P<result>-?\d+|\?)")


class TraceError(BenchError):
    """A line that this reader does not understand, or a call it has no model of."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that did not fail. ``enter`` and ``exit`` count lines of the trace; ``wall_ns`` is UTC
    at the later one of them."""

    name: str
    args: tuple[str, ...]
    result: int
    enter: int
    exit: int
    wall_ns: int


@dataclass(slots=True)
class _Begun:
    name: str
    args: str
    enter: int


def read_calls(traces: Iterable[Path], root: Path) -> Iterator[Call]:
    """The calls that have to do with what lies under ``root``, of traces that follow each other.

    TraceError for a line that is not understood.
    """
    yield from parse_calls((line for trace in traces for line in _lines(trace)), root)


def _lines(trace: Path) -> Iterator[str]:
    with trace.open(encoding="ascii") as file:
        yield from file


def parse_calls(lines: Iterable[str], root: Path) -> Iterator[Call]:
    """As ``read_calls``, of lines."""
    wanted = to_hex(str(root))
    begun: dict[str, _Begun] = {}
    for number, line in enumerate(lines):
        parts = _LINE.match(line)
        if parts is None:
            raise TraceError(f"line {number + 1} is none of strace: {line[:80]!r}")
        pid, rest = parts["pid"], parts["rest"]
        if rest.startswith(_ENDED) or rest.endswith(_LET_GO):
            before = begun.pop(pid, None)
            if before is not None and before.name in _ENDED_IN and wanted in before.args:
                said = tuple(before.args.split(", "))
                yield Call(before.name + PERHAPS, said, 0, before.enter, number, _wall_ns(parts))
            continue
        if rest.endswith(_UNFINISHED):
            name, _, args = rest.removesuffix(_UNFINISHED).partition("(")
            begun[pid] = _Begun(name, args.rstrip(", "), number)
            continue
        found, name, args, enter = _returned(rest, begun.pop(pid, None), number)
        of_us = wanted in args or name == "sync"
        if found == "?" or found.startswith("-") or not of_us:
            continue
        yield Call(name, tuple(args.split(", ")), int(found), enter, number, _wall_ns(parts))


def _wall_ns(parts: re.Match[str]) -> int:
    return round(float(parts["at"]) * 1e6) * 1000


def _returned(rest: str, before: _Begun | None, number: int) -> tuple[str, str, str, int]:
    if resumed := _RESUMED.match(rest):
        if before is None:
            raise TraceError(f"line {number + 1} resumes what was not begun")
        args = ", ".join(part for part in (before.args, resumed["args"]) if part)
        return resumed["result"], before.name, args, before.enter
    whole = _WHOLE.match(rest)
    if whole is None:
        raise TraceError(f"line {number + 1} is no call: {rest[:80]!r}")
    return whole["result"], whole["name"], whole["args"], number


def to_hex(text: str) -> str:
    """As strace -xx writes it."""
    return "".join(f"\\x{byte:02x}" for byte in text.encode())


def data_of(argument: str) -> bytes:
    """The bytes of a string in quotes; of several (``writev``) one behind the other."""
    pieces = argument.split('"')[1::2]
    return b"".join(bytes.fromhex(piece.replace("\\x", "")) for piece in pieces)


def path_of(argument: str) -> str:
    """The path that a descriptor stands for, or that a string is."""
    if argument.startswith('"'):
        return data_of(argument).decode()
    _, _, inside = argument.partition("<")
    hexed, _, deleted = inside.partition(">")
    return bytes.fromhex(hexed.replace("\\x", "")).decode() + deleted
