"""In which turn the tests are run."""

from collections.abc import Callable

import pytest

LONGEST = (
    "tests/system/test_crash.py",
    "tests/browser/test_devices.py",
    "tests/browser/test_stories.py",
    "tests/browser/test_looked.py",
    "tests/browser/test_found.py",
    "tests/browser/test_review.py",
    "tests/browser/test_across.py",
    "tests/app/test_restore.py",
    "tests/system/test_real_clock.py",
    "tests/system/test_fences.py",
    "tests/system/test_one_bad_camera.py",
    "tests/app/test_demo_understood.py",
    "tests/app/test_replacement.py",
    "tests/browser/test_smoke.py",
    "tests/app/test_keeping.py",
    "tests/app/test_recorder.py",
    "tests/app/test_camera_calls.py",
    "tests/app/test_looks_told.py",
    "tests/system/test_slow_volume.py",
    "tests/system/test_mjpeg.py",
    "tests/system/test_overload.py",
    "tests/app/test_unit.py",
    "tests/app/test_demo.py",
    "tests/app/test_watchdog.py",
    "tests/house/test_wheel.py",
)
"""Files whose tests take most of a minute and more, the longest first."""


def in_turn(items: list[pytest.Item], tier_of: Callable[[pytest.Item], int]) -> list[pytest.Item]:
    """The longest files first, or one worker would end with them while the others have nothing
    left; then those with tests of a higher tier. In a file the quick tests come first, which say
    soonest what is wrong. The order is otherwise kept."""
    files: dict[str, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.nodeid.split("::")[0], []).append(item)
    turns = {file: place for place, file in enumerate(LONGEST)}

    def turn(file: str) -> tuple[int, int]:
        return turns.get(file, len(LONGEST)), -max(map(tier_of, files[file]))

    return [item for file in sorted(files, key=turn) for item in sorted(files[file], key=tier_of)]
