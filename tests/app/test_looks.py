"""``watchglass looks`` on the ledger of a real site."""

import json
import re
import time
from pathlib import Path

import pytest

from watchglass.app.cli.program import run
from watchglass.app.ground import Ground, ground
from watchglass.app.wiring import own_site
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, LookId, random_id
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest, NoteRequest, RemoveCameraRequest
from watchglass.model.look import Look, LookKind
from watchglass.model.stream import StreamName

pytestmark = pytest.mark.full

SUB = StreamName.SUB
MAIN = StreamName.MAIN
NOW_NS = time.time_ns()


@pytest.fixture
def on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A site with a camera, and what its keeper made."""
    monkeypatch.setenv("WATCHGLASS_DATA", str(tmp_path / "data"))
    return ground(read_settings({}))


def add(on: Ground, name: str) -> CameraId:
    streams = ((MAIN, "rtsp://192.0.2.1/m"), (SUB, "rtsp://192.0.2.1/s"))
    with own_site(on) as site:
        return site.add_camera(AddCameraRequest(name, streams, "", "", "", "me"))


def note(on: Ground, *looks: Look) -> None:
    with own_site(on) as site:
        site.note_people(NoteRequest(looks))


def live(camera: CameraId, user: str, *, to_ns: int | None = None) -> Look:
    return Look(
        LookId(random_id()), user, camera, SUB, LookKind.LIVE, NOW_NS - 60 * NS_PER_S, to_ns
    )


def playback(camera: CameraId, user: str) -> Look:
    return Look(
        LookId(random_id()), user, camera, MAIN, LookKind.PLAYBACK, NOW_NS - 3600 * NS_PER_S,
        NOW_NS - 3000 * NS_PER_S,
    )  # fmt: skip


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(["looks", *words]) == 0
    return capsys.readouterr().out


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(shown(capsys, *words, "--json"))
    return found


def test_nobody_looked(on: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    add(on, "Hall")
    assert shown(capsys).startswith("Nobody looked at any camera since ")
    assert shown(capsys, "--camera", "Hall").startswith("Nobody looked at Hall since ")
    assert listed(capsys) == []


def test_who_looked(on: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    hall, gate = add(on, "Hall"), add(on, "Gate")
    open_view = live(hall, "anna")
    note(on, open_view, playback(gate, "b\u202eert"))
    with own_site(on) as site:
        site.carry_out(RemoveCameraRequest(gate, "me", "sold"))

    text = shown(capsys)
    assert text.startswith("2 looks since ")
    assert ", by 2 names." in text
    assert re.search(r"anna +Hall +live, sub +\S.* +no end noted\n", text)
    assert re.search(r"b\\u202eert +Gate +playback +\S", text)
    assert [each["name"] for each in listed(capsys, "--camera", "Hall")] == ["Hall"]

    note(on, live(hall, "anna", to_ns=NOW_NS))
    note(on, Look(open_view.id, "anna", hall, SUB, LookKind.LIVE, open_view.from_ns, NOW_NS))
    found = listed(capsys)
    assert [(each["by"], each["how"], each["to"] is None) for each in found] == [
        ("anna", "live", False), ("b\u202eert", "playback", False), ("anna", "live", False)
    ]  # fmt: skip
    assert found[0]["look"] == open_view.id


def test_names_that_are_gone(on: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    hall = add(on, "Hall")
    note(on, live(hall, "anna"), live(hall, "bert"), live(hall, ""))
    texts = on.layout.ledgers / "site" / "texts"
    (anna,) = [file for file in texts.iterdir() if '"anna"' in file.read_text()]
    (bert,) = [file for file in texts.iterdir() if '"bert"' in file.read_text()]
    anna.unlink()
    bert.write_text(bert.read_text().replace("bert", "carl"))
    assert [each["by"] for each in listed(capsys)] == ["(name erased)", "(name damaged)", None]
    assert "not stated" in shown(capsys)


def test_a_ledger_that_cannot_be_read(on: Ground, capsys: pytest.CaptureFixture[str]) -> None:
    note(on, live(add(on, "Hall"), "anna"))
    (ledger,) = (on.layout.ledgers / "site").glob("*.jsonl")
    ledger.write_bytes(b"{\n" + ledger.read_bytes())
    assert run(["looks"]) == 40
    assert f"{ledger}:1" in capsys.readouterr().err
