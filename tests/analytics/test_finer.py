"""What is too small in a camera's small stream is named by key frames of its large one."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from tests.analytics.stream_making import CAMERA, START_NS, Stream
from tests.analytics.test_gated import varying
from watchglass.analytics.detectors import Chosen, choose
from watchglass.analytics.finer import Finer
from watchglass.analytics.models import Models
from watchglass.analytics.pipeline import CameraPipeline
from watchglass.analytics.regions import RegionDetector
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.detection import ObjectClass
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.object_track import TrackPart
from watchglass.model.stream import VideoCodec
from watchglass.model.visit import VisitCause, Visited

FPS, GOP, STEP = 5, 5, 90_000 // 5
LARGE, SMALL, FAR = (1920, 1080), (640, 360), (176, 99)
"""The whole room is as small as FAR in the large picture: who is in it is far away."""
FROM_S, SECONDS = 5, 16
Coded = tuple[LiveShape, list[LiveFrame]]


def far_room(film: Path) -> Iterator[av.VideoFrame]:
    """People in a room, real ones, far away in a grey hall."""
    with av.open(str(film)) as container:
        stream = container.streams.video[0]
        assert stream.average_rate is not None
        number = 0
        for index, frame in enumerate(container.decode(stream)):
            at_s = index / float(stream.average_rate) - FROM_S
            if at_s > SECONDS:
                return
            if at_s >= number / FPS:
                hall = np.full((LARGE[1], LARGE[0], 3), 120, np.uint8)
                hall[400 : 400 + FAR[1], 800 : 800 + FAR[0]] = frame.reformat(
                    *FAR, "rgb24"
                ).to_ndarray()
                yield av.VideoFrame.from_ndarray(hall, "rgb24")
                number += 1


def coded(size: tuple[int, int], pictures: list[av.VideoFrame]) -> Coded:
    encoder = VideoEncoder(VideoEncoding("h264", *size, FPS, 6_000_000))
    sets, parts = ParameterSets(VideoCodec.H264), []
    for number, each in enumerate(pictures):
        drawn = each.reformat(*size, "yuv420p").to_ndarray().astype(np.uint8)
        parts += encoder.encode(drawn, key=not number % GOP)
    parts += encoder.flush()
    frames = []
    for number, part in enumerate(parts):
        sample = to_length_prefixed(part, VideoCodec.H264)
        sets.update(sample.parameter_sets)
        frames.append(
            LiveFrame(
                RunId("7" * 32), number * STEP, (number - 1) * STEP if number else -1, STEP, 0,
                sample.is_key, START_NS + number * NS_PER_S // FPS, sample.data,
            )
        )  # fmt: skip
    init = file_header(sets.parameters(), None).data
    return LiveShape(RunId("7" * 32), "avc1", "", *size, init), frames


def kinds(chosen: Chosen, small: Coded, large: Coded | None) -> tuple[set[ObjectClass], int]:
    """What is seen in the small stream, with the large one's key frames as they come; and how often
    it was looked at those."""
    pipeline = CameraPipeline(CAMERA, chosen.detector, lambda _: NS_PER_S // FPS)
    told: list[object] = []
    for at, frame in enumerate(small[1]):
        if large is not None and large[1][at].is_key and pipeline.wants_finer:
            items = (large[0], large[1][at])
            pipeline.refine(
                Visited(
                    visit=f"f{at}", camera=CAMERA, cause=VisitCause.PROBE, items=items, last=True,
                    fine=True,
                )
            )  # fmt: skip
        shown = (small[0], frame) if at == 0 else (frame,)
        visited = Visited(visit="v", camera=CAMERA, cause=VisitCause.SIZES, items=shown)
        _, wanted = pipeline.see(visited)
        for each in wanted:
            pipeline.found(each.at_ns, chosen.detector.detect([each.look])[0])
        told += pipeline.take(frame.wall_ns)
    told += pipeline.close()
    return {each.kind for each in told if isinstance(each, TrackPart)}, pipeline.fine_looks


@pytest.mark.full
def test_who_is_too_far_away_for_the_small_stream_is_named_by_the_large_one(
    shared_dir: Path,
) -> None:
    models = Models(shared_dir / "models" / "detect")
    chosen = choose(models, "", 2)
    if chosen.instead:
        pytest.skip(chosen.instead)
    film = shared_dir / "testdata/video/intel_one-by-one-person-detection.mp4"
    pictures = list(far_room(film))
    small, large = coded(SMALL, pictures), coded(LARGE, pictures)
    assert kinds(chosen, small, None) == ({ObjectClass.MOVING}, 0)
    found, looks = kinds(chosen, small, large)
    assert ObjectClass.PERSON in found
    # No more than the key frames that there were.
    assert 0 < looks <= SECONDS
    chosen.detector.close()


def test_without_a_model_nobody_asks_for_the_large_stream() -> None:
    pipeline = CameraPipeline(CAMERA, RegionDetector(), lambda _: 0)
    assert not pipeline.wants_finer


def test_key_frames_go_once_a_second_at_most_and_each_is_alone() -> None:
    sent: list[Visited] = []

    def put(message: Visited) -> bool:
        sent.append(message)
        return True

    finer, stream = Finer(CAMERA, put, lambda: str(len(sent))), Stream(fps=10, gop=2)
    for item in stream.items(varying(600), 10):
        finer([item])
    assert 9 <= len(sent) <= 11
    for each in sent:
        shape, frame = each.items
        assert isinstance(shape, LiveShape)
        assert isinstance(frame, LiveFrame)
        assert (frame.is_key, each.fine, each.last) == (True, True, True)
    # What comes at once, as the beginning does, is one picture of now.
    before = len(sent)
    finer(stream.items(varying(600), 10))
    assert len(sent) == before + 1
    # One that is too large is left out.
    finer(stream.items(iter([300_000] * 40), 4))
    assert len(sent) == before + 1
