"""The demo, watched by a program: what ``./scripts/demo --smoke`` runs."""

import json
import shutil
import subprocess
import sys

import pytest

from tests.chromium import NONE
from tests.conftest import CHECKOUT

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(shutil.which("chromium") is None, reason=NONE),
]


@pytest.mark.timeout(500)
def test_four_cameras_move_and_the_past_plays() -> None:
    # The first run on a machine encodes its pictures, which takes a minute or more.
    command = [sys.executable, "-m", "benches.smoke"]
    found = subprocess.run(
        command, cwd=CHECKOUT, capture_output=True, text=True, timeout=480, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    told = json.loads(found.stdout.splitlines()[-1])
    assert (told["cameras"], told["recording"], told["live_pictures"]) == (4, 4, 4)
    assert told["playback_ok"] is True
    assert told["number_shown"] in told["number_asked_for"]
    assert told["unaccounted_s"] == 0
