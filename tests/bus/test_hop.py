"""Client and server in one thread: order, credits, bounds, events, clocks."""

import random
import threading
import time
from pathlib import Path

import pytest

from tests.bus.hop_fixtures import (
    Ack,
    Note,
    Pair,
    a_client,
    a_pair,
    a_server,
    endpoint_in,
)
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.errors import BusError
from watchglass.base.queues import DropPolicy
from watchglass.bus.client import LinkRenewed
from watchglass.bus.server import PeerJoined, PeerLost, Received
from watchglass.bus.wire import BEAT_S, LOST_AFTER_BEATS, MESSAGE_OVERHEAD_BYTES

BEAT_NS = round(BEAT_S * NS_PER_S)


def test_ten_thousand_in_order(tmp_path: Path) -> None:
    pair = a_pair(tmp_path, credit_bytes=64 * 1024)
    sent = 0
    while sent < 10_000:
        if pair.client.send(Note(sent, b"x" * (sent % 500))):
            sent += 1
        else:
            pair.turn()
    pair.until(lambda: len(pair.numbers) >= 10_000)
    assert pair.numbers == list(range(10_000))
    pair.until(lambda: pair.client.stats().unfinished_bytes == 0)
    stats = pair.client.stats()
    assert (stats.sent_items, stats.depth_items, stats.depth_bytes) == (10_000, 0, 0)
    assert stats.starved > 0  # the credit was the brake
    pair.close()


def test_from_server_to_client_in_order_with_credits(tmp_path: Path) -> None:
    pair = a_pair(tmp_path, send_limit_bytes=8 * 1024)
    [joined] = pair.at_server
    assert isinstance(joined, PeerJoined)
    sent = 0
    while sent < 2_000:
        if pair.server.send(joined.peer, Ack(sent)):
            sent += 1
        else:
            pair.turn()
    pair.until(lambda: len(pair.at_client) >= 2_000)
    assert pair.at_client == [Ack(number) for number in range(2_000)]
    [state] = pair.server.peers()
    assert state.hop.name == "keeper:worker-1"
    assert state.hop.dropped_items == pair.server.stats().dropped_items > 0
    pair.close()


def test_a_server_that_deals_with_nothing_is_not_buried(tmp_path: Path) -> None:
    credit_bytes = 32 * 1024
    pair = a_pair(tmp_path, credit_bytes=credit_bytes)
    pair.gives_back = False
    client = pair.client
    accepted = 0
    for number in range(3_000):
        accepted += client.send(Note(number, bytes(1000)))
        if number % 50 == 0:
            pair.turn()
    pair.turns(0.2)
    stats = client.stats()
    weight = 1000 + MESSAGE_OVERHEAD_BYTES
    assert len(pair.numbers) * weight <= credit_bytes + 2 * weight
    assert stats.depth_bytes <= stats.limit_bytes
    assert stats.dropped_items == 3_000 - accepted > 0
    assert stats.depth_items == accepted - len(pair.numbers)
    assert stats.credit_bytes <= 0
    assert stats.starved == 1
    assert stats.policy is DropPolicy.REFUSE_NEWEST
    # It wakes up: everything that was accepted arrives, in order.
    for item in pair.at_server:
        if isinstance(item, Received):
            pair.server.done(item.peer, item.size_bytes)
    pair.gives_back = True
    pair.until(lambda: len(pair.numbers) == accepted)
    assert pair.numbers == sorted(pair.numbers)
    pair.close()


def test_drop_oldest_keeps_the_newest(tmp_path: Path) -> None:
    endpoint = endpoint_in(tmp_path)
    client = a_client(endpoint, limit_bytes=20_000, policy=DropPolicy.DROP_OLDEST)
    for number in range(100):
        assert client.send(Note(number, bytes(1000)))
    assert client.stats().dropped_items == 100 - client.depth()
    pair = Pair(client, a_server(endpoint))
    kept = client.depth()
    pair.until(lambda: len(pair.numbers) == kept)
    assert pair.numbers == list(range(100 - kept, 100))
    pair.close()


def test_a_message_larger_than_credit_and_queue_gets_through(tmp_path: Path) -> None:
    endpoint = endpoint_in(tmp_path)
    pair = Pair(a_client(endpoint, limit_bytes=1000), a_server(endpoint, credit_bytes=1000))
    for number in range(3):
        assert pair.client.send(Note(number, bytes(500_000)))
        pair.until(lambda number=number: len(pair.numbers) == number + 1)  # type: ignore[misc]
        pair.until(lambda: pair.client.stats().credit_bytes > 0)
    pair.close()


def test_done_is_checked_and_harmless_for_a_past_session(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    pair.gives_back = False
    pair.client.send(Note(1))
    pair.until(lambda: bool(pair.numbers))
    item = pair.at_server[-1]
    assert isinstance(item, Received)
    with pytest.raises(ValueError, match="done of"):
        pair.server.done(item.peer, item.size_bytes + 1)
    pair.client.close()
    pair.server.poll(0)
    pair.client = a_client(endpoint_in(tmp_path))
    pair.until(lambda: pair.client.connected)
    pair.server.done(item.peer, item.size_bytes)
    assert not pair.server.send(item.peer, Ack(1))
    pair.close()


def test_a_second_client_of_the_same_name_replaces_the_first(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    first = pair.client
    pair.client = a_client(endpoint_in(tmp_path))
    pair.until(lambda: pair.client.connected)
    kinds = [type(item) for item in pair.at_server]
    assert kinds == [PeerJoined, PeerLost, PeerJoined]
    assert len(pair.server.peers()) == 1
    with pytest.raises(BusError, match="Another process"):
        first.poll(0.5)
    with pytest.raises(BusError, match="Another process"):  # and it does not fight back
        first.poll(0)
    pair.turns(0.1)
    assert pair.client.connected
    first.close()
    pair.close()


@pytest.mark.full
def test_no_more_peers_than_allowed(tmp_path: Path) -> None:
    pair = a_pair(tmp_path, max_peers=1)
    other = a_client(endpoint_in(tmp_path), "worker-2")
    for _ in range(50):
        pair.turn()
        other.poll(0.002)
    assert not other.connected
    assert other.refusal == "The server has 1 clients."
    assert pair.server.stats().refused >= 1
    pair.client.close()
    pair.client = other  # there is room now
    pair.until(lambda: other.connected)
    pair.close()


@pytest.mark.full
def test_a_server_started_anew_is_noticed_and_the_queue_is_kept(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    before = pair.server.instance
    pair.server.close()
    pair.until_apart()
    for number in range(5):
        pair.client.send(Note(number))
    assert pair.client.depth() == 5
    pair.server = a_server(endpoint_in(tmp_path))
    pair.until(lambda: bool(pair.at_client))
    assert pair.at_client == [LinkRenewed(True, pair.server.instance)]
    assert pair.server.instance != before
    pair.until(lambda: len(pair.numbers) == 5)
    assert pair.numbers == list(range(5))
    pair.close()


@pytest.mark.full
def test_nothing_queued_goes_out_before_the_owner_saw_the_renewal(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    pair.server.close()
    pair.until_apart()
    pair.client.send(Note(7))
    pair.server = a_server(endpoint_in(tmp_path))
    pair.until(lambda: bool(pair.at_client))
    assert pair.client.discard_queued() == 1
    for number in range(3):
        pair.client.send(Note(number))
    pair.until(lambda: len(pair.numbers) == 3)
    assert pair.numbers == [0, 1, 2]
    pair.close()


def test_silence_loses_a_peer_and_a_late_client_begins_anew(tmp_path: Path) -> None:
    clock = SimulatedClock()
    pair = a_pair(tmp_path, clock=clock)
    # The server was stopped for a minute: nobody else is to blame.
    clock.advance(60 * NS_PER_S)
    before = pair.client.connected
    assert pair.server.poll(0) == []
    # Its beat takes a while where a machine is busy; by the clock no time passes.
    ends_s = time.monotonic() + 30
    while not pair.client.connected:
        assert time.monotonic() < ends_s
        pair.client.poll(0.05)
    assert not before
    lost: list[PeerLost] = []
    for _ in range(10 * LOST_AFTER_BEATS):  # the client's last word may be on its way yet
        if lost:
            break
        clock.advance(BEAT_NS + 1)
        lost = [item for item in pair.server.poll(0.01) if isinstance(item, PeerLost)]
    assert [item.reason for item in lost] == ["silent"]
    assert pair.server.peers() == []
    pair.client.send(Note(1))
    for _ in range(40):
        clock.advance(NS_PER_S // 10)
        pair.turn()
    assert pair.at_client == [LinkRenewed(False, pair.server.instance)]
    assert pair.client.connected
    pair.close()


def both_were_heard(pair: Pair, clock: SimulatedClock) -> bool:
    """Not long ago, so that neither is near to being taken for dead."""
    heard_ns = pair.client._heard_ns
    [peer] = pair.server._by_name.values()
    return (
        heard_ns is not None
        and clock.monotonic_ns() - heard_ns <= 2 * BEAT_NS
        and peer.silent_beats <= 2
    )


@pytest.mark.full
def test_whoever_lives_is_never_lost_whatever_is_said_and_when(tmp_path: Path) -> None:
    """Messages stand for beats, and beats come early: neither end may take the other for dead."""
    clock = SimulatedClock()
    pair = a_pair(tmp_path, clock=clock)
    [joined] = pair.at_server
    assert isinstance(joined, PeerJoined)
    chance = random.Random(1)
    for step in range(400):
        clock.advance(chance.randrange(BEAT_NS // 2))
        if step % 100 < 30:
            pair.client.send(Note(step))
        if 20 < step % 100 < 50:
            pair.server.send(joined.peer, Ack(step))
        pair.turn()
        # The clock stands still while what was said is on its way, however long the machine takes.
        pair.until(lambda: both_were_heard(pair, clock))
        assert pair.client.connected
    assert [item for item in pair.at_server if isinstance(item, PeerLost)] == []
    assert pair.client.stats().unfinished_bytes == 0
    assert pair.server.peers()[0].hop.unfinished_bytes == 0
    pair.close()


def test_a_client_that_is_gone_is_noticed_within_a_beat(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    [joined] = pair.at_server
    assert isinstance(joined, PeerJoined)
    pair.client.close()
    assert pair.server.send(joined.peer, Ack(1))
    news: list[object] = []
    for _ in range(10):  # a poll may come back early with nothing to tell
        news += pair.server.poll(1.0)
        if news:
            break
    dropped = pair.server.stats().dropped_items
    pair.server.close()
    [lost] = news
    assert isinstance(lost, PeerLost)
    # What the kernel had taken already when the client went is no longer the server's to count.
    assert lost.reason == "gone"
    assert lost.unsent_items == dropped <= 1


def test_wake_from_another_thread_ends_the_poll(tmp_path: Path) -> None:
    pair = a_pair(tmp_path)
    for end in (pair.client, pair.server):
        end.poll(0.1)
        timer = threading.Timer(0.05, end.wake)
        timer.start()
        began_s = time.monotonic()
        assert end.poll(5.0) == []
        assert time.monotonic() - began_s < 1.0
        timer.join()
        end.wake()
        end.wake()
        began_s = time.monotonic()
        end.poll(5.0)  # a wake before the poll counts, several are one
        assert time.monotonic() - began_s < 0.5
    pair.close()
    pair.client.wake()
    pair.server.wake()
    with pytest.raises(BusError, match="closed"):
        pair.client.poll(0)
    with pytest.raises(BusError, match="closed"):
        pair.server.poll(0)


def test_poll_keeps_its_time_on_both_kinds_of_clock(tmp_path: Path) -> None:
    for clock in (None, SimulatedClock()):
        client = a_client(endpoint_in(tmp_path), clock=clock)
        began_s = time.monotonic()
        assert client.poll(0.15) == []
        assert 0.14 < time.monotonic() - began_s < 1.0
        client.close()


def test_a_poor_name_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(BusError, match="peer's name"):
        a_client(endpoint_in(tmp_path), "two words")
