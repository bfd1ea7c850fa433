"""Lines, marks and signs of life that are well written and make no sense: one error says so.

Found by ``scripts/bench fuzz``: the keeper died of them with a traceback, again at each start.
"""

from pathlib import Path

import msgspec
import pytest

from tests.recording.keeper_making import Site, Worker
from tests.recording.story_making import CAMERA
from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause
from watchglass.recording.alive import last_seen
from watchglass.recording.canonical import decimal
from watchglass.recording.fold import fold_lines
from watchglass.recording.ledger import Ledger
from watchglass.recording.volume import volume_at
from watchglass.store.index import IndexStore

_Line = tuple[str, dict[str, object]]

_RUN, _GAP = "a" * 32, "b" * 32
_ADDED: _Line = ("camera_added", {"streams": ["main"]})
_STARTED: _Line = ("run_started", {"run": _RUN, "stream": "main", "wall": "0"})
_OPENED: _Line = (
    "file_opened",
    {
        "run": _RUN, "stream": "main", "sequence": 0, "volume": "c" * 32, "wall": "0", "media": "0",
        "first_fragment": "0", "header": "", "codec": "h264", "width": 1, "height": 1, "sound": "",
    },
)  # fmt: skip
_GAP_OPENED: _Line = (
    "gap_opened",
    {"gap": _GAP, "stream": "main", "cause": "stalled", "wall": "0"},
)


def _with(line: _Line, **other: object) -> _Line:
    return line[0], {**line[1], **other}


@pytest.mark.parametrize(
    "lines",
    [
        [_with(_ADDED, streams=["attic"])],
        [_ADDED, _with(_GAP_OPENED, cause="boredom")],
        [_ADDED, _with(_GAP_OPENED, stream="sub")],
        [_ADDED, _with(_GAP_OPENED, gap="no id")],
        [_ADDED, _STARTED, _STARTED],
        [_ADDED, _with(_STARTED, run="zz")],
        [_ADDED, _STARTED, _OPENED, _OPENED],
        [
            _ADDED, _STARTED, _OPENED,
            ("placed", {
                "run": _RUN, "stream": "main", "sequence": 0, "media": "0",
                "wall": str(2**63 - 1), "rate_ppb": 2**52, "final": True,
            }),
            ("file_closed", {
                "run": _RUN, "stream": "main", "sequence": 0, "length": "1", "fragments": 1,
                "root": "", "media": str(2**63 - 1), "recovered": False,
            }),
        ],
        [_ADDED, ("files_deleted", {"cause": "retention", "files": [7]})],
        [_ADDED, ("files_deleted", {"cause": "retention", "files": [["x"]]})],
        [_ADDED, ("files_deleted", {"cause": "", "files": []})],
        [_ADDED, ("gap_closed", {"gap": _GAP, "stream": "main", "wall": "0", "run": "r"})],
    ],
)  # fmt: skip
def test_lines_that_make_no_sense(tmp_path: Path, lines: list[_Line]) -> None:
    ledger = Ledger.open(tmp_path / "ledger", Disk(), SimulatedClock(), ledger=CAMERA)
    ledger.append_batch(lines)
    store = IndexStore(tmp_path / "index.db")
    try:
        _fold_until_it_fails(store, ledger)
        with store.read() as index:
            assert index.applied(CAMERA) == 0
    finally:
        store.close()
        ledger.close()


def _fold_until_it_fails(store: IndexStore, ledger: Ledger) -> None:
    with pytest.raises(DamagedError), store.write() as index:
        fold_lines(index, CAMERA, ledger.lines())


@pytest.mark.parametrize("text", ["9223372036854775808", "-9223372036854775808", "9" * 20, "٣"])
def test_an_integer_has_64_bits(text: str) -> None:
    assert decimal(str(2**63 - 1)) == 2**63 - 1
    with pytest.raises(DamagedError):
        decimal(text)


@pytest.mark.parametrize(
    "data",
    [
        b'{"":"","volume":"\xb1"}',
        b'{"format":1,"volume":' + b"[" * 100_000,
        b'{"v":1,"wall":"\xff","boottime":"1","boot":"b","state":"running"}',
        b'{"v":1,"wall":' + b'{"a":' * 100_000,
        b"",
    ],
)
def test_a_mark_that_cannot_be_read_is_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "volume.json").write_bytes(data)
    (tmp_path / "alive").write_bytes(data)
    assert volume_at(tmp_path) is None
    assert last_seen([tmp_path], Disk(), SimulatedClock()) is None


def test_a_keeper_does_not_remember_every_run_that_ever_was(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.start()
    camera: CameraId = site.add_camera()
    worker = Worker(site)
    for _ in range(20):
        worker.stream(camera).feed(12)
        worker.tell_gap(camera, GapCause.CAMERA_UNREACHABLE)
        worker.send()
        site.cycle(worker)
    book = site.running.books[camera]
    assert book._runs == {}
    assert book._told == set()
    site.check()
    worker.die()
    site.stop_keeper()
    assert msgspec.json.decode((site.state / "alive").read_bytes())["state"] == "stopped"
