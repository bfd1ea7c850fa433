"""Holds, retention and volumes, as their user sets them while cameras are recorded."""

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.app.running import Serving, call_here, json_of, wait_until
from tests.app.test_recorder import add
from watchglass.app.cli.program import run
from watchglass.app.wiring import ground, own_site
from watchglass.config.settings import read_settings
from watchglass.model.control import AddCameraRequest
from watchglass.model.stream import StreamName
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full


def files(volume: Path) -> list[Path]:
    return sorted(volume.glob("*/*/*/*/*/*.mp4"))


def test_volumes_are_added_drained_and_removed_while_recording(
    data: Path, cameras: Simulator
) -> None:
    of = ("--data", str(data))
    second = data.parent / "second"
    with Serving(data).wait_for("No camera is set up yet"):
        hall = add(data, cameras.urls[0].main, "--name", "Hall")
        wait_until(lambda: len(files(data / "media")) == 2)
        added = call_here(*of, "volume", "add", str(second))
        assert added.returncode == 0, added.stderr
        gate = add(data, cameras.urls[2].main, "--no-sub")
        wait_until(lambda: len(files(second)) == 1)
        assert files(second)[0].relative_to(second).parts[0] == gate
        listed = json_of(*of, "volume", "list")
        assert [(each["cameras"], each["state"]) for each in listed] == [(1, "records")] * 2

        drained = call_here(*of, "volume", "drain", str(data / "media"))
        assert "1 camera moved" in drained.stdout, drained.stderr
        wait_until(lambda: any(hall in path.parts for path in files(second)))
        before = files(data / "media")
        refused = call_here(*of, "volume", "remove", str(data / "media"))
        assert refused.returncode == 6, refused.stderr
        assert "go when their time is up" in refused.stderr
        only = call_here(*of, "volume", "drain", str(second))
        assert only.returncode == 6
        assert "only volume" in only.stderr
        assert files(data / "media") == before
        # One that nothing lies on is taken out while the others are recorded to.
        third = data.parent / "third"
        assert call_here(*of, "volume", "add", str(third)).returncode == 0
        assert call_here(*of, "volume", "remove", str(third)).returncode == 0
        assert [each["path"] for each in json_of(*of, "volume", "list")] == [
            str(data / "media"), str(second),
        ]  # fmt: skip
        wait_until(lambda: all(each["recording"] for each in json_of(*of, "camera", "list")))
    checked = call_here(*of, "check")
    assert checked.returncode == 0, checked.stdout


def test_holds_and_retention_without_a_running_recorder(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WATCHGLASS_DATA", str(data))
    streams = ((StreamName.MAIN, "rtsp://192.0.2.1/m"), (StreamName.SUB, "rtsp://192.0.2.1/s"))
    data.mkdir()
    with own_site(ground(read_settings({}))) as site:
        site.add_camera(AddCameraRequest("Hall", streams, "", "", "", "me"))

    def said(*words: str, code: int = 0) -> str:
        assert run(words) == code
        told = capsys.readouterr()
        return told.err if code else told.out

    def listed(*words: str) -> Any:
        return msgspec.json.decode(said(*words, "--json"))

    assert listed("retention")["default_h"] == 336
    said("retention", "--keep", "72h")
    longer = ("retention", "--keep", "30d", "--camera", "Hall", "--stream", "sub")
    assert "Longer than 336 hours" in said(*longer, code=2)
    assert "kept longer than 336" in said(*longer, "--reason", "a robbery")
    assert [each["hours"] for each in listed("retention")["streams"]] == [72, 720]
    said("retention", "--keep", "90h", "--events")
    assert [each["events_hours"] for each in listed("retention")["streams"]] == [90, 720]
    assert "the default for DE" in said("retention", "--country", "de")
    assert "Longer than 72 hours, the default for DE" in said("retention", "--keep", "73h", code=2)
    said("retention", "--keep", "73h", "--reason", "long weekends")
    said("retention", "--keep", "default")
    assert listed("retention")["default_h"] == 72
    assert "Say how long" in said("retention", "--events", code=2)
    assert "whole hours" in said("retention", "--keep", "90m", code=2)
    assert "which camera" in said("retention", "--keep", "1d", "--stream", "sub", code=2)

    assert "Nothing is on hold" in said("holds")
    assert "needs a reason" in said("hold", "Hall", "--from", "2 hours ago", code=2)
    said("hold", "Hall", "--from", "2 hours ago", "--reason", "a burglary")
    (hold,) = listed("holds")
    assert hold["name"] == "Hall"
    assert "is lifted" in said("release", hold["id"][:8], "--reason", "over")
    assert listed("holds") == []
    said("release", hold["id"], "--reason", "again", code=3)
    shutil.rmtree(data / "media")
    (gone,) = listed("volume", "list")
    assert gone["state"] == "not there"
