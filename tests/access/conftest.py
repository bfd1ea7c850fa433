"""Passwords hashed with less work: what is tested here is who gets in, hundreds of times."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from watchglass.access import password


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    assert (password._HASHER.time_cost, password._HASHER.memory_cost) == (3, 64 * 1024)
    monkeypatch.setattr(
        password, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    )
    password.nobodys_hash.cache_clear()
    yield
    password.nobodys_hash.cache_clear()
