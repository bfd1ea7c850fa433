"""Backups of a running recorder, and recorders that go on from them: real processes and cameras."""

import shutil
import signal
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.app.running import Serving, call, json_of, processes_of, wait_until
from tests.app.test_recorder import add
from tests.second_reader.report import read_site
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.timeout(300)

PASSPHRASE = "correct horse 7"
SMALL = {
    "WATCHGLASS_FILE_S": "10", "WATCHGLASS_HEAD_S": "1", "WATCHGLASS_BALLAST_BYTES": "1MiB",
    "WATCHGLASS_FLOOR_BYTES": "64MiB",
}  # fmt: skip


def backed_up(data: Path, target: Path, *more: str) -> dict[str, Any]:
    done = call(
        "--data", str(data), "backup", str(target), "--passphrase-file", "-", "--json", *more,
        stdin=PASSPHRASE + "\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def restored(data: Path, *words: str) -> str:
    done = call(
        "--data", str(data), "restore", *words, "--passphrase-file", "-", stdin=PASSPHRASE + "\n",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def spans(data: Path, camera: str) -> list[dict[str, Any]]:
    listed = json_of("--data", str(data), "timeline", camera)
    assert listed[0]["seconds"]["unaccounted"] == 0
    found: list[dict[str, Any]] = listed[0]["spans"]
    return found


def checked(data: Path, volume: Path) -> None:
    """The product's own check, and the second reader."""
    found = call("--data", str(data), "check", "--deep")
    assert found.returncode == 0, found.stdout
    report = read_site(data / "state", [volume])
    assert not report.fails, [each for each in report.findings if each.fails]


def recording(data: Path) -> bool:
    return all(each["recording"] for each in json_of("--data", str(data), "camera", "list"))


def recorded(data: Path, cameras: Simulator, target: Path) -> tuple[str, str]:
    """Two cameras, a backup in the middle, and a recorder that is killed."""
    with Serving(data, **SMALL).wait_for("No camera") as serving:
        hall = add(data, cameras.urls[0].main, "--name", "Hall")
        gate = add(data, cameras.urls[2].main, "--name", "Gate", "--no-sub")
        wait_until(lambda: recording(data))
        time.sleep(11)
        made = backed_up(data, target, "--media")
        assert made["recordings"] >= 3
        assert recording(data)
        time.sleep(4)
        serving.process.kill()
        serving.process.wait()
    # The children end by themselves when their pipe breaks.
    wait_until(lambda: processes_of(data) == [])
    return hall, gate


def went_on(data: Path, camera: str) -> None:
    with Serving(data, **SMALL).wait_for("Recording 2 cameras") as serving:
        wait_until(lambda: recording(data))
        time.sleep(2)
        assert serving.end(signal.SIGTERM) == 0
    found = spans(data, camera)
    assert [span["kind"] for span in found if span["kind"] == "unaccounted"] == []


@pytest.mark.full
def test_a_lost_state_folder(data: Path, cameras: Simulator) -> None:
    """The volume has newer lines than the backup, and its recordings win over the gap."""
    target = data.parent / "backups"
    hall, _ = recorded(data, cameras, target)
    shutil.rmtree(data / "state")
    looked = restored(data, str(target), "--check")
    assert "nothing was changed" in looked
    assert not (data / "state").exists()
    said = restored(data, str(target))
    assert f"the volume {data / 'media'}" in said, said
    checked(data, data / "media")
    went_on(data, hall)
    checked(data, data / "media")
    causes = [span["cause"] for span in spans(data, hall) if span["cause"]]
    assert causes[-2:] == ["restored", "recorder_stopped"], causes
    assert set(causes[:-2]) <= {"waiting_key_frame", "recorder_crashed"}, causes


@pytest.mark.long
def test_a_lost_machine(data: Path, cameras: Simulator) -> None:
    """State and volume are gone; another folder, and the recordings of the backup."""
    target = data.parent / "backups"
    hall, gate = recorded(data, cameras, target)
    shutil.rmtree(data)
    new = data.parent / "n"
    restored(new, str(target), "--anew", f"{data / 'media'}={new / 'media'}")
    checked(new, new / "media")
    assert len(list((new / "media" / gate).glob("main/*/*/*/*.mp4"))) >= 1
    went_on(new, hall)
    checked(new, new / "media")
    causes = [span["cause"] for span in spans(new, hall) if span["cause"]]
    assert causes[-2:] == ["restored", "recorder_stopped"], causes


@pytest.mark.long
def test_no_backup_at_all(data: Path, cameras: Simulator) -> None:
    target = data.parent / "backups"
    hall, gate = recorded(data, cameras, target)
    shutil.rmtree(data / "state")
    said = call("--data", str(data), "restore", "--from-volumes", str(data / "media"))
    assert said.returncode == 0, said.stderr
    assert f"--as {hall}" in said.stdout
    checked(data, data / "media")
    add(data, cameras.urls[0].main, "--name", "Hall", "--as", hall)
    add(data, cameras.urls[2].main, "--no-sub", "--as", gate[:8])
    went_on(data, hall)
    checked(data, data / "media")
