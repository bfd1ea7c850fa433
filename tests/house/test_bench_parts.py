"""The parts of benches that decide: a slope's bound, and that what is spoilt is worth reading."""

import os
import random
from collections.abc import Callable

import numpy as np
import pytest

from benches import _mutate
from benches._fuzz_disk import targets
from benches._slope import count_slope, slope, slope_together
from watchglass.recording.mediafile import scan

_MINUTE_S = 60.0


def _told(per_minute: float, noise: float, seed: int) -> float:
    """The upper bound of a slope, in units a minute, from 50 minutes of samples."""
    chance = np.random.default_rng(seed)
    at_s = [3.0 * at for at in range(1000)]
    values = [per_minute * at / _MINUTE_S + abs(chance.normal(0, noise)) for at in at_s]
    found = slope(at_s, values, _MINUTE_S)
    assert found.upper is not None
    assert found.upper >= found.value
    return found.upper * _MINUTE_S


def test_a_leak_shows_and_noise_does_not() -> None:
    bounds = [_told(0.0, 100.0, seed) for seed in range(2)]
    assert max(bounds) < 1.0
    assert all(_told(10.0, 100.0, seed) > 9.0 for seed in range(2))


def _together(per_minute: float) -> float:
    """The upper bound of a slope, a minute's: one process holds a megabyte less for a second each
    minute, which one sample of three sees, and the other grows."""
    at_s = [3.0 * at for at in range(500)]
    trims = [1e6 * (at % 20 != 0 or (at // 20) % 3 > 0) for at in range(500)]
    found = slope_together(at_s, [trims, [per_minute * at / 60 for at in at_s]], _MINUTE_S)
    assert found.upper is not None
    return found.upper * _MINUTE_S


def test_what_one_gives_back_for_a_second_hides_no_leak_of_another_and_is_none() -> None:
    assert abs(_together(0.0)) < 1.0
    assert 99.0 < _together(100.0) < 101.0


def test_an_early_step_of_a_floor_is_no_slope_by_the_median() -> None:
    at_s = [3.0 * at for at in range(1000)]
    found = slope(at_s, [0.0 if at < 450 else 500.0 for at in at_s], _MINUTE_S)
    assert found.median == 0.0
    assert found.value > 0.0


def _counted(extra: Callable[[float], int]) -> float:
    """The upper bound of a count that is 40 and what ``extra`` adds at that minute, an hour's."""
    at_s = [3.0 * at for at in range(1000)]
    found = count_slope(at_s, [40.0 + extra(at / _MINUTE_S) for at in at_s], _MINUTE_S)
    assert found.upper is not None
    return 60 * _MINUTE_S * found.upper


@pytest.mark.full
def test_one_more_for_a_minute_is_no_growth_of_a_count_and_one_that_stays_is() -> None:
    assert _counted(lambda _: 0) == 0.0
    for minute in (3, 25, 48):
        assert _counted(lambda now, at=minute: int(at <= now < at + 1)) < 0.1  # type: ignore[misc]
    assert _counted(lambda now: int(now > 25)) > 0.1
    assert _counted(lambda now: int(now // 17)) > 1.0


def test_too_few_windows_carry_no_bound() -> None:
    at_s = [3.0 * at for at in range(100)]
    assert slope(at_s, at_s, _MINUTE_S).upper is None


def test_spoilt_samples_differ_and_some_get_past_the_door() -> None:
    """A mutator whose every output is refused at the first byte would find nothing, ever."""
    chance = random.Random(1)
    for target in targets():
        seeds = target.seeds
        passed = spoilt = 0
        for _ in range(60 if not target.name.startswith("site") else 0):
            mutate = chance.choice(target.mutators)
            data = mutate(chance, chance.choice(seeds), chance.choice(target.parts or seeds))
            assert len(data) <= 2 * _mutate.MOST_BYTES
            spoilt += data not in seeds
            try:
                target.run(data)
            except target.allowed:
                continue
            passed += data not in seeds
        if spoilt:
            assert spoilt > 20, target.name
            assert passed > 0, target.name


def test_checks_are_mended() -> None:
    (file,) = [each for each in targets() if each.name == "file"]
    data = bytearray(min(file.seeds, key=len))
    data[-30] ^= 1  # inside the last fragment, or the footer
    fd = os.memfd_create("mended")
    try:
        os.write(fd, _mutate.mended(bytes(data)))
        assert scan(fd, len(data)).entries
    finally:
        os.close(fd)
