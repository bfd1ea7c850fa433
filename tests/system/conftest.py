"""What tests of whole recorders share."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """One with a short name: sockets lie in it."""
    path = Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp"))
    yield path
    shutil.rmtree(path, ignore_errors=True)
