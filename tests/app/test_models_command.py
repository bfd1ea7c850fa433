"""``watchglass models``, as somebody calls it: without a model, with ours, with one's own."""

import json
from pathlib import Path

import pytest

from tests.analytics.test_models import Shop, laid, pinned
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.app.cli.program import run

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of models; the recorder's own is empty."""
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("WATCHGLASS_MODELS_DIR", str(folder))
    monkeypatch.delenv("WATCHGLASS_MODEL", raising=False)
    return folder


def test_without_a_model_it_says_how_to_get_one(capsys: Capture) -> None:
    assert run(["models", "list"]) == 0
    out, err = capsys.readouterr()
    assert all(name in out for name in CATALOGUE)
    assert f"watchglass models pull {DEFAULT}" in err
    assert "what moves is told" in out
    assert run(["models", "verify"]) == 3
    assert "models pull" in capsys.readouterr().err


def test_of_ones_own(folder: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    of = laid(folder)
    assert run(["models", "verify"]) == 0
    assert f"WATCHGLASS_MODEL=made@{pinned(folder)}" in capsys.readouterr().out
    monkeypatch.setenv("WATCHGLASS_MODEL", f"made@{pinned(folder)}")
    assert run(["models", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    (own,) = [each for each in told["models"] if each["in_use"]]
    assert own["names"] == ["person", "truck"]
    assert own["dropped_labels"] == 1
    (folder / of.manifest.file).write_bytes(b"other")
    assert run(["models", "verify", "--json"]) == 1
    assert "is not the model made" in json.loads(capsys.readouterr().out)["wrong"][0]


def test_fetched_by_name(folder: Path, capsys: Capture) -> None:
    import msgspec

    from tests.analytics.onnx_making import replace_in

    of = laid(folder)
    (folder / of.manifest.file).unlink()
    shop = Shop()
    try:
        shop.files["/m.onnx"] = of.data
        wanted = replace_in(of.manifest, url=f"{shop.url}/m.onnx")
        (folder / "own.json").write_bytes(msgspec.json.encode(wanted))
        assert run(["models", "pull", "made"]) == 0
        assert "it is what it should be" in capsys.readouterr().out
        assert (folder / of.manifest.file).read_bytes() == of.data
    finally:
        shop.close()


def test_one_that_is_not_known(capsys: Capture) -> None:
    assert run(["models", "pull", "nobody"]) == 3
    assert "No model is called 'nobody'" in capsys.readouterr().err


def test_a_setting_that_is_no_name(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHGLASS_MODEL", "x" * 200)
    assert run(["models", "list"]) == 4
    assert "WATCHGLASS_MODEL cannot be" in capsys.readouterr().err


def test_doctor_tells_the_model_and_how_fast_it_is(
    shared_dir: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["doctor", "--json"])
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["Model"]["value"] == "none"
    assert "Model, speed" not in found
    monkeypatch.setenv("WATCHGLASS_MODELS_DIR", str(shared_dir / "models"))
    run(["doctor", "--json"])
    found = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["Model"]["value"].startswith(f"{DEFAULT}, SHA-256 695e750a")
    assert "ms a picture" in found["Model, speed"]["value"]
    assert {"means", "normal", "otherwise"} <= set(found["Model, speed"])
