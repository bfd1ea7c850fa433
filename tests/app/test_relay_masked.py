"""Relays of masked cameras, of other codecs, at addresses that are gone, and through a crash: read
by PyAV as the old system would, from a real recorder."""

import os
import signal
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from benches._harness import RunningRecorder
from tests.app.running import free_port, json_of, wait_until
from watchglass.app.cli.program import run
from watchglass.model.control import Accepted, AddCameraRequest, HealthRequest
from watchglass.model.health import Health
from watchglass.model.restream import RestreamsRequest, RestreamsTold
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

LEFT = "0,0 0.5,0 0.5,1 0,1"
WIDTH, HEIGHT = 320, 180


@pytest.fixture(scope="module")
def recorder() -> Iterator[RunningRecorder]:
    """Records a camera of H.265, one of H.264 and one of MJPEG."""
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        running = RunningRecorder(
            Path(folder) / "d", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        simulators = []
        try:
            for codec, kind in (("h265", "c"), ("h264", "a"), ("mjpeg", "mjpeg")):
                simulator = Simulator(
                    *arguments(
                        cameras=1, width=WIDTH, height=HEIGHT, fps=10, bit_rate=300_000,
                        seconds=4, kind=kind,
                    )
                ).__enter__()  # fmt: skip
                simulators.append(simulator)
                streams = ((StreamName.MAIN, simulator.urls[0].main),)
                answer = running.ask(AddCameraRequest(codec, streams, "", "", "", "me"))
                assert isinstance(answer, Accepted), answer
            yield running
        finally:
            running.stop()
            for simulator in simulators:
                simulator.__exit__(None, None, None)


def made(recorder: RunningRecorder, camera: str, *more: str) -> tuple[str, str]:
    """Id of a relay, and its URL with the login."""
    listen = f"127.0.0.1:{free_port()}"
    told = json_of("--data", str(recorder.data), "relay", "add", camera, "--listen", listen, *more)
    wait_until(lambda: "relay-worker" in recorder.processes())
    return told["relay"], told["url"].replace("rtsp://", f"rtsp://{told['user']}:{told['token']}@")


def pictures(url: str, codec: str, count: int = 8) -> list[NDArray[np.uint8]]:
    """Luma, as it comes."""
    found: list[NDArray[np.uint8]] = []
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20.0) as opened:
        assert opened.streams.video[0].codec_context.name == codec
        for picture in opened.decode(video=0):
            found.append(np.asarray(picture.to_ndarray(format="gray"), np.uint8))
            if len(found) == count:
                break
    return found


def is_covered(picture: NDArray[np.uint8]) -> bool:
    """Whether the left half has nothing but the two greys of a mask's stripes."""
    left = picture[:, : WIDTH // 2 - 8]
    return bool(left.min() >= 28 and left.max() <= 74)


def soon(url: str, codec: str) -> list[NDArray[np.uint8]]:
    found: list[NDArray[np.uint8]] = []

    def came() -> bool:
        try:
            found[:] = pictures(url, codec)
        except (OSError, av.error.FFmpegError, IndexError):
            return False
        return len(found) == 8

    wait_until(came, 60.0)
    return found


def test_masks_are_painted_on_as_h264(recorder: RunningRecorder) -> None:
    of = ["--data", str(recorder.data)]
    _, url = made(recorder, "h265", "--masked")
    bare = soon(url, "hevc")
    assert not is_covered(bare[0])
    assert run([*of, "mask", "add", "h265", "left", "--polygon", LEFT]) == 0
    for picture in soon(url, "h264"):
        assert picture.shape == (HEIGHT, WIDTH)
        assert is_covered(picture), "something shows under the mask"
        assert np.ptp(picture[:, WIDTH // 2 + 8 :]) > 100, "beside it is a picture"
    # One that was made without is not handed on, and one with a reason is as it was.
    _, open_url = made(recorder, "h265", "--unmask", "--reason", "the guard")
    assert not is_covered(soon(open_url, "hevc")[0])
    assert is_covered(soon(url, "h264")[0]), "both at once"
    # The media-worker dies: masks are painted by the next one.
    pid = recorder.processes()["media-worker"].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: recorder.processes()["media-worker"].pid not in (0, pid))
    assert is_covered(soon(url, "h264")[0])
    for each in json_of(*of, "relay", "list"):
        assert run([*of, "relay", "remove", each["relay"]]) == 0


def test_jpeg_is_handed_on_as_the_camera_sends_it(recorder: RunningRecorder) -> None:
    relay, url = made(recorder, "mjpeg")
    # RTP counts the sides of a JPEG picture in blocks of 8.
    assert all(each.shape == (-(-HEIGHT // 8) * 8, WIDTH) for each in soon(url, "mjpeg"))
    assert run(["--data", str(recorder.data), "relay", "remove", relay]) == 0


def test_an_address_that_is_taken_is_told_and_served_once_it_is_free(
    recorder: RunningRecorder,
) -> None:
    of = ["--data", str(recorder.data)]
    relay, url = made(recorder, "h264")
    soon(url, "h264")
    port = int(url.rpartition(":")[2].partition("/")[0])
    assert told(recorder).unserved == ()
    # While no process has it, somebody else takes it.
    other, _ = made(recorder, "mjpeg")
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    def take() -> bool:
        try:
            taken.bind(("127.0.0.1", port))
            taken.listen()
        except OSError:
            os.kill(recorder.processes()["relay-worker"].pid, signal.SIGKILL)
            return False
        return True

    wait_until(take)
    wait_until(lambda: [each.port for each in told(recorder).unserved] == [port])
    assert "remove the relay" in told(recorder).unserved[0].problem
    health: Any = recorder.ask(HealthRequest())
    assert isinstance(health, Health)
    assert any(str(port) in each.sentence for each in health.reasons), health
    taken.close()
    wait_until(lambda: not told(recorder).unserved, 60.0)
    soon(url, "h264")
    for each in (relay, other):
        assert run([*of, "relay", "remove", each]) == 0


def told(recorder: RunningRecorder) -> RestreamsTold:
    answer: Any = recorder.ask(RestreamsRequest())
    assert isinstance(answer, RestreamsTold)
    return answer
