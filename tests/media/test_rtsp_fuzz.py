"""Seconds of what a bench does for minutes: seeds cut, joined, flipped and filled."""

import random
from collections.abc import Callable

import pytest

from benches._fuzz_rtsp import TARGETS, FuzzTarget

targets = pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)


def mutated(chance: random.Random, seeds: tuple[bytes, ...]) -> bytes:
    """One of the seeds with a few things wrong."""
    data = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(6):
            case 0:
                del data[at : at + chance.randint(1, 40)]
            case 1:
                data[at:at] = chance.randbytes(chance.randint(1, 40))
            case 2 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 3:
                data[at : at + 2] = chance.choice((b"\xff\xff", b"\x00\x00", b"\x7f\xff", b"$\x00"))
            case 4:
                other = chance.choice(seeds)
                data[at:] = other[chance.randrange(len(other)) :]
            case _:
                data += data[max(0, at - 60) : at] * chance.randint(1, 20)
    return bytes(data)


def _hunt(target: FuzzTarget, seed: int, count: int) -> None:
    chance = random.Random(seed)
    for _ in range(count):
        data = mutated(chance, target.seeds)
        try:
            target.run(data)
        except Exception as error:
            raise AssertionError(f"{target.name} fails at {data.hex()}") from error


@targets
def test_seeds_are_taken(target: FuzzTarget) -> None:
    for seed in target.seeds:
        target.run(seed)
        for cut in range(0, len(seed), 7):
            target.run(seed[:cut])


@targets
def test_anything_a_camera_may_send(target: FuzzTarget) -> None:
    _hunt(target, 1, 120)


@pytest.mark.long
@targets
def test_anything_a_camera_may_send_for_longer(target: FuzzTarget) -> None:
    for seed in range(2, 12):
        _hunt(target, seed, 3000)


def _beyond_the_end(data: bytes) -> None:
    _ = data[10_000]


def _no_text(data: bytes) -> None:
    data[:3].decode()


def _nothing_at_all(data: bytes) -> None:
    _ = 1 // len(data)


@pytest.mark.parametrize("wrong", [_beyond_the_end, _no_text, _nothing_at_all])
def test_a_parser_with_a_mistake_is_found(wrong: Callable[[bytes], None]) -> None:
    broken = FuzzTarget("broken", lambda data: wrong(data[5:]), (b"v=0\r\n",))
    with pytest.raises(AssertionError, match="broken fails at"):
        _hunt(broken, 1, 500)
