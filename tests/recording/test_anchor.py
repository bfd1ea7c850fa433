"""Where a run lies in UTC, whatever the camera and the network make of its packets."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from watchglass.recording.anchor import Anchor, Placed, media_ns
from watchglass.recording.placement import MOST_RATE_PPB

START_NS = 1_700_000_000 * 10**9
SECOND = 90_000
FRAGMENT = SECOND * 4 // 10


def place(
    lengths: list[int], arrival: "Arrival", *, step: int = FRAGMENT
) -> list[tuple[Placed, int]]:
    """The files of a run, each with the end of its media; one observation a fragment."""
    found: list[tuple[Placed, int]] = []
    media = 0
    before: Placed | None = None
    for length in lengths:
        anchor = Anchor(media, before)
        for at in range(media, media + length, step):
            anchor.observe(at, arrival(at))
        placed = anchor.placed(media + length)
        assert placed is not None
        found.append((placed, media + length))
        media += length
        before = placed
    return found


class Arrival:
    """When a fragment arrives: true time, drifting against ours, and late by something."""

    def __init__(self, late_ms: list[int], drift_ppm: int = 0) -> None:
        self.late_ms = late_ms
        self.drift_ppm = drift_ppm
        self._calls = 0

    def true(self, media: int) -> int:
        return START_NS + media_ns(media) * (1_000_000 + self.drift_ppm) // 1_000_000

    def __call__(self, media: int) -> int:
        self._calls += 1
        return self.true(media) + self.late_ms[self._calls % len(self.late_ms)] * 1_000_000


lengths = st.lists(st.integers(1, 600 * SECOND), min_size=1, max_size=12)
jitters = st.lists(st.integers(0, 3000), min_size=1, max_size=20)


@given(lengths, jitters, st.integers(-30_000, 30_000))
def test_files_join_without_gap_or_overlap(
    lengths: list[int], late_ms: list[int], drift_ppm: int
) -> None:
    files = place(lengths, Arrival(late_ms, drift_ppm), step=5 * SECOND)
    for (one, end), (other, _) in pairwise(files):
        assert other.media == end
        assert other.wall == one.wall_at(end)
    for placed, end in files:
        assert abs(placed.rate_ppb) <= MOST_RATE_PPB
        assert placed.wall_at(end) > placed.wall


@given(jitters)
def test_late_packets_do_not_move_a_file(late_ms: list[int]) -> None:
    """One that came in time is enough: the guess is late by the smallest delay, never early."""
    ((placed, _),) = place([60 * SECOND], Arrival([*late_ms, 0]))
    assert placed.wall == START_NS
    ((placed, _),) = place([60 * SECOND], Arrival(late_ms))
    assert 0 <= placed.wall - START_NS <= max(late_ms) * 1_000_000


def test_a_burst_of_cached_pictures_does_not_move_the_file() -> None:
    """Four seconds of old pictures arrive in one moment, and then as they are taken."""
    anchor = Anchor(0, None)
    for at in range(0, 4 * SECOND, FRAGMENT):
        anchor.observe(at, START_NS + 4 * 10**9)
    early = anchor.placed(4 * SECOND)
    assert early is not None
    for at in range(4 * SECOND, 20 * SECOND, FRAGMENT):
        anchor.observe(at, START_NS + media_ns(at))
    placed = anchor.placed(20 * SECOND)
    assert placed is not None
    assert placed.wall == START_NS
    assert 0 <= early.wall - placed.wall <= 10**9


@given(st.integers(-10_000, 10_000))
def test_drift_of_a_percent_goes_into_the_rate(drift_ppm: int) -> None:
    """A place is never off by more than what the camera's clock drifts in one file."""
    arrival = Arrival([0, 20, 5], drift_ppm)
    files = place([300 * SECOND] * 12, arrival, step=10 * SECOND)
    most = abs(drift_ppm) * 300_000 + 100_000_000
    for placed, end in files:
        for media in (placed.media, (placed.media + end) // 2, end):
            assert abs(placed.wall_at(media) - arrival.true(media)) <= most


@given(st.sampled_from([-1, 1]), st.integers(1, 5))
def test_a_shift_of_the_cameras_clock_is_made_good(sign: int, seconds: int) -> None:
    """RTCP may move what the camera says of its time by seconds, in the middle of a run."""
    shift = sign * seconds * 10**9

    class Shifted(Arrival):
        def true(self, media: int) -> int:
            return super().true(media) + (shift if media >= 600 * SECOND else 0)

    arrival = Shifted([0])
    files = place([300 * SECOND] * 8, arrival, step=10 * SECOND)
    last, end = files[-1]
    assert abs(last.wall_at(end) - arrival.true(end)) < 100_000_000


def test_a_file_of_which_nothing_was_observed_goes_on_from_the_one_before() -> None:
    before = Placed(0, START_NS, 1_000_000)
    placed = Anchor(SECOND, before).placed(5 * SECOND)
    assert placed == Placed(SECOND, before.wall_at(SECOND), 1_000_000)
    assert Anchor(0, None).placed(SECOND) is None


def test_a_file_without_length_has_a_place() -> None:
    before = Placed(0, START_NS, -5)
    anchor = Anchor(SECOND, before)
    anchor.observe(SECOND, START_NS)
    assert anchor.placed(SECOND) == Placed(SECOND, before.wall_at(SECOND), -5)
