"""Media time to UTC and back: integers that every reader comes to alike."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.recording.placement import MOST_RATE_PPB, media_at, wall_at

media = st.integers(0, 90_000 * 86_400 * 400)
walls = st.integers(0, 2**62)
rates = st.integers(-MOST_RATE_PPB, MOST_RATE_PPB)


def test_one_second() -> None:
    assert wall_at(90_000, 0, 10**18, 0) == 10**18 + 10**9
    assert wall_at(90_000, 0, 0, 1_000) == 10**9 + 1_000
    assert wall_at(0, 90_000, 10**9, 0) == 0
    assert wall_at(1, 0, 0, 0) == 11_111
    assert wall_at(-1, 0, 0, 0) == -11_112


@given(media, media, walls, rates)
def test_it_is_the_formula_rounded_down(at: int, placed: int, wall: int, rate: int) -> None:
    exact = wall + Fraction((at - placed) * 100_000 * (10**9 + rate), 9 * 10**9)
    assert wall_at(at, placed, wall, rate) == floor(exact)


@given(media, st.integers(0, 10**9), media, walls, rates)
def test_it_never_runs_back(at: int, later: int, placed: int, wall: int, rate: int) -> None:
    assert wall_at(at, placed, wall, rate) <= wall_at(at + later, placed, wall, rate)


@given(media, media, walls, rates)
def test_there_and_back(at: int, placed: int, wall: int, rate: int) -> None:
    assert media_at(wall_at(at, placed, wall, rate), placed, wall, rate) == at


@given(walls, media, walls, rates)
def test_the_tick_on_show(at_wall: int, placed: int, wall: int, rate: int) -> None:
    tick = media_at(at_wall, placed, wall, rate)
    assert wall_at(tick, placed, wall, rate) <= at_wall < wall_at(tick + 1, placed, wall, rate)


def test_a_rate_beyond_the_bounds() -> None:
    for rate in (MOST_RATE_PPB + 1, -MOST_RATE_PPB - 1):
        with pytest.raises(ValueError, match="ppb"):
            wall_at(0, 0, 0, rate)
        with pytest.raises(ValueError, match="ppb"):
            media_at(0, 0, 0, rate)
