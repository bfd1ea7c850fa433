"""A recorder as its user meets it: started, given cameras, asked, stopped."""

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.app.conftest import PASSWORD, USER
from tests.app.running import (
    Serving,
    call,
    call_here,
    json_of,
    listening,
    processes_of,
    wait_until,
)
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full


def bare(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def add(data: Path, url: str, *more: str) -> str:
    """Add a camera; its id."""
    found = call_here(
        "--data", str(data), "camera", "add", bare(url), "--user", USER, "--password-stdin",
        "--allow", "--json", *more, stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    return str(json.loads(found.stdout)["id"])


def test_a_day_with_the_recorder(data: Path, cameras: Simulator) -> None:
    """From nothing to recordings, a pause, a clip and a clean end."""
    of = ("--data", str(data))
    with Serving(data).wait_for("No camera is set up yet") as serving:
        assert "kept 336 hours, then erased (the country is not stated" in serving.said
        hall = add(data, cameras.urls[0].main, "--name", "Hall [red]")
        assert PASSWORD not in Path(f"/proc/{serving.process.pid}/cmdline").read_text()
        gate = add(data, cameras.urls[2].main, "--no-sub")
        listed = json_of(*of, "camera", "list")
        assert [each["recording"] for each in listed] == [True, True]
        assert [len(each["streams"]) for each in listed] == [2, 1]
        assert listed[1]["streams"][0]["codec"] == "h265"
        assert listed[1]["name"] == "127.0.0.1"
        shown = call_here(*of, "camera", "list")
        assert shown.stdout.startswith("All 2 cameras record.\n")
        assert shown.stdout.isascii() or "×" in shown.stdout

        paused = call_here(*of, "camera", "pause", gate, "--reason", "a visit", "--for", "8s")
        assert "is paused until" in paused.stdout, paused.stderr
        # Once its worker has ended what it was writing.
        wait_until(lambda: json_of(*of, "camera", "list")[1]["gap"] == "paused")
        wait_until(lambda: bool(json_of(*of, "camera", "list")[1]["recording"]))

        doctor = call_here(*of, "doctor")
        assert doctor.returncode == 0, doctor.stdout
        assert "2 of 2 record" in doctor.stdout
        for pid in processes_of(data):  # its children too: none keeps for itself what it freed
            assert b"tcache_count=0" in Path(f"/proc/{pid}/environ").read_bytes()
        assert "There is no page" in serving.said
        assert listening(processes_of(data)) == []

        repairing = call_here(*of, "check", "--repair")
        assert repairing.returncode == 5
        assert "needs it stopped" in repairing.stderr
        assert call_here(*of, "check").returncode == 0

        again = call(*of, "serve")
        assert (again.returncode, again.stderr.count("\n")) == (5, 1)
        assert "already running" in again.stderr

        clip = data.with_name("clip.mp4")
        made = json_of(*of, "clip", hall, "--from", "5s ago", "-o", str(clip), "--reason", "why")
        assert made["files"][0]["codec"] == "h264"
        assert clip.stat().st_size == made["files"][0]["bytes"]

        began_s = time.monotonic()
        assert serving.end(signal.SIGTERM) == 0
        assert time.monotonic() - began_s < 10
        assert "Stopped in" in serving.said
    assert processes_of(data) == []
    lines = {each["name"]: each for each in json_of(*of, "timeline")}
    assert all(line["seconds"]["unaccounted"] == 0 for line in lines.values())
    causes = [span["cause"] for span in lines["127.0.0.1"]["spans"]]
    assert "paused" in causes
    assert causes[-1] == "recorder_stopped"
    noted = "".join(file.read_text() for file in (data / "state/ledger/site").glob("*.jsonl"))
    assert '"type":"clip"' in noted
    for file in data.rglob("*"):
        if file.is_file():
            assert PASSWORD.encode() not in file.read_bytes(), file


def test_check_finds_and_repairs(data: Path, cameras: Simulator) -> None:
    of = ("--data", str(data))
    with Serving(data).wait_for("No camera") as serving:
        add(data, cameras.urls[0].main, "--no-sub")
        time.sleep(2)
        assert serving.end(signal.SIGTERM) == 0
    (file,) = data.glob("media/*/main/*/*/*/*.mp4")
    assert json_of(*of, "check", "--deep")["files"] == 1

    (data / "state/index.db").unlink()
    missing = call_here(*of, "timeline")
    assert missing.returncode == 4
    assert "check --repair" in missing.stderr
    repaired = call_here(*of, "check", "--repair")
    assert repaired.returncode == 0, repaired.stderr
    assert "the index was made anew" in repaired.stdout
    assert json_of(*of, "timeline")[0]["seconds"]["unaccounted"] == 0

    whole = file.read_bytes()
    middle = len(whole) // 2
    file.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    damaged = call_here(*of, "check", "--deep")
    assert damaged.returncode == 1
    assert damaged.stdout.startswith("1 damage found")
    assert str(file) in damaged.stdout


def test_clips_that_cannot_be(data: Path, cameras: Simulator) -> None:
    of = ("--data", str(data))
    camera = add(data, cameras.urls[0].main, "--no-sub")
    out = data.with_name("clip.mp4")
    found = call_here(*of, "clip", camera, "-o", str(out))
    assert (found.returncode, "Say where the clip begins" in found.stderr) == (2, True)
    found = call_here(*of, "clip", camera, "--from", "1h ago", "-o", str(out))
    assert (found.returncode, "Nothing was recorded" in found.stderr) == (3, True)
    out.touch()
    found = call_here(*of, "clip", camera, "--from", "1h ago", "-o", str(out))
    assert (found.returncode, "--overwrite" in found.stderr) == (6, True)
    assert out.stat().st_size == 0


def test_cameras_without_a_running_recorder(data: Path, cameras: Simulator) -> None:
    of = ("--data", str(data))
    camera = add(data, cameras.urls[3].main, "--name", "Lane", "--no-sub")
    (listed,) = json_of(*of, "camera", "list")
    assert (listed["recording"], listed["gap"]) == (False, "recorder_stopped")
    hostile = call_here(
        *of, "camera", "add", bare(cameras.urls[3].main), "--name", "L\u202eane", "--allow"
    )  # fmt: skip
    assert hostile.returncode == 2
    assert "cannot hold U+202E" in hostile.stderr
    twice = call_here(
        *of, "camera", "add", bare(cameras.urls[3].main), "--name", "Lane", "--user", USER,
        "--password-stdin", "--no-sub", stdin=PASSWORD,
    )  # fmt: skip
    assert twice.returncode == 2
    assert "A camera named 'Lane' is there already" in twice.stderr
    with Serving(data).wait_for("Recording 1 camera") as serving:
        # The host was allowed for this site, which the workers of a later start know too.
        wait_until(lambda: bool(json_of(*of, "camera", "list")[0]["recording"]))
        assert serving.end(signal.SIGINT) == 0
    removed = call_here(*of, "camera", "remove", camera[:6], "--reason", "gone", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert json_of(*of, "camera", "list") == []


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        ("offline", 21, "Nothing answers"),
        ("garbage", 23, "does not speak RTSP"),
        ("unsupported", 24, "H.264 or H.265"),
    ],
)
def test_cameras_that_cannot_be_added(
    data: Path, cameras: Simulator, fault: str, code: int, says: str
) -> None:
    name, url = cameras.urls[1].name, cameras.urls[1].main
    cameras.set(name, fault)
    try:
        found = call("--data", str(data), "camera", "add", url, "--allow", "--no-sub")
    finally:
        cameras.set(name, fault, False)
    *hints, said = found.stderr.splitlines()
    assert found.returncode == code, said
    assert says in said
    # The only other thing said is that a password in an address stays in the shell's history.
    assert [hint[:36] for hint in hints] == ["The password in the address stays in"]
    assert not (data / "state/site.db").exists()


def test_wrong_or_no_password(data: Path, cameras: Simulator) -> None:
    url = bare(cameras.urls[1].main)
    found = call(
        "--data", str(data), "camera", "add", url, "--allow", "--user", USER, "--password-stdin",
        stdin="wrong\n",
    )  # fmt: skip
    assert found.returncode == 22
    assert "refuses this user name and password" in found.stderr
    found = call("--data", str(data), "camera", "probe", url, "--allow")
    assert found.returncode == 22
    assert "give --user NAME" in found.stderr


def test_second_signal_does_not_wait(data: Path, cameras: Simulator) -> None:
    with Serving(data).wait_for("No camera") as serving:
        add(data, cameras.urls[0].main, "--no-sub")
        os.kill(serving.process.pid, signal.SIGSTOP)
        serving.process.send_signal(signal.SIGTERM)
        os.kill(serving.process.pid, signal.SIGCONT)
        time.sleep(0.02)
        if serving.process.poll() is None:
            serving.process.send_signal(signal.SIGTERM)
        assert serving.process.wait(20) in (0, 130)
    wait_until(lambda: processes_of(data) == [])
