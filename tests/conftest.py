"""Test tiers, Hypothesis profiles and the few fixtures that every package's tests may use."""

import gc
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
import structlog
from hypothesis import HealthCheck, settings
from xdist.remote import Producer  # type: ignore[import-untyped] # it has no types

from tests.again import Failed
from tests.costs import Adding, Measuring
from tests.distribution import FileScheduling
from tests.patience import PATIENCE_S, Patience, end_run
from tests.turns import in_turn

CHECKOUT = Path(__file__).resolve().parents[1]
IN_CI = "CI" in os.environ

# Each tier holds the ones before it.
TIERS = ("quick", "full", "long")

# Containers often forbid to keep compiled files; then each worker and each process that tests start
# compiles all it imports anew, half a minute of each run.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Most of what is made while tests are collected stays: it need not be looked through often.
gc.set_threshold(50_000, 20, 100)

settings.register_profile(
    "quick",
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
for tier, examples in (("full", 120), ("long", 600)):
    settings.register_profile(
        tier,
        max_examples=examples,
        deadline=None,
        derandomize=IN_CI,
        suppress_health_check=[HealthCheck.too_slow],
    )


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--tier",
        choices=TIERS,
        default="quick",
        help="quick: unmarked tests; full: also those marked full; long: all",
    )
    parser.addoption(
        "--patience",
        type=float,
        metavar="SECONDS",
        help="give the run up when no test began or ended for so long (by default, by the tier)",
    )
    parser.addoption(
        "--costs",
        type=Path,
        metavar="FILE",
        help="write what each test took, by the wall clock and of CPU, the dearest first",
    )
    parser.addoption(
        "--failed",
        type=Path,
        metavar="FILE",
        help="write the names of tests that failed, a line each",
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("dist", "no") != "no" and not hasattr(config, "workerinput"):
        patience_s = config.getoption("--patience") or PATIENCE_S[config.getoption("--tier")]
        config.pluginmanager.register(Patience(patience_s, end_run), "patience")
    if (costs := config.getoption("--costs")) is not None:
        config.pluginmanager.register(Measuring(), "costs of a test")
        if not hasattr(config, "workerinput"):
            config.pluginmanager.register(Adding(costs), "costs of a run")
    if (failed := config.getoption("--failed")) is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Failed(failed), "who failed")
    if not config.getoption("--hypothesis-profile", None):
        settings.load_profile(config.getoption("--tier"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> FileScheduling | None:
    return FileScheduling(config, log) if config.getoption("--dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Modules and tests stay until the end: whoever collects garbage need not look at them."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 10)


def tier_of(item: pytest.Item) -> int:
    """The lowest tier that runs the test, as an index into TIERS."""
    return max(TIERS.index(tier) if item.get_closest_marker(tier) else 0 for tier in TIERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    highest = TIERS.index(config.getoption("--tier"))
    too_high = [item for item in items if tier_of(item) > highest]
    if too_high:
        config.hook.pytest_deselected(items=too_high)
    items[:] = in_turn([item for item in items if tier_of(item) <= highest], tier_of)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """What a test does to logging ends with it: its stream may be closed by then."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """Sample media and data that lie beside the checkout and not in it; skips where absent."""
    stated = os.environ.get("WATCHGLASS_SHARED")
    place = Path(stated) if stated else CHECKOUT.parent / "shared"
    if not place.is_dir():
        pytest.skip(
            "no sample data: lay a folder 'shared' beside the checkout or set WATCHGLASS_SHARED"
        )
    return place


CachedFile: TypeAlias = Callable[[str, str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def cached_file() -> CachedFile:
    """`cached_file(name, made_from, make)`: a file that is costly to make, kept between runs.

    `made_from` is everything the content depends on (a command line, a seed); when it changes,
    so does the file. `make` writes the file at the path it is given.
    """
    folder = Path(os.environ.get("WATCHGLASS_TEST_CACHE", CHECKOUT / ".cache" / "tests"))

    def get(name: str, made_from: str, make: Callable[[Path], object]) -> Path:
        key = hashlib.sha256(f"{name}\n{made_from}".encode()).hexdigest()[:16]
        wanted = folder / key / name
        if not wanted.exists():
            wanted.parent.mkdir(parents=True, exist_ok=True)
            # Test processes side by side may both make it; a rename lets none see half of it.
            with tempfile.TemporaryDirectory(dir=wanted.parent) as scratch:
                make(Path(scratch) / name)
                (Path(scratch) / name).rename(wanted)
        return wanted

    return get
