"""From the recorder to whoever looks: visits are whole, and each moment has its account."""

import heapq
import random
from collections.abc import Iterator
from itertools import count, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.analytics.stream_making import CAMERA, START_NS, Stream, number_of
from watchglass.analytics.accounts import Accounts
from watchglass.analytics.backlog import MOST_JOINED, Backlog
from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.gate_step import GateState
from watchglass.analytics.gated import Gated
from watchglass.analytics.hold import Hold, span_of
from watchglass.analytics.together import TOGETHER_NS, Together
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.visit import LOOKS_AT_ONE, Moves, VisitCause, Visited

QUICK = GateLimits(learn_s=4, learn_frames=15, learn_most_s=8, check_every_s=1e9)


def varying(middle: int, seed: int = 1) -> Iterator[int]:
    chance = random.Random(seed)
    while True:
        yield max(10, round(middle * chance.gauss(1, 0.15)))


class Worker:
    """A gated stream, and what came of it."""

    def __init__(self, limits: GateLimits = QUICK, together: Together | None = None) -> None:
        self.sent: list[Visited] = []
        self.spans: list[AnalysisSpan] = []
        self.there = True
        self.numbers = count()
        self.moving: bool | None = False
        self.gated = Gated(
            CAMERA, self.put, self.account, lambda: str(next(self.numbers)), limits, together
        )

    def put(self, message: Visited) -> bool:
        if self.there:
            self.sent.append(message)
        return self.there

    def account(
        self, camera: CameraId, from_ns: int, to_ns: int, state: Analysis, cause: SkipCause | None
    ) -> None:
        self.spans.append(
            AnalysisSpan(camera=camera, from_ns=from_ns, to_ns=to_ns, state=state, cause=cause)
        )

    def play(self, stream: Stream, sizes: Iterator[int], seconds: float) -> None:
        for item in stream.items(sizes, seconds):
            self.gated([item])
            if self.moving is not None and self.there and self.sent:
                at_ns = item.wall_ns if isinstance(item, LiveFrame) else 0
                self.gated.hear(Moves(self.sent[-1].visit, at_ns, self.moving))

    def visits(self) -> list[list[Visited]]:
        found: dict[str, list[Visited]] = {}
        for each in self.sent:
            found.setdefault(each.visit, []).append(each)
        return list(found.values())


def frames_of(parts: list[Visited]) -> list[LiveFrame]:
    return [each for part in parts for each in part.items if isinstance(each, LiveFrame)]


def test_a_visit_begins_with_shape_and_key_frame_and_has_no_hole() -> None:
    worker, stream = Worker(), Stream()
    worker.play(stream, varying(600), 60)
    worker.moving = True
    begins = stream.number
    worker.play(stream, varying(4000), 5)
    worker.moving = False
    worker.play(stream, varying(600), 20)
    learning, walk = worker.visits()
    assert learning[0].cause is VisitCause.LEARNING
    assert walk[0].cause is VisitCause.SIZES
    for parts in (learning, walk):
        assert isinstance(parts[0].items[0], LiveShape)
        assert [each.last for each in parts] == [False] * (len(parts) - 1) + [True]
        found = frames_of(parts)
        assert found[0].is_key
        assert all(later.after == each.decode_time for each, later in pairwise(found))
    assert number_of(frames_of(walk)[0]) <= begins
    assert number_of(frames_of(walk)[-1]) >= begins + 25
    quiet = [each for each in worker.spans if each.state is Analysis.QUIET]
    assert quiet[-1].to_ns <= stream.wall_ns(stream.number)
    assert any(each.to_ns == frames_of(walk)[0].wall_ns for each in quiet)


def test_a_break_ends_the_visit_and_quiet_does_not_reach_over_it() -> None:
    worker, stream = Worker(), Stream()
    worker.play(stream, varying(600), 2)
    stream.number += 100
    worker.play(stream, varying(600), 30)
    first, second = worker.visits()[:2]
    assert first[-1].last
    assert not first[-1].items
    assert number_of(frames_of(second)[0]) == 110
    stream.number += 100
    hole = stream.wall_ns(stream.number - 100), stream.wall_ns(stream.number)
    worker.play(stream, varying(600), 30)
    assert worker.spans
    assert not [each for each in worker.spans if each.from_ns < hole[1] and each.to_ns > hole[0]]


def test_another_shape_is_learned_anew() -> None:
    worker, stream = Worker(), Stream()
    worker.play(stream, varying(600), 40)
    stream.another_run()
    stream.init = b"other"
    worker.play(stream, varying(5000), 40)
    assert [parts[0].cause for parts in worker.visits()] == [VisitCause.LEARNING] * 2


def test_nobody_is_there_and_it_is_told() -> None:
    worker, stream = Worker(), Stream()
    worker.there = False
    worker.play(stream, varying(600), 30)
    skipped = [each for each in worker.spans if each.state is Analysis.SKIPPED]
    assert {each.cause for each in skipped} == {SkipCause.NO_ANALYST}
    assert skipped[0].from_ns == START_NS
    assert sum(each.to_ns - each.from_ns for each in skipped) >= 4 * NS_PER_S


def test_who_comes_back_is_given_the_visit_from_its_last_key_frame_on() -> None:
    worker, stream = Worker(), Stream()
    worker.play(stream, varying(600), 3)
    worker.gated.gone()
    worker.gated.begin_anew()
    worker.play(stream, varying(600), 1)
    _, second = worker.visits()
    assert number_of(frames_of(second)[0]) == 10
    assert number_of(frames_of(second)[-1]) == 19
    assert isinstance(second[0].items[0], LiveShape)


def test_what_is_too_large_to_be_held_begins_with_the_next_key_frame() -> None:
    hold = Hold(20_000)
    stream = Stream(gop=50)
    given = [each for each in stream.items(varying(600), 30) if isinstance(each, LiveFrame)]
    for frame in given:
        hold.add(frame)
    assert hold.size_bytes <= 20_000
    assert hold.too_large == 3
    assert hold.since(0) == []


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([600, 600, 700, 4000]), st.integers(1, 40),
            st.sampled_from([None, None, "hole", "run", "away", "back", "moving", "still", "mute"]),
        ),
        min_size=1, max_size=25,
    ),
    st.integers(1, 30),
)  # fmt: skip
def test_visits_are_whole_and_quiet_never_reaches_into_them(
    story: list[tuple[int, int, str | None]], gop: int
) -> None:
    worker, stream = Worker(), Stream(gop=gop)
    for middle, seconds, what in story:
        happen(what, worker, stream)
        worker.play(stream, varying(middle, seconds), seconds)
    worker.gated.end()
    spans = sorted((each.from_ns, each.to_ns) for each in worker.spans)
    assert all(start < end for start, end in spans)
    quiet = sorted(
        (each.from_ns, each.to_ns) for each in worker.spans if each.state is Analysis.QUIET
    )
    assert all(end <= start for (_, end), (start, _) in pairwise(quiet))
    for parts in worker.visits():
        found = frames_of(parts)
        if not found:
            continue
        assert found[0].is_key
        assert isinstance(parts[0].items[0], LiveShape)
        assert all(later.after == each.decode_time for each, later in pairwise(found))
        if parts[0].cause not in LOOKS_AT_ONE:
            from_ns, to_ns = found[0].wall_ns, found[-1].wall_ns
            assert all(end <= from_ns or start >= to_ns for start, end in quiet)


def happen(what: str | None, worker: Worker, stream: Stream) -> None:
    match what:
        case "hole":
            stream.number += 57
        case "run":
            stream.another_run()
        case "away":
            worker.there = False
            worker.gated.gone()
        case "back":
            worker.there = True
            worker.gated.begin_anew()
        case "moving" | "still" | "mute":
            worker.moving = {"moving": True, "still": False, "mute": None}[what]
        case _:
            pass


class Looker:
    """Looks a while after it was sent something, and has it written down a while later. What it
    has not when it dies is gone, and so is what it is sent until that is noticed."""

    def __init__(self, looks_after: int, writes_after: int) -> None:
        self.worker = Worker()
        self.worker.moving = None
        self.looks_after, self.writes_after = looks_after, writes_after
        self.turns = 0
        self.waiting: list[tuple[int, str, LiveFrame]] = []
        self.looked: list[tuple[int, LiveFrame]] = []
        self.written: list[tuple[int, int]] = []
        self.dead = False

    def turn(self, turns: int = 1) -> None:
        self.turns += turns
        came, self.worker.sent = self.worker.sent, []
        if self.dead:
            return
        sent = [each for each in came if each.cause not in LOOKS_AT_ONE]
        for each in came:
            if each.cause in LOOKS_AT_ONE:
                self.worker.gated.hear(Moves(each.visit, frames_of([each])[-1].wall_ns, False))
        looks, writes = self.turns + self.looks_after, self.turns + self.writes_after
        self.waiting += [(looks, each.visit, frame) for each in sent for frame in frames_of([each])]
        while self.waiting and self.waiting[0][0] <= self.turns:
            _, visit, frame = self.waiting.pop(0)
            self.looked.append((writes, frame))
            self.worker.gated.hear(Moves(visit, frame.wall_ns, False))
        while self.looked and self.looked[0][0] <= self.turns:
            self.written.append(span_of([self.looked.pop(0)[1]]))

    def happen(self, what: str | None) -> None:
        if what in ("dies", "noticed", "renewed"):
            self.dead = True
            self.waiting.clear()
            self.looked.clear()
        if what in ("noticed", "renewed"):
            self.worker.there = False
            self.worker.gated.gone()
        if what in ("back", "renewed") and not self.worker.there:
            self.worker.there, self.dead = True, False
            self.worker.gated.begin_anew()

    def end(self) -> list[tuple[int, int]]:
        """All that was told, by whomever."""
        if self.dead:
            self.happen("noticed")
        self.worker.gated.end()
        for _ in range(3):
            self.turn(1000)
        return [*self.written, *((each.from_ns, each.to_ns) for each in self.worker.spans)]


@pytest.mark.full
@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([600, 600, 4000]), st.integers(1, 150),
            st.sampled_from([None, "dies", "noticed", "back", "renewed", "hole", "run"]),
        ),
        min_size=1, max_size=15,
    ),
    st.integers(2, 30), st.integers(0, 20), st.integers(0, 40),
    st.sampled_from([4 << 20, 60_000]),
)  # fmt: skip
def test_whenever_who_looks_dies_each_moment_has_its_account(
    story: list[tuple[int, int, str | None]], gop: int, looks_after: int, writes_after: int,
    holds_bytes: int,
) -> None:  # fmt: skip
    stream, looker = Stream(gop=gop), Looker(looks_after, writes_after)
    looker.worker.gated._hold = Hold(holds_bytes)
    recorded: list[LiveFrame] = []
    for middle, most, what in story:
        if looker.dead and looker.worker.there:
            looker.happen("noticed")
        if what in ("hole", "run"):
            before = stream.number
            happen(what, looker.worker, stream)
            for _ in range(before, stream.number):
                looker.turn()
        else:
            looker.happen(what)
        # A link that is silent is over within seconds.
        frames = min(most, 40) if looker.dead and looker.worker.there else most
        for item in stream.items(varying(middle, frames), frames / stream.fps):
            looker.worker.gated([item])
            looker.turn()
            if isinstance(item, LiveFrame):
                recorded.append(item)
    told = looker.end()
    for frame in recorded[:-1]:
        accounted = any(start <= frame.wall_ns < end for start, end in told)
        assert accounted, f"{number_of(frame)}: a time that nobody accounts for"


@pytest.mark.parametrize("ends", ["break", "end"])
def test_where_sizes_tell_nothing_what_came_last_is_looked_at_when_the_stream_breaks(
    ends: str,
) -> None:
    # Each picture is a key frame: one in a second or so is probed.
    stream, looker = Stream(gop=1), Looker(0, 0)
    recorded: list[LiveFrame] = []

    def play(seconds: float) -> None:
        for item in stream.items(varying(600), seconds):
            looker.worker.gated([item])
            looker.turn()
            if isinstance(item, LiveFrame):
                recorded.append(item)

    play(30.6)
    assert looker.worker.gated.numbers().blind
    before = dict(looker.worker.gated.numbers().visits)
    if ends == "break":
        stream.number += 57
        play(10)
    told = looker.end()
    visits = looker.worker.gated.numbers().visits
    assert visits[VisitCause.BLIND] == before[VisitCause.BLIND] + 1 + (ends == "break")
    last = [frame for frame in recorded if number_of(frame) < 153]
    for frame in recorded if ends == "end" else last:
        assert any(start <= frame.wall_ns < end for start, end in told), number_of(frame)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3000), st.booleans()), max_size=60))
def test_a_backlog_keeps_its_bound_and_tells_what_it_lost(
    parts: list[tuple[int, int, bool]],
) -> None:
    lost: list[tuple[CameraId, int, int]] = []
    backlog = Backlog("b", 9000, lambda *span: lost.append(span))
    streams = {n: (CameraId(str(n) * 32), Stream()) for n in range(3)}
    put = 0
    for number, (which, size, last) in enumerate(parts):
        camera, stream = streams[which]
        frame = stream.frame(size + 4)
        visit = f"{which}"
        backlog.put(
            Visited(
                visit=visit, camera=camera, cause=VisitCause.SIZES, items=(frame,), last=last
            )
        )  # fmt: skip
        put += 1
        assert backlog.depth().size_bytes <= 9000 or number == 0
    taken = backlog.take()
    kept = sum(len(frames_of([each])) for each in taken)
    assert kept + len(lost) == put == kept + backlog.depth().dropped_items
    assert not backlog
    assert backlog.depth().size_bytes == 0


def test_what_waits_is_put_together_as_far_as_it_is_soon_looked_at() -> None:
    backlog, stream = Backlog("b", 1 << 20, lambda *_: None), Stream()
    for _ in range(2 * MOST_JOINED + 10):
        items = (stream.frame(100),)
        backlog.put(Visited(visit="v", camera=CAMERA, cause=VisitCause.SIZES, items=items))
    taken = backlog.take()
    assert [len(each.items) for each in taken] == [MOST_JOINED, MOST_JOINED, 10]
    assert [number_of(each) for each in frames_of(taken)] == list(range(2 * MOST_JOINED + 10))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 50), st.integers(1, 9)), max_size=80))
def test_accounts_lose_nothing_until_it_is_written_down(spans: list[tuple[int, int, int]]) -> None:
    accounts = Accounts("s")
    at_ns, added_ns = 0, 0
    numbers = []
    for which, gap, length in spans:
        at_ns += gap * NS_PER_S
        state = (Analysis.QUIET, Analysis.SKIPPED)[which]
        accounts.add(CAMERA, at_ns, at_ns + length, state)
        at_ns += length
        added_ns += length
        if gap > 40:
            message = accounts.message()
            assert message is not None
            numbers.append(message.number)
    message = accounts.message()
    if message is not None:
        numbers.append(message.number)
    told = [each for again in accounts.again() for each in again.spans]
    assert numbers == list(range(1, len(numbers) + 1))
    # Coalesced, they cover no less.
    assert sum(each.to_ns - each.from_ns for each in told) >= added_ns
    assert len(told) == accounts.waiting
    accounts.noted(len(numbers))
    assert accounts.again() == []
    assert accounts.waiting == 0


def test_accounts_are_bounded_and_count_what_they_forget() -> None:
    accounts = Accounts("s", most_spans=10)
    for number in range(100):
        accounts.add(CAMERA, number * 10**10, number * 10**10 + 1, Analysis.QUIET)
    assert accounts.waiting == 10
    assert accounts.forgotten == 90


def test_it_says_since_when_it_is_how_and_what_part_was_sent() -> None:
    bed, stream = Worker(), Stream()
    bed.play(stream, varying(600), 60)
    found = bed.gated.numbers()
    assert found.state is GateState.QUIET
    # Since it closed after it had learned, not since the last key frame.
    assert stream.wall_ns(0) < found.since_ns < stream.wall_ns(stream.number - 2 * stream.gop)
    assert found.frames == stream.number
    assert found.sent == len(frames_of(bed.sent))
    assert 0 < found.sent < found.frames
    assert found.visits[VisitCause.LEARNING] == sum(found.visits.values()) == 1


def test_what_was_sent_and_not_told_of_is_accounted_for_when_another_looks() -> None:
    worker, stream = Worker(GateLimits(learn_s=60)), Stream()
    worker.play(stream, varying(600), 30)
    worker.spans.clear()
    worker.gated.gone()
    (lost,) = worker.spans
    ends = stream.wall_ns(stream.number)
    assert (lost.state, lost.cause, lost.to_ns) == (Analysis.SKIPPED, SkipCause.NO_ANALYST, ends)
    # Not all of a long visit: why parts of it were not looked at is known of old.
    assert 20 * NS_PER_S <= ends - lost.from_ns <= 21 * NS_PER_S
    worker.gated.gone()
    assert worker.spans == [lost]
    worker.gated.begin_anew()
    begins = frames_of([worker.sent[-1]])[0].wall_ns
    assert begins <= ends
    # It was a picture of this camera that ended who looked.
    worker.gated.hear(Moves(worker.sent[-1].visit, begins, False, apart=True))
    again = worker.spans[-1]
    assert again.cause is SkipCause.SET_APART
    assert (again.from_ns, again.to_ns) == (lost.from_ns, lost.to_ns)


def test_a_probe_of_a_camera_that_is_set_apart_says_so() -> None:
    """Each picture by itself, of which sizes tell nothing: what nobody looks at is not known."""
    worker, stream = Worker(), Stream(gop=1)
    worker.play(stream, varying(900), 60)
    assert worker.sent[-1].cause is VisitCause.PROBE
    worker.spans.clear()
    worker.moving = None
    for item in stream.items(varying(900), 60):
        worker.gated([item])
        worker.gated.hear(Moves(worker.sent[-1].visit, item.wall_ns, False, apart=True))  # type: ignore[union-attr] # frames
    skipped = {each.cause for each in worker.spans if each.state is Analysis.SKIPPED}
    assert skipped == {SkipCause.SET_APART}


def test_gates_of_a_worker_deal_with_quiet_frames_at_one_moment() -> None:
    """Whatever their streams' phases: what each needs is in the caches for the next one then."""
    together = Together()
    workers = [Worker(together=together) for _ in range(3)]
    streams = [Stream(late_ns=late_ns) for late_ns in (0, 70_000_000, 130_000_000)]
    for worker, stream in zip(workers, streams, strict=True):
        worker.play(stream, varying(600), 30)
        assert worker.gated.numbers().state is GateState.QUIET
    frames = heapq.merge(
        *(
            [(item.wall_ns, number, item) for item in stream.items(varying(600), 8)]  # type: ignore[union-attr] # frames
            for number, stream in enumerate(streams)
        )
    )
    dealt, most = [], 0
    for wall_ns, number, item in frames:
        workers[number].gated([item])
        waiting = [len(each.gated._waiting) for each in workers]
        if not any(waiting):
            dealt.append(wall_ns // TOGETHER_NS)
        else:
            most = max(most, *waiting)
    assert dealt == list(range(dealt[0], dealt[0] + len(dealt)))  # each moment, and once
    assert len(dealt) >= 9
    assert most > 2


def test_a_gate_that_has_left_is_not_waited_for() -> None:
    together = Together()
    gone, there = Worker(together=together), Worker(together=together)
    for worker in (gone, there):
        worker.play(Stream(), varying(600), 30)
    gone.gated.end()
    spans = list(gone.spans)
    there.play(Stream(), varying(600), 30)
    assert gone.spans == spans
    assert len(together._all) == 1
