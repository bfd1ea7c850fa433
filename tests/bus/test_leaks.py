"""Nothing is left behind by ends that come and go."""

import os
import threading
import time
from pathlib import Path

import pytest

from tests.bus.hop_fixtures import Note, Pair, a_client, a_pair, a_server, endpoint_in
from watchglass.base.errors import AlreadyRunningError


def counts() -> tuple[int, int]:
    """Open descriptors and threads of this process, those of libraries included."""
    return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))


def settled(at_most: tuple[int, int]) -> bool:
    """ZeroMQ closes in a thread of its own, a little later."""
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        if all(now <= most for now, most in zip(counts(), at_most, strict=True)):
            return True
        time.sleep(0.02)
    return False


def test_clients_and_servers_come_and_go(tmp_path: Path) -> None:
    a_pair(tmp_path).close()  # starts the context, which stays
    time.sleep(0.1)
    before, threads = counts(), threading.active_count()
    server = a_server(endpoint_in(tmp_path))
    for cycle in range(200):
        pair = Pair(a_client(endpoint_in(tmp_path), f"worker-{cycle % 7}"), server)
        pair.client.send(Note(cycle))
        pair.until(lambda pair=pair: bool(pair.numbers))  # type: ignore[misc]
        pair.client.close()
        if cycle % 20 == 19:
            server.close()
            server = a_server(endpoint_in(tmp_path))
    server.close()
    assert settled(before), f"{before} became {counts()}"
    assert threading.active_count() == threads


def test_dialing_in_vain_leaves_nothing(tmp_path: Path) -> None:
    a_pair(tmp_path).close()
    time.sleep(0.1)
    before = counts()
    for _ in range(50):
        client = a_client(endpoint_in(tmp_path))
        client.poll(0.001)
        client.close()
    assert settled(before), f"{before} became {counts()}"


def test_a_server_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    server = a_server(endpoint_in(tmp_path))
    before = counts()
    for _ in range(20):
        with pytest.raises(AlreadyRunningError, match="answers"):
            a_server(endpoint_in(tmp_path))
    assert settled(before)
    server.close()
