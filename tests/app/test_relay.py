"""A camera handed on by RTSP: read by PyAV as the old system would, from a real recorder."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from benches._harness import RunningRecorder
from tests.app.running import json_of, wait_until
from watchglass.app.cli import run
from watchglass.model.control import Accepted, AddCameraRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

CORNERS = "0,0 0.5,0 0.5,1 0,1"
PICTURES = 12


@pytest.fixture(scope="module")
def recorder() -> Iterator[RunningRecorder]:
    """Records one camera, whose two streams are of H.264."""
    with (
        tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder,
        Simulator(
            *arguments(cameras=1, width=320, height=180, fps=10, bit_rate=300_000, seconds=4)
        ) as simulator,
    ):
        running = RunningRecorder(Path(folder) / "d", WATCHGLASS_ANALYSIS="false")
        try:
            (camera,) = simulator.urls
            streams = ((StreamName.MAIN, camera.main),)
            answer = running.ask(AddCameraRequest("Yard", streams, "", "", "", "me"))
            assert isinstance(answer, Accepted), answer
            yield running
        finally:
            running.stop()


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def made(recorder: RunningRecorder) -> tuple[dict[str, Any], str]:
    """A relay, and its URL with the login."""
    listen = f"127.0.0.1:{free_port()}"
    told = json_of("--data", str(recorder.data), "relay", "add", "Yard", "--listen", listen)
    wait_until(lambda: "relay-worker" in recorder.processes())
    return told, told["url"].replace("rtsp://", f"rtsp://{told['user']}:{told['token']}@")


def pictures(url: str, transport: str) -> int:
    with av.open(url, options={"rtsp_transport": transport}, timeout=30.0) as opened:
        for count, picture in enumerate(opened.decode(video=0), 1):
            assert (picture.width, picture.height) == (320, 180)
            assert not picture.is_corrupt
            if count == PICTURES:
                return count
    return 0


def takes(url: str) -> bool:
    try:
        return pictures(url, "tcp") == PICTURES
    except (OSError, av.error.FFmpegError):
        return False


def test_an_old_system_reads_it_by_both_transports(recorder: RunningRecorder) -> None:
    of = ["--data", str(recorder.data)]
    told, url = made(recorder)
    wait_until(lambda: takes(url))
    assert pictures(url, "udp") == PICTURES
    with pytest.raises(av.error.HTTPUnauthorizedError):
        pictures(told["url"], "tcp")
    with pytest.raises(av.error.HTTPUnauthorizedError):
        pictures(url.replace(told["token"], "guessed"), "tcp")
    looks = json_of(*of, "looks")
    assert any(told["user"] in str(each) for each in looks), looks

    # It dies, and the recording has no gap of it.
    pid = recorder.processes()["relay-worker"].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: recorder.processes()["relay-worker"].pid not in (0, pid))
    wait_until(lambda: takes(url))
    assert "camera-worker-1" in recorder.processes()
    assert recorder.processes()["camera-worker-1"].restarts == 0
    timeline = json_of(*of, "timeline", "Yard")
    assert "crashed" not in str(timeline)

    # A mask that is drawn ends it, and a new one needs --unmask and a reason.
    assert run([*of, "mask", "add", "Yard", "flat", "--polygon", CORNERS]) == 0
    wait_until(lambda: "relay-worker" not in recorder.processes())
    listen = ["--listen", f"127.0.0.1:{free_port()}"]
    assert run([*of, "relay", "add", "Yard", *listen]) != 0
    assert run([*of, "relay", "add", "Yard", *listen, "--unmask"]) != 0
    assert run([*of, "relay", "add", "Yard", *listen, "--unmask", "--reason", "the guard"]) == 0
    wait_until(lambda: "relay-worker" in recorder.processes())
    assert [each["unmasked"] for each in json_of(*of, "relay", "list")] == [False, True]
    for each in json_of(*of, "relay", "list"):
        assert told["token"] not in str(each)
        assert run([*of, "relay", "remove", each["relay"]]) == 0
    wait_until(lambda: "relay-worker" not in recorder.processes())
