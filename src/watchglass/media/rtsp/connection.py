"""The TCP connection to a camera, with or without TLS.

Made for few system calls: one ``recv`` with no ``poll`` before it (the kernel keeps the time),
into one large buffer. Where a piece ends inside a picture, the rest is on its way; a few
milliseconds of waiting bring it in one call instead of one for every packet.
"""

import socket
import ssl
import struct
import threading
import time
from contextlib import suppress
from typing import Any

from watchglass.media.rtsp.address import RtspAddress
from watchglass.media.rtsp.certificate import Trust
from watchglass.media.rtsp.framing import Framing

TICK_S = 0.25
"""Longest wait of one `receive`: how often somebody looks at the clock while nothing comes."""
_SEND_TIMEOUT_S = 2.0
_GATHER_S = 0.004
_ENOUGH_BYTES = 32 << 10
_MUCH_BYTES = 192 << 10
"""Less than is ever asked for at once: what is less has left nothing behind."""
SILENT = (BlockingIOError, TimeoutError, ssl.SSLWantReadError)


class Connection:
    """Used by one thread, except for `interrupt`. OSError comes out of every method."""

    def __init__(self, address: RtspAddress) -> None:
        self._address = address
        self._sockets: list[socket.socket] = []
        self._socket: socket.socket | None = None
        self._speaking: socket.socket | None = None
        self._interrupted = threading.Event()
        self.framing = Framing()

    def open(self, deadline_s: float, trust: Trust | None) -> None:
        """Connect before the monotonic time ``deadline_s``; with ``trust`` over TLS."""
        self._socket = self._speaking = self._dial(deadline_s, trust)

    def _dial(self, deadline_s: float, trust: Trust | None) -> socket.socket:
        error: OSError = TimeoutError()
        found = socket.getaddrinfo(self._address.host, self._address.port, type=socket.SOCK_STREAM)
        for family, kind, protocol, _, where in found:
            remaining_s = deadline_s - time.monotonic()
            if remaining_s <= 0 or self._interrupted.is_set():
                break
            made = socket.socket(family, kind, protocol)
            self._sockets.append(made)
            try:
                self._connect(made, where, remaining_s)
                return self._begin(made, deadline_s, trust)
            except ssl.SSLError:
                raise
            except OSError as failed:
                error = failed
                self._sockets.pop().close()
        try:
            raise error
        finally:
            del error  # it and this frame would hold each other until the collector comes

    def _connect(self, made: socket.socket, where: tuple[object, ...], seconds: float) -> None:
        made.settimeout(seconds)
        made.connect(where)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def _begin(self, made: socket.socket, deadline_s: float, trust: Trust | None) -> socket.socket:
        if trust is not None:
            made.settimeout(max(0.01, deadline_s - time.monotonic()))
            wrapped = trust.wrap(made, self._address.host)
            self._sockets[-1] = wrapped
            # OpenSSL's reads do not come back by themselves at the kernel's time-out.
            wrapped.settimeout(TICK_S)
            return wrapped
        made.settimeout(None)
        for option, seconds in (
            (socket.SO_RCVTIMEO, TICK_S),
            (socket.SO_SNDTIMEO, _SEND_TIMEOUT_S),
        ):
            whole = int(seconds)
            value = struct.pack("@ll", whole, round((seconds - whole) * 1_000_000))
            made.setsockopt(socket.SOL_SOCKET, option, value)
        return made

    def shown_key(self, deadline_s: float, trust: Trust) -> str:
        """The fingerprint of who answers, trusted or not; on a connection that says nothing."""
        seconds = max(0.01, deadline_s - time.monotonic())
        where = (self._address.host, self._address.port)
        with socket.create_connection(where, seconds) as made:
            return trust.shown_by(made)

    def fileno(self) -> int:
        """The descriptor on which it hears, to wait for together with others."""
        assert self._socket is not None
        return self._socket.fileno()

    def peer(self) -> str:
        """The camera's IP address."""
        assert self._socket is not None
        return str(self._socket.getpeername()[0])

    def local(self) -> tuple[int, tuple[Any, ...]]:
        """Family and address of our end, as sockets take them."""
        assert self._socket is not None
        return self._socket.family, self._socket.getsockname()

    def receive(self, *, more_is_coming: bool) -> int:
        """Bytes that came, now in the framing's room; 0 when nothing came within `TICK_S`.

        ``more_is_coming``: what was received last ended inside a picture, and was little.
        """
        if more_is_coming:
            time.sleep(_GATHER_S)
        made = self._socket
        if made is None:
            raise ConnectionAbortedError
        try:
            size = made.recv_into(self.framing.room())
        except SILENT:
            return 0
        if size == 0 or self._interrupted.is_set():
            raise ConnectionResetError
        return size

    def never_wait(self) -> int | None:
        """From now on nothing but what can be done at once: `receive` gives 0 where nothing is
        there, and `send` an OSError where the camera does not read.

        The descriptor that tells when there is something; None with TLS, where the kernel does not
        know what OpenSSL still holds.
        """
        made = self._socket
        if made is None:
            raise ConnectionAbortedError
        if isinstance(made, ssl.SSLSocket):
            return None
        made.setblocking(False)
        if self._speaking is not None:
            self._speaking.setblocking(False)
        return made.fileno()

    def may_have_been_full(self, size: int) -> bool:
        """Whether the camera may have had to wait before so much was received.

        The kernel makes room for what is read at a time, and promises the half of it at most: what
        fills less than a quarter has kept nobody waiting.
        """
        if size >= _MUCH_BYTES:
            return True
        made = self._socket
        if made is None:
            return True
        return 4 * size >= made.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)

    def send(self, data: bytes) -> None:
        """All of it, or OSError."""
        if self._speaking is None or self._interrupted.is_set():
            raise ConnectionAbortedError
        self._speaking.sendall(data)

    def send_last(self, data: bytes) -> None:
        """Send what nobody waits for, even after `interrupt`; it may be lost."""
        made = self._speaking
        if made is not None:
            made.settimeout(0)
            made.send(data)

    def interrupt(self) -> None:
        """End a blocked call of another thread, now; sending still works."""
        self._interrupted.set()
        for made in list(self._sockets):
            # Not that of SSLSocket, which would touch what the other thread uses.
            with suppress(OSError):
                socket.socket.shutdown(made, socket.SHUT_RD)

    def close(self) -> None:
        """Give the sockets back; nobody may be inside."""
        self._socket = self._speaking = None
        while self._sockets:
            self._sockets.pop().close()


def is_enough(size: int) -> bool:
    """Whether a piece is so large that waiting would not save calls."""
    return size >= _ENOUGH_BYTES
