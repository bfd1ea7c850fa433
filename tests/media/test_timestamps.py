from hypothesis import given
from hypothesis import strategies as st

from watchglass.media.timestamps import DecodeTimes


def test_without_b_frames_dts_is_pts() -> None:
    times = DecodeTimes(90_000, 0)
    assert [times.next(pts) for pts in (0, 6000, 12_000)] == [0, 6000, 12_000]


@given(st.integers(1, 4), st.booleans())
def test_with_b_frames_dts_runs_forward_and_never_past_pts(depth: int, told: bool) -> None:
    shown = [0]
    for group in range(12):
        start = 6000 + group * (depth + 1) * 6000
        shown += [start + depth * 6000] + [start + step * 6000 for step in range(depth)]
    times = DecodeTimes(90_000, depth if told else None)
    pairs = [(times.next(pts), pts) for pts in shown]
    decoded = [dts for dts, _ in pairs]
    assert decoded == sorted(set(decoded))
    # When nobody told, the first group is the price of finding out.
    assert all(dts <= pts for dts, pts in pairs[0 if told else 3 * (depth + 1) :])


def test_a_step_back_of_the_cameras_clock_goes_through() -> None:
    times = DecodeTimes(90_000, 0)
    assert [times.next(pts) for pts in (900_000, 906_000, 0, 6000)] == [900_000, 906_000, 0, 6000]


@given(st.lists(st.integers(0, 2**33), max_size=60), st.integers(0, 16))
def test_any_times_are_taken(shown: list[int], depth: int) -> None:
    times = DecodeTimes(90_000, depth)
    for pts in shown:
        times.next(pts)
