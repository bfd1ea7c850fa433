"""From coded pictures to tracks, by the real parts: a square that walks over a grey wall."""

from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from watchglass.analytics.pipeline import CameraPipeline
from watchglass.analytics.regions import RegionDetector
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.analysis import (
    Analysis,
    AnalysisSpan,
    MotionSeen,
    SkipCause,
    Tampered,
    TamperKind,
    Understood,
)
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.object_track import TrackPart
from watchglass.model.stream import VideoCodec
from watchglass.model.visit import VisitCause, Visited

CAMERA = CameraId("c" * 32)
RUN = RunId("7" * 32)
START_NS = 1_800_000_000 * NS_PER_S
FPS, GOP, WIDTH, HEIGHT = 5, 10, 320, 180
STEP = 90_000 // FPS
QUIET, WALK = 40, 30


def picture(number: int) -> np.ndarray:
    noise = np.random.default_rng(number)
    drawn = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    drawn[:HEIGHT] = np.clip(110 + noise.normal(0, 2, (HEIGHT, WIDTH)), 0, 255).astype(np.uint8)
    at = number - QUIET
    if 0 <= at < WALK:
        drawn[90:150, 20 + at * 8 : 50 + at * 8] = 230
    return drawn


def covered(number: int) -> np.ndarray:
    """A room with things in it, and after twenty seconds a cloth over the lens."""
    chance = np.random.default_rng(number)
    drawn = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    luma = np.full((HEIGHT, WIDTH), 90.0)
    if number < 20 * FPS:
        things = np.random.default_rng(1).integers(30, 220, (9, 16))
        luma = np.kron(things, np.ones((20, 20)))
    drawn[:HEIGHT] = np.clip(luma + chance.normal(0, 2, luma.shape), 0, 255).astype(np.uint8)
    return drawn


@cache
def stream(
    count: int, drawn: Callable[[int], np.ndarray] = picture
) -> tuple[LiveShape, tuple[LiveFrame, ...]]:
    encoder = VideoEncoder(VideoEncoding("h264", WIDTH, HEIGHT, FPS, 600_000))
    sets = ParameterSets(VideoCodec.H264)
    coded = []
    for number in range(count):
        coded += encoder.encode(drawn(number), key=number % GOP == 0)
    coded += encoder.flush()
    frames = []
    for number, each in enumerate(coded):
        sample = to_length_prefixed(each, VideoCodec.H264)
        sets.update(sample.parameter_sets)
        frames.append(
            LiveFrame(
                RUN, number * STEP, (number - 1) * STEP if number else -1, STEP, 0,
                sample.is_key, START_NS + number * NS_PER_S // FPS, sample.data,
            )
        )  # fmt: skip
    init = file_header(sets.parameters(), None).data
    return LiveShape(RUN, "avc1", "", WIDTH, HEIGHT, init), tuple(frames)


def visited(
    shape: LiveShape,
    frames: tuple[LiveFrame, ...],
    cause: VisitCause = VisitCause.SIZES,
    last: bool = False,
) -> Visited:
    return Visited(visit="v", camera=CAMERA, cause=cause, items=(shape, *frames), last=last)


class Looking:
    def __init__(self, interval_s: float = 0.2, **more: object) -> None:
        self.pipeline = CameraPipeline(
            CAMERA,
            RegionDetector(),
            lambda _: round(interval_s * NS_PER_S),
            **more,  # type: ignore[arg-type]
        )
        self.told: list[Understood] = []
        self.looks: list[int] = []

    def see(self, given: Visited) -> bool:
        moving, wanted = self.pipeline.see(given)
        for each in wanted:
            self.looks.append(each.at_ns)
            self.pipeline.found(each.at_ns, RegionDetector().detect([each.look])[0])
        frames = [each for each in given.items if isinstance(each, LiveFrame)]
        self.told += self.pipeline.take(frames[-1].wall_ns if frames else START_NS)
        return moving

    def walk(self, count: int = QUIET + WALK + 20) -> list[bool]:
        shape, frames = stream(count)
        return [
            self.see(visited(shape, frames[at : at + 5], last=at + 5 >= count))
            for at in range(0, count, 5)
        ]

    def of(self, kind: type) -> list[Any]:
        return [each for each in self.told if isinstance(each, kind)]


def test_a_walk_is_a_track_and_each_second_is_accounted_for() -> None:
    looking = Looking()
    moving = looking.walk()
    looking.told += looking.pipeline.take(START_NS + 60 * NS_PER_S)
    assert not any(moving[2:8])
    assert sum(moving[8:14]) >= 5
    assert not any(moving[16:])
    parts: list[TrackPart] = looking.of(TrackPart)
    assert len({each.track for each in parts}) == 1
    points = [point for each in parts for point in each.points if point.seen]
    assert parts[-1].end is not None
    assert points[0].box.foot[0] < 0.3
    assert points[-1].box.foot[0] > 0.6
    assert [each.at_ns for each in points] == sorted({each.at_ns for each in points})
    spans: list[AnalysisSpan] = looking.of(AnalysisSpan)
    assert {each.state for each in spans} == {Analysis.ANALYSED}
    assert spans[0].from_ns == START_NS
    assert sum(each.to_ns - each.from_ns for each in spans) == (QUIET + WALK + 20) * NS_PER_S // FPS
    assert not any(each.coarse for each in spans)
    seen: list[MotionSeen] = looking.of(MotionSeen)
    assert START_NS + 7 * NS_PER_S < seen[0].from_ns < START_NS + 10 * NS_PER_S
    assert all(0 < each.amount < 0.3 for each in seen)


def test_looks_too_far_apart_are_told_as_coarse() -> None:
    looking = Looking(interval_s=1.0)
    looking.walk()
    spans: list[AnalysisSpan] = looking.of(AnalysisSpan)
    assert any(each.coarse for each in spans)
    assert any(each.coarse for each in looking.of(TrackPart))


def test_a_probe_tells_whether_something_is_there_and_is_no_account() -> None:
    shape, frames = stream(QUIET + WALK)
    looking = Looking()
    found = [
        looking.see(visited(shape, (frames[at],), VisitCause.PROBE, last=True))
        for at in range(0, QUIET + WALK, GOP)
    ]
    assert not any(found[:4])
    assert any(found[4:])
    assert looking.told == []
    # What lies before it is looked at, although it is older.
    assert looking.see(visited(shape, frames[QUIET - GOP : QUIET + 20]))
    assert looking.looks


def test_a_peek_looks_at_the_last_pictures_and_learns_nothing_of_them() -> None:
    shape, frames = stream(QUIET + WALK)
    looking = Looking()
    looking.see(visited(shape, frames[:QUIET]))
    told = len(looking.told)
    nothing = visited(shape, frames[QUIET - GOP : QUIET], VisitCause.PEEK, last=True)
    somebody = visited(shape, frames[QUIET : QUIET + 3 * GOP], VisitCause.PEEK, last=True)
    assert not looking.see(nothing)
    assert [looking.see(somebody) for _ in range(3)] == [True] * 3
    assert len(looking.told) == told
    assert looking.see(visited(shape, frames[QUIET:]))


def test_masked_parts_are_not_looked_at() -> None:
    whole = ((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0))
    looking = Looking(left_out=(whole,))
    assert not any(looking.walk())
    assert looking.looks == []


def test_a_hole_and_what_cannot_be_read_are_told() -> None:
    shape, frames = stream(30)
    looking = Looking()
    looking.see(visited(shape, (*frames[:4], *frames[6:30])))
    spans: list[AnalysisSpan] = looking.of(AnalysisSpan)
    skipped = [each for each in spans if each.state is Analysis.SKIPPED]
    assert [(each.from_ns, each.to_ns) for each in skipped] == [
        (frames[6].wall_ns, frames[10].wall_ns)
    ]
    assert skipped[0].cause is SkipCause.OVERLOAD
    for cause in (VisitCause.SIZES, VisitCause.PEEK):
        looking = Looking()
        looking.see(visited(LiveShape(RUN, "", "", 1, 1, b"nonsense"), frames[:5], cause))
        assert {each.cause for each in looking.of(AnalysisSpan)} == {SkipCause.UNREADABLE}


def test_a_picture_that_a_peek_cannot_read_is_told() -> None:
    shape, frames = stream(2 * GOP)
    torn = msgspec.structs.replace(frames[GOP + 2], data=b"\x00\x00\x00\x09" + b"\x65" * 9)
    looking = Looking()
    looking.see(visited(shape, frames[:GOP]))
    looking.see(visited(shape, (*frames[GOP : GOP + 2], torn), VisitCause.PEEK, last=True))
    skipped = [each for each in looking.of(AnalysisSpan) if each.state is Analysis.SKIPPED]
    assert [(each.from_ns, each.cause) for each in skipped] == [
        (torn.wall_ns, SkipCause.UNREADABLE)
    ]


@pytest.mark.parametrize("again", [0, 4])
def test_pictures_that_come_twice_are_looked_at_once(again: int) -> None:
    """A visit may begin with frames of the one before it."""
    shape, frames = stream(QUIET + WALK)
    looking = Looking()
    looking.see(visited(shape, frames[:25], last=True))
    looking.see(visited(shape, frames[20 - again * 5 : 40], last=True))
    spans: list[AnalysisSpan] = looking.of(AnalysisSpan)
    assert sum(each.to_ns - each.from_ns for each in spans) == 40 * NS_PER_S // FPS


@pytest.mark.full
def test_a_covered_lens_is_told() -> None:
    looking = Looking()
    shape, frames = stream(40 * FPS, covered)
    for at in range(0, len(frames), 5):
        looking.see(visited(shape, frames[at : at + 5]))
    assert [each.kind for each in looking.of(Tampered)] == [TamperKind.COVERED]


def test_a_walk_is_no_tampering() -> None:
    looking = Looking()
    looking.walk()
    assert looking.of(Tampered) == []
