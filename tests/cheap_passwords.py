"""Passwords whose hashes cost little, for tests that are not about the cost."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from watchglass.access import password

REAL = password._HASHER


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """For all tests of the package whose conftest takes this in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(password, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64))
        password.nobodys_hash.cache_clear()
        yield
    password.nobodys_hash.cache_clear()
