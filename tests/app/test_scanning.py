"""Scans as the site keeps them: stopped, gone on with, survived; and collectors there and back."""

import ast
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest

from benches.trust.fleet import NETWORK, SCANNER, fleet
from tests.app.running import call
from watchglass.app.cli.program import run
from watchglass.app.collectors import DAY_NS, collectors, make_collector, read_bundle
from watchglass.app.fleet import judge_fleet, trust_store
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.app.own_cameras import own_cameras
from watchglass.app.scanning import Looked, find_unfinished, look, take_in, unfinished
from watchglass.base.clock import SimulatedClock, SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId, ScanId, VolumeId, random_id
from watchglass.cameras.collect import collector_file
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.cameras.survey import bundle
from watchglass.cameras.survey.bundle import Errand, Sealer
from watchglass.config.settings import read_settings
from watchglass.model.camera import Camera, StreamAddress
from watchglass.model.coverage import Network, ScanEntry, ScanKind
from watchglass.model.observation import Signal, Source, observe
from watchglass.model.scan import AddressesDone, FromScan, ScanEnded, ScanOrder, ScanProgress
from watchglass.model.stream import StreamName
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

_SCAN = ScanId("a" * 32)
_NAMED = "10.77.0.0/26"


@pytest.fixture
def on(data: Path) -> Ground:
    settings = read_settings({"data": data, "log_level": None, "port": None})
    return Ground(settings, Layout(settings.state), Disk(), SystemClock())


@pytest.fixture(scope="module")
def lan() -> Iterator[Lan]:
    if sys.platform != "linux":
        pytest.skip("network namespaces are Linux's")
    try:
        with Lan(fleet(60).devices, network=str(NETWORK), looker=SCANNER) as made:
            yield made
    except NoNetworkError as error:
        pytest.skip(str(error))


def _order(**more: object) -> ScanOrder:
    order = ScanOrder(
        scan=_SCAN, networks=(Network(cidr=_NAMED),), doors=tuple(Source), rate_per_s=300,
        parallel=16, timeout_s=0.7,
    )  # fmt: skip
    return msgspec.structs.replace(order, **more)


# --- scans ----------------------------------------------------------------------------------------


@pytest.mark.full
def test_a_scan_that_was_stopped_goes_on_where_it_was(on: Ground, lan: Lan) -> None:
    command = (*lan.enter, *COMMAND)
    done: list[str] = []
    first = RunningScan(_order(), command=command)

    def stop_soon(message: FromScan) -> None:
        if isinstance(message, AddressesDone):
            done.extend(message.addresses)
        if isinstance(message, ScanProgress) and message.done:
            first.stop()

    looked = look(on, first, "test", stop_soon)
    assert looked.stopped
    assert 0 < len(done) < 63
    left = find_unfinished(on, _SCAN[:8])
    assert set(left.done) >= set(done)
    with trust_store(on) as store:
        kept = len(store.observations())
        assert not store.coverage()[0].complete
    assert kept > 0

    again: list[str] = []

    def note(message: FromScan) -> None:
        if isinstance(message, AddressesDone):
            again.extend(message.addresses)

    second = RunningScan(_order(skip=left.done), command=command)
    looked = look(on, second, "test", note)
    assert not looked.stopped
    assert not looked.error
    assert len(again) + len(left.done) == 63
    assert not set(again) & set(left.done)
    assert unfinished(on) == []
    with trust_store(on) as store:
        assert len(store.observations()) > kept
        assert [entry.scan for entry in store.scans()] == [_SCAN]


def test_a_stop_is_heard_before_there_is_a_process_and_as_soon_as_there_is(
    tmp_path: Path,
) -> None:
    """Somebody goes on with a scan and stops it at once: it must not run to its end."""
    program = tmp_path / "patient.py"
    program.write_text(
        "import sys\n"
        "order, stop = sys.stdin.readline(), sys.stdin.readline()\n"
        'print(\'{"type": "ScanEnded", "stopped": true}\' if \'Stop\' in stop else order)\n'
    )
    command = (sys.executable, str(program))
    early = RunningScan(_order(), command=command)
    early.stop()
    assert list(early) == [ScanEnded(stopped=True)]
    assert early.pid is None
    begun = RunningScan(_order(), command=command)
    ends: list[FromScan] = []
    looking = threading.Thread(target=lambda: ends.extend(begun))
    looking.start()
    begun.stop()
    looking.join(30)
    assert ends == [ScanEnded(stopped=True)]


@pytest.mark.full
def test_who_looks_may_die_of_one_device_and_the_others_are_seen(
    on: Ground, lan: Lan, tmp_path: Path
) -> None:
    deadly = "10.77.0.9"
    program = tmp_path / "dying.py"
    program.write_text(
        "import os\n"
        "import watchglass.cameras.survey.survey as survey\n"
        "visit = survey.Survey._visit\n"
        "async def dying(self, address):\n"
        f"    if address == {deadly!r}: os.kill(os.getpid(), 11)\n"
        "    return await visit(self, address)\n"
        "survey.Survey._visit = dying\n"
        "from watchglass.cameras.scan_worker import main\n"
        "main()\n"
    )
    running = RunningScan(
        _order(networks=(Network(cidr="10.77.0.0/28"),)),
        command=(*lan.enter, sys.executable, str(program)),
    )
    done: list[str] = []

    def note(message: FromScan) -> None:
        if isinstance(message, AddressesDone):
            done.extend(message.addresses)

    looked = look(on, running, "test", note)
    assert not looked.error
    assert running.left_out == [deadly]
    # 10.77.0.0 is the network's own name, and the deadly one is not done.
    assert len(set(done)) == 14
    assert any(deadly in note for note in looked.notes)


# --- the recorder's own cameras -------------------------------------------------------------------


def test_own_cameras_are_seen_without_being_asked(on: Ground) -> None:
    entry = ScanEntry(scan=_SCAN, kind=ScanKind.OWN, started_ns=5)
    camera = Camera(
        CameraId("c" * 32),
        "Gym",
        (StreamAddress(StreamName.MAIN, "rtsp://10.1.2.3/Streaming/101"),),
        VolumeId("d" * 32),
    )
    looked = take_in(on, entry, own_cameras([camera], entry))
    assert looked == Looked(_SCAN, observations=3, answered=1, asked=1)
    with trust_store(on) as store:
        told = {(each.signal, each.value, each.address) for each in store.observations()}
    assert (Signal.RTSP_PATH, "/Streaming/101", "10.1.2.3") in told
    assert (Signal.CAMERA_ID, "c" * 32, "10.1.2.3") in told


def own(number: int, url: str) -> Camera:
    return Camera(
        CameraId(f"{number}" * 32), f"Camera {number}", (StreamAddress(StreamName.MAIN, url),),
        VolumeId("d" * 32),
    )  # fmt: skip


def devices_at(on: Ground, *cameras: Camera, macs: dict[str, str] | None = None) -> set[str]:
    """Names and addresses of the devices that cameras are taken for."""
    entry = ScanEntry(scan=ScanId(random_id()), kind=ScanKind.OWN, started_ns=5)
    known = macs or {}
    take_in(on, entry, own_cameras(cameras, entry, lambda host: known.get(host, "")))
    judged = judge_fleet(on).judgements
    return {f"{each.subject.names[0]} {each.subject.addresses[0]}" for each in judged}


def test_cameras_behind_one_address_are_devices_of_their_own(on: Ground) -> None:
    assert devices_at(
        on,
        own(1, "rtsp://10.1.2.3:554/main"), own(2, "rtsp://10.1.2.3:8554/main"),
        own(3, "rtsp://10.1.2.4/Streaming/Channels/101"),
        own(4, "rtsp://10.1.2.4/Streaming/Channels/201"),
        own(5, "rtsp://10.1.2.5/cam/realmonitor?channel=7&subtype=0"),
        own(6, "rtsp://10.1.2.6/one"), own(7, "rtsp://10.1.2.6/two"),
        own(8, "v4l2:///dev/video0"), own(9, "v4l2:///dev/video1"),
    ) == {
        "Camera 1 10.1.2.3:554", "Camera 2 10.1.2.3:8554",
        "Camera 3 10.1.2.4 channel 1", "Camera 4 10.1.2.4 channel 2",
        "Camera 5 10.1.2.5 channel 7",
        "Camera 6 10.1.2.6/one", "Camera 7 10.1.2.6/two",
        "Camera 8 camera 88888888", "Camera 9 camera 99999999",
    }  # fmt: skip


def test_a_recorded_camera_is_known_by_its_mac_at_another_address(on: Ground) -> None:
    mac = "bc:ad:28:00:00:01"
    devices_at(on, own(1, "rtsp://10.1.2.3/main"), macs={"10.1.2.3": mac})
    with trust_store(on) as store:
        store.add_observations([observe(
            Source.NEIGHBOUR, Signal.MAC, mac, at_ns=9, scan=_SCAN, address="10.1.2.9", mac=mac,
        )])  # fmt: skip
    (judged,) = judge_fleet(on).judgements
    assert judged.subject.addresses == ("10.1.2.9", "10.1.2.3")
    assert judged.subject.names == ("Camera 1",)


# --- collectors -----------------------------------------------------------------------------------


def test_a_collector_is_made_of_the_standard_library_of_python_3_8() -> None:
    known = sys.stdlib_module_names
    for each in files("watchglass.cameras.survey").iterdir():
        if not each.name.endswith(".py"):
            continue
        tree = ast.parse(each.read_text(encoding="utf-8"), feature_version=(3, 8))
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                assert all(name.name.partition(".")[0] in known for name in node.names), each.name
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                assert node.module is not None
                assert node.module.partition(".")[0] in known, each.name


def test_the_same_errand_makes_the_same_file() -> None:
    errand = Errand("c" * 32, "d" * 32, "00" * 32, 1, 2, "", ("10.0.0.0/24",))
    assert collector_file(errand) == collector_file(errand)


def _bundle(on: Ground, *, place: str = "School 7") -> bytes:
    """As a collector writes it, with one observation."""
    sent = make_collector(
        on, on.layout.state / "c.pyz", place=place, networks=("10.1.0.0/24",), days=14, mine=False
    )
    sealer = Sealer(sent.secret)
    lines = bundle.line("head", {"format": bundle.FORMAT, "collector": sent.collector,
                                 "scan": sent.scan, "started_ns": 3})  # fmt: skip
    lines += bundle.line("seen", {"at_ns": 4, "source": "sadp", "signal": "model",
                                  "value": "DS-2CD", "address": "10.1.0.9"})  # fmt: skip
    lines += bundle.line("covered", {"cidr": "10.1.0.0/24", "asked": 254, "answered": 1,
                                     "silent": 253, "complete": True, "ended_ns": 9})  # fmt: skip
    sealer.add(lines)
    return lines + sealer.seal()


@pytest.mark.full
def test_a_bundle_is_taken_once(on: Ground) -> None:
    data = _bundle(on)
    sent, looked = read_bundle(on, data, "test")
    assert (looked.observations, looked.asked, sent.place) == (1, 254, "School 7")
    with trust_store(on) as store:
        seen = store.observations()[0]
        assert (seen.collector, seen.address) == (sent.collector, "10.1.0.9")
        assert store.coverage()[0].collector == sent.collector
    with pytest.raises(RefusedError, match="read already"):
        read_bundle(on, data, "test")
    assert collectors(on)[0].secret == ""


def test_a_changed_bundle_is_refused(on: Ground) -> None:
    data = _bundle(on)
    for at in range(60, len(data), 37):
        changed = data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
        with pytest.raises((RefusedError, NotFoundError)):
            read_bundle(on, changed, "test")
    for size in (0, 10, len(data) // 2, len(data) - 1):
        with pytest.raises(RefusedError):
            read_bundle(on, data[:size], "test")
    with trust_store(on) as store:
        assert store.observations() == []


def test_a_bundle_of_another_recorder_is_refused(on: Ground, tmp_path: Path) -> None:
    other = Ground(on.settings, Layout(tmp_path / "other"), Disk(), on.clock)
    with pytest.raises(NotFoundError, match="No collector of this recorder"):
        read_bundle(on, _bundle(other), "test")


def test_a_collector_that_has_expired_is_refused(on: Ground) -> None:
    clock = SimulatedClock()
    later = Ground(on.settings, on.layout, on.disk, clock)
    data = _bundle(later)
    clock.advance(15 * DAY_NS)
    with pytest.raises(RefusedError, match="expired"):
        read_bundle(later, data, "test")


@pytest.mark.full
def test_a_collector_runs_with_bare_python_and_its_bundle_is_read(
    on: Ground, lan: Lan, tmp_path: Path
) -> None:
    file = tmp_path / "c.pyz"
    sent = make_collector(
        on, file, place="School 7", networks=("10.77.0.0/28",), days=1, mine=False
    )
    ran = subprocess.run(
        [*lan.enter, "env", "-i", sys.executable, "-I", "-W", "error", str(file), "--timeout",
         "0.7"],
        cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    written = tmp_path / f"watchglass-{sent.collector[:8]}.bundle"
    assert sent.secret.encode() not in written.read_bytes()
    _, looked = read_bundle(on, written.read_bytes(), "test")
    assert looked.asked == 15
    assert looked.observations > 10
    with trust_store(on) as store:
        assert {each.collector for each in store.observations()} == {sent.collector}
        assert any(each.source is Source.NEIGHBOUR for each in store.observations())


# --- the commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("8.8.8.0/24",), "--mine"), (("127.0.0.1",), "this machine itself"), ((), "Name the network"),
     (("10.0.0.0/8",), "at most 65536"), (("10.1.0.0/30", "--only", "10.1.0.1"), "--user"),
     (("--resume", "beef"), "No unfinished scan")],
)  # fmt: skip
def test_what_a_scan_refuses_is_said_in_a_sentence(
    data: Path, arguments: tuple[str, ...], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trust", "scan", *arguments, "--data", str(data)]) in (2, 3, 6)
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""


@pytest.mark.full
def test_an_import_needs_no_camera_and_no_server(data: Path, tmp_path: Path) -> None:
    table = tmp_path / "inventory.csv"
    table.write_text("ip,brand\n10.1.0.5,ANNKE\n")
    result = call("trust", "import", "csv", str(table), "--json", "--data", str(data))
    assert result.returncode == 0, result.stderr
    assert msgspec.json.decode(result.stdout)["observations"] == 1
    listed = call("trust", "devices", "--json", "--data", str(data))
    assert [each["label"] for each in msgspec.json.decode(listed.stdout)] == ["Annke"]
