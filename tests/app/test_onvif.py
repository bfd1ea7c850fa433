"""A camera that is set up by ONVIF, from the command line and over the API of a real recorder."""

import json
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.api.processes import Page
from tests.app.running import Serving, call, json_of, wait_until
from watchglass.simulate.process import Simulator

SIZE = "--width 320 --height 192 --sub-width 160 --sub-height 96 --seconds 2 --bit-rate 150000"
CAMERA = [*SIZE.split(), "--cameras", "1", "--onvif", "--user", "admin", "--password", "geheim"]
LOGIN = ("--user", "admin", "--password-stdin", "--allow")


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_device_is_looked_at_added_and_recorded(tmp_path: Path) -> None:
    data = tmp_path / "data"
    of = ("--data", str(data))
    with Simulator(*CAMERA) as cameras:
        url = cameras.urls[0].onvif
        port = url.rpartition(":")[2]
        cameras.ask("quirks", "camera-1", advertised="192.168.77.5", clock_offset_s=-10800)
        shown = call(*of, "camera", "probe", url, *LOGIN, stdin="geheim", timeout_s=120)
        assert shown.returncode == 0, shown.stderr
        for words in (
            "Watchglass Simulated camera", "Main: 320x192 H.264 15/s", "Sub: 160x96 H.264",
            "3 hours behind ours", "192.168.77.5", "turned (PTZ)",
        ):  # fmt: skip
            assert words in " ".join(shown.stdout.split()), shown.stdout

        with Serving(data, WATCHGLASS_PAGE="true").wait_for("#token=") as serving:
            link = next(each for each in serving.said.split() if "#token=" in each)
            with Page(link) as page:
                page.http.timeout = 120
                page.set_up()
                body = {"url": url, "user": "admin", "password": "geheim", "allow": True}
                told = page.post("/api/v1/cameras/probe", body).json()
                assert told["streams"], told
                assert (told["maker"], told["ptz"], told["events"]) == ("Watchglass", True, True)
                assert [each["chosen"] for each in told["profiles"]] == ["main", "sub"]
                assert told["picture"].startswith("/9j/")
                streams = [(each["stream"], each["width"]) for each in told["streams"]]
                assert streams == [("main", 320), ("sub", 160)]
                assert f"onvif://127.0.0.1:{port}" not in json.dumps(told["streams"])
                wrong = page.post("/api/v1/cameras/probe", body | {"password": "falsch"}).json()
                assert (wrong["streams"], wrong["code"]) == ([], "auth_failed")
                closed = page.post("/api/v1/cameras/probe", body | {"allow": False}).json()
                assert (closed["streams"], closed["code"]) == ([], "refused")
                added = page.post("/api/v1/cameras", body | {"name": "Gate"})
                assert added.status_code == 201, added.text
                assert added.json()["ptz"]
                camera = added.json()["id"]
                wait_until(lambda: page.get(f"/api/v1/cameras/{camera}/ptz").status_code == 200, 90)
                turn = page.post(f"/api/v1/cameras/{camera}/ptz/preset", {"preset": "2"})
                assert turn.status_code == 204, turn.text
                assert cameras.ask("turned", "camera-1")["pan"] == 0.5
        (listed,) = json_of(*of, "camera", "list")
        assert listed["name"] == "Gate"
        expected = [f"rtsp://127.0.0.1:{cameras.port}/camera-1/{name}" for name in ("main", "sub")]
        assert [each["url"] for each in listed["streams"]] == expected


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_mask_is_set_in_the_camera_too(tmp_path: Path) -> None:
    of = ("--data", str(tmp_path / "data"))
    with (
        Simulator(*CAMERA) as cameras,
        Serving(tmp_path / "data", WATCHGLASS_PAGE="true").wait_for("#token=") as serving,
    ):
        link = next(each for each in serving.said.split() if "#token=" in each)
        seen = cameras.urls[0]
        with Page(link) as page:
            page.http.timeout = 120
            page.set_up()
            body = {"url": seen.onvif, "user": "admin", "password": "geheim", "allow": True}
            camera = page.post("/api/v1/cameras", body | {"name": "Gate"}).json()["id"]
            assert left_half(seen.main).max() > 100
            mask = {
                "name": "window", "polygon": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]],
                "into_camera": True,
            }  # fmt: skip
            drawn = page.post(f"/api/v1/cameras/{camera}/masks", mask)
            assert drawn.status_code == 201, drawn.text
            assert drawn.json()["masks"][0]["into_camera"]

            def masks() -> list[dict[str, object]]:
                found: list[dict[str, object]] = page.get(f"/api/v1/cameras/{camera}/masks").json()[
                    "masks"
                ]
                return found

            wait_until(lambda: bool(masks()[0]["in_camera"]), 60)
            wait_until(lambda: left_half(seen.main).max() < 40, 30)
            listed = json_of(*of, "mask", "list", "Gate")
            assert listed[0]["in_camera"]
            end = {"reason": "the window is gone", "until_ms": None}
            ended = page.post(f"/api/v1/cameras/{camera}/masks/{masks()[0]['id']}/end", end)
            assert ended.status_code == 200, ended.text
            wait_until(lambda: left_half(seen.main).max() > 100, 60)


def left_half(url: str) -> npt.NDArray[np.uint8]:
    """Luma of the camera's own newest picture, without the strip of its number."""
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as stream:
        frame = next(stream.decode(video=0))
        luma = frame.to_ndarray(format="gray")
    return np.asarray(luma[luma.shape[0] // 3 :, : luma.shape[1] // 2 - 8], np.uint8)


@pytest.mark.full
@pytest.mark.timeout(300)
def test_all_pictures_of_a_recorder_are_added_at_once(tmp_path: Path) -> None:
    of = ("--data", str(tmp_path / "data"))
    recorder = [each for each in CAMERA if each != "--onvif"] + ["--onvif-recorder", "--no-sound"]
    recorder[recorder.index("--cameras") + 1] = "3"
    with Simulator(*recorder) as cameras:
        url = cameras.urls[0].onvif
        one = call(*of, "camera", "add", url, *LOGIN, "--all-sources", "--source", "x", stdin="g")
        assert one.returncode != 0
        assert "without --source" in one.stderr
        added = call(
            *of, "camera", "add", url, "--name", "Hall", *LOGIN, "--all-sources", "--json",
            stdin="geheim", timeout_s=240,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        told = json.loads(added.stdout)
    assert told["name"] == "Hall"
    assert [each["name"] for each in told["others"]] == ["Hall camera-2", "Hall camera-3"]
    assert told["refused"] == []
    listed = json_of(*of, "camera", "list")
    assert sorted(each["name"] for each in listed) == ["Hall", "Hall camera-2", "Hall camera-3"]
    assert len({each["streams"][0]["url"] for each in listed}) == 3
