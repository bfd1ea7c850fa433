"""The events-worker as a process, over the real bus: killed midway, it finds nothing twice."""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.app.test_event_work import ALL, LINE, RULES, pieces
from tests.store.understood import CAMERA, span, walk
from watchglass.app.event_desk import EventDesk, those_aside
from watchglass.app.layout import Layout
from watchglass.app.ways import Ways
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError
from watchglass.base.fence import FenceMode
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.model.analysis import Report, Taken
from watchglass.model.assignment import FenceTold
from watchglass.model.event_work import EventsStart, MarkTold
from watchglass.store.event_search import Wanted
from watchglass.store.events import EventStore

pytestmark = [pytest.mark.full, pytest.mark.timeout(120)]
PATIENCE_S = 30.0


class Analyst:
    """What the analytics-worker is to it: tells reports, and again what was not taken."""

    def __init__(self, ways: Ways) -> None:
        way = ways.tell_understood("analytics-worker")
        self.client: BusClient[Report, Taken] = BusClient(
            way.endpoint, "analytics-worker", Codec[Report](Report), Codec[Taken](Taken),
            limit_bytes=8 << 20, proof=way.proof,
        )  # fmt: skip
        self.reports: dict[int, Report] = {}
        self.sent: set[int] = set()

    def put(self, report: Report) -> None:
        self.reports[report.number] = report

    def turn(self) -> None:
        for message in self.client.poll(0.05):
            if isinstance(message, LinkRenewed):
                self.client.discard_queued()
                self.sent.clear()
            else:
                self.reports = {n: each for n, each in self.reports.items() if n > message.last}
        if self.client.connected:
            for number, report in self.reports.items():
                if number not in self.sent:
                    self.client.send(report)
                    self.sent.add(number)


class Place:
    """A state folder, and the worker in it."""

    def __init__(self, state: Path) -> None:
        state.mkdir(mode=0o700)
        (state / "run").mkdir(mode=0o700)
        self.layout = Layout(state)
        self.ways = Ways(self.layout)
        self.analyst = Analyst(self.ways)
        self.process = self.start()

    def start(self) -> "subprocess.Popen[bytes]":
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "watchglass.app.events_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        message = EventsStart(
            str(self.layout.state), self.ways.understood, self.ways.tell_vitals("events-worker"),
            RULES, (LINE,), "info", False, FenceMode.AUTO,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(msgspec.json.encode(message) + b"\n")
        self.process.stdin.flush()
        return self.process

    def lines(self) -> list[bytes]:
        """What it has said by now."""
        out = self.process.stdout
        assert out is not None
        found = []
        while select.select([out], [], [], 0.2)[0]:
            line = out.readline()
            if not line:
                break
            found.append(line)
        return found

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        if self.process.stdout is not None:
            self.process.stdout.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "s")
    yield made
    made.analyst.client.close()
    made.end()


def test_killed_in_the_middle_it_finds_all_and_nothing_twice(place: Place) -> None:
    tracks = [walk(f"t{n}", n * 3, n * 3 + 8) for n in range(20)]
    parts = [each for track in tracks for each in pieces(track, 4)]
    began_s = time.monotonic()
    lines: list[bytes] = []
    for number, part in enumerate(parts, 1):
        place.analyst.put(Report("session", number, (part, span(number - 1, number))))
        place.analyst.turn()
        if number % 20 == 0:
            os.kill(place.process.pid, signal.SIGKILL)
            place.process.wait(10)
            lines += place.lines()
            assert place.process.stdin is not None
            assert place.process.stdout is not None
            place.process.stdin.close()
            place.process.stdout.close()
            place.start()
    while place.analyst.reports:
        assert time.monotonic() < began_s + PATIENCE_S
        place.analyst.turn()
    store = EventStore(place.layout.events_db)
    try:
        found = store.events(Wanted(ALL, most=500)).found
        by_rule = {each.why.rule.name: 0 for each in found}
        for each in found:
            by_rule[each.why.rule.name] += 1
        assert by_rule == {"moves": 20, "crosses": 20}
        counted = store.counts(ALL, 0, 2**62, 3600 * 10**9)
        assert sum(each.forward + each.backward for each in counted) == 20
        assert len(store.spans(CAMERA, 0, 2**62)) == 1
        assert len(store.tracks(Wanted(ALL, most=500)).found) == 20
    finally:
        store.close()
    lines += place.lines()
    assert any(b"mark_told" in each for each in lines)
    marks = [msgspec.json.decode(each, type=MarkTold) for each in lines if b"mark_told" in each]
    assert all(each.camera == CAMERA for each in marks)


def test_it_is_fenced_and_nobody_without_a_proof_is_heard(place: Place) -> None:
    place.analyst.put(Report("s", 1, (walk("t", 0, 2),)))
    until_s = time.monotonic() + PATIENCE_S
    while place.analyst.reports and time.monotonic() < until_s:
        place.analyst.turn()
    assert not place.analyst.reports
    told = msgspec.json.decode(place.lines()[0], type=FenceTold)
    assert told.fence
    stranger: BusClient[Report, Taken] = BusClient(
        place.layout.understood, "stranger", Codec[Report](Report), Codec[Taken](Taken),
        limit_bytes=1 << 20, clock=SystemClock(), proof="x",
    )  # fmt: skip
    try:
        until_s = time.monotonic() + PATIENCE_S
        while stranger.refusal is None and time.monotonic() < until_s:
            stranger.poll(0.1)
        assert "proof" in (stranger.refusal or "")
    finally:
        stranger.close()


def test_a_database_that_gets_damaged_ends_it_and_its_successor_takes_what_waits(
    place: Place,
) -> None:
    tracks = [walk(f"t{n}", n * 3, n * 3 + 8) for n in range(6)]
    place.analyst.put(Report("s", 1, (tracks[0],)))
    deadline = time.monotonic() + PATIENCE_S
    while place.analyst.reports and time.monotonic() < deadline:
        place.analyst.turn()
    assert not place.analyst.reports
    desk = EventDesk(place.layout.events_db, Disk(), SystemClock())
    place.process.kill()
    place.end()
    for end in ("", "-wal"):
        path = Path(f"{place.layout.events_db}{end}")
        with path.open("r+b") as file:
            file.write(b"\xa5" * path.stat().st_size)
    for number, track in enumerate(tracks[1:], 2):
        place.analyst.put(Report("s", number, (track,)))
    place.start()
    while place.process.poll() is None and time.monotonic() < deadline:
        place.analyst.turn()
    assert place.process.returncode == DamagedError.exit_code
    waiting = set(place.analyst.reports)
    assert waiting
    desk.finder_died(DamagedError.exit_code)
    assert those_aside(place.layout.events_db)
    place.end()
    place.start()
    while place.analyst.reports and time.monotonic() < deadline + PATIENCE_S:
        place.analyst.turn()
    assert not place.analyst.reports
    told = {part.track for part in desk.store.parts(CAMERA, 0, 2**62)}
    assert told == {tracks[number - 1].track for number in waiting}
    desk.close()
