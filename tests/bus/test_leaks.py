"""Nothing is left behind by ends that come and go, nor taken by those that stay."""

import ctypes
import gc
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.bus.hop_fixtures import Ack, Note, Pair, a_client, a_pair, a_server, endpoint_in
from watchglass.base.errors import AlreadyRunningError
from watchglass.bus.server import PeerJoined

LIBC = ctypes.CDLL(None)
_BLOCK_BYTES = 16 * 1024


class _Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
            "fordblks", "keepcost",
        )
    ]  # fmt: skip


def in_use_bytes() -> int:
    """What all code but Python's own objects holds of the heap."""
    LIBC.mallinfo2.restype = _Mallinfo
    return int(LIBC.mallinfo2().uordblks)


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


@pytest.mark.skipif(not hasattr(LIBC, "mallinfo2"), reason="this C library does not tell")
def test_a_session_has_all_its_memory_from_the_start(tmp_path: Path) -> None:
    """ZeroMQ's queues take two blocks each; what a session takes later looks like a leak."""
    pair = a_pair(tmp_path)
    pair.turns(0.5)
    [peer] = [each.peer for each in pair.at_server if isinstance(each, PeerJoined)]
    before = in_use_bytes()
    for number in range(300):  # two frames each
        pair.client.send(Note(number))
        pair.server.send(peer, Ack(number))
        pair.until(lambda number=number: len(pair.numbers) > number)  # type: ignore[misc]
        pair.until(lambda number=number: len(pair.at_client) > number)  # type: ignore[misc]
    grown = in_use_bytes() - before
    assert grown < _BLOCK_BYTES
    pair.close()


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="names of attributes are not kept there")
def test_a_message_leaves_no_name_of_an_attribute(tmp_path: Path) -> None:
    """A match by place asks for one by a new string each time, and Python keeps up to 4,096."""
    pair = a_pair(tmp_path)

    def exchange(messages: int) -> None:
        [peer] = [each.peer for each in pair.at_server if isinstance(each, PeerJoined)]
        for number in range(messages):
            pair.client.send(Note(number))
            pair.server.send(peer, Ack(number))
        pair.until(lambda: len(pair.numbers) == messages == len(pair.at_client))
        del pair.at_client[:], pair.at_server[1:]

    pair.until(lambda: bool(pair.at_server))
    pair.until(lambda: pair.client.connected)
    exchange(20)
    sys._clear_type_cache()
    gc.collect()  # and what is free, of tuples and the like
    before = sys.getallocatedblocks()
    exchange(400)
    gc.collect()
    grown = sys.getallocatedblocks() - before
    pair.close()
    assert grown < 150
