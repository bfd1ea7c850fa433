from itertools import pairwise
from pathlib import Path

import av
import pytest

from tests.gst.server import GstServer, require_gst
from watchglass.media.encode import VideoCodecName
from watchglass.simulate import frame_code
from watchglass.simulate.loop import LoopSpec, encode_loop

FRAMES = 20


@pytest.mark.full
@pytest.mark.parametrize(("codec", "ending"), [("h264", "mp4"), ("h265", "mkv")])
def test_a_loop_runs_on_over_its_seam(tmp_path: Path, codec: VideoCodecName, ending: str) -> None:
    require_gst()
    spec = LoopSpec(
        codec=codec, width=320, height=192, fps=10, gop_frames=5, bit_rate=200_000, seconds=2
    )
    assert spec.frames == FRAMES
    path = tmp_path / f"loop.{ending}"
    encode_loop(spec).export(path)
    options = {"rtsp_transport": "tcp", "analyzeduration": "500000"}
    seen: list[tuple[int, float]] = []
    with (
        GstServer({"one": path, "two": path}) as server,
        av.open(server.urls["two"], "r", options=options, timeout=10) as source,
    ):
        for frame in source.decode(video=0):
            number = frame_code.read(frame.to_ndarray()[: spec.height])
            if number is not None and frame.pts is not None:
                seen.append((number, float(frame.time or 0)))
            if len(seen) >= 2 * FRAMES:
                break
    assert [number for number, _ in seen] == [(seen[0][0] + at) % FRAMES for at in range(len(seen))]
    steps = [later - earlier for (_, earlier), (_, later) in pairwise(seen)]
    assert all(0.09 < step < 0.11 for step in steps)
