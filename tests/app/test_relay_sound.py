"""Sound that is handed on with a camera: read by PyAV as the old system would, and held against
what the recorder recorded."""

import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from benches._harness import RunningRecorder
from tests.app.running import free_port, json_of, wait_until
from watchglass.app.cli.program import run
from watchglass.model.control import Accepted, AddCameraRequest, SoundRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator, arguments

pytestmark = pytest.mark.full

SOUNDS = 30
LEAST_PICTURES = 5
CORNERS = "0,0 0.5,0 0.5,1 0,1"
Timed = tuple[Fraction, bytes]


@pytest.fixture(scope="module")
def recorder() -> Iterator[RunningRecorder]:
    """Records a camera with AAC, and one with G.711."""
    size = {"width": 320, "height": 180, "fps": 10, "bit_rate": 300_000, "seconds": 4}
    with (
        tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder,
        Simulator(*arguments(cameras=1, kind="a", **size)) as one,
        Simulator(*arguments(cameras=1, kind="d", **size)) as other,
    ):
        running = RunningRecorder(
            Path(folder) / "d", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false"
        )
        try:
            for name, simulator in (("Yard", one), ("Gate", other)):
                streams = ((StreamName.MAIN, simulator.urls[0].main),)
                answer = running.ask(AddCameraRequest(name, streams, "", "", "", "me"))
                assert isinstance(answer, Accepted), answer
                answer = running.ask(SoundRequest(name, True, "me", "an old system has it"))
                assert isinstance(answer, Accepted), answer
            yield running
        finally:
            running.stop()


def made(recorder: RunningRecorder, camera: str, *options: str) -> str:
    """The URL of a new relay, with the login."""
    listen = f"127.0.0.1:{free_port()}"
    of = ("--data", str(recorder.data), "relay", "add", camera, "--listen", listen)
    told = json_of(*of, *options)
    return str(told["url"]).replace("rtsp://", f"rtsp://{told['user']}:{told['token']}@")


def taken(url: str, transport: str) -> tuple[dict[str, list[Timed]], Any]:
    """Some seconds of a relay's packets, by kind, and its sound's description."""
    found: dict[str, list[Timed]] = {"audio": [], "video": []}
    with av.open(url, options={"rtsp_transport": transport}, timeout=30.0) as opened:
        (sound,) = opened.streams.audio
        about = (sound.codec_context.name, sound.rate, sound.channels)
        for packet in opened.demux():
            if packet.pts is not None:
                found[packet.stream.type].append((packet.pts * packet.time_base, bytes(packet)))
            if len(found["audio"]) >= SOUNDS and len(found["video"]) >= LEAST_PICTURES:
                return found, about
    raise AssertionError("it ended")


def opens(url: str) -> bool:
    try:
        with av.open(url, options={"rtsp_transport": "tcp"}, timeout=5.0):
            return True
    except (OSError, av.error.FFmpegError):
        return False


def recorded(recorder: RunningRecorder, codec: str) -> dict[str, list[Timed]]:
    """The packets of the file that is being written and has that sound; slices alone."""
    for file in recorder.media.glob("*/main/2???/*/*/*.mp4"):
        with av.open(str(file)) as opened:
            if opened.streams.audio[0].codec_context.name != codec:
                continue
            found: dict[str, list[Timed]] = {"audio": [], "video": []}
            for packet in opened.demux():
                if packet.pts is not None:
                    found[packet.stream.type].append((packet.pts * packet.time_base, bytes(packet)))
            return found
    raise AssertionError(f"nothing with {codec} is recorded")


def coded(picture: bytes) -> bytes:
    """The end of a picture, which is the same behind lengths and behind start codes."""
    return picture.rstrip(b"\0")[-64:]


def off_s(had: dict[str, list[Timed]], kept: dict[str, list[Timed]]) -> float:
    """How much earlier or later sound is to its picture than in the recording, at most. The
    camera's loop repeats, so of all places that fit the nearest counts."""
    picture_s, picture = next(
        each for each in had["video"] if any(coded(each[1]) == coded(k) for _, k in kept["video"])
    )
    pictures_s = [at for at, each in kept["video"] if coded(each) == coded(picture)]
    worst = 0.0
    for sound_s, sound in had["audio"]:
        there = [at for at, each in kept["audio"] if each == sound]
        assert there, "what was handed on is not what was recorded"
        away = min(
            abs((sound_s - picture_s) - (at - picture_at))
            for at in there
            for picture_at in pictures_s
        )
        worst = max(worst, float(away))
    return worst


@pytest.mark.parametrize(
    ("camera", "codec", "about"),
    [("Yard", "aac", ("aac", 16000, 1)), ("Gate", "pcm_alaw", ("pcm_alaw", 8000, 1))],
)
def test_each_sound_is_that_of_the_recording_and_lies_at_its_picture(
    recorder: RunningRecorder, camera: str, codec: str, about: object
) -> None:
    url = made(recorder, camera, "--sound")
    wait_until(lambda: opens(url))
    check_taken(recorder, url, "tcp", codec, about)
    for tries in (1, 2, 3):
        # Datagrams may be lost, and a report may come after what it is of: then it is taken anew.
        try:
            check_taken(recorder, url, "udp", codec, about)
            break
        except AssertionError:
            if tries == 3:
                raise


def check_taken(
    recorder: RunningRecorder, url: str, transport: str, codec: str, about: object
) -> None:
    had, is_told = taken(url, transport)
    assert is_told == about
    sounds = [each for _, each in had["audio"]]

    def is_kept() -> bool:
        return sounds[-1] in [each for _, each in recorded(recorder, codec)["audio"]]

    wait_until(is_kept)
    kept = recorded(recorder, codec)
    all_kept = [each for _, each in kept["audio"]]
    assert any(
        all_kept[at : at + len(sounds)] == sounds
        for at, each in enumerate(all_kept) if each == sounds[0]
    ), "a sound is missing, or another"  # fmt: skip
    assert off_s(had, kept) <= 0.02


def test_sound_goes_out_only_where_it_is_asked_for(recorder: RunningRecorder) -> None:
    url = made(recorder, "Yard")
    wait_until(lambda: opens(url))
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=30.0) as opened:
        assert [each.type for each in opened.streams] == ["video"]
    relays = json_of("--data", str(recorder.data), "relay", "list")
    assert relays[-1]["sound"] is False


def test_sound_goes_with_pictures_whose_masks_are_painted_on(recorder: RunningRecorder) -> None:
    of = ["--data", str(recorder.data)]
    assert run([*of, "mask", "add", "Gate", "flat", "--polygon", CORNERS]) == 0
    url = made(recorder, "Gate", "--masked", "--sound")
    wait_until(lambda: opens(url))
    had, about = taken(url, "tcp")
    assert about[0] == "pcm_alaw"
    assert len(had["video"]) >= LEAST_PICTURES
