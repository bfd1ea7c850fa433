"""A real recorder, its own media-worker, cameras of H.264 and H.265: pictures over HTTP."""

import io
import os
import signal
from functools import partial
from pathlib import Path

import av
import pytest

from benches._harness import RunningRecorder
from tests.api.processes import Page
from tests.app.running import wait_until
from tests.media.numbered import luma_of, number_in
from watchglass.simulate import frame_code
from watchglass.simulate.process import Simulator

pytestmark = pytest.mark.full

H264, H265 = 0, 2
"""Which of the four simulated cameras. All sub-streams are H.264."""


def shows(page: Page, path: str) -> bool:
    answer = page.get(path)
    assert answer.status_code in (200, 404, 503), answer.text
    return answer.status_code == 200


def played(page: Page, camera: str, stream: str, at_ms: int) -> list[int | None]:
    """The numbers of the pictures that playback gives from a moment on."""
    found = page.json(f"/api/v1/playback/{camera}/{stream}", at_ms=at_ms, span_ms=1)
    part = found["pieces"][0]["video"]
    media = [page.get(part["init_url"]).content]
    media += [page.get(segment["url"]).content for segment in part["segments"]]
    with av.open(io.BytesIO(b"".join(media)), "r") as file:
        shown = [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    return [frame_code.read(luma) for luma in shown]


@pytest.mark.parametrize("kind", [H264, H265])
def test_pictures_of_a_real_recorder(data: Path, cameras: Simulator, kind: int) -> None:
    recorder = RunningRecorder(data, PYTHONWARNINGS="error", WATCHGLASS_ANALYSIS="false")
    try:
        camera = recorder.add(cameras.urls[kind])
        with Page(recorder.page()) as page:
            page.set_up()
            for stream in ("main", "sub"):
                path = f"/api/v1/still/{camera}/{stream}"
                wait_until(partial(shows, page, path))
                answer = page.get(path)
                shown_ms = int(answer.headers["x-picture-ms"])
                number = number_in(answer.content)
                assert number is not None
                assert number in played(page, camera, stream, shown_ms)
                assert number_in(page.get(path, at_ms=shown_ms + 1).content) == number
            # The sub-stream is the smaller one, and is not enlarged.
            thumbnail = f"/api/v1/thumbnail/{camera}"
            assert luma_of(page.get(thumbnail).content).shape == (90, 160)
            old = recorder.processes()["media-worker"]
            os.kill(old.pid, signal.SIGKILL)
            wait_until(lambda: recorder.processes()["media-worker"].restarts == 1)
            wait_until(partial(shows, page, thumbnail))
            assert recorder.processes()["media-worker"].pid != old.pid
        assert recorder.stop() == 0
        assert "Traceback" not in recorder.log()
    finally:
        recorder.stop()
