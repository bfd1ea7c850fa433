"""More to see than there is time for: the real analyst, and a detector that takes its time.

Its clock stands while nobody computes, so that what the detector takes is all that there is: the
same on any machine.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path

import numpy as np
import pytest

from tests.analytics.test_pipeline import FPS, HEIGHT, START_NS, WIDTH, stream
from watchglass.analytics.analyst import Analyst
from watchglass.analytics.detector import Look
from watchglass.analytics.regions import RegionDetector
from watchglass.analytics.reports import Reports
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId
from watchglass.bus.client import BusClient
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, Received
from watchglass.model.analysis import Analysis, AnalysisSpan, Report, Taken, Understood
from watchglass.model.detection import Detection
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.object_track import TrackPart
from watchglass.model.visit import Analysed, FromAnalyst, ToAnalyst, VisitCause, Visited
from watchglass.model.way import Way

SECONDS = 100
LEVELS = (50, 100, 150)
"""By the grey of its wall one knows a camera; the last one is of higher priority."""
CAMERAS = tuple(CameraId(f"{each:032x}") for each in range(len(LEVELS)))
FAVOURED = 2
SLOWED = "watchglass_analysis_slowed"
PICTURES = "watchglass_analysis_pictures_total"
_STEP_NS = NS_PER_S // FPS


def back_and_forth(number: int, camera: int) -> np.ndarray:
    """Somebody who walks all the time, at a height of the camera's own."""
    drawn = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
    noise = np.random.default_rng(number).normal(0, 2, (HEIGHT, WIDTH))
    drawn[:HEIGHT] = np.clip(LEVELS[camera] + noise, 0, 255).astype(np.uint8)
    x = 20 + abs(number * 4 % 480 - 240)
    y = 10 + 50 * camera
    drawn[y : y + 50, x : x + 30] = 235
    return drawn


@cache
def pictures(camera: int) -> tuple[LiveShape, tuple[LiveFrame, ...]]:
    return stream(SECONDS * FPS, partial(back_and_forth, camera=camera))


class Slow:
    """Finds what moves, and takes ``cost_s`` for each picture, while ``meanwhile`` goes on."""

    def __init__(self, clock: SimulatedClock, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile
        self._of = RegionDetector()
        self._clock = clock
        self.identity, self.names, self.size = self._of.identity, self._of.names, self._of.size
        self.batch = 4
        self.cost_s = 0.0
        self.looked = Counter[int]()
        self.together = list[tuple[int, ...]]()

    def detect(self, looks: Sequence[Look]) -> list[list[Detection]]:
        cameras = tuple(_camera_of(each) for each in looks)
        self.looked.update(cameras)
        self.together.append(cameras)
        for _ in range(round(self.cost_s * 10) * len(looks)):
            self._clock.advance(NS_PER_S // 10)
            self.meanwhile()
        return self._of.detect(looks)

    def close(self) -> None:
        """It holds nothing."""


def _camera_of(look: Look) -> int:
    level = float(np.median(look.picture))
    return min(range(len(LEVELS)), key=lambda each: abs(LEVELS[each] - level))


class Crowded:
    """An analyst, three cameras that send what happens as it happens, and who is told of it."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulatedClock(START_NS)
        key, told = Key.make(), Key.make()
        here, there = f"ipc://{folder}/a", f"ipc://{folder}/u"
        self._finder: BusServer[Report, Taken] = BusServer(
            there, Codec[Report](Report), Codec[Taken](Taken), key=told, clock=self.clock
        )
        self._reports = Reports(Way(there, told.proof("analyst")), "analyst", self.clock)
        self.detector = Slow(self.clock, self._hear)
        self.analyst = Analyst(here, key.text, self._reports, self.detector, self.clock)
        self.analyst.use(
            [
                Analysed(camera=each, priority=2 if number == FAVOURED else 0)
                for number, each in enumerate(CAMERAS)
            ],
            (),
        )
        self._worker: BusClient[ToAnalyst, FromAnalyst] = BusClient(
            here, "worker", Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst),
            limit_bytes=8 << 20, clock=self.clock, proof=key.proof("worker"),
        )  # fmt: skip
        self._sent = self.links_lost = 0
        self._linked = False
        self.told = list[Understood]()

    def run_to(self, second: int) -> None:
        """All that the cameras send up to then."""
        while self._sent < second * FPS:
            due = (self.clock.wall_ns() - START_NS) // _STEP_NS
            # Time that messages take on this machine is none: there is nothing to wait for.
            if due <= self._sent and self.value(PICTURES) == self._sent * len(CAMERAS):
                self.clock.advance(_STEP_NS)
            for number in range(self._sent, min(due, second * FPS)):
                for camera in range(len(CAMERAS)):
                    assert self._worker.send(self._part(camera, number))
            self._sent = max(self._sent, min(due, second * FPS))
            self._turn()
        while self.value(PICTURES) < self._sent * len(CAMERAS):
            self._turn()

    def _part(self, camera: int, number: int) -> Visited:
        shape, frames = pictures(camera)
        items = (frames[number],) if number else (shape, frames[number])
        return Visited(
            visit=f"v{camera}", camera=CAMERAS[camera], cause=VisitCause.SIZES, items=items
        )

    def _turn(self) -> None:
        self._hear()
        self.analyst.turn(0.002)
        for news in self._finder.poll(0):
            if isinstance(news, Received):
                self.told += news.message.items
                self._finder.send(news.peer, Taken(news.message.session, news.message.number))
                self._finder.done(news.peer, news.size_bytes)

    def _hear(self) -> None:
        self._worker.poll(0)
        linked = self._worker.connected
        self.links_lost += self._linked and not linked
        self._linked = linked

    def value(self, name: str) -> float:
        found = (each.value for each in self.analyst.samples("a") if each.metric == name)
        return next(found)

    def close(self) -> None:
        self._worker.close()
        self.analyst.close()
        self._reports.close()
        self._finder.close()


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Crowded]:
    found = Crowded(tmp_path)
    yield found
    found.close()


def test_pictures_of_several_cameras_are_looked_at_together_and_each_keeps_what_is_its_own(
    crowded: Crowded,
) -> None:
    crowded.run_to(20)
    assert any(len(set(each)) == len(CAMERAS) for each in crowded.detector.together)
    for number, camera in enumerate(CAMERAS):
        parts = [
            each for each in crowded.told if isinstance(each, TrackPart) and each.camera == camera
        ]
        feet = {round(point.box.foot[1] * HEIGHT / 10) for each in parts for point in each.points}
        assert feet
        assert feet <= {1 + 5 * (number + 1) + near for near in (-1, 0, 1)}, number


@pytest.mark.full
def test_looks_become_fewer_evenly_and_by_priority_and_come_back(crowded: Crowded) -> None:
    crowded.run_to(10)
    assert set(crowded.detector.looked.values()) <= {*range(8 * FPS, 10 * FPS + 1)}
    crowded.detector.cost_s = 0.1  # fifteen pictures a second would take one and a half
    crowded.run_to(30)
    crowded.detector.looked.clear()
    slowed = []
    for second in range(31, 71):
        crowded.run_to(second)
        slowed.append(crowded.value(SLOWED))
    one, other, favoured = (crowded.detector.looked[each] for each in range(len(CAMERAS)))
    assert abs(one - other) <= 8, "none is looked at less than its like"
    assert 40 < one < 40 * FPS * 3 // 4
    assert favoured > 1.4 * one
    # It got by with that: nothing waits long, and nothing was let go of.
    assert crowded.value("watchglass_analysis_behind_seconds") < 3
    assert max(slowed) > 1.5
    crowded.detector.cost_s = 0.0
    crowded.run_to(90)
    crowded.detector.looked.clear()
    crowded.run_to(SECONDS)
    assert set(crowded.detector.looked.values()) <= {*range(9 * FPS, 10 * FPS + 2)}
    spans = [each for each in crowded.told if isinstance(each, AnalysisSpan)]
    assert {each.state for each in spans} == {Analysis.ANALYSED}
    for camera in CAMERAS:
        own = [each for each in spans if each.camera == camera]
        assert sum(each.to_ns - each.from_ns for each in own) >= (SECONDS - 2) * NS_PER_S


@pytest.mark.full
def test_far_too_much_is_looked_at_coarsely_and_who_sends_it_is_not_left_alone(
    crowded: Crowded,
) -> None:
    crowded.detector.cost_s = 0.8
    crowded.run_to(40)
    crowded.detector.cost_s = 0.0
    crowded.run_to(60)
    assert crowded.links_lost == 0, "a link that hears nothing ends, and all that is on its way"
    spans = [each for each in crowded.told if isinstance(each, AnalysisSpan)]
    assert {each.camera for each in spans if each.coarse} >= set(CAMERAS[:FAVOURED])
    assert {each.state for each in spans} == {Analysis.ANALYSED}
