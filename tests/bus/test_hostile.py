"""Peers that break the protocol: dropped, counted, and no harm to the others."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import zmq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bus.hop_fixtures import UP, Ack, Note, Pair, a_pair, a_server, endpoint_in
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.bus.endpoint import Socket, ipc_path, open_dealer
from watchglass.bus.server import PeerJoined, PeerLost, Received
from watchglass.bus.wire import (
    BEAT_S,
    PROTOCOL,
    Beat,
    Data,
    Hello,
    Refused,
    Welcome,
    decode_header,
    encode_header,
    weight_bytes,
)

HELLO = encode_header(Hello(PROTOCOL, "raw", 1024))
BEAT = encode_header(Beat(0))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    pair = a_pair(tmp_path, credit_bytes=64 * 1024)
    yield pair
    # Whatever happened, the honest client never noticed.
    pair.client.send(Note(4711))
    pair.until(lambda: 4711 in pair.numbers)
    assert [item for item in pair.at_client if not isinstance(item, Ack)] == []
    pair.close()


@pytest.fixture
def raw(pair: Pair, tmp_path: Path) -> Iterator[Socket]:
    dealer = open_dealer(endpoint_in(tmp_path), 2**20)
    assert dealer.poll(2000, zmq.POLLOUT)
    yield dealer
    dealer.close(0)


def join(pair: Pair, raw: Socket) -> Welcome:
    raw.send(HELLO)
    pair.until(lambda: len(pair.server.peers()) == 2)
    welcome = decode_header(raw.recv_multipart()[0])
    assert isinstance(welcome, Welcome)
    return welcome


def refusal(pair: Pair, raw: Socket) -> Refused:
    deadline_s = time.monotonic() + 5
    while time.monotonic() < deadline_s:
        pair.turn()
        while raw.poll(0):
            header = decode_header(raw.recv_multipart()[0])
            if isinstance(header, Refused):
                return header
    raise AssertionError("it was not refused")


BREACHES = {
    "garbage": [b"\xff\xfe rubbish"],
    "nothing": [b""],
    "a long header": [bytes(10_000)],
    "data without a message": [encode_header(Data(0))],
    "a message too many": [encode_header(Data(0)), UP.encode(Note(1)), b"more"],
    "many frames": [encode_header(Data(0)), *([b"x"] * 500)],
    "a message lost": [encode_header(Data(1)), UP.encode(Note(1))],
    "a message that is none": [encode_header(Data(0)), b"\x01\xc1"],
    "a message of the future": [encode_header(Data(0)), b"\x09\x80"],
    "credit for nothing": [encode_header(Beat(1))],
    "hello again": [HELLO],
    "welcome": [encode_header(Welcome("x", 1, 1))],
    "a huge number": [msgspec.msgpack.encode(["b", 2**63])],
}


@pytest.mark.parametrize("frames", BREACHES.values(), ids=BREACHES.keys())
def test_a_breach_ends_the_session(pair: Pair, raw: Socket, frames: list[bytes]) -> None:
    join(pair, raw)
    raw.send_multipart(frames)
    assert not refusal(pair, raw).final
    assert pair.server.stats().breaches == 1
    assert [state.peer.name for state in pair.server.peers()] == ["worker-1"]
    [lost] = [item for item in pair.at_server if isinstance(item, PeerLost)]
    assert lost.peer.name == "raw"
    # What it says from now on is a stranger's.
    raw.send_multipart([encode_header(Data(1)), UP.encode(Note(1))])
    refusal(pair, raw)
    assert 1 not in pair.numbers


def test_sending_beyond_the_credit_is_found_out_and_bounded(pair: Pair, raw: Socket) -> None:
    pair.gives_back = False
    welcome = join(pair, raw)
    for number in range(500):
        raw.send_multipart([encode_header(Data(number)), UP.encode(Note(number, bytes(1000)))])
    assert "beyond its credit" in refusal(pair, raw).sentence
    pair.turns(0.3)
    assert len(pair.numbers) * 1000 <= welcome.credit_bytes + 2000
    assert pair.numbers == list(range(len(pair.numbers)))
    assert pair.server.stats().strangers > 0
    pair.gives_back = True


def test_a_peer_that_never_reads_cannot_make_the_server_hold_more(pair: Pair, raw: Socket) -> None:
    raw.send(encode_header(Hello(PROTOCOL, "raw", 2**40)))  # "send me a terabyte"
    pair.until(lambda: len(pair.server.peers()) == 2)
    joined = pair.at_server[-1]
    assert isinstance(joined, PeerJoined)
    for number in range(40_000):
        pair.server.send(joined.peer, Ack(number))
    pair.turns(0.1)
    [hop] = [state.hop for state in pair.server.peers() if state.peer.name == "raw"]
    assert hop.unfinished_bytes <= hop.limit_bytes + 1000
    assert hop.depth_bytes <= hop.limit_bytes
    assert hop.dropped_items > 0


@pytest.mark.parametrize("name", ["", "two words", "x" * 65, "tab\t", "ünïcode", "line\n"])
def test_poor_names_are_not_let_in(pair: Pair, raw: Socket, name: str) -> None:
    raw.send(encode_header(Hello(PROTOCOL, name, 1)))
    assert "not of this protocol" in refusal(pair, raw).sentence
    assert len(pair.server.peers()) == 1


def test_another_protocol_is_refused_for_good(pair: Pair, raw: Socket) -> None:
    raw.send(encode_header(Hello(PROTOCOL + 1, "raw", 1)))
    refused = refusal(pair, raw)
    assert refused.final
    assert f"version {PROTOCOL}" in refused.sentence


def test_what_is_not_even_zeromq(pair: Pair, tmp_path: Path) -> None:
    for noise in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"\xff" + bytes(9) + b"\x7f\x03"):
        with socket.socket(socket.AF_UNIX) as plain:
            plain.connect(os.fspath(ipc_path(endpoint_in(tmp_path))))
            plain.sendall(noise)
            pair.turns(0.03)
    assert len(pair.server.peers()) == 1


@pytest.mark.full
def test_a_frame_too_large_ends_the_connection(pair: Pair, raw: Socket) -> None:
    join(pair, raw)
    raw.send_multipart([encode_header(Data(0)), bytes(UP.limit_bytes + 1)])
    pair.until(lambda: len(pair.server.peers()) == 1)
    assert [item.reason for item in pair.at_server if isinstance(item, PeerLost)] == ["gone"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), max_size=5))
def test_any_frames_at_all(pair: Pair, tmp_path: Path, messages: list[list[bytes]]) -> None:
    dealer = open_dealer(endpoint_in(tmp_path), 2**20)
    assert dealer.poll(2000, zmq.POLLOUT)
    dealer.send(HELLO)
    for frames in messages:
        dealer.send_multipart(frames)
    pair.turns(0.02)
    dealer.close(0)


@pytest.mark.parametrize(
    ("it_says", "is_told", "beats"), [(False, False, 100), (False, True, 0), (True, True, 100)]
)
def test_who_is_sent_messages_needs_no_beats(
    tmp_path: Path, it_says: bool, is_told: bool, beats: int
) -> None:
    """From the other end of the wire, for 100 beats' time. Credit comes back all the same."""
    clock = SimulatedClock()
    server = a_server(endpoint_in(tmp_path), clock=clock)
    raw = open_dealer(endpoint_in(tmp_path), 2**20)
    assert raw.poll(2000, zmq.POLLOUT)
    raw.send(encode_header(Hello(PROTOCOL, "raw", 2**20)))
    while not server.peers():
        server.poll(0.01)
    [state] = server.peers()
    clock.advance(1)
    said = UP.encode(Note(1))
    for number in range(100):
        raw.send_multipart([encode_header(Data(number)), said] if it_says else [BEAT])
        if is_told:
            assert server.send(state.peer, Ack(number))
        while server.peers()[0].heard_ns < clock.monotonic_ns():
            for news in server.poll(0.002):
                if isinstance(news, Received):
                    server.done(news.peer, news.size_bytes)
        clock.advance(round(BEAT_S * NS_PER_S))
    server.poll(0)  # the last of what is due
    headers = [decode_header(frames[0]) for frames in arrived(raw)]
    given_back = [header.credit_bytes for header in headers if isinstance(header, Beat)]
    assert [state.peer.name for state in server.peers()] == ["raw"]
    assert abs(len(given_back) - beats) <= 2
    assert sum(given_back) == 100 * weight_bytes(said) * it_says
    assert sum(isinstance(header, Data) for header in headers) == 100 * is_told
    server.close()
    raw.close(0)


def arrived(raw: Socket) -> Iterator[list[bytes]]:
    while raw.poll(200):
        yield raw.recv_multipart()
