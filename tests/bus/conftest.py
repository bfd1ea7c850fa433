"""What begins in a test of the bus ends with it."""

from collections.abc import Iterator

import pytest

from tests.bus.hop_fixtures import PAIRS


@pytest.fixture(autouse=True)
def no_pair_is_left() -> Iterator[None]:
    """Else its sockets would be found open by whichever test comes next."""
    yield
    while PAIRS:
        PAIRS.pop().close()
