"""A real recorder, simulated cameras, the api process: live pictures and playback over HTTP."""

import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.api.processes import ApiProcess
from tests.api.recorded import pictures
from tests.app.conftest import PASSWORD, USER
from tests.app.running import Serving, call, wait_until
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full


def _add(data: Path, url: str, name: str) -> None:
    bare = urlsplit(url)._replace(netloc=urlsplit(url).netloc.rpartition("@")[2]).geturl()
    result = call(
        "--data", str(data), "camera", "add", bare, "--name", name, "--user", USER,
        "--password-stdin", "--allow", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


def test_live_and_playback_of_a_real_recorder(data: Path, cameras: Simulator) -> None:
    with Serving(data) as recorder:
        recorder.wait_for("No camera is set up")
        _add(data, cameras.urls[0].main, "Gate")
        with ApiProcess(data) as api:
            assert api.get("/api/v1/cameras").status_code == 401
            api.set_up()

            def records() -> bool:
                return bool(
                    [
                        camera
                        for camera in api.json("/api/v1/cameras")["cameras"]
                        if camera["now"]["state"] == "recording"
                    ]
                )

            wait_until(records)
            time.sleep(3)
            camera = api.json("/api/v1/cameras")["cameras"][0]
            began = time.monotonic()
            parts: list[bytes] = []
            ages: list[float] = []
            with api.live(camera["id"], "main") as socket:
                shape = json.loads(socket.recv(timeout=5))
                assert shape["type"] == "shape"
                while time.monotonic() - began < 5:
                    message = socket.recv(timeout=5)
                    if isinstance(message, str):
                        continue
                    if not parts:
                        assert message[4:8] == b"ftyp"
                    else:
                        tfdt = int.from_bytes(message[60:68], "big")
                        at = shape["origin_ms"] / 1000 + tfdt / 90_000
                        ages.append(time.time() - at)
                    parts.append(message)
            assert len(pictures(b"".join(parts))) >= len(parts) - 1 - 3
            assert len(parts) > 30
            assert min(ages) < 1.5
            now = api.json("/api/v1/cameras")["now_ms"]
            found = api.json(
                f"/api/v1/playback/{camera['id']}/main", at_ms=now - 4000, span_ms=3000
            )
            piece = found["pieces"][0]["video"]
            got = [api.get(piece["init_url"]).content]
            got += [api.get(segment["url"]).content for segment in piece["segments"]]
            assert len(pictures(b"".join(got))) > 20
            paused = api.post(f"/api/v1/cameras/{camera['id']}/pause", {"reason": "painters"})
            assert paused.status_code == 200, paused.text
            assert paused.json()["now"]["state"] == "paused"
            assert api.end() == 0
