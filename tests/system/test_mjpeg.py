"""Cameras that send MJPEG, ours and GStreamer's: recorded, read back, shown as what they are."""

import io
import json
import subprocess
import time
from pathlib import Path

import av
import pytest

from benches._frames import media_files
from benches._harness import RunningRecorder
from tests.app.running import json_of, wait_until
from tests.gst.server import GstServer, require_gst
from tests.second_reader.report import read_site
from watchglass.base.clock import SystemClock
from watchglass.media.probe import probe_rtsp
from watchglass.model.control import Accepted, AddCameraRequest
from watchglass.model.probe import ProbeRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

_RECORD_S = 3.0


def test_mjpeg_is_recorded_from_two_senders(folder: Path) -> None:
    require_gst()
    options = arguments(cameras=1, kind="mjpeg", width=320, height=192, seconds=4, no_sound=True)
    with Simulator(*options) as simulator, GstServer({"gst": "jpeg:640x480"}) as gst:
        recorder = RunningRecorder(
            folder / "data", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        of = ("--data", str(folder / "data"))
        try:
            for name, url in (("ours", simulator.urls[0].main), ("gst", gst.urls["gst"])):
                streams = ((StreamName.MAIN, url),)
                answer = recorder.ask(AddCameraRequest(name, streams, "", "", "", "t"))
                assert isinstance(answer, Accepted)
            wait_until(lambda: all(each["recording"] for each in json_of(*of, "camera", "list")))
            time.sleep(_RECORD_S)
            listed = json_of(*of, "camera", "list")
            clip = folder / "clip.mp4"
            json_of(
                *of, "clip", "gst", "--from", "20s ago", "-o", str(clip), "--reason", "a test"
            )  # fmt: skip
            probed = probe_rtsp(ProbeRequest(gst.urls["gst"], measure_s=0.5), SystemClock())
        finally:
            assert recorder.stop() == 0, recorder.log()
    assert [(each["recording"], each["streams"][0]["codec"]) for each in listed] == [
        (True, "mjpeg"), (True, "mjpeg"),
    ]  # fmt: skip
    assert (probed.codec, probed.width, probed.height) == ("mjpeg", 640, 480)
    assert _pictures(clip, (640, 480)) > 0
    report = read_site(folder / "data" / "state", [folder / "data" / "media"])
    assert not [finding for finding in report.findings if finding.fails]
    for each, size, fps in zip(listed, ((320, 192), (640, 480)), (5, 10), strict=True):
        files = media_files(recorder.media, each["id"], StreamName.MAIN)
        assert files
        assert sum(_pictures(path, size) for path in files) >= fps * _RECORD_S / 2


def _pictures(path: Path, size: tuple[int, int]) -> int:
    """How many pictures a file has, in which nobody finds a fault; each is a key frame."""
    command = ["ffprobe", "-v", "error", "-show_streams", "-count_packets", "-of", "json"]
    probed = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    (video,) = json.loads(probed.stdout)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("mjpeg", *size)
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(path), "-f", "null", "-"]
    played = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (probed.stderr, played.returncode, played.stderr) == ("", 0, "")
    with av.open(io.BytesIO(path.read_bytes()), "r") as file:
        packets = [packet for packet in file.demux(video=0) if packet.size]
    assert all(packet.is_keyframe for packet in packets)
    assert len(packets) == int(video["nb_read_packets"])
    return len(packets)
