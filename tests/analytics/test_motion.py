"""What moves in real pictures is found at all rates; light, shaking, rain and noise are not."""

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.analytics.real_pictures import NS, film, looked_at, parking, room, spans
from watchglass.analytics.motion import Motion, Moved, Scene
from watchglass.analytics.plane import Luma

Grey: TypeAlias = NDArray[Any]


def still(rows: int = 90, columns: int = 160, seed: int = 1) -> Luma:
    """A scene with soft and with sharp parts."""
    chance = np.random.default_rng(seed)
    y, x = np.mgrid[0:rows, 0:columns]
    plane = 90 + 30 * np.sin(x / 17) + 20 * np.cos(y / 11)
    for _ in range(30):
        top, left = chance.integers(0, rows - 12), chance.integers(0, columns - 20)
        plane[top : top + 12, left : left + 20] += chance.integers(-25, 25)
    level: Luma = np.clip(plane, 5, 230).astype(np.uint8)
    return level


def noisy(plane: Grey, chance: np.random.Generator, level: float = 2.0) -> Luma:
    shown: Luma = np.clip(plane + chance.normal(0, level, plane.shape), 0, 255).astype(np.uint8)
    return shown


def run(planes: list[Luma], fps: float = 5.0, motion: Motion | None = None) -> list[Moved]:
    return looked_at(motion or Motion(), planes, fps)


def quiet(moved: list[Moved]) -> bool:
    return not any(each.moving for each in moved)


@pytest.mark.parametrize("every", [1, 2, 5])
def test_cars_are_found_and_the_exposure_they_change_is_not(shared_dir: Path, every: int) -> None:
    pictures = parking(shared_dir)
    found = spans(run(pictures.planes[::every], pictures.fps / every))
    assert [round(start) for start, _ in found] == [4, 14, 25]
    assert [end < most for (_, end), most in zip(found, (11, 20.5, 31), strict=True)] == [True] * 3


@pytest.mark.full
@pytest.mark.parametrize("every", [1, 2, 5])
def test_each_of_the_people_in_a_room_is_found(shared_dir: Path, every: int) -> None:
    pictures = room(shared_dir)
    moved = run(pictures.planes[::every], pictures.fps / every)
    found = spans(moved)
    for came_s in (5.7, 22.6, 50.0, 74.2, 92.2, 123.0):
        assert min(abs(start - came_s) for start, _ in found) < 0.8, (came_s, found)
    for from_s, to_s in ((1.0, 5.2), (47.0, 49.3), (72.2, 73.6), (88.4, 91.2)):
        assert not any(start < to_s and end > from_s for start, end in found), (from_s, found)


def test_key_frames_alone_hint_at_what_came_between_them(shared_dir: Path) -> None:
    pictures = parking(shared_dir)
    motion = Motion()
    run(pictures.planes[:25], 12.5, motion)
    moved = looked_at(motion, pictures.planes[25::25], 0.5, 2.0)
    hints = [each.at_ns / NS for each in moved if each.hints or each.regions]
    assert [at for at in hints if 5 < at < 9]
    assert [at for at in hints if 15 < at < 19]
    assert not [at for at in hints if at < 3.9 or 11.9 < at < 13.9 or 21.9 < at < 24.5]


def test_lights_going_on_are_light(shared_dir: Path) -> None:
    dark = [(plane * 0.45).astype(np.uint8) for plane in room(shared_dir, 5).planes[:45:2]]
    bright = room(shared_dir, 5).planes[1:46:2]
    moved = run([*dark, *bright, *dark])
    assert quiet(moved)


def test_the_infrared_filter_is_light_though_grey_levels_change_unevenly(shared_dir: Path) -> None:
    day = room(shared_dir, 5).planes[:45:2]
    night = [
        np.clip(255 * (plane.astype(float) / 255) ** 1.7 * 0.6 + 12, 0, 255).astype(np.uint8)
        for plane in day
    ]
    assert quiet(run([*day, *night, *day]))


def test_somebody_under_changed_light_is_found_all_the_same(shared_dir: Path) -> None:
    planes = room(shared_dir, 12).planes
    half = [(plane * 0.5).astype(np.uint8) for plane in planes]
    found = spans(run([*planes[:40:2], *half[40::2]]))
    assert found
    assert abs(found[0][0] - 5.7) < 0.8


@pytest.mark.parametrize("brighter", [1.4, 1.8])
def test_a_lamp_that_dazzles_is_light(shared_dir: Path, brighter: float) -> None:
    """Half of what it falls on is as bright as can be, and the edges of that are no motion."""
    planes = film(
        shared_dir / "testdata/video/intel_one-by-one-person-detection.mp4", 5, 640
    ).planes[:45:2]
    chance = np.random.default_rng(8)

    def lit(plane: Luma, much: float) -> Luma:
        full = np.clip((plane.astype(float) + 60) * much, 0, 255)
        rows, columns = full.shape
        small = full.reshape(rows // 4, 4, columns // 4, 4).mean((1, 3))
        return noisy(small, chance, 0.7)

    rising = [lit(planes[each], 1 + (brighter - 1) * each / 5) for each in range(5)]
    bright = [lit(plane, brighter) for plane in planes]
    dark = [lit(plane, 1.0) for plane in planes]
    assert np.mean(bright[0] > 245) > 0.2
    assert quiet(run([*dark, *rising, *bright, *rising[::-1], *dark]))


def test_somebody_small_is_no_light_though_some_is_left_of_the_last_lamp() -> None:
    """All is a little brighter than usual, by less than counts; then something faint comes."""
    chance = np.random.default_rng(7)
    scene: Grey = still().astype(float)
    planes = [noisy(scene, chance, 0.7) for _ in range(100)]
    planes += [noisy(scene + 1.8, chance, 0.7) for _ in range(20)]
    for step in range(12):
        shown = scene + 1.8
        shown[40:48, 20 + 2 * step : 24 + 2 * step] += 14
        planes.append(noisy(shown, chance, 0.7))
    moved = run(planes)
    assert quiet(moved[:120])
    assert any(each.moving for each in moved[120:126])


def test_noise_is_learnt_and_something_faint_in_it_is_found() -> None:
    chance = np.random.default_rng(2)
    scene: Grey = still().astype(float)
    planes = [noisy(scene, chance, 8.0) for _ in range(100)]
    for step in range(25):
        shown = scene.copy()
        shown[40:56, 20 + 3 * step : 28 + 3 * step] += 22
        planes.append(noisy(shown, chance, 8.0))
    moved = run(planes)
    assert quiet(moved[:100])
    assert any(each.moving for each in moved[100:106])
    middle = moved[112].where
    assert middle is not None
    assert middle.x0 * 160 < 20 + 3 * 12 + 8
    assert middle.x1 * 160 > 20 + 3 * 12
    assert abs(middle.y0 * 90 - 40) < 5


def test_shaking_is_no_motion(shared_dir: Path) -> None:
    chance = np.random.default_rng(3)
    wide = [np.asarray(plane) for plane in room(shared_dir, 5).planes[:45]] * 2
    planes = []
    for plane in wide:
        dy, dx = chance.integers(-1, 2), chance.integers(-1, 2)
        planes.append(np.ascontiguousarray(np.roll(plane, (dy, dx), (0, 1))[2:-2, 2:-2]))
    moved = run(planes, 10.0)
    assert sum(each.moving for each in moved) <= 2


@pytest.mark.full
def test_rain_is_no_motion_and_somebody_in_it_is() -> None:
    chance = np.random.default_rng(4)
    scene: Grey = still().astype(float)

    def rained(plane: Grey) -> Luma:
        wet = plane.copy()
        for _ in range(60):
            top, left = chance.integers(0, 80), chance.integers(0, 158)
            wet[top : top + chance.integers(3, 9), left : left + 1] += 40
        return noisy(wet, chance)

    planes = [rained(scene) for _ in range(150)]
    for step in range(30):
        shown = scene.copy()
        shown[30:60, 10 + 3 * step : 22 + 3 * step] -= 45
        planes.append(rained(shown))
    moved = run(planes)
    assert sum(each.moving for each in moved[:150]) <= 2
    assert any(each.moving for each in moved[150:156])


def test_headlights_on_a_wall_are_light() -> None:
    chance = np.random.default_rng(5)
    scene: Grey = still().astype(float) * 0.4
    y, x = np.mgrid[0:90, 0:160]
    planes = [noisy(scene, chance, 1.5) for _ in range(40)]
    for step in range(30):
        beam = np.exp(-(((x - 6 * step) / 22) ** 2) - ((y - 45) / 18) ** 2)
        planes.append(noisy(scene * (1 + 1.6 * beam), chance, 1.5))
    assert sum(each.moving for each in run(planes)) <= 2


def test_a_turned_camera_is_another_scene_and_then_it_is_quiet(shared_dir: Path) -> None:
    one, other = room(shared_dir, 5), parking(shared_dir)
    moved = run([*one.planes[:40:2], *other.planes[:40:2]])
    assert moved[20].scene is Scene.CHANGED
    assert moved[30].scene is Scene.STEADY
    assert quiet(moved)


def test_what_stops_becomes_a_part_of_the_scene() -> None:
    chance = np.random.default_rng(6)
    scene: Grey = still().astype(float)
    planes = [noisy(scene, chance) for _ in range(20)]
    for step in range(150):
        shown = scene.copy()
        left = 10 + 4 * min(step, 15)
        shown[30:60, left : left + 14] -= 40
        planes.append(noisy(shown, chance))
    moved = run(planes)
    assert any(each.moving for each in moved[20:35])
    assert quiet(moved[50:])


def test_nothing_is_seen_in_what_is_left_out() -> None:
    chance = np.random.default_rng(7)
    scene: Grey = still().astype(float)
    planes = [noisy(scene, chance) for _ in range(20)]
    for step in range(20):
        shown = scene.copy()
        shown[30:50, 10 + 3 * step : 24 + 3 * step] -= 40
        planes.append(noisy(shown, chance))
    lower = ((0.0, 0.25), (1.0, 0.25), (1.0, 0.7), (0.0, 0.7))
    assert quiet(run(planes, motion=Motion([lower])))
    motion = Motion([lower])
    motion.leave_out([])
    assert not quiet(run(planes, motion=motion))


def test_another_size_of_picture_is_learnt_anew() -> None:
    chance = np.random.default_rng(8)
    small, large = still(60, 80).astype(float), still(90, 160).astype(float)
    planes = [noisy(small, chance) for _ in range(5)] + [noisy(large, chance) for _ in range(5)]
    moved = run(planes)
    assert quiet(moved)
    assert moved[5].scene is Scene.LEARNING


def test_flat_and_tiny_pictures_are_looked_at() -> None:
    motion = Motion()
    for index, plane in enumerate((np.zeros((1, 1)), np.full((1, 1), 255), np.zeros((4, 3)))):
        motion.look(plane.astype(np.uint8), index * NS)
    flat = Motion()
    assert not flat.look(np.zeros((90, 160), np.uint8), 0).moving
    for second in range(1, 9):
        assert not flat.look(np.full((90, 160), 25 * second, np.uint8), second * NS).moving
