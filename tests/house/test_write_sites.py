"""Nothing that recording rests on is written past ``Disk``.

A test that makes each ``WriteSite`` fail tells nothing of a write that has none. What makes, names,
fills or removes a file by itself in these packages is listed here, with why; a new one fails.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "src" / "watchglass"
PACKAGES = ("recording", "store", "bus", "model", "config", "app")
NOT_OF_RECORDING = ("app/cli/", "app/demo")
"""What a person runs, and what plays a site for a look at it."""
ALLOWED = {
    "bus/endpoint.py": "sockets and their locks, made anew at each start",
    "store/online_copy.py": "a copy that is read back before it counts, and refused by tests of its"
    " own (tests/store/test_database.py, tests/app/test_backup.py)",
    "app/checkup.py": "whether a folder takes files at all: one without a name",
    "app/backup/make.py": "what a backup that failed, or one before it, left",
    "app/backup/restore.py": "what a restore that failed left",
    "app/egress_desk.py": "a certificate that is made anew",
    "app/evidence/desk.py": "what an export that was dropped left",
    "app/evidence/redacting.py": "what a redaction that was dropped left",
    "app/evidence/redact_worker.py": "a sync in a process of its own, which ends if that fails",
    "app/fleet_book.py": "reports of what was seen, which are made anew",
    "app/last_words.py": "to its own supervisor, through a pipe",
}  # fmt: skip

_OF_OS = frozenset({
    "write", "writev", "pwrite", "pwritev", "truncate", "ftruncate", "posix_fallocate", "link",
    "copy_file_range", "sendfile", "unlink", "remove", "rmdir", "removedirs", "rename", "renames",
    "replace", "symlink", "mkdir", "makedirs", "mknod", "mkfifo", "fsync", "fdatasync", "sync",
})  # fmt: skip
_OF_SHUTIL = frozenset({"rmtree", "move", "copy", "copy2", "copyfile", "copytree", "copyfileobj"})
_OF_PATHS = frozenset({
    "write_text", "write_bytes", "unlink", "rmdir", "rename", "hardlink_to", "symlink_to",
})  # fmt: skip
_NO_PATHS = frozenset({"disk", "store"})
"""``store.rename`` gives a camera another name."""
_MAKING = ("O_CREAT", "O_TRUNC", "O_TMPFILE", "O_APPEND")


def writes(source: str) -> Iterator[str]:
    """Calls that change what is on a disk, but for those of a ``Disk``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _writes(node):
            yield f"{node.lineno}: {ast.unparse(node)}"


def _writes(call: ast.Call) -> bool:
    match call.func:
        case ast.Name("open"):
            return _is_to_write(call.args[1:], call.keywords)
        case ast.Attribute(ast.Name("os"), "open"):
            return any(flag in ast.unparse(call) for flag in _MAKING)
        case ast.Attribute(ast.Name("os"), name):
            return name in _OF_OS
        case ast.Attribute(ast.Name("shutil"), name):
            return name in _OF_SHUTIL
        case ast.Attribute(ast.Name("tempfile"), _):
            return True
        case ast.Attribute(owner, name) if name in _OF_PATHS or name == "open":
            if ast.unparse(owner).split(".")[-1].lstrip("_") in _NO_PATHS:
                return False
            return name in _OF_PATHS or _is_to_write(call.args, call.keywords)
    return False


def _is_to_write(arguments: list[ast.expr], keywords: list[ast.keyword]) -> bool:
    modes = [*arguments, *(each.value for each in keywords if each.arg == "mode")]
    return any(
        isinstance(mode, ast.Constant) and isinstance(mode.value, str)
        and len(mode.value) <= 3 and set(mode.value) & set("wax+")
        for mode in modes
    )  # fmt: skip


def _files() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((SOURCE / package).rglob("*.py")):
            name = path.relative_to(SOURCE).as_posix()
            if not name.startswith(NOT_OF_RECORDING):
                yield name, path


def test_all_that_is_written_goes_through_the_disk() -> None:
    found = {name: list(writes(path.read_text("utf-8"))) for name, path in _files()}
    past = {name: calls for name, calls in found.items() if calls and name not in ALLOWED}
    assert past == {}
    assert not [name for name in ALLOWED if not found[name]], "listed, and writes nothing"


@pytest.mark.parametrize(
    "line",
    [
        "os.open(path, os.O_WRONLY | os.O_CREAT)", "os.pwrite(fd, data, 0)", "os.replace(a, b)",
        "path.write_bytes(data)", "self._path.unlink()", "open(path, 'ab')", "path.open('wb')",
        "path.open(mode='w')", "shutil.rmtree(folder)", "tempfile.mkstemp()", "os.fsync(fd)",
    ],
)  # fmt: skip
def test_a_write_is_seen(line: str) -> None:
    assert list(writes(f"def do():\n    {line}\n"))


@pytest.mark.parametrize(
    "line",
    ["self._disk.unlink(site, path)", "disk.write_whole(site, path, data)", "open(path)",
     "os.open(path, os.O_RDONLY)", "path.open('rb')", "text.replace('a', 'b')", "os.stat(path)"],
)  # fmt: skip
def test_what_is_none_is_not(line: str) -> None:
    assert not list(writes(f"def do():\n    {line}\n"))
