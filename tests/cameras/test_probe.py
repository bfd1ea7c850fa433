import os
import sys
from pathlib import Path

import msgspec
import pytest

from tests.media.encoded import encode
from tests.media.raw_rtsp import RawServer, camera_talk
from tests.media.test_rtsp import ALAW, described, pictures
from watchglass.base.errors import (
    AuthFailedError,
    CameraError,
    CameraUnreachableError,
    RefusedError,
    StreamInvalidError,
)
from watchglass.cameras.address import AddressRules
from watchglass.cameras.probe import probe_camera
from watchglass.cameras.probe_worker import answer_request, run_probe
from watchglass.media.probe import harmless
from watchglass.model.probe import ProbeAnswer, ProbeError, ProbeRequest, ProbeResult
from watchglass.model.stream import StreamName, VideoCodec

LOCAL = AddressRules(allow=frozenset({"127.0.0.1"}))
MAIN = ProbeResult(
    codec="h264", width=1920, height=1080, fps=15.0, gop_s=1.0, bit_rate=3_000_000,
    sounds=("aac",), session_name="x", seconds=2.0,
)  # fmt: skip
SUB = msgspec.structs.replace(MAIN, width=640, height=360, bit_rate=400_000)


def test_a_camera_is_measured_in_a_process_of_its_own() -> None:
    encode(VideoCodec.H264, frames=10)
    with RawServer(camera_talk(described() + ALAW, pictures)) as server:
        result = run_probe(ProbeRequest(server.url, "admin", "geheim", 10, 1.5))
    assert (result.codec, result.width, result.height) == ("h264", 64, 48)
    assert result.fps == pytest.approx(10, abs=0.2)
    assert result.gop_s == pytest.approx(0.5, abs=0.1)
    assert result.bit_rate > 50_000
    assert result.sounds == ("pcm_alaw",)
    assert result.session_name == "Door"
    assert msgspec.json.decode(msgspec.json.encode(result), type=ProbeResult) == result


def test_errors_come_back_as_they_were() -> None:
    with pytest.raises(CameraUnreachableError, match="Nothing answers"):
        run_probe(ProbeRequest("rtsp://127.0.0.1:1/x"))


def test_the_worker_answers_where_it_is_called() -> None:
    request = ProbeRequest("rtsp://127.0.0.1:1/x", "admin", "geheim")
    answer = answer_request(msgspec.json.decode(msgspec.json.encode(request), type=ProbeRequest))
    assert answer.error is not None
    assert answer.error.code == "camera_unreachable"
    assert "geheim" not in repr(request)


def _worker(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", "import sys, os, time; sys.stdin.read();" + code)


@pytest.mark.parametrize(
    "code",
    [
        "os.kill(os.getpid(), 11)",
        "sys.exit(3)",
        "print('nonsense')",
        "print('{}')",
        "print('[' * 100000)",
        "pass",
    ],
)
def test_a_worker_that_dies_is_a_bad_stream(code: str) -> None:
    with pytest.raises(StreamInvalidError, match="firmware"):
        run_probe(ProbeRequest("rtsp://10.0.0.2/"), command=_worker(code))


def test_a_worker_that_hangs_is_ended() -> None:
    with pytest.raises(CameraUnreachableError, match="longer than"):
        run_probe(ProbeRequest("rtsp://10.0.0.2/"), 0.5, command=_worker("time.sleep(60)"))


def test_nothing_secret_in_arguments_or_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHGLASS_KEY", "geheim")
    place = tmp_path / "seen"
    code = f"open({str(place)!r}, 'w').write(repr(sys.argv) + repr(dict(os.environ)))"
    with pytest.raises(StreamInvalidError):
        run_probe(ProbeRequest("rtsp://10.0.0.2/", "admin", "geheim"), command=_worker(code))
    assert "geheim" not in place.read_text()
    assert "geheim" in os.environ["WATCHGLASS_KEY"]


@pytest.mark.parametrize("told", ["auth_failed", "stalled", "codec_unsupported", "new"])
def test_codes_become_errors_again(told: str) -> None:
    answer = msgspec.json.encode(ProbeAnswer(error=ProbeError(told, "What it said.")))
    command = _worker(f"sys.stdout.write({answer.decode()!r})")
    with pytest.raises(CameraError, match="What it said") as raised:
        run_probe(ProbeRequest("rtsp://10.0.0.2/"), command=command)
    assert raised.value.code == (told if told != "new" else "camera")


# --- the camera as a whole ------------------------------------------------------------------------


def _prober(answers: dict[str, ProbeResult | CameraError], asked: list[ProbeRequest]):  # type: ignore[no-untyped-def]
    def ask(request: ProbeRequest) -> ProbeResult:
        asked.append(request)
        answer = answers.get(request.url, StreamInvalidError("Not there."))
        if isinstance(answer, CameraError):
            raise answer
        return answer

    return ask


def test_both_streams_are_found() -> None:
    asked: list[ProbeRequest] = []
    base = "rtsp://10.0.0.2/Streaming/Channels/10"
    prober = _prober({base + "1": MAIN, base + "2": SUB}, asked)
    url = "rtsp://admin:geheim@10.0.0.2/Streaming/Channels/101"
    found = probe_camera(url, prober=prober)
    assert found.problem is None
    assert [(each.stream, each.url) for each in found.streams] == [
        (StreamName.MAIN, base + "1"),
        (StreamName.SUB, base + "2"),
    ]
    assert {(each.user, each.password) for each in asked} == {("admin", "geheim")}
    assert "geheim" not in repr(found)


def test_a_camera_without_sub_stream_is_no_failure() -> None:
    found = probe_camera("rtsp://10.0.0.2/main", prober=_prober({"rtsp://10.0.0.2/main": MAIN}, []))
    assert found.main is not None
    assert found.sub is None
    assert found.problem is not None


def test_a_sub_stream_as_large_as_the_main_is_named() -> None:
    answers: dict[str, ProbeResult | CameraError] = {
        "rtsp://10.0.0.2/main": MAIN,
        "rtsp://10.0.0.2/sub": MAIN,
    }
    found = probe_camera("rtsp://10.0.0.2/main", prober=_prober(answers, []))
    assert found.sub is None
    assert "as large" in str(found.problem)


def test_a_refused_password_ends_the_guessing() -> None:
    asked: list[ProbeRequest] = []
    answers: dict[str, ProbeResult | CameraError] = {
        "rtsp://10.0.0.2/s0": MAIN,
        "rtsp://10.0.0.2/s2": AuthFailedError("No."),
    }
    found = probe_camera("rtsp://10.0.0.2/s0", prober=_prober(answers, asked))
    assert isinstance(found.problem, AuthFailedError)
    assert len(asked) == 2


@pytest.mark.parametrize("url", ["file:///etc/passwd", "rtsp://127.0.0.1/main", "rtsp://h/?udp"])
def test_nothing_is_asked_of_a_forbidden_address(url: str) -> None:
    asked: list[ProbeRequest] = []
    found = probe_camera(url, prober=_prober({}, asked))
    assert found.main is None
    assert isinstance(found.problem, RefusedError)
    assert asked == []


@pytest.mark.full
def test_a_whole_camera_over_real_sockets() -> None:
    encode(VideoCodec.H264, frames=10)
    with RawServer(camera_talk(described(), pictures)) as server:
        url = f"rtsp://127.0.0.1:{server.port}/main"
        assert isinstance(probe_camera(url).problem, RefusedError)
        found = probe_camera(url, "admin", "x", rules=LOCAL)
    assert found.main is not None
    assert found.main.result.width == 64
    assert "as large" in str(found.problem)


def test_strangers_text_is_made_harmless() -> None:
    assert harmless("a\x1b[31m\nb\u202e\x00c") == "a [31m b c"
    assert len(harmless("x" * 10_000)) == 80
