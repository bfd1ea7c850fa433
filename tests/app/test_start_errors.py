"""What stands in the way of a start: one sentence, what to do next, an exit code; or it goes on."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from tests.app.running import Serving, call, command, environment
from watchglass.app.wiring import ground, own_site
from watchglass.base.ids import random_id
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest
from watchglass.model.stream import StreamName

pytestmark = pytest.mark.full


def run_on_tmpfs(place: Path, size: str, script: str) -> "subprocess.CompletedProcess[str]":
    """A shell script with a small file system of its own at ``place``; skips where forbidden."""
    place.mkdir(parents=True)
    whole = f"set -e; mount -t tmpfs -o size={size} tmpfs {place}; {script}"
    if shutil.which("unshare") is None:
        pytest.skip("there is no unshare on this machine")
    tried = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"mount -t tmpfs tmpfs {place}"],
        capture_output=True, check=False,
    )  # fmt: skip
    if tried.returncode != 0:
        pytest.skip(f"mounting is not permitted here: {tried.stderr.decode().strip()}")
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", whole], capture_output=True, text=True, timeout=60,
        env=environment(), check=False,
    )  # fmt: skip


def serve(data: Path) -> str:
    return " ".join(command("--data", str(data), "serve"))


def set_up(data: Path, *, cameras: int = 0) -> None:
    """A recorder's folders, with cameras that nobody looked at: for what is not about pictures."""
    with own_site(ground(read_settings({"data": data}))) as site:
        for number in range(cameras):
            streams = ((StreamName.MAIN, f"rtsp://192.0.2.1/{number}"),)
            site.add_camera(AddCameraRequest(f"Hall {number}", streams, "", "", "", "test"))


def test_read_only_mount(data: Path) -> None:
    found = run_on_tmpfs(data, "8m", f"mount -o remount,ro {data}; {serve(data / 'x')}")
    assert found.returncode == 4
    assert found.stderr == (
        f"The folder {data}/x/state cannot be written (Read-only file system): make it writable, "
        "or choose another with --data.\n"
    )


def test_full_disk(data: Path) -> None:
    fill = f"dd if=/dev/zero of={data}/fill bs=64k 2>/dev/null || true"
    found = run_on_tmpfs(data, "8m", f"{fill}; {serve(data / 'x')}")
    assert found.returncode == 31
    assert found.stderr.startswith("No room left to write")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize("command_words", [("serve",), ("camera", "add", "rtsp://192.0.2.1/x")])
def test_path_too_long_for_sockets(data: Path, command_words: tuple[str, ...]) -> None:
    found = call("--data", str(data / ("long-" * 30)), *command_words)
    assert found.returncode == 4
    assert "is too long for the system: choose a state folder" in found.stderr
    assert found.stderr.count("\n") == 1


def test_media_folder_that_holds_other_things(data: Path) -> None:
    (data / "media").mkdir(parents=True)
    (data / "media/holiday.jpg").touch()
    found = call("--data", str(data), "serve")
    assert found.returncode == 4
    assert "is not empty and no volume: choose an empty folder" in found.stderr


def test_damaged_index_is_made_anew(data: Path) -> None:
    set_up(data)
    (data / "state/index.db").write_bytes(b"no database " * 1000)
    with Serving(data).wait_for("No camera") as serving:
        assert "index_rebuilt" in serving.logged
        assert serving.end(signal.SIGTERM) == 0


def test_damaged_site_is_said(data: Path) -> None:
    set_up(data)
    for name in ("site.db-wal", "site.db-shm"):
        (data / "state" / name).unlink(missing_ok=True)
    (data / "state/site.db").write_bytes(b"no database " * 1000)
    found = call("--data", str(data), "serve")
    assert found.returncode == 40
    assert "restore the state folder from a backup" in found.stderr
    assert found.stderr.count("\n") == 1


def site_ledger(data: Path) -> Path:
    (found,) = (data / "state/ledger/site").glob("*.jsonl")
    return found


def test_torn_last_line_goes_on(data: Path) -> None:
    set_up(data, cameras=1)
    ledger = site_ledger(data)
    whole = ledger.read_bytes()
    ledger.write_bytes(whole + b'{"n":"77","t":')
    with Serving(data).wait_for("Recording 1 camera") as serving:
        assert serving.end(signal.SIGTERM) == 0
    assert ledger.read_bytes().startswith(whole)
    assert b'"77"' not in ledger.read_bytes()


def test_damaged_ledger_is_said(data: Path) -> None:
    set_up(data, cameras=1)
    ledger = site_ledger(data)
    lines = ledger.read_bytes().splitlines(keepends=True)
    ledger.write_bytes(b"".join([lines[0][:20] + b"\n", *lines[1:]]))
    found = call("--data", str(data), "serve")
    assert found.returncode == 40, found.stderr
    (said,) = [line for line in found.stderr.splitlines() if "keeper_ended" not in line]
    assert str(ledger.name) in said


def test_missing_volume_is_said_and_recorded_as_a_gap(data: Path) -> None:
    set_up(data, cameras=1)
    os.rename(data / "media", data / "away")
    with Serving(data).wait_for("Recording 1 camera") as serving:
        assert f"The volume is not at {data}/media: mount the disk it is on." in serving.logged
        assert not (data / "media").exists()
        os.rename(data / "away", data / "media")
        assert serving.end(signal.SIGTERM) == 0


def test_wrong_volume_is_said(data: Path) -> None:
    set_up(data)
    mark = data / "media/volume.json"
    (volume,) = [word for word in mark.read_text().split('"') if len(word) == 32]
    mark.write_text(mark.read_text().replace(volume, random_id()))
    with Serving(data).wait_for("No camera") as serving:
        assert f"Another volume is at {data}/media: mount the right disk." in serving.logged
        doctor = call("--data", str(data), "doctor")
        assert doctor.returncode == 1
        assert "mount the right disk" in doctor.stdout
        assert serving.end(signal.SIGTERM) == 0
