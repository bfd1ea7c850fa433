"""The parts of the power-cut bench: its reading of traces, and its idea of what a cut leaves."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches.powercut.crash import MODES, Case, Crashes
from benches.powercut.held import Held, cut_out
from benches.powercut.oplog import Op, OpKind, Sync, Trace, read_trace, replay
from benches.powercut.promises import HandedOver, Promises
from benches.powercut.shrink import shrunk
from benches.powercut.strace import CALLS, TraceError, data_of, parse_calls, path_of, to_hex
from benches.powercut.witness import Witness
from watchglass.base.disk import Disk, WriteSite

ROOT = Path("/r")
FD = f"7<{to_hex('/r/a')}>"


def line(text: str, pid: int = 1) -> str:
    return f"{pid} 1700000000.000001 {text}"


@given(st.binary(max_size=300))
def test_any_data_is_read_back(data: bytes) -> None:
    hexed = "".join(f"\\x{byte:02x}" for byte in data)
    (call,) = parse_calls([line(f'pwrite64({FD}, "{hexed}", {len(data)}, 5) = {len(data)}')], ROOT)
    assert data_of(call.args[1]) == data
    assert path_of(call.args[0]) == "/r/a"
    assert (call.result, call.args[3]) == (len(data), "5")


@given(st.permutations([1, 2, 3]), st.permutations([1, 2, 3]))
def test_calls_of_threads_are_put_together(begin: list[int], end: list[int]) -> None:
    lines = [line(f"fsync({FD} <unfinished ...>", pid) for pid in begin]
    lines += [line("<... fsync resumed>) = 0", pid) for pid in end]
    calls = list(parse_calls(lines, ROOT))
    assert [call.enter for call in calls] == [begin.index(pid) for pid in end]
    assert [call.exit for call in calls] == [3, 4, 5]


def test_what_failed_or_is_elsewhere_is_left_out() -> None:
    other = f"7<{to_hex('/else')}>"
    lines = [
        line(f"fsync({FD}) = -1 EIO (Input/output error)"),
        line(f"fsync({other}) = 0"),
        line(f"fsync({FD} <unfinished ...>"),
        line("???()           = ?", 2),
        line("+++ killed by SIGKILL +++"),
    ]
    assert list(parse_calls(lines, ROOT)) == []
    with pytest.raises(TraceError, match="line 1"):
        list(parse_calls(["what is this"], ROOT))


@pytest.mark.parametrize("went", [True, False])
def test_a_file_that_was_being_removed_when_its_process_was_killed(
    tmp_path: Path, went: bool
) -> None:
    """The kernel may have done it, and nobody was told: what lies there tells."""
    root = tmp_path / "root"
    root.mkdir()
    path = root / "a"
    if not went:
        path.touch()
    name = f'"{to_hex(str(path))}"'
    lines = [
        line(f"openat(AT_FDCWD, {name}, O_WRONLY|O_CREAT, 0600) = 3"),
        line(f"unlink({name} <unfinished ...>", 2),
        line("+++ killed by SIGKILL +++", 2),
    ]
    trace = read_trace(parse_calls(lines, root), root)
    assert [op.kind for op in trace.ops] == ["create", *(["unlink"] if went else [])]
    assert trace.files.keys() == (set() if went else {"a"})


WRITER = """
import os, sys
root = sys.argv[1]
os.mkdir(root + "/sub")
fd = os.open(root + "/sub/a", os.O_RDWR | os.O_CREAT | os.O_EXCL)
os.pwrite(fd, b"first\\x00", 0); os.pwrite(fd, b"later", 20); os.fdatasync(fd)
os.ftruncate(fd, 22)
os.write(os.open(root + "/new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), b"one")
if os.fork() == 0:
    os.writev(os.open(root + "/new", os.O_WRONLY | os.O_TRUNC), [b"two", b" pieces"])
    os._exit(0)
os.wait()
os.replace(root + "/new", root + "/sub/b")
os.unlink(root + "/sub/a")
os.fsync(os.open(root + "/sub", os.O_RDONLY))
before = os.open(root + "/sub/b", os.O_RDWR)
part = os.open(root + "/part", os.O_WRONLY | os.O_CREAT | os.O_EXCL)
os.copy_file_range(before, part, 6, 4, 3)
os.replace(root + "/part", root + "/sub/b")
os.pwrite(before, bytes(10), 0)
os.fdatasync(before)
"""


@pytest.mark.full
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
def test_a_real_trace_leads_to_what_is_on_disk(tmp_path: Path) -> None:
    root, out = tmp_path / "data", tmp_path / "trace"
    root.mkdir()
    subprocess.run(
        ["strace", "-f", "-y", "-xx", "-ttt", "-e", f"trace={','.join(CALLS)}", "-e",
         "signal=none", "-qq", "-o", out, sys.executable, "-c", WRITER, str(root)],
        check=True,
    )  # fmt: skip
    calls = list(parse_calls(out.read_text(encoding="ascii").splitlines(), root))
    trace = read_trace(calls, root)
    assert trace.files == {"sub/b": b"\0\0\0pieces"}
    assert [(sync.kind, sync.path) for sync in trace.syncs] == [
        ("file", "sub/a"), ("folder", "sub"), ("file", "sub/b(deleted)"),
    ]  # fmt: skip
    # What was overwritten is the file that had the name before.
    assert replay(op for op in trace.ops if op.path != "part")[0] == {"sub/b": bytes(10)}
    (root / "sub" / "b").write_bytes(b"other")
    with pytest.raises(TraceError, match="sub/b"):
        read_trace(calls, root)


_WHOLE, _CUT = b"hhhhaabbcc", b"hhhhbbcc"


@pytest.mark.parametrize(
    ("left", "now", "kept", "said"),
    [
        (_WHOLE, _CUT, 2, []),
        (_CUT, _CUT + b"footer", 2, []),
        (_WHOLE, _WHOLE, 2, ["is there", "not as it was"]),
        (_CUT, b"hhhhddcc", 2, ["not as it was"]),
        (_WHOLE, b"", 2, ["not as it was"]),
        (_WHOLE, _CUT + b"aa", 2, ["is there"]),
        (b"hhhhaabb", b"hhhhbb", 1, []),  # the last fragment was not synced
        (b"hhhhaabb", b"hhhh", 1, ["not as it was"]),
        (b"hhhhbbfooter", b"hhhhbbfooter", 1, []),  # nor before a start that cut out of it
    ],
)
def test_of_an_erased_file_what_went_and_what_stays(
    tmp_path: Path, left: bytes, now: bytes, kept: int, said: list[str]
) -> None:
    pieces = [HandedOver(0, 0, 0, "p", end, end == 4) for end in (4, 6, 8, 10)]
    held = Held(Promises(Trace()), {"p": _WHOLE}, 0, 0, {"p": left})
    (tmp_path / "p").write_bytes(now)
    told = list(cut_out(tmp_path / "p", held, "p", pieces, {1}))
    assert [text in each for text, each in zip(said, told, strict=True)] == [True] * len(said)
    assert held.playable["p"] == pieces[2 : 2 + kept]


def test_nothing_is_asked_of_a_disk_that_its_witness_does_not_see() -> None:
    """Found here: an erasure in a start that lost its power was done, and in no trace."""
    asked = {name for name in vars(Disk) if not name.startswith("_")} - {"before"}
    # No start makes links (backups do) or writes once more what a sync refused.
    assert asked - vars(Witness).keys() == {"link", "write_again"}


def test_a_witness_sees_what_an_erasure_does(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").write_bytes(b"keep this")
    disk, site = Witness(root, {"a": b"keep this"}, []), WriteSite.MEDIA_ERASE
    source = os.open(root / "a", os.O_RDWR)
    target = disk.create(site, root / "b")
    disk.copy_range(site, source, 0, 4, target, 0, "b")
    disk.sync_file(site, target, "b")
    disk.replace(site, root / "b", root / "a")
    disk.zero_range(site, source, 5, 4, "a")
    disk.sync_file(site, source, "a")
    os.close(source)
    os.close(target)
    assert replay(disk.trace.ops)[0] == {"a": b"keep"}
    before = (op for op in disk.trace.ops if op.kind is not OpKind.RENAME)
    assert replay(before)[0] == {"a": b"keep " + bytes(4), "b": b"keep"}
    assert disk.trace.syncs[-1].inode != disk.trace.syncs[-2].inode


# --- crashes --------------------------------------------------------------------------------------


def small_trace() -> Trace:
    """A file that is synced in the middle, and one that is put in another's place."""
    ops = [
        Op(OpKind.MKDIR, 0, 0, 0, "state"),
        Op(OpKind.CREATE, 1, 1, 0, "state/a", 1),
        Op(OpKind.WRITE, 2, 2, 0, "state/a", 1, b"x" * 1000),
        Op(OpKind.WRITE, 6, 6, 0, "state/a", 1, b"y" * 1000, 1000),
        Op(OpKind.CREATE, 7, 7, 0, "state/.part", 2),
        Op(OpKind.WRITE, 8, 8, 0, "state/.part", 2, b"new"),
        Op(OpKind.RENAME, 10, 10, 0, "state/.part", 2, to="state/b"),
    ]
    syncs = [
        Sync("filesystem", 3, 5, "state"),
        Sync("file", 9, 9.5, "state/.part", 2),
        Sync("folder", 11, 12, "state"),
    ]
    return Trace(ops, syncs, walls=[(number, number) for number in range(14)])


@given(st.integers(1, 14), st.integers(), st.sampled_from(MODES))
def test_what_was_synced_is_there(cut: int, seed: int, mode: str) -> None:
    crashes = Crashes(small_trace())
    case = Case(cut, seed, mode)
    files, _ = crashes.image(case, crashes.fates(case))
    if cut > 5:
        assert files["state/a"].startswith(b"x" * 1000)
    if cut > 12:
        assert files["state/b"] == b"new"
    assert files.get("state/b", b"new") == b"new"  # its bytes were synced before its name was given
    assert files.keys() <= {"state/a", "state/b", "state/.part"}


def test_what_was_not_synced_may_be_lost_torn_or_zeros() -> None:
    crashes = Crashes(small_trace())
    cases = [Case(7, seed, "posix") for seed in range(200)]
    left = {crashes.image(case, crashes.fates(case))[0]["state/a"][1000:] for case in cases}
    assert {b"", b"y" * 1000, bytes(1000), b"y" * 24, b"y" * 536} <= left
    assert crashes.image(cases[0], {})[0]["state/a"] == b"x" * 1000 + b"y" * 1000
    lost = Case(7, 0, "lost")
    assert crashes.image(lost, crashes.fates(lost))[0] == {"state/a": b"x" * 1000}


@given(st.integers(1, 14), st.integers(), st.sampled_from(MODES))
def test_a_case_is_the_same_when_it_is_told_again(cut: int, seed: int, mode: str) -> None:
    case = Case(cut, seed, mode)
    assert Case.of(str(case)) == case
    again = Crashes(small_trace())
    assert again.fates(case) == Crashes(small_trace()).fates(Case.of(str(case)))


def test_nothing_lies_in_a_folder_that_is_not_there() -> None:
    ops = [Op(OpKind.MKDIR, 0, 0, 0, "a/b"), Op(OpKind.CREATE, 1, 1, 0, "a/b/c", 1)]
    assert replay(ops) == ({}, set())
    assert replay([Op(OpKind.MKDIR, 0, 0, 0, "a"), *ops]) == ({"a/b/c": b""}, {"a", "a/b"})


@given(st.sets(st.integers(0, 40), min_size=1), st.data())
def test_of_what_was_lost_the_least_is_found(numbers: set[int], data: st.DataObject) -> None:
    culprits = data.draw(st.sets(st.sampled_from(sorted(numbers)), min_size=1, max_size=2))
    crashes = Crashes(small_trace())
    fate = crashes.fates(Case(2, 0, "lost"))[0]
    found = shrunk(dict.fromkeys(numbers, fate), lambda fates: culprits <= fates.keys())
    assert culprits == found.keys()
