"""In which turn the tests are run."""

from collections.abc import Callable

import pytest

LONGEST = (
    "tests/app/test_restore.py",
    "tests/system/test_crash.py",
    "tests/browser/test_found.py",
    "tests/browser/test_first_run.py",
    "tests/system/test_fences.py",
    "tests/browser/test_stories.py",
    "tests/browser/test_review.py",
    "tests/app/test_recorder.py",
    "tests/system/test_one_bad_camera.py",
    "tests/browser/test_operator.py",
    "tests/browser/test_evidence.py",
    "tests/house/test_wheel.py",
    "tests/app/test_onvif.py",
    "tests/browser/test_contained.py",
    "tests/browser/test_devices.py",
    "tests/api/test_live_real.py",
    "tests/system/test_real_clock.py",
    "tests/browser/test_evidence_page.py",
    "tests/app/test_start_errors.py",
    "tests/browser/test_notice_ways.py",
    "tests/browser/test_cameras.py",
    "tests/recording/test_keeper_machine.py",
    "tests/browser/test_handed_on.py",
    "tests/browser/test_onvif_camera.py",
    "tests/api/test_masks.py",
    "tests/recording/test_erase.py",
    "tests/house/test_distribution.py",
    "tests/app/test_demo.py",
    "tests/browser/test_redacted_page.py",
    "tests/browser/test_rules.py",
    "tests/app/test_analytics_worker.py",
    "tests/browser/test_recorder_sources.py",
    "tests/browser/test_converted.py",
    "tests/browser/test_users.py",
    "tests/app/test_camera_calls.py",
    "tests/browser/test_tables.py",
    "tests/evidence/test_by_others.py",
    "tests/app/test_look_back.py",
    "tests/app/test_watchdog.py",
    "tests/analytics/test_lines.py",
    "tests/media/test_source_suite.py",
    "tests/app/test_relay_sound.py",
    "tests/app/test_replacement.py",
    "tests/app/test_relay_masked.py",
    "tests/app/test_egress_listening.py",
    "tests/app/test_demo_understood.py",
    "tests/browser/test_smoke.py",
    "tests/browser/test_take_over.py",
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
