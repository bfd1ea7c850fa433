"""Real players against every kind, and the process that demo and benches start."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import av
import pytest

from tests.simulate.loop_thread import TINY, LoopThread, tiny_cameras
from watchglass.simulate import frame_code, frame_sei
from watchglass.simulate.camera_kind import KINDS, CameraSpec, KindName, camera
from watchglass.simulate.digest import Credentials
from watchglass.simulate.fleet import FleetSettings, SimulatedFleet
from watchglass.simulate.process import Simulator, SimulatorFailed, arguments

OPTIONS = {"rtsp_transport": "tcp", "fpsprobesize": "0", "analyzeduration": "500000"}


@pytest.fixture
def fleet(loop_thread: LoopThread) -> Iterator[SimulatedFleet]:
    login = FleetSettings(credentials=Credentials("viewer", "secret", qop=True))
    started = SimulatedFleet(tiny_cameras(4), login)
    loop_thread.run(started.start())
    # Nobody waits 10 s for the key frame of kind b.
    loop_thread.run(started.set("camera-2", "burst"))
    yield started
    loop_thread.run(started.stop())


def _play(url: str, frames: int) -> list[tuple[int | None, int | None]]:
    """(number in the SEI, number in the picture) of some frames."""
    numbers = []
    with av.open(url, "r", options=OPTIONS, timeout=10) as source:
        video = source.streams.video[0]
        codec: Literal["h264", "h265"] = "h265" if video.codec_context.name == "hevc" else "h264"
        for packet in source.demux(video):
            number = frame_sei.find(bytes(packet), codec)
            for frame in packet.decode():
                assert isinstance(frame, av.VideoFrame)
                numbers.append((number, frame_code.read(frame.to_ndarray()[: frame.height])))
            if len(numbers) >= frames:
                break
    return numbers


@pytest.mark.full
@pytest.mark.parametrize("index", range(4), ids=KINDS)
def test_pyav_plays_and_picture_and_sei_agree(fleet: SimulatedFleet, index: int) -> None:
    name = f"camera-{index + 1}"
    spec = fleet.stream(name).loop.spec
    numbers = _play(fleet.url(name), 12)
    absolute = [number for number, _ in numbers if number is not None]
    assert len(absolute) == len(numbers)
    assert absolute == list(range(absolute[0], absolute[0] + len(absolute)))
    assert [seen for _, seen in numbers] == [number % spec.frames for number in absolute]


@pytest.mark.full
def test_sound_plays(fleet: SimulatedFleet) -> None:
    for name, codec in (("camera-1", "aac"), ("camera-4", "pcm_alaw")):
        with av.open(fleet.url(name), "r", options=OPTIONS, timeout=10) as source:
            sound = source.streams.audio[0]
            assert sound.codec_context.name == codec
            samples = 0
            for packet in source.demux(sound):
                samples += sum(frame.samples for frame in sound.codec_context.decode(packet))
                if samples > sound.codec_context.sample_rate:
                    break


@pytest.mark.full
@pytest.mark.parametrize("index", range(4), ids=KINDS)
def test_ffprobe_reads(fleet: SimulatedFleet, index: int) -> None:
    if shutil.which("ffprobe") is None:
        pytest.skip("ffprobe is not installed")
    command = ["ffprobe", "-v", "error", "-rtsp_transport", "tcp", "-analyzeduration", "1000000"]
    command += ["-show_streams", "-of", "json", fleet.url(f"camera-{index + 1}")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)
    streams = json.loads(done.stdout)["streams"]
    spec = fleet.stream(f"camera-{index + 1}").loop.spec
    assert streams[0]["codec_name"] == {"h264": "h264", "h265": "hevc"}[spec.codec]
    assert (streams[0]["width"], streams[0]["height"]) == (spec.width, spec.height)
    assert len(streams) == (1 if spec.sound == "none" else 2)


def test_wrong_password(fleet: SimulatedFleet) -> None:
    with pytest.raises(av.error.HTTPUnauthorizedError):
        av.open(fleet.url("camera-1").replace("secret", "wrong"), options=OPTIONS, timeout=5)


def test_without_parameter_sets_in_the_description(
    fleet: SimulatedFleet, loop_thread: LoopThread
) -> None:
    loop_thread.run(fleet.set("camera-3", "no_sprop"))
    numbers = _play(fleet.url("camera-3"), 5)
    assert all(seen == number % 20 for number, seen in numbers if number is not None)


@pytest.mark.parametrize("kind", [*KINDS, "4k"])
def test_kinds_are_what_they_are_called(kind: KindName) -> None:
    spec: CameraSpec = camera("x", kind)
    assert spec.sub.codec == "h264"
    assert spec.main.codec == ("h265" if kind in {"c", "4k"} else "h264")
    assert spec.main.frames % spec.main.fps == 0
    assert (spec.main.width == 3840) == (kind == "4k")


def _arguments(log: Path, kind: str = "a") -> list[str]:
    return arguments(
        cameras=1,
        kind=kind,
        width=TINY.width,
        height=TINY.height,
        fps=TINY.fps,
        bit_rate=TINY.bit_rate,
        seconds=TINY.seconds,
        sub_width=TINY.sub_width,
        sub_height=TINY.sub_height,
        sub_bit_rate=TINY.sub_bit_rate,
        user="viewer",
        password="secret",
        burst=True,
        log=str(log),
    )


@pytest.mark.full
def test_the_process_takes_commands(tmp_path: Path) -> None:
    with Simulator(*_arguments(tmp_path)) as simulator:
        url = simulator.urls[0].main
        assert f"viewer:secret@127.0.0.1:{simulator.port}/camera-1/main" in url
        assert _play(url, 3)
        simulator.set("camera-1", "stall", stream="main")
        simulator.set("camera-1", "stall", False)
        with pytest.raises(SimulatorFailed, match="melt"):
            simulator.set("camera-1", "melt")
        assert simulator.counters()["camera-1/main"]["frames_sent"] >= 3
        time.sleep(0.25)
        assert '"k":1' in (tmp_path / "camera-1-main.jsonl").read_text()
    simulator.stop()


def test_the_process_ends_with_its_input_and_says_what_it_does_not_understand(
    tmp_path: Path,
) -> None:
    lines = ["no json", "{}", '{"camera": "camera-1", "fault": "stall", "stream": "third"}', "[]"]
    done = subprocess.run(
        [sys.executable, "-m", "watchglass.simulate", *_arguments(tmp_path)],
        input="\n".join(lines),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ready, *answers = map(json.loads, done.stdout.splitlines())
    assert ready["cameras"][0]["name"] == "camera-1"
    assert [answer["ok"] for answer in answers] == [False] * 4


def test_a_process_that_does_not_start() -> None:
    with pytest.raises(SimulatorFailed, match="ended with 2"):
        Simulator("--cameras", "none")
