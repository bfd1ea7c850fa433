"""How often things are looked for, by how far the machine is behind."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.pace import Pace, PaceLimits
from watchglass.base.clock import NS_PER_S
from watchglass.model.camera import MOST_PRIORITY

LIMITS = PaceLimits()
BEST_NS, LEAST_NS = (round(each * NS_PER_S) for each in (LIMITS.best_s, LIMITS.least_s))
PRIORITIES = range(MOST_PRIORITY + 1)


def passed(pace: Pace, from_s: int, to_s: int, waited_s: float) -> None:
    """So long pictures waited as long as that, told five times a second."""
    for at in range(from_s * 5, to_s * 5):
        pace.waited(at * NS_PER_S // 5, waited_s)


def test_while_there_is_time_all_are_looked_at_as_often_as_is_of_use() -> None:
    pace = Pace()
    passed(pace, 0, 600, LIMITS.late_s - 0.01)
    assert {pace.interval_ns(each) for each in PRIORITIES} == {BEST_NS}
    assert pace.factor == 1


def test_who_is_behind_looks_less_often_and_least_where_nobody_said_otherwise() -> None:
    pace = Pace()
    passed(pace, 0, 4, 3.0)
    found = [pace.interval_ns(each) for each in PRIORITIES]
    assert found == sorted(found, reverse=True)
    assert BEST_NS < found[0] < LEAST_NS
    assert found[0] > found[1]
    passed(pace, 4, 60, 3.0)
    assert pace.interval_ns() == LEAST_NS
    least = [pace.interval_ns(each) for each in PRIORITIES]
    assert least == sorted(set(least), reverse=True), "each priority is of use to the last"


def test_it_is_made_good_more_slowly_than_it_was_taken() -> None:
    pace = Pace()
    passed(pace, 0, 60, 3.0)
    passed(pace, 60, 65, 0.1)
    assert BEST_NS < pace.interval_ns() < LEAST_NS
    passed(pace, 65, 125, 0.1)
    assert pace.interval_ns() == BEST_NS


@given(st.lists(st.tuples(st.integers(0, 3 * NS_PER_S), st.floats(0, 1e4)), max_size=200))
def test_whatever_comes_it_keeps_its_bounds_and_the_order_of_priorities(
    told: list[tuple[int, float]],
) -> None:
    pace, now_ns = Pace(), 0
    for step_ns, waited_s in told:
        now_ns += step_ns
        pace.waited(now_ns, waited_s)
        found = [pace.interval_ns(each) for each in PRIORITIES]
        assert found == sorted(found, reverse=True)
        assert BEST_NS <= found[-1] <= found[0] <= LEAST_NS
