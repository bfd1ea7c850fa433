"""The bus between real processes that are killed without warning."""

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.bus.hop_fixtures import Ack, Note, Up, a_client, a_server, endpoint_in
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.server import BusServer, PeerJoined, PeerLost, Received

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.full


Run: TypeAlias = "Callable[..., subprocess.Popen[bytes]]"


@pytest.fixture
def run() -> Iterator[Run]:
    """Starts programs, and leaves none behind when a test fails."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "tests.bus.keeper_program", *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        kill(process)


def kill(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()


class Owner:
    """Keeps what is not acknowledged, and says it again when the link is new."""

    def __init__(self, client: BusClient[Up, Ack]) -> None:
        self.client = client
        self.unacknowledged: list[Note] = []
        self.next_number = 0
        self.renewals: list[LinkRenewed] = []

    def tell(self) -> None:
        note = Note(self.next_number, bytes(300))
        if self.client.send(note):
            self.unacknowledged.append(note)
            self.next_number += 1

    def poll(self, timeout_s: float) -> None:
        for item in self.client.poll(timeout_s):
            match item:
                case LinkRenewed():
                    self.renewals.append(item)
                    self.client.discard_queued()
                    assert all(self.client.send(note) for note in self.unacknowledged)
                case Ack(up_to):
                    self.unacknowledged = [n for n in self.unacknowledged if n.number > up_to]

    def until(self, wanted: Callable[[], bool], timeout_s: float = 20) -> None:
        deadline_s = time.monotonic() + timeout_s
        while not wanted():
            assert time.monotonic() < deadline_s, "it did not come about"
            self.poll(0.02)


def test_a_killed_server_costs_nothing_that_was_not_acknowledged(run: Run, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    endpoint = endpoint_in(tmp_path)
    owner = Owner(a_client(endpoint, limit_bytes=10**7))
    restarts = 4
    reconnect_s: list[float] = []
    server = run("server", endpoint, str(ledger))
    owner.until(lambda: owner.client.connected)
    for _ in range(restarts):
        goal = owner.next_number + 800
        while owner.next_number < goal:
            owner.tell()
            owner.poll(0)
        kill(server)  # in the middle: much is queued, under way and unacknowledged
        for _ in range(100):
            owner.tell()
        server = run("server", endpoint, str(ledger))
        began_s = time.monotonic()
        seen = len(owner.renewals)
        owner.until(lambda seen=seen: len(owner.renewals) > seen)  # type: ignore[misc]
        reconnect_s.append(time.monotonic() - began_s)
    owner.until(lambda: not owner.unacknowledged)
    kill(server)
    owner.client.close()
    assert [renewal.server_restarted for renewal in owner.renewals] == [True] * restarts
    assert len({renewal.instance for renewal in owner.renewals}) == restarts
    assert max(reconnect_s) < 5
    assert_told_in_order([int(line) for line in ledger.read_text().split()], restarts)


def assert_told_in_order(numbers: list[int], restarts: int) -> None:
    """Every number is there; after a restart some come again, but none is ever skipped."""
    assert sorted(set(numbers)) == list(range(max(numbers) + 1))
    steps_back = 0
    for before, after in itertools.pairwise(numbers):
        assert after <= before + 1, f"{after} came after {before}"
        steps_back += after <= before
    assert steps_back <= restarts


def test_a_stopped_server_is_not_mistaken_for_a_new_one(run: Run, tmp_path: Path) -> None:
    endpoint = endpoint_in(tmp_path)
    owner = Owner(a_client(endpoint))
    server = run("server", endpoint, str(tmp_path / "ledger"))
    owner.until(lambda: owner.client.connected)
    server.send_signal(signal.SIGSTOP)
    for _ in range(200):
        owner.tell()
    owner.until(lambda: not owner.client.connected)
    server.send_signal(signal.SIGCONT)
    owner.until(lambda: not owner.unacknowledged)
    kill(server)
    owner.client.close()
    assert owner.renewals == []
    assert_told_in_order([int(n) for n in (tmp_path / "ledger").read_text().split()], 0)


def test_killed_clients_are_lost_and_come_back(run: Run, tmp_path: Path) -> None:
    endpoint = endpoint_in(tmp_path)
    server = a_server(endpoint, credit_bytes=16 * 1024)
    names = ["worker-1", "worker-2"]
    last: dict[int, int] = {}  # by session: the last number heard
    joined: list[str] = []
    lost: list[PeerLost] = []

    def until(wanted: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + 20
        while not wanted():
            assert time.monotonic() < deadline_s, "it did not come about"
            hear(server, last, joined, lost)

    processes = {name: run("client", endpoint, name) for name in names}
    until(lambda: len(last) == 2 and min(last.values()) > 50)
    for round_number in range(3):
        newest = max(last)
        kill(processes["worker-1"])
        # At once, so that the server may still believe in the old one.
        processes["worker-1"] = run("client", endpoint, "worker-1")
        until(lambda r=round_number: len(joined) == 3 + r)  # type: ignore[misc]
        until(lambda n=newest: max(last) > n and last[max(last)] > 50)  # type: ignore[misc]
    for process in processes.values():
        kill(process)
    until(lambda: len(lost) == 5)
    assert {item.reason for item in lost} <= {"gone", "replaced"}
    assert joined.count("worker-2") == 1
    assert server.peers() == []
    assert server.stats().breaches == 0
    server.close()


def hear(
    server: "BusServer[Up, Ack]", last: dict[int, int], joined: list[str], lost: list[PeerLost]
) -> None:
    for item in server.poll(0.02):
        match item:
            case PeerJoined(peer):
                joined.append(peer.name)
                last[peer.session] = -1
            case PeerLost():
                lost.append(item)
            case Received(peer, Note(number), size_bytes):
                assert number == last[peer.session] + 1
                last[peer.session] = number
                server.done(peer, size_bytes)
            case _:
                raise AssertionError(item)
