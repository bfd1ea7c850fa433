"""Every figure of ``doctor`` is explained, on a machine where nothing is set up too."""

import json
from pathlib import Path

import pytest

from watchglass.app.cli.program import run
from watchglass.app.explained import explained


def test_before_anything_is_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "d"))
    assert run(["doctor", "--json"]) == 0
    findings = {each["about"]: each for each in json.loads(capsys.readouterr().out)}
    assert findings["Retention"]["value"] == "336 hours"
    assert "country is not stated" in findings["Retention"]["meaning"]
    assert run(["doctor", "--explain"]) == 0
    shown = capsys.readouterr().out
    for about, each in findings.items():
        for sentence in ("means", "normal", "otherwise"):
            assert each[sentence].endswith("."), about
            assert each[sentence] in shown


def test_a_country_is_stated_and_withdrawn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "d"))
    monkeypatch.setenv("WATCHGLASS_BALLAST_BYTES", "1MiB")
    monkeypatch.setenv("WATCHGLASS_FLOOR_BYTES", "64MiB")
    for country, hours in (("de", 72), ("US", 336), ("uk", 336), ("none", 336), ("EL", 72)):
        assert run(["retention", "--country", country, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["default_h"] == hours
    assert run(["retention", "--country", "Germany"]) == 2
    assert run(["retention", "--keep", "48h", "--country", "DE", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["default_h"] == 48


def test_names_with_a_variable_part() -> None:
    for about in ("Volume /srv/v, forecast", "Process camera-worker-12", "Camera Hall [red]"):
        assert explained(about) is not None
    assert explained("What nobody prints") is None
