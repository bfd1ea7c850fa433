"""Calls as changes of files and names, and as syncs: what a crash may take, and what may not.

Files are told apart by a number of their own, as inodes are: a name is given to one, taken from it,
or moved. SQLite's shared memory is left out; it is made anew by whoever opens a database first.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path, PurePosixPath

from benches.powercut.story import Order
from benches.powercut.strace import PERHAPS, Call, TraceError, data_of, path_of

_NOT_KEPT = ("-shm",)
GONE = "(deleted)"
"""Behind the path of a file whose name was given to another, and that is written all the same."""
_OFFSET = re.compile(r"\[(\d+)")


class OpKind(StrEnum):
    """What a call changes: the bytes of a file, or a name in a folder."""

    WRITE = "write"
    TRUNCATE = "truncate"
    CREATE = "create"
    MKDIR = "mkdir"
    RENAME = "rename"
    UNLINK = "unlink"
    RMDIR = "rmdir"


CONTENT = frozenset({OpKind.WRITE, OpKind.TRUNCATE})


@dataclass(slots=True)
class Op:
    """A change. ``at`` is the offset of a write, the length of a truncated file; ``to`` the new
    name of a renamed one. ``enter`` and ``exit`` are places in the trace; paths begin under the
    root."""

    kind: OpKind
    enter: float
    exit: float
    wall_ns: int
    path: str
    inode: int = 0
    data: bytes = b""
    at: int = 0
    to: str = ""

    def __str__(self) -> str:
        size = f" {len(self.data)} bytes at {self.at}" if self.kind is OpKind.WRITE else ""
        return f"{self.exit:g} {self.kind} {self.path}{size}{self.to and ' to ' + self.to}"


@dataclass(slots=True)
class Sync:
    """Makes durable, once it returned, what had returned before it began: of a file's bytes
    (``inode``), of the names in a folder, or of a file system (both of its ``path``)."""

    kind: str
    enter: float
    exit: float
    path: str
    inode: int = 0


@dataclass(slots=True)
class Trace:
    """All that was done to a folder, in the order in which the calls returned; ``files`` and
    ``folders`` are what it leads to. ``walls``: places in the trace and when (UTC ns) they were."""

    ops: list[Op] = field(default_factory=list)
    syncs: list[Sync] = field(default_factory=list)
    orders: list[Order] = field(default_factory=list)
    keeper_deaths: list[int] = field(default_factory=list)
    walls: list[tuple[int, int]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)


def read_trace(calls: Iterable[Call], root: Path) -> Trace:
    """The trace of all that happened under ``root``, which was not there before.

    TraceError when its replay is not byte for byte what lies there now.
    """
    reader = _Reader(root)
    for call in sorted(calls, key=lambda call: call.exit):
        reader.take(call)
    trace = reader.trace
    trace.files, trace.folders = replay(trace.ops)
    # What lies there tells whether a file went with the process that was removing it.
    done = [op for op in reader.perhaps if op.path in trace.files and not (root / op.path).exists()]
    if done:
        trace.ops = sorted([*trace.ops, *done], key=lambda op: op.exit)
        trace.files, trace.folders = replay(trace.ops)
    _compare(trace, root)
    return trace


class _Reader:
    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._names: dict[str, int] = {}
        self._replaced: dict[str, int] = {}
        self._next = 1
        self._positions: dict[str, int] = {}
        self.perhaps: list[Op] = []
        self.trace = Trace()

    def take(self, call: Call) -> None:
        self.trace.walls.append((call.exit, call.wall_ns))
        handler = _HANDLERS.get(call.name)
        if handler is None:
            raise TraceError(f"{call.name} changes files in a way that is not modelled")
        handler(self, call)

    def _own(self, path: str) -> str | None:
        """A path under the root, from there; None for others and for what is not kept."""
        if path == self._root:
            return "."
        if not path.startswith(self._root + "/") or path.endswith(_NOT_KEPT):
            return None
        own = path.removeprefix(self._root + "/")
        return None if path.endswith(GONE) and own not in self._replaced else own

    def _inode(self, path: str) -> int:
        return self._replaced.get(path) or self._names.get(path, 0)

    def _op(self, call: Call, kind: OpKind, path: str, inode: int = 0) -> Op:
        op = Op(kind, call.enter, call.exit, call.wall_ns, path, inode)
        self.trace.ops.append(op)
        return op

    # --- handlers, by call -------------------------------------------------------------------

    def open(self, call: Call) -> None:
        at = 0 if call.name == "open" else 1
        path, flags = self._own(path_of(call.args[at])), call.args[at + 1]
        if path is None or "O_PATH" in flags:
            return
        if "O_APPEND" in flags:
            raise TraceError(f"{path} is opened to append: where it is written is not told")
        self._positions[f"{call.result}<{path}"] = 0
        if "O_CREAT" in flags and path not in self._names:
            self._names[path], self._next = self._next, self._next + 1
            self._op(call, OpKind.CREATE, path, self._names[path])
        elif "O_TRUNC" in flags:
            self._op(call, OpKind.TRUNCATE, path, self._names[path])

    def write(self, call: Call) -> None:
        """One that says no offset goes on where the last one ended."""
        path = self._own(path_of(call.args[0]))
        if path is None:
            return
        if not self._inode(path):
            raise TraceError(f"{path} is written and was never made")
        op = self._op(call, OpKind.WRITE, path, self._inode(path))
        op.data = data_of("".join(call.args[1:]))[: call.result]
        if call.name.startswith("p"):
            op.at = int(call.args[-1])
        else:
            key = f"{call.args[0].partition('<')[0]}<{path}"
            op.at = self._positions[key]
            self._positions[key] += len(op.data)

    def copy(self, call: Call) -> None:
        """From one file into another, without this side of the border seeing the bytes."""
        source, target = (self._own(path_of(call.args[at])) for at in (0, 2))
        if source is None or target is None:
            raise TraceError("bytes are copied over the border of the folder")
        found = [_OFFSET.match(call.args[place]) for place in (1, 3)]
        start, at = (int(each[1]) if each else -1 for each in found)
        if min(start, at) < 0:
            raise TraceError(f"{call.args} do not say from where to where is copied")
        content = bytearray()
        for op in self.trace.ops:
            if op.kind in CONTENT and op.inode == self._inode(source):
                _change(content, op)
        op = self._op(call, OpKind.WRITE, target, self._inode(target))
        op.at, op.data = at, bytes(content[start : start + call.result])

    def truncate(self, call: Call) -> None:
        path = self._own(path_of(call.args[0]))
        if path is not None:
            self._op(call, OpKind.TRUNCATE, path, self._names[path]).at = int(call.args[1])

    def rename(self, call: Call) -> None:
        source, target = (self._own(path_of(each)) for each in _paths(call, 2))
        if source is None or target is None:
            raise TraceError("a file is moved over the border of the folder")
        if target in self._names:
            self._replaced[target + GONE] = self._names[target]
        self._names[target] = self._names.pop(source)
        self._op(call, OpKind.RENAME, source, self._names[target]).to = target

    def unlink(self, call: Call) -> None:
        path = self._own(path_of(_paths(call, 1)[0]))
        if path is None:
            return
        if "AT_REMOVEDIR" in call.args[-1]:
            self._op(call, OpKind.RMDIR, path)
        elif path in self._names:  # sockets are made by other calls, and outlive nothing
            self._op(call, OpKind.UNLINK, path, self._names.pop(path))

    def perhaps_unlink(self, call: Call) -> None:
        path = self._own(path_of(_paths(call, 1)[0]))
        if path in self._names and "AT_REMOVEDIR" not in call.args[-1]:
            self.unlink(call)
            op = self.trace.ops.pop()
            self._names[op.path] = op.inode
            self.perhaps.append(op)

    def rmdir(self, call: Call) -> None:
        path = self._own(path_of(call.args[0]))
        if path is not None:
            self._op(call, OpKind.RMDIR, path)

    def mkdir(self, call: Call) -> None:
        path = self._own(path_of(_paths(call, 1)[0]))
        if path is not None and path != ".":
            self._op(call, OpKind.MKDIR, path)

    def sync(self, call: Call) -> None:
        path = self._own(path_of(call.args[0]))
        if path is None:
            return
        kind = "filesystem" if call.name == "syncfs" else "file"
        inode = self._inode(path)
        if kind == "file" and not inode:
            kind = "folder"
        self.trace.syncs.append(Sync(kind, call.enter, call.exit, path, inode))

    def map(self, call: Call) -> None:
        shared = "PROT_WRITE" in call.args[2] and "MAP_SHARED" in call.args[3]
        if shared and self._own(path_of(call.args[4])) is not None:
            raise TraceError(f"{path_of(call.args[4])} is written through a mapping")


def _paths(call: Call, count: int) -> list[str]:
    """The arguments that are paths: those in quotes."""
    return [each for each in call.args if each.startswith('"')][:count]


_HANDLERS: dict[str, Callable[[_Reader, Call], None]] = {
    **dict.fromkeys(("open", "openat"), _Reader.open),
    **dict.fromkeys(("write", "writev", "pwrite64"), _Reader.write),
    "copy_file_range": _Reader.copy,
    "ftruncate": _Reader.truncate,
    **dict.fromkeys(("rename", "renameat", "renameat2"), _Reader.rename),
    **dict.fromkeys(("unlink", "unlinkat"), _Reader.unlink),
    **dict.fromkeys((f"unlink{PERHAPS}", f"unlinkat{PERHAPS}"), _Reader.perhaps_unlink),
    "rmdir": _Reader.rmdir,
    **dict.fromkeys(("mkdir", "mkdirat"), _Reader.mkdir),
    **dict.fromkeys(("fsync", "fdatasync", "syncfs"), _Reader.sync),
    "mmap": _Reader.map,
}


# --- replay --------------------------------------------------------------------------------------


def replay(ops: Iterable[Op]) -> tuple[dict[str, bytes], set[str]]:
    """Files and folders after some changes, done in the order in which they are given.

    A name whose folder was not made is not there, however it came to be.
    """
    inodes: dict[int, bytearray] = {}
    names: dict[str, int] = {}
    folders: set[str] = set()
    for op in ops:
        if op.kind in CONTENT:
            _change(inodes.setdefault(op.inode, bytearray()), op)
        elif op.kind is OpKind.MKDIR:
            folders.add(op.path)
        elif op.kind is OpKind.RMDIR:
            folders.discard(op.path)
        else:
            _rename(names, op)
    folders = {folder for folder in folders if _reachable(folder, folders)}
    files = {
        path: bytes(inodes.get(inode, b""))
        for path, inode in names.items()
        if _reachable(path, folders)
    }
    return files, folders


def _change(content: bytearray, op: Op) -> None:
    if op.kind is OpKind.TRUNCATE:
        content[op.at :] = bytes(max(0, op.at - len(content)))
        return
    if op.at > len(content):
        content.extend(bytes(op.at - len(content)))
    content[op.at : op.at + len(op.data)] = op.data


def _rename(names: dict[str, int], op: Op) -> None:
    if op.kind is OpKind.CREATE:
        names[op.path] = op.inode
    elif op.kind is OpKind.RENAME:
        if names.get(op.path) == op.inode:
            del names[op.path]
        names[op.to] = op.inode
    elif names.get(op.path) == op.inode:
        del names[op.path]


def _reachable(path: str, folders: set[str]) -> bool:
    return all(
        str(parent) in folders for parent in PurePosixPath(path).parents if str(parent) != "."
    )


def _compare(trace: Trace, root: Path) -> None:
    there = {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.endswith(_NOT_KEPT)
    }
    for path in sorted(trace.files.keys() | there.keys()):
        if trace.files.get(path) != there.get(path):
            raise TraceError(f"replaying the trace does not lead to {path} as it is on disk")
