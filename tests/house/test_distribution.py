"""That the run of the tests ends, whatever becomes of those who run them."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.patience import Patience
from tests.turns import LONGEST

ROOT = Path(__file__).resolve().parents[2]
DIES = """
import os, signal, pytest

@pytest.mark.parametrize("number", range(3))
def test_it(number):
    if number == {dies_at} and not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
"""
HANGS = """
import signal

def test_before(): ...

def test_hangs():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    signal.pause()

def test_after(): ...
"""


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text("[pytest]\nmarkers =\n  full: x\n  long: x\n")
    plugins = ["xdist", "tests.conftest", "pytest_timeout", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *(part for name in plugins for part in ("-p", name)),
         "-c", "pytest.ini", f"--rootdir={folder}", "--numprocesses=2", "--dist=loadfile",
         "--no-loadscope-reorder", *arguments],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip


@pytest.mark.full
@pytest.mark.parametrize("dies_at", [0, 2])
def test_a_worker_that_dies_fails_its_test_and_no_other(tmp_path: Path, dies_at: int) -> None:
    for name in "abcdefgh":
        dies = dies_at if name == "f" else -1
        (tmp_path / f"test_{name}.py").write_text(DIES.format(dies_at=dies))
    ended = _run(tmp_path)
    assert ended.returncode == pytest.ExitCode.TESTS_FAILED, ended.stdout + ended.stderr
    assert f"crashed while running 'test_f.py::test_it[{dies_at}]'" in ended.stdout
    assert "1 failed, 23 passed" in ended.stdout


FAILS = """
import pytest

@pytest.fixture
def thing():
    yield
    assert False

def test_itself(): assert False
def test_behind_itself(thing): ...
def test_not(): ...
"""


@pytest.mark.full
def test_those_that_failed_are_written_down(tmp_path: Path) -> None:
    (tmp_path / "test_a.py").write_text(FAILS)
    (tmp_path / "test_b.py").write_text(DIES.format(dies_at=1))
    told = tmp_path / "failed"
    ended = _run(tmp_path, f"--failed={told}")
    assert "2 failed, 4 passed, 1 error" in ended.stdout
    names = ["test_a.py::test_behind_itself", "test_a.py::test_itself", "test_b.py::test_it[1]"]
    assert sorted(told.read_text().splitlines()) == names
    (tmp_path / "test_a.py").unlink()
    _run(tmp_path, f"--failed={told}")
    assert told.read_text() == ""


@pytest.mark.full
def test_a_test_that_nothing_ends_is_named(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(HANGS)
    ended = _run(tmp_path, "--timeout=1", "--patience=4")
    assert ended.returncode == pytest.ExitCode.INTERRUPTED, ended.stdout + ended.stderr
    assert "test_it.py::test_hangs (4 s)" in ended.stderr


def test_patience_is_lost_with_those_that_do_nothing() -> None:
    told: list[str] = []
    over = threading.Event()

    def give_up(message: str) -> None:
        told.append(message)
        over.set()

    patience = Patience(0.05, give_up)
    patience.pytest_sessionstart()
    for name in "ab":
        patience.pytest_runtest_logstart(name)
    patience.pytest_runtest_logfinish("a")
    assert over.wait(60)
    assert "  b (" in told[0]
    assert "  a (" not in told[0]


def test_patience_ends_with_the_run() -> None:
    told: list[str] = []
    patience = Patience(0.05, told.append)
    patience.pytest_sessionstart()
    patience.pytest_unconfigure()
    patience.join()
    assert told == []


def test_files_that_are_run_first_are_there() -> None:
    assert [file for file in LONGEST if not (ROOT / file).is_file()] == []
