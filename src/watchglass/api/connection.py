"""Connections that are slow, large or many on purpose are ended before they cost anything.

Whoever sends a head or a body byte by byte is cut off after seconds, whoever sends a head without
end after some kilobytes; from one address there are at most so many connections. A proxy on this
machine speaks for many, so loopback is not counted. A large body may take long on a slow line: it
is waited for as long as it keeps coming.
"""

import asyncio
import ipaddress
from collections import Counter
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from watchglass.base import log

HEAD_S = 10.0
BODY_S = 20.0
BODY_STEP_BYTES = 128 * 1024
"""So much of a body, or what is left of it, has to come within ``BODY_S``: 50 kbit/s do."""
MOST_HEAD_BYTES = 32 * 1024
MOST_OF_ADDRESS = 100
MOST = 1000
_TOO_SLOW = b"408 Request Timeout"
_TOO_LARGE = b"431 Request Header Fields Too Large"
_LOG = log.get("api")


class Connections:
    """How many there are, by address. Of one event loop."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()
        self._all = 0

    def admit(self, address: str) -> bool:
        """Count one more; False when it is too many, and then it is not counted."""
        if self._all >= MOST or (self._of[address] >= MOST_OF_ADDRESS and not _is_here(address)):
            return False
        self._of[address] += 1
        self._all += 1
        return True

    def left(self, address: str) -> None:
        self._all -= 1
        self._of[address] -= 1
        if not self._of[address]:
            del self._of[address]


_CONNECTIONS = Connections()


class PatientHttp(HttpToolsProtocol):
    """uvicorn's own, with an end to its patience."""

    transport: asyncio.Transport
    _timer: asyncio.TimerHandle | None = None
    _admitted = False
    _in_head = True
    _head_bytes = 0
    _body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._admitted = _CONNECTIONS.admit(_address(self.client))
        if not self._admitted:
            _LOG.warning("too_many_connections", who=_address(self.client))
            transport.abort()
            return
        self._wait(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait(None)
        if self._admitted:
            self._admitted = False
            _CONNECTIONS.left(_address(self.client))
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > MOST_HEAD_BYTES:
            self._refuse(_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._wait(HEAD_S)

    def on_headers_complete(self) -> None:
        self._in_head, self._head_bytes, self._body_bytes = False, 0, 0
        self._wait_for_body()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes >= BODY_STEP_BYTES:
            self._body_bytes = 0
            self._wait_for_body()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._wait(None)
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._wait(None)
        # Whoever takes the connection over counts it as left.
        self._admitted = False
        super().handle_websocket_upgrade()

    def _wait(self, seconds: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        if seconds is not None:
            self._timer = self.loop.call_later(seconds, self._refuse, _TOO_SLOW)

    def _wait_for_body(self) -> None:
        self._wait(None)
        self._timer = self.loop.call_later(BODY_S, self._body_is_late)

    def _body_is_late(self) -> None:
        if self.flow.read_paused:
            # It is we who do not take it: a disk is slow.
            self._wait_for_body()
        else:
            self._refuse(_TOO_SLOW)

    def _refuse(self, status: bytes) -> None:
        if self.transport.is_closing():
            return
        # Once an answer has begun, its connection can only be cut.
        cycle: Any = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            self.transport.write(
                b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            )
        self.transport.close()


class CountedWebSocket(WebSocketsSansIOProtocol):
    """uvicorn's own, counted as a connection until it ends."""

    def connection_lost(self, exc: Exception | None) -> None:
        _CONNECTIONS.left(_address(self.client))
        super().connection_lost(exc)


def _address(client: Any) -> str:
    return str(client[0]) if client else ""


def _is_here(address: str) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
