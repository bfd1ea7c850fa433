"""Where media time lies in UTC, once a file is placed: integers alone, so that all readers agree.

Media times are in 1/90000 s of a run, wall times in UTC nanoseconds. ``rate_ppb`` says by how many
billionths a camera's second is longer than ours.
"""

MOST_RATE_PPB = 20_000_000

_BILLION = 1_000_000_000
_PER_TICK = 100_000
_DIVISOR = 9 * _BILLION
"""A tick lasts 10^9 / 90000 = 100000 / 9 ns; times the rate, that is over 9 * 10^9."""


def _factor(rate_ppb: int) -> int:
    if abs(rate_ppb) > MOST_RATE_PPB:
        raise ValueError(f"a rate of {rate_ppb} ppb is beyond ±{MOST_RATE_PPB}")
    return _PER_TICK * (_BILLION + rate_ppb)


def wall_at(media: int, placed_media: int, placed_wall: int, rate_ppb: int) -> int:
    """UTC of a media time, rounded down; it never runs back as media time grows."""
    return placed_wall + (media - placed_media) * _factor(rate_ppb) // _DIVISOR


def media_at(wall: int, placed_media: int, placed_wall: int, rate_ppb: int) -> int:
    """The last media time that is not after ``wall``: the tick that is on show at that moment."""
    ahead = (wall - placed_wall + 1) * _DIVISOR - 1
    return placed_media + ahead // _factor(rate_ppb)
