"""RTSP through HTTP, for cameras behind a proxy or with nothing else open.

No RFC has it; QuickTime brought it, and cameras took it up: a GET whose answer never ends carries
what the camera says and sends, and a POST with the same cookie carries what we say, in base64.
"""

import base64
import re
import secrets
import socket
import time
from urllib.parse import urlsplit

from watchglass.base.errors import StreamInvalidError
from watchglass.media.rtsp import refusal
from watchglass.media.rtsp.address import RtspAddress
from watchglass.media.rtsp.authentication import Authentication
from watchglass.media.rtsp.certificate import Trust
from watchglass.media.rtsp.connection import SILENT, Connection
from watchglass.media.rtsp.message import Message, parse_head
from watchglass.model.camera import Credentials

MOST_HEAD_BYTES = 16 << 10
_TRIES = 3
_STATUS_LINE = re.compile(rb"HTTP/\d\.\d +(\d{3})(?: [^\r\n]*)?\r?\n")
# What QuickTime said, and so what cameras were made to take; nobody counts it.
_POST_BYTES = 32_767


class Tunnel(Connection):
    """A connection made of two: one to hear on, one to speak on."""

    def __init__(self, address: RtspAddress, credentials: Credentials | None) -> None:
        super().__init__(address)
        parts = urlsplit(address.url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._authentication = Authentication(credentials)
        self._cookie = secrets.token_hex(11)

    def open(self, deadline_s: float, trust: Trust | None) -> None:
        """See `Connection.open`."""
        for _ in range(_TRIES):
            hearing = self._dial(deadline_s, trust)
            hearing.sendall(self._head("GET", "Accept: application/x-rtsp-tunnelled"))
            answer = self._answer(hearing, deadline_s)
            if answer.status == 200:
                break
            self._hang_up(hearing)
            asked = answer.all_headers("www-authenticate")
            if answer.status != 401 or not self._authentication.take(asked):
                raise self._refused(answer.status)
        else:
            raise self._refused(401)
        self._socket = hearing
        self._speaking = self._dial(deadline_s, trust)
        self._speaking.sendall(
            self._head(
                "POST", "Content-Type: application/x-rtsp-tunnelled",
                f"Content-Length: {_POST_BYTES}", "Expires: Sun, 9 Jan 1972 00:00:00 GMT",
            )
        )  # fmt: skip

    def send(self, data: bytes) -> None:
        """See `Connection.send`."""
        super().send(base64.b64encode(data))

    def send_last(self, data: bytes) -> None:
        """See `Connection.send_last`."""
        super().send_last(base64.b64encode(data))

    def _head(self, method: str, *headers: str) -> bytes:
        proof = self._authentication.header(method, self._path)
        lines = [
            f"{method} {self._path} HTTP/1.0", f"Host: {self._address.host}",
            "User-Agent: Watchglass", f"x-sessioncookie: {self._cookie}", *headers,
            "Pragma: no-cache", "Cache-Control: no-cache",
            *(f"{name}: {value}" for name, value in proof),
        ]  # fmt: skip
        return "\r\n".join([*lines, "", ""]).encode()

    def _answer(self, made: socket.socket, deadline_s: float) -> Message:
        """The head of the answer, byte by byte: what comes behind it is RTSP already."""
        head = bytearray()
        while not head.endswith((b"\r\n\r\n", b"\n\n")):
            if time.monotonic() >= deadline_s or self._interrupted.is_set():
                raise refusal.no_answer(self._address.host)
            try:
                byte = made.recv(1)
            except SILENT:
                continue
            if not byte or len(head) > MOST_HEAD_BYTES:
                raise refusal.no_tunnel(self._address.host)
            head += byte
        return parse_http_head(bytes(head), self._address.host)

    def _refused(self, status: int) -> Exception:
        if status in (401, 403):
            return refusal.of_status(401, self._address.host)
        return refusal.no_tunnel(self._address.host)

    def _hang_up(self, made: socket.socket) -> None:
        self._sockets.remove(made)
        made.close()


def parse_http_head(head: bytes, host: str) -> Message:
    """An answer to GET: read like one of RTSP; `refusal.TransportRefused` when it is no HTTP."""
    line = _STATUS_LINE.match(head)
    if line is None:
        raise refusal.no_tunnel(host)
    try:
        return parse_head(b"RTSP/1.0 " + line[1] + b" -\r\n" + head[line.end() :])
    except StreamInvalidError:
        raise refusal.no_tunnel(host) from None
