"""A camera's clock beside ours, by what its sender reports say."""

from hypothesis import given
from hypothesis import strategies as st

from watchglass.media.rtsp.camera_clock import CameraClock

NS = 1_000_000_000
NOW_NS = 1_800_000_000 * NS
EPOCH_S = 2_208_988_800


def ntp(wall_ns: int) -> int:
    seconds, rest = divmod(wall_ns, NS)
    return seconds + EPOCH_S << 32 | (rest << 32) // NS


@given(st.integers(-(10**15), 10**15), st.integers(0, 2**32 - 1))
def test_the_distance_is_what_it_is_off_by(off_ns: int, rtp: int) -> None:
    clock = CameraClock()
    clock.hear((ntp(NOW_NS + off_ns), rtp), NOW_NS)
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns - off_ns) <= 1


def test_the_same_report_later_says_nothing_new() -> None:
    clock = CameraClock()
    clock.hear(None, NOW_NS)
    clock.hear((ntp(NOW_NS), 7), NOW_NS)
    clock.hear((ntp(NOW_NS), 7), NOW_NS + 5 * NS)
    assert clock.offset_ns is not None
    assert abs(clock.offset_ns) <= 1


@given(st.integers(0, (EPOCH_S + 946_684_799 << 32) | 0xFFFF_FFFF))
def test_one_that_counts_from_its_start_has_no_clock(stated: int) -> None:
    clock = CameraClock()
    clock.hear((ntp(NOW_NS), 1), NOW_NS)
    clock.hear((stated, 2), NOW_NS)
    assert clock.offset_ns is None
