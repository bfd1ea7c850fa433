"""A notice opens once for what lasts, ends once, and never for what only flaps."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.clock import NS_PER_S
from watchglass.events.hysteresis import Hysteresis, Pace
from watchglass.model.notice import Condition, NoticeKind

KIND = NoticeKind.CAMERA_OFFLINE
PACES = {KIND: Pace(60 * NS_PER_S, 30 * NS_PER_S)}
HALL = Condition(KIND, "hall", "Hall is not recorded.")


def told(
    states: list[tuple[int, bool]], known: tuple[Condition, ...] = ()
) -> list[tuple[int, str]]:
    """``states``: for so many seconds, looked at each second, it is there or not."""
    judge, now_s, found = Hysteresis(known, dict(PACES)), 0, []
    for seconds, there in states:
        for _ in range(seconds):
            changes = judge.see([HALL] if there else [], now_s * NS_PER_S)
            found += [(now_s, "opened") for _ in changes.opened]
            found += [(now_s, "ended") for _ in changes.ended]
            now_s += 1
    return found


def test_what_lasts_is_told_and_its_end_too() -> None:
    assert told([(10, False), (200, True), (100, False)]) == [(70, "opened"), (240, "ended")]


def test_what_flaps_is_never_told_and_what_was_told_is_not_told_again() -> None:
    assert told([(50, True), (1, False)] * 20) == []
    assert told([(100, True), *[(5, False), (5, True)] * 20]) == [(60, "opened")]
    assert told([(10, True), (40, False)], (HALL,)) == [(40, "ended")]
    assert told([(100, True)], (HALL,)) == []


@given(st.lists(st.tuples(st.integers(1, 90), st.booleans()), max_size=12))
def test_begins_and_ends_take_turns_and_each_has_lasted(states: list[tuple[int, bool]]) -> None:
    found = told(states)
    assert [what for _, what in found] == ["opened", "ended"] * (len(found) // 2) + (
        ["opened"] * (len(found) % 2)
    )
    line = [there for seconds, there in states for _ in range(seconds)]
    for at_s, what in found:
        lasts = 60 if what == "opened" else 30
        assert set(line[at_s - lasts : at_s + 1]) == {what == "opened"}


def test_the_newest_sentence_is_the_one_that_is_told() -> None:
    judge = Hysteresis((), dict(PACES))
    judge.see([HALL], 0)
    later = Condition(KIND, "hall", "Hall refuses the password.")
    assert judge.see([later], 60 * NS_PER_S).opened == (later,)
