from hypothesis import given
from hypothesis import strategies as st

from watchglass.media.timestamps import DecodeTimes, FirstTimes
from watchglass.model.stream import Packet, Track


def _packet(pts: int | None) -> Packet:
    return Packet(Track.VIDEO, b"x", pts, None, 90_000, False, 0, 0)


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


def test_the_first_key_frame_is_kept_and_given_a_time() -> None:
    first = FirstTimes()
    assert first.put(_packet(None)) == []
    assert first.put(_packet(6030)) == []
    freed = first.put(_packet(11_970))
    assert [packet.pts for packet in freed] == [90, 6030, 11_970]
    assert first.done


def test_a_first_packet_with_a_time_waits_for_nothing() -> None:
    first = FirstTimes()
    assert [packet.pts for packet in first.put(_packet(5))] == [5]


def test_a_camera_without_times_is_not_held_for_ever() -> None:
    first = FirstTimes()
    freed: list[Packet] = []
    count = 0
    while not freed:
        freed = first.put(_packet(None))
        count += 1
        assert count < 100
    assert len(freed) == count
