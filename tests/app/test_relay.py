"""A camera handed on by RTSP: read by PyAV as the old system would, from a real recorder."""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest

from benches._harness import RunningRecorder
from tests.app.running import free_port, json_of, wait_until
from watchglass.app.cli.program import run
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
        running = RunningRecorder(
            Path(folder) / "d", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        try:
            (camera,) = simulator.urls
            streams = ((StreamName.MAIN, camera.main),)
            answer = running.ask(AddCameraRequest("Yard", streams, "", "", "", "me"))
            assert isinstance(answer, Accepted), answer
            yield running
        finally:
            running.stop()


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


def slices(data: bytes, *, prefixed: bool) -> list[bytes]:
    """The coded slices of a packet: behind lengths, as in a file, or behind start codes."""
    if prefixed:
        units, at = list[bytes](), 0
        while at + 4 <= len(data):
            end = at + 4 + int.from_bytes(data[at : at + 4], "big")
            units.append(data[at + 4 : end])
            at = end
    else:
        units = [each.strip(b"\0") for each in data.split(b"\0\0\1")]
    return [each.rstrip(b"\0") for each in units if each and each[0] & 0x1F in (1, 5)]


def recorded_slices(recorder: RunningRecorder) -> list[bytes]:
    """Of the file that is being written; what a picture comes later than the one before it."""
    (file,) = recorder.media.glob("*/main/2???/*/*/*.mp4")
    found: list[bytes] = []
    with av.open(str(file)) as opened:
        times = []
        for packet in opened.demux(video=0):
            if packet.size:
                found += slices(bytes(packet), prefixed=True)
                assert packet.dts is not None
                times.append(packet.dts * packet.time_base)
    assert max(later - each for each, later in pairwise(times)) < 0.5, "a hole in the recording"
    return found


def test_each_picture_is_that_of_the_recording_through_a_crash(recorder: RunningRecorder) -> None:
    told, url = made(recorder)
    wait_until(lambda: takes(url))
    taken: list[list[bytes]] = []
    ending = threading.Event()

    def read() -> None:
        while not ending.is_set():
            with suppress(OSError, av.error.FFmpegError):
                session: list[bytes] = []
                taken.append(session)
                with av.open(url, options={"rtsp_transport": "tcp"}, timeout=5.0) as opened:
                    for packet in opened.demux(video=0):
                        session += slices(bytes(packet), prefixed=False)
                        if ending.is_set():
                            return

    reader = threading.Thread(target=read)
    reader.start()
    wait_until(lambda: any(len(each) > 20 for each in taken))
    before = len(taken)
    pid = recorder.processes()["relay-worker"].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: any(len(each) > 20 for each in taken[before:]), 60.0)
    ending.set()
    reader.join(20)
    wait_until(lambda: taken[-1][-1] in recorded_slices(recorder))
    kept = recorded_slices(recorder)
    for session in filter(None, taken):
        # The camera's loop repeats, so that a picture may stand in the recording more than once.
        assert any(
            kept[at : at + len(session)] == session
            for at, each in enumerate(kept) if each == session[0]
        ), "what was handed on is not what was recorded"  # fmt: skip
    assert run(["--data", str(recorder.data), "relay", "remove", told["relay"]]) == 0
    wait_until(lambda: "relay-worker" not in recorder.processes())


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
