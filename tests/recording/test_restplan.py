"""When files have their turn: thousands of days on a clock that is wrong now and then."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S
from watchglass.recording.restplan import HOUR_NS, RestFile, RestPlan

_START_NS = 1_800_000_000 * NS_PER_S


def _looks(plan: RestPlan, files: list[int], now_ns: int, kept_ns: int) -> list[int]:
    """All that is due now of files that end at these times, as the keeper would do it."""
    found: list[int] = []
    while (turn := plan.turn("a", now_ns, kept_ns)) is not None:
        due = sorted(each for each in files if turn.after < each <= turn.until)[:3]
        for each in due:
            plan.done("a", turn, each)
        if len(due) < 3:
            plan.done("a", turn, turn.until)
        found += due
    return found


@given(kept_h=st.integers(1, 2000), every_h=st.integers(1, 300), days=st.integers(1, 60))
def test_each_file_is_looked_at_once_while_it_is_kept(kept_h: int, every_h: int, days: int) -> None:
    """However seldom somebody asks, if that is twice in its time."""
    kept_ns, step_ns = kept_h * HOUR_NS, min(every_h, max(1, kept_h // 3)) * HOUR_NS
    plan, files, looks = RestPlan(), list[int](), dict[int, int]()
    now_ns = _START_NS
    for _ in range(min(400, days * 24 * HOUR_NS // step_ns + 4 * kept_ns // step_ns)):
        now_ns += step_ns
        files = [each for each in files if each > now_ns - kept_ns]
        files.append(now_ns - 1)
        for each in _looks(plan, files, now_ns, kept_ns):
            looks[each] = looks.get(each, 0) + 1
    assert set(looks.values()) <= {1}
    due = [each for each in range(len(files)) if files[each] <= now_ns - kept_ns // 2]
    assert all(files[each] in looks for each in due)


@given(kept_h=st.integers(2, 500), rounds=st.integers(1, 12))
def test_what_is_held_is_looked_at_once_more_each_time_as_long(kept_h: int, rounds: int) -> None:
    kept_ns, plan, looks = kept_h * HOUR_NS, RestPlan(), 0
    for hour in range(kept_h * rounds + 1):
        looks += len(_looks(plan, [_START_NS], _START_NS + hour * HOUR_NS, kept_ns))
    assert rounds - 1 <= looks <= rounds + 1


@given(
    st.lists(st.integers(-5_000, 5_000), min_size=1, max_size=30),
    st.lists(st.integers(1, 1_000), min_size=1, max_size=5),
)
def test_a_clock_that_jumps_leaves_no_file_out(jumps_h: list[int], kept_h: list[int]) -> None:
    """Wherever it has been, and whatever was said of how long to keep: once it is right for long
    enough, all that is there has had its turn."""
    plan, files, looked = RestPlan(), list[int](), set[int]()
    for number, jump in enumerate(jumps_h):
        now_ns = _START_NS + jump * HOUR_NS
        files.append(now_ns)
        looked.update(_looks(plan, files, now_ns, kept_h[number % len(kept_h)] * HOUR_NS))
    kept_ns = 1_000 * HOUR_NS
    now_ns = _START_NS
    for _ in range(200):
        now_ns += 100 * HOUR_NS
        looked.update(_looks(plan, files, now_ns, kept_ns))
    assert looked == set(files)


@given(st.integers(-(2**70), 2**70), st.integers(-1, 2**70), st.integers(0, 2**70))
def test_whatever_was_noted_it_ends(young: int, old: int, round_ns: int) -> None:
    kept = RestFile()
    plan = RestPlan(kept)
    plan.turn("a", _START_NS, HOUR_NS)
    place = kept.streams["a"]
    place.young, place.old, place.round = young, old, round_ns
    files = [_START_NS - hour * HOUR_NS for hour in range(5)]
    assert len(_looks(plan, files, _START_NS, HOUR_NS)) <= 10
