"""What a connection turns out to be: RTSP, or half of a tunnel through HTTP.

A GET becomes what the client hears on, a POST with the same cookie what it speaks on, in base64.
"""

import asyncio
import base64
import binascii
from collections.abc import Callable

from watchglass.simulate import digest
from watchglass.simulate.digest import Credentials
from watchglass.simulate.rtsp_connection import RtspConnection

_HEAD_END = b"\r\n\r\n"
_MOST_HEAD_BYTES = 16_384
_TUNNELLED = "application/x-rtsp-tunnelled"


class Tunnels:
    """The open tunnels of a port, by cookie."""

    def __init__(self, credentials: Credentials | None, allowed: bool) -> None:
        self.allowed = allowed
        self.hearing: dict[str, RtspConnection] = {}
        self._credentials = credentials
        self._nonce = digest.new_nonce()

    def is_authorised(self, method: str, header: str | None) -> bool:
        return self._credentials is None or digest.is_authorised(
            self._credentials, self._nonce, method, header
        )

    def challenge(self) -> str:
        return digest.challenge(self._credentials or Credentials("", ""), self._nonce)


class Door(asyncio.Protocol):
    """The first bytes of a connection decide who goes on with it."""

    def __init__(
        self,
        connection: Callable[[], RtspConnection],
        tunnels: Tunnels,
        waiting: set["Door"],
    ) -> None:
        self._new_connection = connection
        self._tunnels = tunnels
        self._waiting = waiting
        self._transport: asyncio.Transport | None = None
        self._heard = bytearray()
        self._speaks_for: RtspConnection | None = None
        waiting.add(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._waiting.discard(self)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._heard += data
        if self._speaks_for is not None:
            self._speak(self._speaks_for)
            return
        begin = bytes(self._heard[:5])
        if not (begin.startswith((b"GET ", b"POST ")) or b"POST ".startswith(begin)):
            self._become(self._new_connection())
            return
        end = self._heard.find(_HEAD_END)
        if end >= 0:
            head = self._heard[:end].decode("latin-1")
            del self._heard[: end + len(_HEAD_END)]
            self._open(head)
        elif len(self._heard) > _MOST_HEAD_BYTES:
            self.abort()

    def _become(self, connection: RtspConnection) -> None:
        assert self._transport is not None
        self._waiting.discard(self)
        connection.connection_made(self._transport)
        self._transport.set_protocol(connection)
        if self._heard:
            connection.data_received(bytes(self._heard))

    def _open(self, head: str) -> None:
        first, *lines = head.split("\r\n")
        method = first.split(" ")[0]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        cookie = headers.get("x-sessioncookie", "")
        tunnels = self._tunnels
        if not tunnels.allowed or not cookie:
            self._answer("404 Not Found", "Connection: close")
        elif not tunnels.is_authorised(method, headers.get("authorization")):
            self._answer("401 Unauthorized", f"WWW-Authenticate: {tunnels.challenge()}")
        elif method == "GET":
            self._answer("200 OK", f"Content-Type: {_TUNNELLED}", "Connection: close", end=False)
            connection = tunnels.hearing[cookie] = self._new_connection()
            connection.tunnelled = True
            self._become(connection)
        elif (speaks_for := tunnels.hearing.pop(cookie, None)) is not None:
            self._speaks_for = speaks_for
            self._speak(speaks_for)
        else:
            self._answer("400 Bad Request", "Connection: close")

    def _answer(self, status: str, *headers: str, end: bool = True) -> None:
        assert self._transport is not None
        lines = [f"HTTP/1.0 {status}", "Cache-Control: no-store", "Pragma: no-cache", *headers]
        self._transport.write("\r\n".join([*lines, "", ""]).encode())
        if end:
            self._transport.close()

    def _speak(self, connection: RtspConnection) -> None:
        """Whole groups of four: each message comes with padding of its own."""
        whole = len(self._heard) // 4 * 4
        encoded, self._heard = bytes(self._heard[:whole]), self._heard[whole:]
        try:
            groups = (encoded[at : at + 4] for at in range(0, whole, 4))
            connection.data_received(b"".join(map(base64.b64decode, groups)))
        except binascii.Error:
            self.abort()
