"""The demo, whole: four simulated cameras, fifteen seconds."""

import json
from pathlib import Path

import pytest

from tests.app.running import call, json_of, processes_of

pytestmark = pytest.mark.full


@pytest.mark.timeout(400)
def test_demo_holds(data: Path) -> None:
    # The first run on a machine encodes its pictures, which takes a minute or more.
    found = call("demo", "--data", str(data), "--seconds", "15", "--json", timeout_s=360)
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["cameras"], told["recording"]) == (4, 4)
    assert (told["gaps"], told["unaccounted_s"]) == (0, 0)
    # The yard has a key frame each 10 s, and is recorded from the first that comes.
    assert all(seconds > 4 for seconds in told["seconds"].values())
    assert told["data"] == str(data)
    assert (data / "street.mp4").resolve().stat().st_size > 100_000
    assert processes_of(data) == []
    lines = json_of("--data", str(data), "timeline")
    assert [line["name"] for line in lines] == ["Street", "Yard", "Gate", "Lane"]
    again = call("demo", "--data", str(data), "--seconds", "1")
    assert again.returncode == 4
    assert "There is a recorder in" in again.stderr
