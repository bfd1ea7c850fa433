"""What is done to a camera's view is told on real pictures; light, night and passers-by are not."""

from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytics.real_pictures import NS, film, parking, room
from watchglass.analytics.plane import Luma, smoothed
from watchglass.analytics.tamper import Tamper
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Tampered, TamperKind

CAMERA = CameraId("c" * 32)


def tamper() -> Tamper:
    numbers = count()
    return Tamper(CAMERA, lambda: f"t{next(numbers)}")


def looked_at(planes: list[Luma], fps: float = 5.0, of: Tamper | None = None) -> list[Tampered]:
    looking = of or tamper()
    told = [looking.look(plane, round((1 + n / fps) * NS)) for n, plane in enumerate(planes)]
    return [each for each in told if each is not None]


def usual(shared: Path, seconds: float) -> list[Luma]:
    """The empty room, wider than what is looked at, and going on for so long."""
    planes = room(shared, 5).planes[:45:2]
    return [planes[index % len(planes)] for index in range(round(seconds * 5))]


def grained(plane: NDArray[Any], seed: int) -> Luma:
    chance = np.random.default_rng(seed)
    shown = plane.astype(np.float32) + chance.normal(0, 2, plane.shape)
    result: Luma = np.clip(shown, 0, 255).astype(np.uint8)
    return result


def blurred(plane: Luma, turns: int) -> Luma:
    soft = plane.astype(np.float32)
    for _ in range(turns):
        soft = smoothed(soft)
    return grained(soft, turns)


def kinds(told: list[Tampered]) -> list[TamperKind]:
    return [each.kind for each in told]


@pytest.mark.parametrize("level", [60, 200])
def test_a_covered_lens_is_told_and_so_is_its_end(shared_dir: Path, level: int) -> None:
    cover = [grained(np.full((90, 160), level), n) for n in range(60)]
    told = looked_at([*usual(shared_dir, 20), *cover, *usual(shared_dir, 10)])
    assert kinds(told) == [TamperKind.COVERED] * 2
    began, over = told
    assert began.to_ns is None
    assert abs(began.from_ns / NS - 21) < 3
    assert over.id == began.id
    assert over.to_ns is not None
    assert abs(over.to_ns / NS - 33) < 4


def test_a_lens_out_of_focus_is_told(shared_dir: Path) -> None:
    soft = [blurred(plane, 40) for plane in usual(shared_dir, 15)]
    told = looked_at([*usual(shared_dir, 20), *soft])
    assert kinds(told) == [TamperKind.DEFOCUSED]


def test_a_turned_camera_is_told(shared_dir: Path) -> None:
    wide = usual(shared_dir, 35)
    before = [np.ascontiguousarray(each[:, :130]) for each in wide[:100]]
    after = [np.ascontiguousarray(each[:, 25:155]) for each in wide[100:]]
    assert kinds(looked_at([*before, *after])) == [TamperKind.TURNED]


@pytest.mark.full
def test_another_scene_is_told_and_after_long_it_is_the_usual_one(shared_dir: Path) -> None:
    other = film(shared_dir / "testdata/video/intel_preview_worker-zone-detection.mp4").planes[:45]
    looking = tamper()
    told = looked_at([*usual(shared_dir, 20), *other, *other[::-1]], of=looking)
    assert kinds(told) == [TamperKind.SCENE_CHANGED]
    later = [looking.look(other[n % 20], round((30 + n) * NS)) for n in range(1000)]
    ends = [each for each in later if each is not None]
    assert len(ends) == 1
    assert ends[0].to_ns is not None


@pytest.mark.full
def test_nothing_is_told_of_people_and_cars(shared_dir: Path) -> None:
    assert looked_at(room(shared_dir).planes, 10.0) == []
    assert looked_at(parking(shared_dir).planes, 12.5) == []


def test_nothing_is_told_of_lamps_dusk_and_night(shared_dir: Path) -> None:
    planes = usual(shared_dir, 20)
    half = [grained(plane * 0.5, n) for n, plane in enumerate(planes)]
    night = [grained(plane * 0.12, n) for n, plane in enumerate(planes)]
    black = [grained(plane * 0.02, n) for n, plane in enumerate(planes)]
    infrared = [grained(255 * (plane / 255) ** 1.7 * 0.6 + 12, n) for n, plane in enumerate(planes)]
    assert looked_at([*planes, *half, *night, *black, *infrared, *planes]) == []


def test_a_scene_without_any_edges_tells_nothing() -> None:
    wall = [grained(np.full((90, 160), 120), n) for n in range(100)]
    other = [grained(np.full((90, 160), 60), n) for n in range(100)]
    assert looked_at([*wall, *other]) == []


def test_key_frames_alone_are_enough(shared_dir: Path) -> None:
    cover = [grained(np.full((90, 160), 90), n) for n in range(12)]
    told = looked_at([*usual(shared_dir, 3), *cover], fps=0.5)
    assert kinds(told) == [TamperKind.COVERED]
