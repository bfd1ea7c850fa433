"""The demo, whole: four simulated cameras, of which one goes the whole way out."""

import json
from pathlib import Path

import pytest

from tests.app.running import call, json_of, processes_of

pytestmark = pytest.mark.full


@pytest.mark.timeout(400)
def test_demo_holds_and_one_camera_goes_the_whole_way_out(data: Path) -> None:
    # The first run on a machine encodes its pictures, which takes a minute or more.
    found = call(
        "demo", "--data", str(data), "--seconds", "45", "--story", "--json", timeout_s=360
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    told = json.loads(found.stdout)
    assert (told["cameras"], told["recording"]) == (4, 4)
    # The yard has a key frame each 10 s, and is recorded from the first that comes.
    assert all(seconds > 4 for seconds in told["seconds"].values())
    assert (told["gaps"], told["unaccounted_s"]) == (1, 0)  # where one device went
    assert told["data"] == str(data)
    steps = [each.split(":")[0] for each in told["story"]]
    assert steps == ["Found", "Contained", "Planned", "Replaced", "Removed", "Proved"]
    assert told["changes"] == 6  # five steps, and rules that keep it in

    assert (data / "street.mp4").resolve().stat().st_size > 100_000
    assert processes_of(data) == []
    of = ("--data", str(data))
    assert [line["name"] for line in json_of(*of, "timeline")] == ["Street", "Yard", "Gate", "Lane"]
    assert len(json_of(*of, "camera", "devices", "Gate")) == 2
    zones = [each["name"] for each in json_of(*of, "zone", "list", "Gate")]
    assert sorted(zones) == ["Frame number", "Way in"]
    assert call("verify", str(data / "device.html")).returncode == 0
    assert "192.168.77.29" in (data / "contain.nft").read_text()
    again = call("demo", "--data", str(data), "--seconds", "1")
    assert again.returncode == 4
    assert "There is a recorder in" in again.stderr
