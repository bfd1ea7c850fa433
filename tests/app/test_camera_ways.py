"""Cameras that are not plain RTSP over TCP, as their owner meets them."""

import json
import re
from pathlib import Path

import pytest

from tests.app.running import Serving, call, call_here, json_of, wait_until
from tests.media.source_making import write_video
from watchglass.simulate.process import Simulator

SIZE = "--width 160 --height 96 --sub-width 96 --sub-height 64 --seconds 2 --bit-rate 100000"
CAMERA = [*SIZE.split(), "--cameras", "1"]
KEY = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


@pytest.mark.full
def test_a_camera_with_its_own_certificate_is_pinned_and_another_key_is_a_gap(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    of = ("--data", str(data))
    with Serving(data).wait_for("No camera is set up yet"):
        with Simulator(*CAMERA, "--tls") as camera:
            url, port = camera.urls[0].main, camera.port
            asked = call_here(*of, "camera", "add", url, "--allow", "--no-sub")
            assert asked.returncode == 26
            (key,) = set(KEY.findall(asked.stderr))
            added = call_here(
                *of, "camera", "add", url, "--allow", "--name", "Gate", "--json",
                "--no-sub", "--fingerprint", key,
            )  # fmt: skip
            assert json.loads(added.stdout)["recording"], added.stderr
            listed = json_of(*of, "camera", "list")[0]
            assert [(each["transport"], each["fingerprint"]) for each in listed["streams"]] == [
                ("auto", key)
            ]
        # The same place, another key: a camera that was reset, or somebody in between.
        with Simulator(*CAMERA, "--tls", "--port", str(port)):
            wait_until(lambda: json_of(*of, "camera", "list")[0]["gap"] == "certificate_untrusted")
            asked = call_here(*of, "camera", "trust", "Gate")
            assert asked.returncode == 2
            assert "Trusted until now" in asked.stdout
            (new,) = set(KEY.findall(asked.stderr))
            assert new != key
            assert call_here(*of, "camera", "trust", "Gate", "--fingerprint", new).returncode == 0
            wait_until(lambda: bool(json_of(*of, "camera", "list")[0]["recording"]))
    line = json_of(*of, "timeline")[0]
    assert "certificate_untrusted" in [span["cause"] for span in line["spans"]]
    assert line["seconds"]["unaccounted"] == 0


@pytest.mark.long
@pytest.mark.parametrize("way", ["udp", "http"])
def test_a_camera_that_sends_one_way_is_recorded_that_way(tmp_path: Path, way: str) -> None:
    data = tmp_path / "data"
    of = ("--data", str(data))
    with Simulator(*CAMERA, "--transports", way) as camera, Serving(data).wait_for("No camera"):
        url = camera.urls[0].main
        refused = call_here(*of, "camera", "add", url, "--allow", "--transport", "tcp")
        assert refused.returncode == 23
        assert "leave --transport out" in refused.stderr
        found = json_of(*of, "camera", "probe", url, "--allow")
        assert [each["transport"] for each in found["streams"]] == [way, way]
        added = call_here(*of, "camera", "add", url, "--allow", "--transport", way, "--json")
        assert json.loads(added.stdout)["recording"], added.stderr
        listed = json_of(*of, "camera", "list")[0]
        assert [each["transport"] for each in listed["streams"]] == [way, way]


@pytest.mark.full
def test_a_file_is_recorded_only_from_the_folder_of_the_operator(tmp_path: Path) -> None:
    data, files = tmp_path / "data", tmp_path / "files"
    of = ("--data", str(data))
    files.mkdir()
    write_video(files / "Yard.mov", frames=30)
    write_video(tmp_path / "Else.mov")
    url = f"file://{files}/Yard.mov"
    refused = call_here(*of, "camera", "add", url)
    assert (refused.returncode, "WATCHGLASS_SOURCES" in refused.stderr) == (6, True)
    outside = call(
        *of, "camera", "add", f"file://{tmp_path}/Else.mov", WATCHGLASS_SOURCES=str(files)
    )
    # Where fences hold, the kernel refuses it first.
    assert (outside.returncode, "Else.mov" in outside.stderr) in ((21, True), (23, True))
    with Serving(data, WATCHGLASS_SOURCES=str(files)).wait_for("No camera is set up yet"):
        added = call(*of, "camera", "add", url, "--json", WATCHGLASS_SOURCES=str(files))
        found = json.loads(added.stdout)
        assert (found["name"], found["recording"]) == ("Yard", True), added.stderr
        listed = json_of(*of, "camera", "list")[0]
        assert [(each["codec"], each["width"]) for each in listed["streams"]] == [("h264", 64)]
