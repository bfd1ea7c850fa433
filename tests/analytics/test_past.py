"""Looks at the past beside what is looked at now: through the real analyst and its socket."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.analytics.test_pipeline import CAMERA, stream
from watchglass.analytics.analyst import Analyst
from watchglass.analytics.regions import RegionDetector
from watchglass.analytics.reports import Reports
from watchglass.base.clock import SystemClock
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, Received
from watchglass.model.analysis import AnalysisSpan, Report, Taken
from watchglass.model.object_track import TrackPart
from watchglass.model.visit import FromAnalyst, Moves, ToAnalyst, VisitCause, Visited
from watchglass.model.way import Way


class Looked:
    """An analyst, who finds what it tells (the test), and who sends it pictures."""

    def __init__(self, folder: Path) -> None:
        clock = SystemClock()
        key, told = Key.make(), Key.make()
        here, there = f"ipc://{folder}/a", f"ipc://{folder}/u"
        self.finder: BusServer[Report, Taken] = BusServer(
            there, Codec[Report](Report), Codec[Taken](Taken), key=told
        )
        reports = Reports(Way(there, told.proof("analyst")), "analyst", clock)
        self.analyst = Analyst(here, key.text, reports, RegionDetector(), clock)
        self.client: BusClient[ToAnalyst, FromAnalyst] = BusClient(
            here, "past", Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst),
            limit_bytes=8 << 20, clock=clock, proof=key.proof("past"),
        )  # fmt: skip
        self.reports, self._reports_of = list[Report](), reports
        self.moves = list[Moves]()
        self.takes = True

    def turn(self) -> None:
        self.analyst.turn(0.01)
        for news in self.finder.poll(0.01):
            if isinstance(news, Received):
                if self.takes:
                    self.reports.append(news.message)
                    self.finder.send(news.peer, Taken(news.message.session, news.message.number))
                self.finder.done(news.peer, news.size_bytes)
        for message in self.client.poll(0.01):
            if isinstance(message, Moves):
                self.moves.append(message)
            else:
                assert isinstance(message, LinkRenewed)

    def until(self, visit: str) -> None:
        ends_s = time.monotonic() + 30
        while not any(each.visit == visit for each in self.moves):
            assert time.monotonic() < ends_s
            self.turn()

    def close(self) -> None:
        self.client.close()
        self.analyst.close()
        self._reports_of.close()
        self.finder.close()


@pytest.fixture
def looked(tmp_path: Path) -> Iterator[Looked]:
    found = Looked(tmp_path)
    yield found
    found.close()


def visit(
    name: str, first: int, end: int, cause: VisitCause = VisitCause.JOB, *, last: bool = False
) -> Visited:
    shape, frames = stream(110)
    return Visited(
        visit=name, camera=CAMERA, cause=cause, items=(shape, *frames[first:end]), last=last,
        job="j",
    )  # fmt: skip


def test_what_is_found_in_the_past_has_the_name_of_its_look(looked: Looked) -> None:
    for name, first, end in (("a", 0, 60), ("b", 60, 110)):
        looked.client.send(visit(name, first, end, last=end == 110))
    looked.until("b")
    items = [item for report in looked.reports for item in report.items]
    assert {report.job for report in looked.reports} == {"j"}
    tracks = [each for each in items if isinstance(each, TrackPart)]
    assert tracks
    assert len({each.track for each in tracks}) == 1
    assert tracks[-1].end is not None
    assert any(isinstance(each, AnalysisSpan) for each in items)


def test_key_frames_are_probed_apart_and_leave_nothing_behind(looked: Looked) -> None:
    for number in range(0, 110, 10):
        looked.client.send(visit(f"k{number}", number, number + 1, VisitCause.PROBE))
    looked.until("k100")
    moved = {each.visit for each in looked.moves if each.moving}
    assert {"k50", "k60"} <= moved
    assert "k20" not in moved
    assert not looked.reports


@pytest.mark.full
def test_it_is_as_far_as_is_written_down(looked: Looked) -> None:
    looked.takes = False
    looked.client.send(visit("a", 0, 110, last=True))
    for _ in range(100):
        looked.turn()
    assert not looked.moves


def tracks_of(looked: Looked) -> list[TrackPart]:
    return [
        item for report in looked.reports for item in report.items if isinstance(item, TrackPart)
    ]


@pytest.mark.full
def test_what_is_looked_at_anew_has_the_same_names(looked: Looked) -> None:
    """A look was cut off in the middle of a walk, and looks at all of it again."""
    anew = Visited(visit="0", camera=CAMERA, cause=VisitCause.JOB, items=(), job="j", anew_ns=7)
    for each in (anew, visit("a", 0, 60)):
        looked.client.send(each)
    looked.until("a")
    before = {each.track for each in tracks_of(looked)}
    looked.reports.clear()
    looked.moves.clear()
    for each in (anew, visit("a", 0, 60), visit("b", 60, 110, last=True)):
        looked.client.send(each)
    looked.until("b")
    assert looked.reports[0].anew_ns == 7
    assert before
    assert {each.track for each in tracks_of(looked)} == before
