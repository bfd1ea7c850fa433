"""The watchdog as systemd sees it: fed while recording lives, and by nothing else.

A real recorder and real cameras; the test is the other end of ``NOTIFY_SOCKET``.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from benches._harness import RunningRecorder
from tests.app.running import call, json_of, wait_until
from watchglass.model.control import HealthRequest
from watchglass.model.health import Health, HealthState
from watchglass.simulate.process import Simulator

STUCK_S = 2
SILENCE_S = 2.0
"""It is fed four times a second here, so that long without is no accident."""


class Systemd:
    """The service manager's end of the notify socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard: list[str] = []
        self.fed_s: list[float] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.settimeout(0.2)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._hear)
        self._thread.start()

    def _hear(self) -> None:
        while not self._ending.is_set():
            try:
                said = self._socket.recv(4096).decode()
            except TimeoutError:
                continue
            if said == "WATCHDOG=1":
                self.fed_s.append(time.monotonic())
            else:
                self.heard.append(said)

    @property
    def environment(self) -> dict[str, str]:
        return {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": "1000000"}

    def is_fed(self) -> bool:
        return bool(self.fed_s) and time.monotonic() - self.fed_s[-1] < SILENCE_S / 2

    def is_hungry(self) -> bool:
        return time.monotonic() - self.fed_s[-1] > SILENCE_S

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        self._socket.close()


class Monitor(HTTPServer):
    """A server that waits for pings, and answers as it is told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.answer = 200
        self.asked: list[str] = []


class Answering(BaseHTTPRequestHandler):
    server: Monitor

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.send_response(self.server.answer)
        if self.server.answer == 302:
            self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def pinged() -> Iterator[Monitor]:
    with Monitor() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as found:
        yield Path(found)


@pytest.fixture(scope="module")
def systemd(folder: Path) -> Iterator[Systemd]:
    found = Systemd(folder / "notify")
    yield found
    found.close()


@pytest.fixture(scope="module")
def recorder(
    folder: Path, systemd: Systemd, pinged: Monitor, cameras: Simulator
) -> Iterator[RunningRecorder]:
    found = RunningRecorder(
        folder / "data", **systemd.environment, WATCHGLASS_STUCK_S=str(STUCK_S),
        WATCHGLASS_PING_URL=f"http://127.0.0.1:{pinged.server_port}/wg?key=s3cret",
        WATCHGLASS_PING_S="1", WATCHGLASS_ANALYSIS="true",
    )  # fmt: skip
    for each in cameras.urls[:2]:
        found.add(each)
    yield found
    found.stop()


def state(recorder: RunningRecorder) -> tuple[int, dict[str, Any]]:
    """As a monitor asks."""
    found = call("--data", str(recorder.data), "health", "--json")
    return found.returncode, json.loads(found.stdout)


def health(recorder: RunningRecorder) -> Health:
    """The same, without the second that the command takes to start."""
    found = recorder.ask(HealthRequest())
    assert isinstance(found, Health)
    return found


def pid(recorder: RunningRecorder, name: str) -> int:
    return recorder.processes()[name].pid


pytestmark = [pytest.mark.full, pytest.mark.timeout(180)]


def test_it_is_ready_then_fed_and_says_how_it_is(
    recorder: RunningRecorder, systemd: Systemd
) -> None:
    wait_until(systemd.is_fed)
    assert systemd.heard[0] == "READY=1"
    wait_until(lambda: systemd.heard[-1] == "STATUS=ok: 2 of 2 cameras recorded")
    found: list[tuple[int, dict[str, Any]]] = []

    def is_well() -> bool:
        found.append(state(recorder))
        return found[-1][0] == 0

    # Where a machine has much to do, a sign of life is late by more than it may be here.
    wait_until(is_well)
    assert found[-1][1].items() >= {"state": "ok", "lives": True, "cameras_recorded": 2}.items()


def test_children_do_not_inherit_what_is_for_the_supervisor(recorder: RunningRecorder) -> None:
    for process in recorder.processes().values():
        inherited = Path(f"/proc/{process.pid}/environ").read_bytes()
        for name in (b"NOTIFY_SOCKET", b"WATCHDOG_USEC", b"WATCHGLASS_PING_URL", b"s3cret"):
            assert name not in inherited


def test_processes_that_hang_are_not_fed_for(recorder: RunningRecorder, systemd: Systemd) -> None:
    """Both: one alone is replaced."""
    wait_until(systemd.is_fed)
    names = ("keeper", "camera-worker-1")
    stopped = [pid(recorder, name) for name in names]
    for each in stopped:
        os.kill(each, signal.SIGSTOP)
    try:
        wait_until(systemd.is_hungry)
        found = health(recorder)
        assert (found.state, found.lives) == (HealthState.FAILING, False)
        sentences = [each.sentence.lower() for each in found.reasons if each.stuck]
        for name in names:
            assert any(name in each for each in sentences), sentences
        assert [pid(recorder, name) for name in names] == stopped
    finally:
        for each in stopped:
            os.kill(each, signal.SIGCONT)
    wait_until(systemd.is_fed)
    wait_until(lambda: health(recorder).lives)


def test_a_camera_that_is_off_stops_nothing(
    recorder: RunningRecorder, systemd: Systemd, pinged: Monitor, cameras: Simulator
) -> None:
    name = cameras.urls[0].name
    cameras.set(name, "offline")
    try:
        wait_until(lambda: health(recorder).state is HealthState.DEGRADED)
        found = state(recorder)[1]
        assert (found["state"], found["lives"], found["cameras_recorded"]) == ("degraded", True, 1)
        (reason, *_) = found["reasons"]
        assert name in reason["sentence"]
        fed = len(systemd.fed_s)
        asked = len(pinged.asked)
        wait_until(lambda: len(pinged.asked) > asked and len(systemd.fed_s) > fed + 4)
    finally:
        cameras.set(name, "offline", False)
    assert set(pinged.asked) == {"/wg?key=s3cret"}
    assert b"s3cret" not in (recorder.data.parent / "data.log").read_bytes()


def test_a_ping_that_fails_is_said_once_and_no_redirect_is_followed(
    recorder: RunningRecorder, systemd: Systemd, pinged: Monitor
) -> None:
    pinged.answer = 302
    asked = len(pinged.asked)
    wait_until(lambda: len(pinged.asked) >= asked + 2, 45)
    assert "/elsewhere" not in pinged.asked
    wait_until(lambda: "ping_failed" in recorder.log())
    assert recorder.log().count("ping_failed") == 1
    assert "redirect (302)" in recorder.log()
    pinged.answer = 200
    wait_until(lambda: "ping_works_again" in recorder.log())
    assert systemd.is_fed()


def test_the_numbers_of_a_real_recorder(recorder: RunningRecorder, cameras: Simulator) -> None:
    """By a token of the command line, at the one port: every process, hop and stream."""
    of = ("--data", str(recorder.data))
    made = call(*of, "token", "create", "prometheus", "--days", "3", "--json")
    token = json.loads(made.stdout)["token"]
    url = recorder.page().partition("#")[0]
    name = cameras.urls[0].name
    cameras.set(name, "loss", 0.3)

    def numbers() -> dict[str, dict[tuple[str, ...], float]]:
        answer = httpx.get(f"{url}metrics", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        found: dict[str, dict[tuple[str, ...], float]] = {}
        for family in text_string_to_metric_families(answer.text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return found

    try:
        wait_until(lambda: any(numbers()["watchglass_stream_lost_packets_total"].values()))
    finally:
        cameras.set(name, "loss", 0.0)
    found = numbers()
    assert found["watchglass_recording_lives"] == {(): 1.0}
    assert found["watchglass_cameras_wanted"] == {(): 2.0}
    ids = {pair[0]: pair[1] for pair in found["watchglass_camera_info"]}
    assert sorted(ids.values()) == [each.name for each in cameras.urls[:2]]
    streams = {(camera, stream) for camera in ids for stream in ("main", "sub")}
    for each in ("frames_total", "fragments_total", "written_bytes_total", "connects_total"):
        values = found[f"watchglass_stream_{each}"]
        assert values.keys() == streams
        assert all(values.values()), each
    lost = found["watchglass_stream_lost_packets_total"]
    assert {camera for (camera, _), count in lost.items() if count} == {
        camera for camera, shown in ids.items() if shown == name
    }
    causes = {cause for _, _, cause in found["watchglass_stream_gaps_total"]}
    assert "camera_unreachable" in causes
    processes = {process for (process,) in found["watchglass_process_resident_bytes"]}
    assert processes == {
        "supervisor", "keeper", "camera-worker-1", "api", "media-worker", "analytics-worker",
        "events-worker", "ping",
    }  # fmt: skip
    assert {process for (process,) in found["watchglass_process_cpu_seconds_total"]} == processes
    hops = {(hop, peer) for hop, peer, _ in found["watchglass_hop_dropped_messages_total"]}
    worker = "camera-worker-1"
    assert hops == {
        ("facts", worker), ("answers", worker), ("answers", "supervisor"),
        ("orders", "supervisor"), ("live", worker), ("watches", worker), ("vitals", worker),
        ("vitals", "keeper"), ("measure", worker), ("measure", "keeper"), ("analysis", worker),
        ("understood", "analytics-worker"), ("taken", "analytics-worker"),
        ("vitals", "analytics-worker"), ("vitals", "events-worker"),
        ("measure", "analytics-worker"), ("measure", "events-worker"),
    }  # fmt: skip
    (age,) = found["watchglass_volume_watermark_age_seconds"].values()
    assert 0 <= age < 60
    assert found["watchglass_pings_total"][()] > 0
    assert httpx.get(f"{url}healthz").status_code == 401
    healthy = httpx.get(f"{url}healthz", headers={"Authorization": f"Bearer {token}"})
    assert healthy.json()["cameras_wanted"] == 2
    assert [each["name"] for each in json_of(*of, "token", "list")] == ["prometheus"]
    assert call(*of, "token", "revoke", "prometheus").returncode == 0
    refused = httpx.get(f"{url}metrics", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401


def test_doctor_explains_every_figure_and_number(recorder: RunningRecorder) -> None:
    of = ("--data", str(recorder.data))
    findings = json.loads(call(*of, "doctor", "--json").stdout)
    assert {"Recording", "Retention", "Process keeper", "Volume, room"} <= {
        each["about"] for each in findings
    }
    for each in findings:
        for sentence in ("means", "normal", "otherwise"):
            assert each.get(sentence, "").endswith("."), each["about"]
    shown = call(*of, "doctor", "--explain").stdout
    assert shown.count("  Means: ") == len(findings)
    counted = json_of(*of, "doctor", "--numbers")
    assert {"watchglass_stream_frames_total", "watchglass_keeper_cycles_total"} <= {
        each["name"] for each in counted
    }
    assert all(each["means"] and each["normal"] and each["otherwise"] for each in counted)
    assert "stream_frames_total" in call(*of, "doctor", "--numbers").stdout


def test_the_end_is_told(recorder: RunningRecorder, systemd: Systemd) -> None:
    recorder.stop()
    assert "STOPPING=1" in systemd.heard
    code, found = state(recorder)
    assert (code, found["lives"]) == (2, True)
    assert "No recorder runs" in found["reasons"][0]["sentence"]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small ext4 of its own, which can be frozen: what writes to it then waits in the kernel."""
    if os.geteuid() != 0 or any(shutil.which(each) is None for each in ("fsfreeze", "mkfs.ext4")):
        pytest.skip("needs root, fsfreeze and mkfs.ext4")
    image, place = tmp_path / "disk.img", tmp_path / "disk"
    with image.open("wb") as made:
        made.truncate(300 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    place.mkdir()
    if subprocess.run(["mount", "-o", "loop", str(image), str(place)], check=False).returncode:
        pytest.skip("a file system cannot be mounted here")
    yield place
    subprocess.run(["fsfreeze", "-u", str(place)], check=False, capture_output=True)
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.mark.long
def test_a_disk_that_never_answers_is_not_fed_for(disk: Path, cameras: Simulator) -> None:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as name:
        folder = Path(name)
        systemd = Systemd(folder / "notify")
        recorder = RunningRecorder(
            folder / "data", **systemd.environment, WATCHGLASS_MEDIA=str(disk),
            WATCHGLASS_STUCK_S=str(STUCK_S),
        )  # fmt: skip
        try:
            recorder.add(cameras.urls[0])
            wait_until(lambda: health(recorder).recorded == 1)
            wait_until(systemd.is_fed)
            subprocess.run(["fsfreeze", "-f", str(disk)], check=True)
            wait_until(systemd.is_hungry, 60)
            found = health(recorder)
            assert not found.lives
            assert any("disk" in each.sentence for each in found.reasons if each.stuck)
            # No start anew helps a disk: nobody was replaced for it.
            assert "stuck_process_replaced" not in recorder.log()
            subprocess.run(["fsfreeze", "-u", str(disk)], check=True)
            wait_until(systemd.is_fed, 60)
            wait_until(lambda: health(recorder).lives)
        finally:
            subprocess.run(["fsfreeze", "-u", str(disk)], check=False, capture_output=True)
            recorder.stop()
            systemd.close()
