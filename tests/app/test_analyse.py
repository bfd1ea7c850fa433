"""``watchglass analyse FILE``: real films through the real parts, with and without a model."""

import io
import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from watchglass.app import film_look
from watchglass.app.cli.program import run
from watchglass.app.film_sheet import sheet
from watchglass.base.errors import StreamInvalidError
from watchglass.media.drawn import draw_box, draw_number
from watchglass.model.detection import Box

Capture = pytest.CaptureFixture[str]
FPS, SECONDS = 10, 6
SIZE = (320, 176)


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("WATCHGLASS_MODEL", "off")
    monkeypatch.delenv("WATCHGLASS_MODELS_DIR", raising=False)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing for two seconds; then something bright goes from left to right; then nothing."""
    path = tmp_path_factory.mktemp("films") / "walk.mp4"
    noise = np.random.default_rng(4)
    width, height = SIZE
    scene = noise.integers(60, 90, (height // 8, width // 8, 3), np.uint8).repeat(8, 0).repeat(8, 1)
    thing = noise.integers(150, 250, (48, 24, 3), np.uint8)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=FPS, options={"g": "10", "tune": "zerolatency"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(FPS * SECONDS):
            picture = scene.copy()
            x = (number - 2 * FPS) * 12
            if 0 <= x < width - 24:
                picture[80:128, x : x + 24] = thing
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "bgr24")))
        file.mux(stream.encode(None))
    return path


def told(capsys: Capture, *words: str | Path) -> dict[str, Any]:
    assert run(["analyse", *map(str, words), "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_what_moves_is_told_without_a_model(film: Path, capsys: Capture) -> None:
    found = told(capsys, film, "--line", "0.5,1,0.5,0")
    assert found["detector"] == "regions"
    assert found["length_s"] == pytest.approx(SECONDS, abs=0.2)
    assert found["pictures"] == FPS * SECONDS
    assert found["damaged"] == 0
    (thing,) = [each for each in found["things"] if each["to_s"] - each["from_s"] > 1]
    assert thing["kind"] == "moving"
    assert 2 <= thing["from_s"] < 3
    assert thing["path"][-1]["box"][0] - thing["path"][0]["box"][0] > 0.4
    assert [each["direction"] for each in found["crossings"]] == ["forward"]
    assert found["motion"][0]["from_s"] >= 2
    assert {each["state"] for each in found["spans"]} == {"analysed"}


@pytest.mark.full
def test_the_same_film_leads_to_the_same_ways(film: Path, capsys: Capture) -> None:
    assert told(capsys, film) == told(capsys, film)


def test_a_sheet_of_pictures(film: Path, tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "sheet.jpg"
    assert run(["analyse", str(film), "--sheet", str(path)]) == 0
    assert str(path) in capsys.readouterr().out
    with av.open(io.BytesIO(path.read_bytes()), "r") as file:
        picture = next(file.decode(video=0)).to_ndarray(format="bgr24")
    assert picture.shape[1] >= 320
    assert (picture > 200).all(2).any()  # the frame around it, and its number
    assert run(["analyse", str(film), "--sheet", str(path)]) == 2
    assert "--overwrite" in capsys.readouterr().err


@pytest.mark.full
def test_with_a_model_it_has_a_name(
    shared_dir: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHGLASS_MODELS_DIR", str(shared_dir / "models"))
    monkeypatch.setenv("WATCHGLASS_MODEL", "yolox_nano")
    clip = shared_dir / "testdata/video/intel_preview_person-bicycle-car-detection.mp4"
    found = told(capsys, clip, "--rate", "10")
    assert found["detector"].startswith("695e750a")
    assert {each["kind"] for each in found["things"]} & {"person", "car", "bicycle"}


@pytest.mark.full
def test_a_model_that_is_not_there_is_said(
    film: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHGLASS_MODEL", "yolox_nano")
    assert run(["analyse", str(film)]) == 0
    assert "watchglass models pull yolox_nano" in capsys.readouterr().err
    assert "models pull" in told(capsys, film)["instead"]


@pytest.mark.parametrize(
    ("content", "name"), [(b"", "a.mp4"), (b"no film" * 99, "a.mp4"), (b"text", "a.txt")]
)
def test_what_is_no_film(tmp_path: Path, content: bytes, name: str, capsys: Capture) -> None:
    (tmp_path / name).write_bytes(content)
    assert run(["analyse", str(tmp_path / name)]) not in (0, 70)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


def test_a_film_that_is_cut_off(film: Path, tmp_path: Path, capsys: Capture) -> None:
    """Made so that it can be read from its beginning; its end is missing."""
    whole = tmp_path / "whole.mkv"
    with av.open(str(film), "r") as source, av.open(str(whole), "w") as target:
        out = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = out
                target.mux(packet)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 2 // 3])
    found = told(capsys, cut)
    assert 1 < found["length_s"] < SECONDS


def test_a_film_that_its_process_dies_of(
    film: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_look, "_MODULE", "watchglass.app.nothing_there")
    assert run(["analyse", str(film)]) == StreamInvalidError.exit_code
    out, err = capsys.readouterr()
    assert out == ""
    assert "died of this video" in err


@pytest.mark.parametrize("line", ["1", "a,b,c,d", "0,0,2,0", "0.5,0.5,0.5,0.5"])
def test_what_is_no_line(film: Path, line: str, capsys: Capture) -> None:
    assert run(["analyse", str(film), "--line", line]) == 2
    assert "line" in capsys.readouterr().err


def test_a_box_and_a_number() -> None:
    picture = np.zeros((60, 60, 3), np.uint8)
    draw_box(picture, Box(0.5, 0.5, 1.0, 1.0), (1, 2, 3))
    assert picture[30, 30:].tolist() == [[1, 2, 3]] * 30
    assert picture[45, 45].tolist() == [0, 0, 0]
    draw_number(picture, 17, (9, 9, 9), size=1)
    one = picture[1:6, 1:4, 0] == 9
    seven = picture[1:6, 5:8, 0] == 9
    assert one.tolist() == [
        [False, True, False], [True, True, False], [False, True, False], [False, True, False],
        [True, True, True],
    ]  # fmt: skip
    assert seven[0].all()
    assert seven[:, 2].all()
    draw_number(np.zeros((3, 3, 3), np.uint8), 123, (9, 9, 9))
    assert sheet([]).shape[2] == 3
