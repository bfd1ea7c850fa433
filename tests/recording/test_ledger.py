"""Ledgers: numbering, roots, months, torn ends, failing disks, and readers beside the writer."""

import errno
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError, DiskFullError, WriteFailedError
from watchglass.recording.canonical import canonical_line, decimal
from watchglass.recording.ledger import Ledger, Line, parse_line
from watchglass.recording.merkle import leaf_hash, tree_hash

CAMERA = "c0" * 16
DAY_NS = 86_400 * NS_PER_S
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
values = st.recursive(
    text | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
own = ("v", "n", "t", "type")
field_maps = st.dictionaries(text.filter(lambda name: name not in own), values, max_size=5)


def at(text: str) -> SimulatedClock:
    return SimulatedClock(
        int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * NS_PER_S
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / CAMERA


@pytest.fixture
def clock() -> SimulatedClock:
    return at("2026-03-31T23:59:00")


def opened(folder: Path, clock: SimulatedClock, disk: Disk | None = None) -> Ledger:
    return Ledger.open(folder, disk or Disk(), clock, ledger=CAMERA)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.glob("*.jsonl"))}


def test_a_new_ledger_begins_with_its_name(folder: Path, clock: SimulatedClock) -> None:
    made = Ledger.open(folder, Disk(), clock, ledger=CAMERA, epoch="e0" * 16)
    assert (made.size, made.epoch) == (1, "e0" * 16)
    line = f'{{"epoch":"{"e0" * 16}","ledger":"{CAMERA}","n":"0","t":"{clock.wall_ns()}"'
    expected = f'{line},"type":"ledger_started","v":1}}'.encode()
    assert files(folder) == {"2026-03.jsonl": expected + b"\n"}
    assert made.root() == leaf_hash(expected)
    again = Ledger.open(folder, Disk(), clock, ledger=CAMERA, epoch="another")
    assert (again.size, again.epoch) == (1, "e0" * 16)


def test_lines_number_on(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    first = ledger.append("run_started", {"run": "b1" * 16, "by": None})
    batch = ledger.append_batch([("a", {}), ("b", {"final": True})])
    assert ledger.append_batch([]) == []
    assert [first.n, *(line.n for line in batch)] == [1, 2, 3]
    assert first.fields == {"run": "b1" * 16}
    assert list(ledger.lines()) == list(Ledger.read_lines(folder))
    lines = list(ledger.lines())
    assert lines[1:] == [first, *batch]
    assert ledger.root() == tree_hash([line.leaf for line in lines])
    again = opened(folder, clock)
    assert (again.size, again.root(), again.epoch) == (4, ledger.root(), ledger.epoch)
    assert again.append("c", {}).n == 4


def test_the_frontier_of_the_past_does_not_move(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    past, root = ledger.frontier, ledger.root()
    ledger.append("a", {})
    assert (past.root(), past.count) == (root, 1)
    assert ledger.root() != root


@given(text, field_maps)
def test_any_fields_come_back(
    tmp_path_factory: pytest.TempPathFactory, type: str, fields: dict[str, object]
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    ledger = Ledger.open(folder, Disk(), SimulatedClock(), ledger="site")
    line = ledger.append(type, fields)
    ledger.close()
    assert list(Ledger.read_lines(folder))[1] == line
    assert line.fields == fields
    assert canonical_line(json.loads(line.raw)) == line.raw


@pytest.mark.parametrize(
    "value", [1.5, b"bytes", 2**53, -(2**53), [None], {1: "x"}, {"x": {"y": 0.0}}]
)
def test_what_is_not_written(folder: Path, clock: SimulatedClock, value: object) -> None:
    ledger = opened(folder, clock)
    with pytest.raises(ValueError, match=r"."):
        ledger.append("a", {"x": value})
    with pytest.raises(ValueError, match="by the ledger itself"):
        ledger.append("a", {"n": "5"})
    assert ledger.size == 1
    assert ledger.append("a", {}).n == 1


# --- months -------------------------------------------------------------------------------------


def test_a_line_goes_to_the_month_of_its_time(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    clock.advance(60 * NS_PER_S)
    ledger.append("april", {})
    assert list(files(folder)) == ["2026-03.jsonl", "2026-04.jsonl"]
    clock.step_wall(-60 * DAY_NS)
    ledger.append("february by the clock", {})
    again = opened(folder, clock)
    again.append("still", {})
    assert list(files(folder)) == ["2026-03.jsonl", "2026-04.jsonl"]
    assert [line.n for line in Ledger.read_lines(folder)] == [0, 1, 2, 3]


def test_only_month_files_are_read(folder: Path, clock: SimulatedClock) -> None:
    opened(folder, clock).append("a", {})
    for name in ("2026-13.jsonl", ".2026-05.jsonl.7.part", "texts", "0000.jsonl"):
        (folder / name).write_bytes(b"not ours")
    assert opened(folder, clock).size == 2


# --- torn and damaged ---------------------------------------------------------------------------


def test_cut_at_every_byte(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    ledger.append("a", {"x": "ü"})
    path = folder / "2026-03.jsonl"
    data = path.read_bytes()
    first_end = data.index(b"\n") + 1
    for length in range(len(data) - 1, first_end - 1, -1):
        path.write_bytes(data[:length])
        assert len(list(Ledger.read_lines(folder))) == 1
        assert path.read_bytes() == data[:length]
        again = opened(folder, clock)
        assert again.size == 1
        assert path.read_bytes() == data[:first_end]
        assert again.append("b", {}).n == 1
        again.close()


@pytest.mark.parametrize(
    "tail", [bytes(300), b"\n", b"{}\n", b'{"v":1}\n', b"[" * 5000 + b"\n", b"\xff\n"]
)
def test_a_last_line_that_does_not_parse_is_cut(
    folder: Path, clock: SimulatedClock, tail: bytes
) -> None:
    ledger = opened(folder, clock)
    before = files(folder)
    (folder / "2026-03.jsonl").write_bytes(before["2026-03.jsonl"] + tail)
    again = opened(folder, clock)
    assert files(folder) == before
    assert again.root() == ledger.root()


def test_a_torn_end_before_an_empty_month(folder: Path, clock: SimulatedClock) -> None:
    opened(folder, clock)
    with (folder / "2026-03.jsonl").open("ab") as file:
        file.write(b'{"n":"1",')
    (folder / "2026-04.jsonl").touch()
    again = opened(folder, clock)
    assert again.append("a", {}).n == 1
    assert [line.n for line in Ledger.read_lines(folder)] == [0, 1]


def three_months(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    ledger.append("a", {})
    for _ in range(2):
        clock.advance(31 * DAY_NS)
        ledger.append_batch([("b", {}), ("c", {})])
    ledger.close()


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("2026-03.jsonl", b'"n":"1"', b'"n":1', "2026-03.jsonl:2"),
        ("2026-03.jsonl", b'"n":"1"', b'"n":"7"', "2026-03.jsonl:2"),
        ("2026-05.jsonl", b'"n":"2"', b'"n":"02"', "2026-05.jsonl:1"),
        ("2026-05.jsonl", b'"v":1}\n', b'"v":1', "2026-05.jsonl:1"),
        ("2026-06.jsonl", b'"type":"b"', b'"typo":"b"', "2026-06.jsonl:1"),
        ("2026-06.jsonl", b'"n":"5"', b'"n":"4"', "2026-06.jsonl:2"),
        ("2026-03.jsonl", b'"ledger":"c0', b'"ledger":"c1', "2026-03.jsonl:1"),
    ],
)
def test_damage_elsewhere_is_named_and_nothing_is_cut(
    folder: Path, clock: SimulatedClock, name: str, old: bytes, new: bytes, place: str
) -> None:
    three_months(folder, clock)
    before = files(folder)
    assert old in before[name]
    (folder / name).write_bytes(before[name].replace(old, new, 1))
    damaged = files(folder)
    with pytest.raises(DamagedError, match=place):
        opened(folder, clock)
    assert files(folder) == damaged


def test_a_missing_month_is_noticed(folder: Path, clock: SimulatedClock) -> None:
    three_months(folder, clock)
    sorted(folder.glob("*.jsonl"))[1].unlink()
    with pytest.raises(DamagedError, match="stands where line 2 should"):
        opened(folder, clock)


def test_a_line_of_a_later_version_is_hashed_and_kept(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    later = b'{"n":"1","t":"5","type":"hologram","v":2,"x":[0.5,null]}'
    with (folder / "2026-03.jsonl").open("ab") as file:
        file.write(later + b"\n")
    again = opened(folder, clock)
    assert again.root() == tree_hash([*(line.leaf for line in ledger.lines()), leaf_hash(later)])
    assert list(again.lines())[1].version == 2


def test_a_restore_begins_another_epoch(folder: Path, clock: SimulatedClock) -> None:
    opened(folder, clock).append("restored", {"epoch": "ee" * 16, "known": "17"})
    again = opened(folder, clock)
    assert (again.epoch, again.known_ns) == ("ee" * 16, 17)


def test_another_cameras_ledger_is_refused(folder: Path, clock: SimulatedClock) -> None:
    opened(folder, clock)
    with pytest.raises(DamagedError, match="not the first line"):
        Ledger.open(folder, Disk(), clock, ledger="site")


# --- a disk that fails --------------------------------------------------------------------------


class FailingDisk(Disk):
    """Fails calls of some kinds while told to."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: set[str] = set()
        self.code = errno.ENOSPC

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if call in self.failing:
            raise OSError(self.code, "as told")


def test_a_failed_append_leaves_the_ledger_usable(folder: Path, clock: SimulatedClock) -> None:
    disk = FailingDisk()
    ledger = opened(folder, clock, disk)
    before, root = files(folder), ledger.root()
    disk.failing = {"write"}
    with pytest.raises(DiskFullError):
        ledger.append_batch([("a", {}), ("b", {})])
    assert (files(folder), ledger.root(), ledger.size) == (before, root, 1)
    disk.failing = set()
    assert ledger.append("c", {}).n == 1
    assert opened(folder, clock).root() == ledger.root()


def test_what_a_failed_write_left_is_cut_first(folder: Path, clock: SimulatedClock) -> None:
    disk = FailingDisk()
    ledger = opened(folder, clock, disk)
    ledger.append("a", {})
    with (folder / "2026-03.jsonl").open("ab") as file:
        file.write(b'{"n":"2","t":"0","type":"half","v":1}\n{"n"' + b" " * 500)
    disk.failing = {"truncate"}
    disk.code = errno.EIO
    with pytest.raises(WriteFailedError):
        ledger.append("b", {})
    assert [line.type for line in ledger.lines()] == ["ledger_started", "a"]
    disk.failing = set()
    assert ledger.append("c", {}).n == 2
    assert [line.type for line in Ledger.read_lines(folder)] == ["ledger_started", "a", "c"]


@pytest.mark.parametrize("call", ["open", "write"])
def test_a_new_month_that_cannot_begin(folder: Path, clock: SimulatedClock, call: str) -> None:
    disk = FailingDisk()
    ledger = opened(folder, clock, disk)
    clock.advance(DAY_NS)
    disk.failing = {call}
    with pytest.raises(DiskFullError):
        ledger.append("a", {})
    disk.failing = set()
    assert ledger.append("b", {}).n == 1
    assert opened(folder, clock).size == 2
    assert [line.n for line in Ledger.read_lines(folder)] == [0, 1]


def test_a_file_that_lost_its_end_is_not_written_on(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    ledger.append("a", {})
    (folder / "2026-03.jsonl").write_bytes(b"")
    with pytest.raises(DamagedError, match="lost its end"):
        ledger.append("b", {})


def test_descriptors_are_given_back(folder: Path, clock: SimulatedClock) -> None:
    ledger = opened(folder, clock)
    ledger.close()
    ledger.close()
    assert ledger.append("a", {}).n == 1
    ledger.close()


# --- fields -------------------------------------------------------------------------------------


def test_fields_are_had_by_kind() -> None:
    line = parse_line(
        b'{"b":true,"d":"-12","i":5,"n":"3","s":"x","t":"9","type":"placed","v":1,"z":"1.5"}'
    )
    assert (line.text("s"), line.number("i"), line.flag("b")) == ("x", 5, True)
    assert (line.integer("d"), line.n, line.t) == (-12, 3, 9)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Line.text, "i"),
        (Line.text, "missing"),
        (Line.number, "s"),
        (Line.number, "b"),
        (Line.flag, "i"),
        (Line.integer, "i"),
        (Line.integer, "z"),
    ],
)
def test_a_field_of_another_kind(kind: object, name: str) -> None:
    line = parse_line(b'{"b":true,"i":5,"n":"3","s":"x","t":"9","type":"a","v":1,"z":"1.5"}')
    assert callable(kind)
    with pytest.raises(DamagedError):
        kind(line, name)


@pytest.mark.parametrize("value", ["", "+1", "01", "-0", " 1", "1_0", "9" * 5000, 5, None, "٣"])
def test_a_decimal_string_has_one_form(value: object) -> None:
    with pytest.raises(DamagedError):
        decimal(value)
