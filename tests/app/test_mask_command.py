"""``watchglass mask``: drawn, listed and ended from the command line, and told in the ledger."""

import json
from pathlib import Path

import pytest

from watchglass.app.cli.program import run
from watchglass.app.ground import ground
from watchglass.app.wiring import own_site
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest
from watchglass.model.stream import StreamName

pytestmark = pytest.mark.full

CORNERS = "0,0 0.5,0 0.5,1 0,1"


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site with a camera of that name."""
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    with own_site(ground(read_settings({}))) as site:
        streams = ((StreamName.MAIN, "rtsp://192.0.2.1/m"),)
        site.add_camera(AddCameraRequest("Yard", streams, "", "", "", "me"))


@pytest.mark.usefixtures("yard")
def test_a_mask_is_drawn_listed_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mask", "list", "Yard"]) == 0
    assert "Nothing of Yard's picture is hidden" in capsys.readouterr().out
    assert run(["mask", "add", "Yard", "window", "--polygon", CORNERS, "--reason", "a flat"]) == 0
    capsys.readouterr()
    assert run(["mask", "list", "Yard", "--json"]) == 0
    (mask,) = json.loads(capsys.readouterr().out)
    assert (mask["name"], mask["polygon"][2], mask["from"]) == ("window", [0.5, 1.0], None)
    assert run(["mask", "end", "Yard", mask["id"][:6]]) != 0
    assert "needs a reason" in capsys.readouterr().err
    assert run(["mask", "end", "Yard", mask["id"][:6], "--reason", "moved"]) == 0
    assert "records from now on" in capsys.readouterr().out
    assert run(["mask", "list", "Yard"]) == 0
    assert "until" in capsys.readouterr().out
    assert run(["mask", "end", "Yard", mask["id"], "--all", "--reason", "moved"]) == 0
    assert run(["mask", "end", "Yard", mask["id"], "--all", "--reason", "moved"]) != 0
    capsys.readouterr()
    for corners in ("", "0,0", "0,0 1,0", "a,b c,d e,f", "0,0 2,0 0,1", "0 1 2"):
        assert run(["mask", "add", "Yard", "window", "--polygon", corners]) != 0
        assert "orners" in capsys.readouterr().err
    assert run(["check"]) == 0
