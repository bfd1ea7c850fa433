"""The scripts that people and continuous integration both call."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
SHELL_FILES = [*PROGRAMS, ROOT / "scripts/lib/env.sh", ROOT / ".ci/run"]


@pytest.mark.parametrize("script", SHELL_FILES, ids=lambda path: path.name)
def test_parses(script: Path) -> None:
    subprocess.run(["bash", "-n", str(script)], check=True)


@pytest.mark.parametrize("script", PROGRAMS, ids=lambda path: path.name)
def test_stops_at_the_first_error(script: Path) -> None:
    assert os.access(script, os.X_OK)
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text


def test_ci_runs_what_people_run() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert "scripts/test" in (ROOT / ".ci/run").read_text()


def run_env(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        ["bash", "-c", f"set -euo pipefail; source scripts/lib/env.sh; {code}"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.full
def test_finds_a_python_that_is_new_enough() -> None:
    found = run_env("find_python")
    assert found.returncode == 0, found.stderr
    version = subprocess.run(
        [found.stdout.strip(), "-V"], capture_output=True, text=True, check=True
    )
    assert re.match(r"Python 3\.1[1-9]", version.stdout)


def fake_python(folder: Path, body: str) -> str:
    """A search path on which only `body` answers to python3, beside what env.sh itself uses."""
    folder.mkdir()
    for tool in ("bash", "dirname", "cat", "cksum"):
        found = subprocess.run(["which", tool], capture_output=True, text=True, check=True)
        (folder / tool).symlink_to(found.stdout.strip())
    if body:
        (folder / "python3").write_text(f"#!/bin/bash\n{body}\n")
        (folder / "python3").chmod(0o755)
    return str(folder)


@pytest.mark.parametrize("body", ["", "exit 1"], ids=["none", "too-old"])
def test_says_which_python_to_install(tmp_path: Path, body: str) -> None:
    result = run_env(
        "python=$(find_python); echo unreached", PATH=fake_python(tmp_path / "bin", body)
    )
    assert result.returncode == 1
    assert "Python 3.11 or newer" in result.stderr
    assert "unreached" not in result.stdout


def test_says_that_the_venv_module_is_missing(tmp_path: Path) -> None:
    body = "[[ $2 != *ensurepip* ]] || exit 1; [[ $2 != *print* ]] || echo python3.11"
    result = run_env("python=$(find_python)", PATH=fake_python(tmp_path / "bin", body))
    assert result.returncode == 1
    assert "apt-get install python3.11-venv" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_unknown_bench_lists_the_known() -> None:
    listed = subprocess.run(["scripts/bench"], cwd=ROOT, capture_output=True, text=True, check=True)
    unknown = subprocess.run(
        ["scripts/bench", "no-such-bench"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert unknown.returncode == 2
    assert "no bench 'no-such-bench'" in unknown.stderr
    for name in listed.stdout.split():
        assert name in unknown.stderr
