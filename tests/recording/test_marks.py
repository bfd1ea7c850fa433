"""Spans in which something happened, against the plainest way to keep them."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.recording.marks import Marks

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=30)


@given(SPANS, st.integers(0, 60), st.integers(1, 8))
def test_a_span_touches_what_was_marked(
    spans: list[tuple[int, int]], begins: int, long: int
) -> None:
    marks = Marks()
    moments: set[int] = set()
    for number, (at, length) in enumerate(spans):
        marks.add(str(number), at, at + length)
        moments |= set(range(at, at + length))
    assert marks.touch(begins, begins + long) == bool(moments & set(range(begins, begins + long)))
    assert all(str(number) in marks for number in range(len(spans)))
    assert str(len(spans)) not in marks


def test_many_that_meet_are_one() -> None:
    marks = Marks()
    for at in range(0, 1000, 2):
        marks.add(str(at), at, at + 1)
    for at in range(1, 1000, 2):
        marks.add(str(at), at, at + 1)
    assert len(marks._starts) == 1
