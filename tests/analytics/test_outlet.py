"""The hop to whoever looks, over real sockets: who is there, who goes, and who comes back."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.analytics.stream_making import CAMERA, Stream, number_of
from tests.analytics.test_gated import QUICK, frames_of, varying
from watchglass.analytics.outlet import AnalysisOutlet
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.bus.message import Codec
from watchglass.bus.peer import PeerId
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, Received
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.live import LiveShape, LiveSink
from watchglass.model.stream import StreamName
from watchglass.model.visit import Accounted, FromAnalyst, Moves, Noted, ToAnalyst, Visited
from watchglass.model.way import Way

SUB = StreamName.SUB


class Analyst:
    """Takes what comes, and answers as it is told to."""

    def __init__(self, endpoint: str, key: Key) -> None:
        self.server: BusServer[ToAnalyst, FromAnalyst] = BusServer(
            endpoint, Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst), key=key
        )
        self.visits: list[Visited] = []
        self.accounts: list[Accounted] = []
        self.peers: list[PeerId] = []
        self.notes = True

    def turn(self) -> None:
        for news in self.server.poll(0.01):
            match news:
                case PeerJoined(peer):
                    self.peers.append(peer)
                case Received(peer, message, size_bytes):
                    self._take(peer, message)
                    self.server.done(peer, size_bytes)
                case _:
                    pass

    def _take(self, peer: PeerId, message: ToAnalyst) -> None:
        if isinstance(message, Visited):
            self.visits.append(message)
            self.server.send(peer, Moves(message.visit, 0, False))
        else:
            self.accounts.append(message)
            if self.notes:
                self.server.send(peer, Noted(message.session, message.number))

    def until(self, what: Callable[[], bool]) -> None:
        ends_s = time.monotonic() + 30
        while not what():
            assert time.monotonic() < ends_s, f"never came: {what}"
            self.turn()


class Hop:
    def __init__(self, folder: Path, *, linked: bool = True, account_s: float = 0.2) -> None:
        self.key = Key.make()
        self.endpoint = f"ipc://{folder}/a"
        self.sinks: dict[CameraId, LiveSink] = {}
        self.outlet = AnalysisOutlet(
            Way(self.endpoint, self.key.proof("w")),
            "w",
            self.follow,
            SystemClock(),
            limits=QUICK,
            account_s=account_s,
        )
        self.outlet.take_up(CAMERA, SUB)
        self.outlet.start()
        if linked:
            self.another().until(lambda: bool(self.analyst.peers))

    def another(self) -> Analyst:
        self.analyst = Analyst(self.endpoint, self.key)
        return self.analyst

    def follow(self, camera: CameraId, _stream: StreamName, sink: LiveSink | None) -> None:
        if sink is None:
            self.sinks.pop(camera, None)
        else:
            self.sinks[camera] = sink

    @property
    def linked(self) -> bool:
        return self.outlet._linked

    def value(self, name: str) -> float:
        return sum(each.value for each in self.outlet.samples() if each.metric == name)

    def close(self) -> None:
        self.outlet.close()
        self.analyst.server.close()


@pytest.fixture
def hop(tmp_path: Path) -> Iterator[Hop]:
    found = Hop(tmp_path)
    yield found
    found.close()


def test_what_a_gate_lets_through_comes_and_its_accounts_are_kept_until_noted(hop: Hop) -> None:
    analyst, stream = hop.analyst, Stream()
    analyst.until(lambda: hop.linked)
    analyst.notes = False
    sink = hop.sinks[CAMERA]
    sink(stream.items(varying(600), 2))
    analyst.until(lambda: len(frames_of(analyst.visits)) == 10)
    assert [number_of(each) for each in frames_of(analyst.visits)] == list(range(10))
    sink(stream.items(varying(600), 60))
    analyst.until(lambda: analyst.visits[-1].last)
    sink(stream.items(varying(600), 30))
    analyst.until(lambda: bool(analyst.accounts))
    assert hop.value("watchglass_analysis_accounts_waiting") >= 1
    span = analyst.accounts[0].spans[0]
    assert (span.camera, span.state) == (CAMERA, Analysis.QUIET)


def test_what_came_before_the_link_begins_with_it(tmp_path: Path) -> None:
    hop = Hop(tmp_path, linked=False)
    stream = Stream()
    hop.sinks[CAMERA](stream.items(varying(600), 3))
    analyst = hop.another()
    analyst.until(lambda: hop.linked)
    hop.sinks[CAMERA](stream.items(varying(600), 1))
    analyst.until(lambda: len(frames_of(analyst.visits)) >= 10)
    assert isinstance(analyst.visits[0].items[0], LiveShape)
    assert number_of(frames_of(analyst.visits)[0]) == 10
    hop.close()


@pytest.mark.full
def test_another_analyst_hears_it_all_again(hop: Hop) -> None:
    analyst, stream = hop.analyst, Stream()
    analyst.until(lambda: hop.linked)
    analyst.notes = False
    sink = hop.sinks[CAMERA]
    hop.outlet._account(CAMERA, 5, 10**10, Analysis.SKIPPED, SkipCause.OVERLOAD)
    sink(stream.items(varying(600), 3))
    analyst.until(lambda: bool(analyst.visits))
    hop.outlet._tend()
    analyst.until(lambda: bool(analyst.accounts))
    analyst.server.close()
    deadline = time.monotonic() + 30
    while hop.linked and time.monotonic() < deadline:
        time.sleep(0.01)
    sink(stream.items(varying(600), 1))
    second = hop.another()
    second.until(lambda: bool(second.accounts) and bool(second.visits))
    assert second.accounts[0] == analyst.accounts[0]
    # The visit begins again with its last key frame: nobody has to know of what was before.
    assert frames_of(second.visits)[0].is_key
    assert number_of(frames_of(second.visits)[0]) == 10
    second.until(lambda: hop.value("watchglass_analysis_accounts_waiting") == 0)


@pytest.mark.full
def test_what_was_lost_with_who_looked_is_told_to_the_next_one_at_once(tmp_path: Path) -> None:
    hop, stream = Hop(tmp_path, account_s=3600), Stream()
    analyst, sink = hop.analyst, hop.sinks[CAMERA]
    analyst.until(lambda: hop.linked)
    sink(stream.items(varying(600), 3))
    analyst.until(lambda: len(frames_of(analyst.visits)) == 15)
    analyst.server.close()
    deadline = time.monotonic() + 30
    while hop.linked and time.monotonic() < deadline:
        time.sleep(0.01)
    sink(stream.items(varying(600), 1))
    second = hop.another()
    second.until(lambda: bool(second.accounts) and bool(second.visits))
    spans = sorted((each.from_ns, each.to_ns) for each in second.accounts[0].spans)
    assert {each.cause for each in second.accounts[0].spans} == {SkipCause.NO_ANALYST}
    assert spans[0][0] == stream.wall_ns(0)
    assert all(later[0] <= each[1] for each, later in pairwise(spans))
    assert spans[-1][1] >= stream.wall_ns(20)
    hop.close()


@pytest.mark.full
def test_a_camera_that_leaves_ends_its_visit(hop: Hop) -> None:
    analyst, stream = hop.analyst, Stream()
    analyst.until(lambda: hop.linked)
    hop.sinks[CAMERA](stream.items(varying(600), 2))
    hop.outlet.leave(CAMERA)
    assert not hop.sinks
    analyst.until(lambda: bool(analyst.visits) and analyst.visits[-1].last)


@pytest.mark.full
def test_one_that_is_switched_off_sends_nothing_and_is_told_of_as_switched_off(hop: Hop) -> None:
    analyst, stream = hop.analyst, Stream()
    analyst.until(lambda: hop.linked)
    hop.sinks[CAMERA](stream.items(varying(600), 2))
    analyst.until(lambda: bool(analyst.visits))
    hop.outlet.switch(CAMERA, off=True)
    analyst.until(lambda: analyst.visits[-1].last)
    sent = len(frames_of(analyst.visits))
    from_ns = stream.wall_ns(stream.number)
    hop.sinks[CAMERA](stream.items(varying(600), 30))
    off: list[AnalysisSpan] = []

    def told() -> bool:
        spans = [span for each in analyst.accounts for span in each.spans]
        off[:] = [each for each in spans if each.cause is SkipCause.OFF]
        return bool(off)

    analyst.until(told)
    assert (off[0].state, off[0].from_ns) == (Analysis.SKIPPED, from_ns)
    assert off[-1].to_ns == stream.wall_ns(stream.number)
    assert len(frames_of(analyst.visits)) == sent
    assert hop.value("watchglass_gate_frames_total") == 0
    hop.outlet.switch(CAMERA, off=False)
    stream.another_run()  # a sink that is new begins with the shape
    hop.sinks[CAMERA](stream.items(varying(600), 2))
    analyst.until(lambda: len(frames_of(analyst.visits)) > sent)
    assert hop.value("watchglass_gate_frames_total") > 0


@pytest.mark.full
def test_since_when_nobody_takes_what_is_told_is_known(hop: Hop) -> None:
    analyst = hop.analyst
    analyst.until(lambda: hop.linked)
    assert hop.outlet.untold_since_ns == 0
    analyst.notes = False
    hop.outlet._account(CAMERA, 5, 10**10, Analysis.SKIPPED, SkipCause.OVERLOAD)
    analyst.until(lambda: bool(analyst.accounts))
    since_ns = hop.outlet.untold_since_ns
    assert 0 < since_ns <= time.monotonic_ns()
    hop.outlet._account(CAMERA, 10**10, 10**11, Analysis.SKIPPED, SkipCause.OVERLOAD)
    analyst.until(lambda: len(analyst.accounts) > 1)
    assert hop.outlet.untold_since_ns == since_ns
    analyst.server.send(analyst.peers[0], Noted(analyst.accounts[0].session, 2))
    analyst.until(lambda: hop.outlet.untold_since_ns == 0)


@pytest.mark.full
def test_the_large_stream_is_followed_while_something_is_too_small_and_no_longer(
    tmp_path: Path,
) -> None:
    hop = Hop(tmp_path)
    streams: dict[StreamName, LiveSink | None] = {}
    hop.outlet._follow = lambda _, stream, sink: streams.update({stream: sink})
    hop.outlet.leave(CAMERA)
    hop.outlet.take_up(CAMERA, SUB, large=True)
    small = streams[SUB]
    assert small is not None
    analyst, stream, large = hop.analyst, Stream(), Stream()
    analyst.until(lambda: hop.linked)
    small(stream.items(varying(600), 2))
    analyst.until(lambda: bool(analyst.visits))
    assert StreamName.MAIN not in streams
    visit = analyst.visits[0].visit
    analyst.server.send(analyst.peers[0], Moves(visit, 0, True, finer=True))
    analyst.until(lambda: streams.get(StreamName.MAIN) is not None)
    finer = streams[StreamName.MAIN]
    assert finer is not None
    finer(large.items(varying(6000), 4))
    analyst.until(lambda: any(each.fine for each in analyst.visits))
    (fine,) = [each for each in analyst.visits if each.fine]
    assert [isinstance(each, LiveShape) for each in fine.items] == [True, False]
    analyst.server.send(analyst.peers[0], Moves(visit, 0, True))
    analyst.until(lambda: streams[StreamName.MAIN] is None)
    hop.close()
