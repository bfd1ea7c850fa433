"""Moments that were looked at, told as spans without holes."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from watchglass.analytics.spans import Spans
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.analysis import Analysis, SkipCause

CAMERA = CameraId(random_id())
STEP_NS = NS_PER_S // 5


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["looked", "coarse", "skipped"]), st.integers(-90, 90), st.booleans()
        ),
        min_size=1,
    )
)
def test_pictures_that_follow_one_another_leave_no_hole_however_they_jitter(
    frames: list[tuple[str, int, bool]],
) -> None:
    spans, told = Spans(CAMERA), []
    for at, (how, jitter_ms, taken) in enumerate(frames):
        from_ns = 1000 * NS_PER_S + at * STEP_NS + jitter_ms * 1_000_000
        if how == "skipped":
            spans.skipped(from_ns, from_ns + STEP_NS, SkipCause.OVERLOAD)
        else:
            spans.looked(from_ns, from_ns + STEP_NS, coarse=how == "coarse")
        if taken:
            told += spans.take()
    told += spans.take()
    for before, after in itertools.pairwise(told):
        assert before.to_ns == after.from_ns
    assert all(each.from_ns < each.to_ns for each in told)


def test_what_is_coarse_stays_so_for_a_while() -> None:
    spans = Spans(CAMERA)
    for at in range(100):
        spans.looked(at * STEP_NS, (at + 1) * STEP_NS, coarse=at == 3)
    (fine, coarse, after) = spans.take()
    assert [each.coarse for each in (fine, coarse, after)] == [False, True, False]
    assert all(each.state is Analysis.ANALYSED for each in (fine, coarse, after))
    assert coarse.to_ns - coarse.from_ns >= 10 * NS_PER_S


def test_a_pause_is_no_part_of_what_was_looked_at() -> None:
    spans = Spans(CAMERA)
    spans.looked(0, STEP_NS)
    spans.looked(60 * NS_PER_S, 60 * NS_PER_S + STEP_NS)
    assert [(each.from_ns, each.to_ns) for each in spans.take()] == [
        (0, STEP_NS), (60 * NS_PER_S, 60 * NS_PER_S + STEP_NS),
    ]  # fmt: skip
