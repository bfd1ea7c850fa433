"""Simulated cameras, data folders with short paths, and a site that is recorded once."""

from collections.abc import Iterator

import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from tests.app.conftest import cameras, data
from tests.cheap_passwords import cheap_passwords

__all__ = ["at", "browser", "cameras", "cheap_passwords", "data", "recorded", "signed_in"]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """Two cameras with G.711 sound, 20 s each, still being written."""
    found = Recorded(tmp_path_factory.mktemp("site"), 2, sound=True)
    found.record(20)
    yield found
    found.close()


@pytest.fixture(scope="module")
def signed_in(recorded: Recorded) -> Iterator[tuple[Running, Browser]]:
    with running(recorded) as found:
        yield found


@pytest.fixture
def at(signed_in: tuple[Running, Browser]) -> Running:
    return signed_in[0]


@pytest.fixture
def browser(signed_in: tuple[Running, Browser]) -> Browser:
    return signed_in[1]
