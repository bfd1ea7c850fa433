"""Loops made once per run, and an event loop to serve them in."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulate.loop_thread import LoopThread
from watchglass.simulate.loop_cache import CACHE_VARIABLE


@pytest.fixture(autouse=True, scope="session")
def loop_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("loops")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder))
        yield folder


@pytest.fixture
def loop_thread() -> Iterator[LoopThread]:
    thread = LoopThread()
    yield thread
    thread.close()
