"""The wheel, as somebody gets it: into an empty environment, and the page is there."""

import os
import subprocess
import sys
import time
import urllib.request
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_INSTALL_S = 300
_START_S = 60


def run(*words: str | Path, timeout_s: float = _INSTALL_S) -> None:
    done = subprocess.run(
        [str(word) for word in words], capture_output=True, text=True, timeout=timeout_s, cwd=ROOT,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.full
@pytest.mark.timeout(600)
def test_a_wheel_in_an_empty_environment_serves_the_page(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, ROOT)
    (wheel,) = tmp_path.glob("watchglass-*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "watchglass/api/ui/index.html" in names
    assert "watchglass/trust/data/regulations.csv" in names
    assert not [name for name in names if "node_modules" in name or name.startswith("ui/")]

    empty = tmp_path / "empty"
    venv.create(empty, with_pip=False)
    python = empty / "bin/python"
    # Compiled is what it imports, as it does: all of it takes a third of the whole test.
    into: list[str | Path] = [*pip, "--python", python, "install", "--no-compile"]
    run(*into, "--require-hashes", "-r", ROOT / "requirements/runtime.txt")
    run(*into, "--no-deps", wheel)
    assert page(empty / "bin/watchglass", tmp_path / "data").startswith(b"<!doctype html>")


def page(watchglass: Path, data: Path) -> bytes:
    """What the installed recorder serves at the link it prints."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    said = data.with_name("said.txt")
    with said.open("w") as out:
        serving = subprocess.Popen(
            [watchglass, "--data", data, "serve", "--port", "0"], stdout=out, stderr=out,
            env=kept, cwd=data.parent,
        )  # fmt: skip
        try:
            until_s = time.monotonic() + _START_S
            while "#token=" not in said.read_text():
                assert serving.poll() is None, said.read_text()
                assert time.monotonic() < until_s, said.read_text()
                time.sleep(0.1)
            link = next(word for word in said.read_text().split() if "#token=" in word)
            with urllib.request.urlopen(link.partition("#")[0]) as answer:
                found: bytes = answer.read()
                return found.lower()
        finally:
            serving.terminate()
            assert serving.wait(30) == 0
