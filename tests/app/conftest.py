"""Cameras and short folders for the tests of the command line."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from watchglass.simulate.process import Simulator, arguments

USER, PASSWORD = "admin", "sesame 1"


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder whose path is short: sockets lie in it, and may have 107 bytes."""
    folder = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    yield folder / "d"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cameras() -> Iterator[Simulator]:
    """Four small cameras that ask for user and password."""
    with Simulator(
        *arguments(
            cameras=4, width=320, height=180, fps=10, bit_rate=300_000, seconds=4, sub_width=160,
            sub_height=90, sub_bit_rate=100_000, port_each=True, user=USER, password=PASSWORD,
        )
    ) as simulator:  # fmt: skip
        yield simulator
