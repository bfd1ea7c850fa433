"""The gate: what it does with frames, whatever their sizes and times."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.gate import Gate
from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.gate_step import GateState, Step
from watchglass.analytics.peeks import PEEKED
from watchglass.base.clock import NS_PER_S
from watchglass.model.visit import VisitCause

TICKS = 90_000
START_NS = 1_800_000_000 * NS_PER_S


@dataclass(slots=True)
class Scene:
    """Feeds a gate as the worker and the analyst together would, and keeps what it decided."""

    gate: Gate = field(default_factory=Gate)
    fps: int = 5
    gop: int = 10
    key_size: int = 12
    """How many times as large as others a key frame is."""
    number: int = 0
    steps: list[Step] = field(default_factory=list)
    opened_s: list[float] = field(default_factory=list)
    causes: list[VisitCause] = field(default_factory=list)
    begun_s: list[float] = field(default_factory=list)
    quiet_ns: int = 0
    answers: bool = True

    def play(self, sizes: Iterator[int], seconds: float, *, moving: bool = False) -> None:
        for _ in range(int(seconds * self.fps)):
            self.step(next(sizes), moving=moving)

    def step(self, size: int, *, moving: bool) -> Step:
        at_s = self.number / self.fps
        wall_ns = START_NS + int(at_s * NS_PER_S)
        is_key = self.number % self.gop == 0
        step = self.gate.frame(
            size * self.key_size if is_key else size, is_key, wall_ns, round(at_s * TICKS)
        )
        self.number += 1
        self.steps.append(step)
        if step is Step.OPEN:
            self.opened_s.append(at_s)
            assert self.gate.cause is not None
            self.quiet_ns += sum(end - start for start, end in self.gate.take_quiet())
            self.causes.append(self.gate.cause)
            self.begun_s.append((self.gate.opened_ns - START_NS) / NS_PER_S)
        if step in (Step.OPEN, Step.SEND):
            self.gate.saw(moving)
        if step in (Step.PROBE, Step.PEEK) and self.answers:
            self.gate.saw_probe(wall_ns, moving)
        return step

    @property
    def now_s(self) -> float:
        return self.number / self.fps


def varying(middle: int, seed: int = 1, part: float = 0.15) -> Iterator[int]:
    """Variable bit rate: each frame by itself."""
    chance = random.Random(seed)
    while True:
        yield max(1, round(middle * chance.gauss(1, part)))


def constant(middle: int, seed: int = 1) -> Iterator[int]:
    """Constant bit rate: what one frame takes, the next have to give."""
    chance = random.Random(seed)
    owed = 0.0
    while True:
        wanted = middle * chance.gauss(1, 0.3) - 0.7 * owed
        size = max(100, round(wanted))
        owed = 0.3 * owed + size - middle
        yield size


def test_variable_rate_is_quiet_and_opens_at_movement_from_the_key_frame_on() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    assert scene.gate.state is GateState.QUIET
    assert scene.causes == [VisitCause.LEARNING]
    begins_s = scene.now_s
    scene.play(varying(4400), 8, moving=True)
    assert scene.causes[1:] == [VisitCause.SIZES]
    assert scene.opened_s[1] - begins_s < 1
    assert scene.begun_s[1] <= begins_s
    scene.play(varying(600), 20)
    assert scene.gate.state is GateState.QUIET
    assert scene.steps.count(Step.PROBE) == 0


def test_small_growth_opens_too() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    before = len(scene.opened_s)
    scene.play(varying(800), 6, moving=True)
    assert scene.opened_s[before:]


def test_one_look_is_enough_where_nothing_shows() -> None:
    """A few frames that are larger by chance: looked at once, and no visit comes of it."""
    scene = Scene()
    scene.play(varying(600), 300)
    before = len(scene.steps)
    for _ in range(6):
        scene.play(varying(600), 0.6)
        scene.play(varying(1500), 1.2)
        scene.play(varying(600), 18.2)
    steps = scene.steps[before:]
    assert 1 <= steps.count(Step.PEEK) <= 12
    assert steps.count(Step.OPEN) == 0


def test_noise_that_showed_nothing_is_looked_at_less_until_something_moves() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    usual, seen = GateLimits().sizes.opens_at, set[float]()
    for _ in range(30):
        scene.play(varying(600), 0.6)
        scene.play(varying(1500), 1.2)
        scene.play(varying(600), 18.2)
        seen.add(scene.gate._calm_up)
    assert max(seen) == pytest.approx(usual * (1 + GateLimits().most_raised))
    assert scene.gate._calm_up == max(seen)
    opened = len(scene.opened_s)
    scene.play(varying(3000), 6, moving=True)
    scene.play(varying(600), 20)
    assert len(scene.opened_s) > opened
    assert scene.gate._calm_up == usual


@pytest.mark.parametrize("begins", range(10))
@pytest.mark.parametrize("size", [760, 4400])
def test_a_peek_is_where_little_is_to_be_decoded_unless_sizes_grew_much(
    begins: int, size: int
) -> None:
    limits = GateLimits()
    scene = Scene()
    scene.play(varying(600), 300 + begins / scene.fps)
    scene.answers = False
    sizes = varying(size, part=0.02)
    begins_s, step, place = scene.now_s, Step.PASS, 0
    while step is Step.PASS:
        place = scene.number % scene.gop
        step = scene.step(next(sizes), moving=False)
        assert scene.now_s - begins_s < (8 if size == 760 else 1.8)
    if step is Step.OPEN:  # a key frame that is as large as those is of another scene
        assert size == 4400
        return
    # All that are looked at lie behind one key frame, and the next one is not near.
    spared = PEEKED - 1 <= place < scene.gop - limits.waits_for_key_s * scene.fps
    assert spared or scene.gate._sizes.up > limits.eager * scene.gate._calm_up


def test_what_goes_on_opens_though_looks_found_nothing_and_from_its_beginning_on() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    begins_s, before = scene.now_s, len(scene.opened_s)
    scene.play(varying(1100), 8)
    assert scene.steps.count(Step.PEEK) >= GateLimits().peeks
    assert scene.causes[before] is VisitCause.SIZES
    assert scene.begun_s[before] <= begins_s


def test_what_is_small_may_have_come_long_before_sizes_told_of_it() -> None:
    """They grew, shrank and grew again: a peek that finds something has its visit begin before."""
    scene = Scene()
    scene.play(varying(600), 300)
    begins_s, before = scene.now_s, len(scene.opened_s)
    for _ in range(3):
        scene.play(varying(680), 1, moving=True)
        scene.play(varying(460), 1, moving=True)
    assert scene.gate._sizes.up == 0.0
    scene.play(varying(900), 4, moving=True)
    assert scene.causes[before:] == [VisitCause.SIZES]
    assert scene.begun_s[before] <= begins_s


def test_few_odd_frames_are_not_looked_at() -> None:
    scene = Scene()
    scene.play(varying(600), 300.4)
    before = len(scene.steps)
    for _ in range(6):
        scene.play(varying(2400), 0.6)
        scene.play(varying(600), 19.4)
    assert scene.steps[before:].count(Step.PEEK) <= 1


def test_what_comes_right_after_a_visit_is_looked_at_from_its_beginning_on() -> None:
    """The visit ended behind the key frame, and the next one comes too late."""
    scene = Scene(gop=50)
    scene.play(varying(600), 304)
    scene.play(varying(4400), 4, moving=True)
    scene.play(varying(600), 5.6)
    assert scene.gate.state is GateState.QUIET
    scene.play(varying(600), 5.8)
    before = len(scene.opened_s)
    assert scene.now_s == 319.4
    scene.play(varying(1500), 4, moving=True)
    assert len(scene.opened_s) == before + 1
    assert scene.opened_s[before] > 320
    assert scene.begun_s[before] == 310


def test_after_a_light_that_went_off_again_all_is_as_usual() -> None:
    """What nobody saw move is believed; when it is over, so is that."""
    scene = Scene()
    scene.play(varying(600), 300)
    usual = scene.gate._sizes._level
    scene.play(varying(4400), 1)
    scene.play(varying(1300), 12)
    assert scene.gate._sizes._level > usual + 0.5
    scene.play(varying(4400), 1)
    scene.play(varying(600), 6)
    assert scene.gate._sizes._level == pytest.approx(usual, abs=0.05)


def test_who_does_not_answer_a_look_is_not_waited_for() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    begins_s, before = scene.now_s, len(scene.opened_s)
    scene.answers = False
    scene.play(varying(1500), 6)
    assert scene.causes[before] is VisitCause.SIZES
    assert scene.opened_s[before] - begins_s < GateLimits().peek_s + 1.5
    assert scene.begun_s[before] <= begins_s


@pytest.mark.parametrize("fps", [5, 15])
def test_constant_rate_is_blind_and_probes_key_frames(fps: int) -> None:
    scene = Scene(fps=fps, gop=2 * fps, key_size=3)
    scene.play(constant(7000), 200)
    assert scene.gate.state is GateState.BLIND
    probes = scene.steps.count(Step.PROBE)
    scene.play(constant(7000, 2), 100)
    assert 40 <= scene.steps.count(Step.PROBE) - probes <= 51
    begins_s = scene.now_s
    scene.play(constant(7000, 3), 7, moving=True)
    # It begins with the last key frame in which there was nothing.
    assert scene.causes[-1] is VisitCause.BLIND
    assert scene.begun_s[-1] < begins_s + 0.5
    scene.play(constant(7000, 4), 30)
    assert scene.gate.state is GateState.BLIND


def test_constant_rate_with_rare_key_frames_is_looked_at_in_full() -> None:
    scene = Scene(gop=50, key_size=3)
    scene.play(constant(7000), 400)
    assert scene.gate.is_blind
    assert set(scene.steps[-500:]) == {Step.SEND}
    assert scene.gate.state is GateState.OPEN


def test_a_key_frame_alone_is_probed() -> None:
    """MJPEG: each picture stands for itself, and sizes say little."""
    scene = Scene(fps=10, gop=1)
    scene.play(varying(30_000), 100)
    assert scene.gate.state is GateState.BLIND
    before = len(scene.steps)
    scene.play(varying(30_000), 20)
    assert set(scene.steps[before:]) == {Step.PASS, Step.PROBE}
    assert 15 <= scene.steps[before:].count(Step.PROBE) <= 26


def test_it_closes_where_nothing_moves_though_sizes_stay_high() -> None:
    """Rain: packets are larger for hours, and somebody who looks sees nothing move."""
    scene = Scene()
    scene.play(varying(600), 300)
    scene.play(varying(3000), 60)
    assert scene.gate.state is GateState.QUIET
    before = scene.steps[-1000:].count(Step.OPEN)
    scene.play(varying(3000, 5), 200)
    assert scene.steps[-1000:].count(Step.OPEN) - before < 3


def test_night_that_comes_slowly_hardly_opens_it() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    for minute in range(30):
        scene.play(varying(600 + 40 * minute, minute), 60)
    assert scene.causes.count(VisitCause.SIZES) <= 30


def test_a_still_visitor_who_moves_is_not_forgotten() -> None:
    """Long movement is not taken for what is usual."""
    scene = Scene()
    scene.play(varying(600), 300)
    scene.play(varying(4400), 900, moving=True)
    scene.play(varying(600, 3), 60)
    before = len(scene.opened_s)
    scene.play(varying(4400), 3, moving=True)
    assert len(scene.opened_s) == before + 1


def test_what_the_camera_says_opens_it() -> None:
    scene = Scene()
    scene.play(varying(600), 300)
    scene.gate.said()
    scene.play(varying(600), 1)
    assert scene.causes[-1] is VisitCause.CAMERA


def test_what_the_camera_saw_before_it_said_so_is_looked_at() -> None:
    """Just behind a key frame: the one before it is where to begin."""
    scene = Scene()
    scene.play(varying(600), 300.4)
    said_s = scene.now_s
    scene.gate.said()
    scene.play(varying(600), 1)
    assert scene.causes[-1] is VisitCause.CAMERA
    assert scene.begun_s[-1] == 298
    assert said_s - scene.begun_s[-1] >= GateLimits().before_s


def test_it_counts_what_it_misses_and_goes_blind_of_it() -> None:
    """Something moves all the time and no size tells of it: only checks can find that."""
    scene = Scene(Gate(GateLimits(check_every_s=60)))
    sizes = varying(600)
    scene.play(sizes, 200)
    for _ in range(80):
        if scene.gate.is_blind:
            break
        while scene.step(next(sizes), moving=False) is not Step.OPEN:
            pass
        scene.play(sizes, 5, moving=True)
        scene.play(sizes, 20)
    assert scene.gate.misses >= 2
    assert scene.gate.is_blind
    recall = scene.gate.own_recall
    assert recall is not None
    assert recall < 0.9


def test_clean_checks_say_that_nothing_is_missed() -> None:
    scene = Scene(Gate(GateLimits(check_every_s=60)))
    scene.play(varying(600), 900)
    assert scene.gate.checks >= 8
    assert scene.gate.misses == 0
    assert not scene.gate.is_blind
    assert 700 * NS_PER_S < scene.quiet_ns < 860 * NS_PER_S


def test_nobody_answers_and_it_closes_all_the_same() -> None:
    gate = Gate()
    sizes, number = varying(600), 0
    steps = []
    for seconds, middle in ((300, 600), (5, 4400), (120, 600)):
        sizes = varying(middle)
        for _ in range(seconds * 5):
            at_ns = START_NS + number * NS_PER_S // 5
            is_key = number % 10 == 0
            size = next(sizes) * (12 if is_key else 1)
            steps.append(gate.frame(size, is_key, at_ns, number * TICKS // 5))
            number += 1
    assert gate.state is GateState.QUIET
    assert steps.count(Step.OPEN) == steps.count(Step.CLOSE) >= 2


@dataclass(frozen=True, slots=True)
class Fed:
    size: int
    is_key: bool
    wall_step_ns: int
    decode_step: int
    word: str


feeds = st.lists(
    st.builds(
        Fed,
        st.one_of(st.integers(0, 3000), st.integers(0, 1 << 30)),
        st.booleans(),
        st.integers(-NS_PER_S, 5 * NS_PER_S),
        st.integers(-TICKS, 20 * TICKS),
        st.sampled_from(
            ["", "", "", "moving", "still", "probe moving", "probe still", "said", "cut", "shape"]
        ),
    ),
    max_size=300,
)
quick = GateLimits(learn_s=1, learn_frames=3, learn_most_s=6, check_every_s=20, unanswered_s=5)


@given(feeds)
def test_whatever_comes_its_decisions_hold_together(feed: list[Fed]) -> None:
    gate = Gate(quick)
    wall_ns, decode_time, is_open, key_seen = START_NS, 0, False, False
    for each in feed:
        match each.word:
            case "moving" | "still":
                gate.saw(each.word == "moving")
            case "probe moving" | "probe still":
                gate.saw_probe(wall_ns, each.word == "probe moving")
            case "said":
                gate.said()
            case "cut":
                gate.cut()
                is_open = key_seen = False
            case "shape":
                gate.other_shape()
                is_open = key_seen = False
        wall_ns += each.wall_step_ns
        decode_time += each.decode_step
        step = gate.frame(each.size, each.is_key, wall_ns, decode_time)
        key_seen = key_seen or each.is_key
        assert key_seen == (step is not Step.UNSEEN)
        if is_open:
            assert step in (Step.SEND, Step.CLOSE)
        else:
            assert step not in (Step.SEND, Step.CLOSE)
            assert step is not Step.PROBE or each.is_key
        is_open = step in (Step.OPEN, Step.SEND)
        assert (gate.cause is not None) is is_open


@given(
    st.lists(
        st.tuples(st.integers(50, 20_000), st.booleans(), st.sampled_from([0, 0, 0, 1, 2, 3, 4])),
        min_size=1, max_size=400,
    )
)  # fmt: skip
def test_each_moment_is_quiet_or_visited_or_not_yet_certain(
    frames: list[tuple[int, bool, int]],
) -> None:
    """Quiet spans lie one after another, none reaches into a visit, and between a visit and what
    follows nothing is left out. A visit begins in the one before only at its last key frame, where
    the next one came too late."""
    gate = Gate(quick)
    spans: list[tuple[int, int]] = []
    begun_ns = 0
    keys_ns: list[int] = []
    for number, (size, is_key, word) in enumerate(frames):
        wall_ns = START_NS + number * NS_PER_S // 5
        if word == 1:
            gate.saw(moving=True)
        elif word == 2:
            gate.saw(moving=False)
        elif word == 3:
            gate.saw_probe(wall_ns - NS_PER_S, moving=size % 2 == 0)
        elif word == 4:
            gate.said()
        is_key = is_key or number == 0
        keys_ns += [wall_ns] if is_key else []
        step = gate.frame(size, is_key, wall_ns, number * TICKS // 5)
        if step is Step.OPEN:
            spans += gate.take_quiet()
            begun_ns = gate.opened_ns
            assert begun_ns <= wall_ns
            over_ns = spans[-1][1] if spans else 0
            last_ns = max((each for each in keys_ns if each <= over_ns), default=0)
            assert over_ns <= begun_ns or begun_ns == last_ns
            begun_ns = max(begun_ns, over_ns)
        elif step is Step.CLOSE:
            spans.append((begun_ns, wall_ns))
    spans += gate.take_quiet()
    for (_, end_ns), (start_ns, _) in itertools.pairwise(spans):
        assert end_ns == start_ns


def test_a_tight_rate_with_small_frames_is_seen_by_its_sums() -> None:
    """Little for each frame, as at 15 a second: nothing but the sums tells that it is constant."""
    chance, gate = random.Random(4), Gate()
    left = 0.0
    for number in range(200 * 15):
        place = number % 30
        if place == 0:
            left = 100_000 * chance.gauss(1, 0.002)
        size = (
            left / (30 - place) * chance.gauss(1, 0.25) if place else 22_000 * chance.gauss(1, 0.05)
        )
        left -= size
        gate.frame(
            max(200, round(size)), place == 0, START_NS + number * NS_PER_S // 15,
            number * TICKS // 15,
        )  # fmt: skip
        gate.saw(moving=False)
    assert 0.08 < gate._sizes.share < 0.16
    assert gate.state is GateState.BLIND
