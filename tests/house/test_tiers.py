"""Which tests a tier runs, and in which order."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = """
import pytest

@pytest.mark.long
def test_long(): ...

@pytest.mark.full
def test_full(): ...

def test_quick(): ...

@pytest.mark.full
@pytest.mark.long
def test_both(): ...
"""


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], ["test_quick"]),
        (["--tier=full"], ["test_quick", "test_full"]),
        (["--tier=long"], ["test_quick", "test_full", "test_long", "test_both"]),
    ],
    ids=["default", "full", "long"],
)
def test_tier_runs(tmp_path: Path, arguments: list[str], runs: list[str]) -> None:
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n  full: x\n  long: x\n")
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "pytest.ini"]
    result = subprocess.run(
        [*command, "--collect-only", "-q", f"--rootdir={tmp_path}", *arguments, "test_sample.py"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    collected = [line.split("::")[1] for line in result.stdout.splitlines() if "::" in line]
    assert collected == runs, result.stdout + result.stderr
