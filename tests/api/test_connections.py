"""Clients that are slow, endless or many on purpose, over real sockets."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn

from watchglass.api import connection
from watchglass.api.connection import Connections, CountedWebSocket, PatientHttp


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers once it has the whole body; a WebSocket stays open."""
    if scope["type"] == "lifespan":
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        more = message.get("more_body", False)
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]}
    )
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.socket() as listener, pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "HEAD_S", 0.4)
        patch.setattr(connection, "BODY_S", 0.8)
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            echo, log_config=None, lifespan="off", http=PatientHttp, ws=CountedWebSocket,
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        until_s = time.monotonic() + 10
        while not server.started:
            assert time.monotonic() < until_s
            time.sleep(0.01)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)


def answer_to(port: int, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """All that comes back, until the server closes."""
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        try:
            for part in parts:
                link.sendall(part)
                time.sleep(pause_s)
            found = b""
            while data := link.recv(65536):
                found += data
        except ConnectionError:
            return b"cut"
        return found


GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\n"


def test_who_asks_as_others_do_is_answered(port: int) -> None:
    assert answer_to(port, GET).startswith(b"HTTP/1.1 200")
    assert answer_to(port, POST, b"body").startswith(b"HTTP/1.1 200")
    assert answer_to(port, GET[:20], GET[20:], pause_s=0.05).startswith(b"HTTP/1.1 200")


@pytest.mark.full
@pytest.mark.parametrize(
    "parts",
    [
        (), (b"GET / HT",), (GET[:-2],), (POST,), (POST, b"bod"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/1.1\r\nHos"),
    ],
)  # fmt: skip
def test_who_never_ends_is_cut_off(port: int, parts: tuple[bytes, ...]) -> None:
    assert b"408 " in answer_to(port, *parts)


STEP, STEPS, BODY_S = 1000, 8, 2.5


@pytest.mark.full
@pytest.mark.parametrize("stalls", [False, True])
def test_a_large_body_is_waited_for_while_it_comes(
    port: int, monkeypatch: pytest.MonkeyPatch, *, stalls: bool
) -> None:
    """It takes longer than is waited for a step of it."""
    monkeypatch.setattr(connection, "BODY_S", BODY_S)
    monkeypatch.setattr(connection, "BODY_STEP_BYTES", STEP)
    head = POST.replace(b"Length: 4", b"Length: %d" % (STEP * STEPS))
    parts = [bytes(STEP)] * (2 if stalls else STEPS)
    began_s = time.monotonic()
    found = answer_to(port, head, *parts, pause_s=0.4)
    assert time.monotonic() - began_s > BODY_S
    assert found.startswith(b"HTTP/1.1 408" if stalls else b"HTTP/1.1 200"), found


def test_byte_by_byte_is_no_way_round_it(port: int) -> None:
    head = b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 100
    began_s = time.monotonic()
    found = answer_to(port, *(head[at : at + 1] for at in range(200)), pause_s=0.02)
    assert found == b"cut" or b"408 " in found
    assert time.monotonic() - began_s < 60


@pytest.mark.parametrize(
    "start", [b"GET /" + b"a" * 200_000, b"GET / HTTP/1.1\r\n" + b"X-A: bbbbbbbb\r\n" * 20_000]
)
def test_heads_without_end_are_refused(port: int, start: bytes) -> None:
    found = answer_to(port, start)
    assert found == b"cut" or b"431 " in found or b"400 " in found


def test_so_many_of_one_address_and_of_all() -> None:
    of = Connections()
    assert all(of.admit("10.0.0.7") for _ in range(connection.MOST_OF_ADDRESS))
    assert not of.admit("10.0.0.7")
    assert of.admit("10.0.0.8")
    of.left("10.0.0.7")
    assert of.admit("10.0.0.7")
    # A proxy on this machine speaks for many.
    here = 0
    while of.admit("::ffff:127.0.0.1"):
        here += 1
    assert here == connection.MOST - connection.MOST_OF_ADDRESS - 1


def test_what_has_ended_is_not_counted(port: int) -> None:
    counted = connection._CONNECTIONS
    until_s = time.monotonic() + 10
    handshake = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 10) as link:
        link.sendall(handshake)
        assert b"101 " in link.recv(1000)
        assert counted._all >= 1
    answer_to(port, GET)
    while counted._all:
        assert time.monotonic() < until_s
        time.sleep(0.02)
    assert not counted._of
