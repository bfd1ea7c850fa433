"""The lock files say what to install and never from where."""

import re
import tomllib
from pathlib import Path

import pytest

from scripts.lib import hygiene

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def pinned(lock: Path) -> set[str]:
    return set(re.findall(r"^([a-z0-9._-]+)==", lock.read_text(), re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~\[; ]", requirement)[0] for requirement in requirements}


def test_the_lock_files_are_there() -> None:
    assert [lock.name for lock in LOCKS] == ["build.txt", "dev.txt", "runtime.txt"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_holds_pins_and_hashes_alone(lock: Path) -> None:
    text = lock.read_text()
    assert list(hygiene.lock_breaches(lock.name, text)) == []
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in entry, f"no hash: {entry}"


def test_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = names(project["project"]["dependencies"])
    build = names(project["build-system"]["requires"])
    dev = names(project["dependency-groups"]["dev"])
    assert build <= pinned(ROOT / "requirements/build.txt")
    assert runtime <= pinned(ROOT / "requirements/runtime.txt")
    assert runtime | build | dev <= pinned(ROOT / "requirements/dev.txt")


@pytest.mark.parametrize("name", ["build.txt", "runtime.txt"])
def test_the_others_are_part_of_the_largest(name: str) -> None:
    whole = (ROOT / "requirements/dev.txt").read_text()
    for line in (ROOT / "requirements" / name).read_text().splitlines():
        # What the tools need everywhere, the product may need on some systems alone.
        assert line.rstrip(" \\").split(" ; ")[0] in whole


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://pypi.example/simple",
        "--extra-index-url https://pypi.example/simple",
        "--find-links wheels",
        "# via -r requirements/dev.in",
        "av @ https://files.example/av.whl \\",
        "av>=18.1 \\",
        "-e .",
        "    --hash=md5:0123",
    ],
)
def test_other_lines_are_breaches(line: str) -> None:
    assert list(hygiene.lock_breaches("dev.txt", line))
