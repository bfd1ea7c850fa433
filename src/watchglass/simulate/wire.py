"""The sending half of a session, with a bound on what may wait in it."""

import asyncio
import random
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

_HEADER_BYTES = 4


class Wire(Protocol):
    """Where a session's interleaved packets go. Never blocks."""

    def send(self, buffers: Sequence[bytes | memoryview]) -> bool:
        """Send at once; False, and the session is gone, when too much waits already."""
        ...

    def abort(self) -> None: ...


class StreamWire:
    """A TCP connection: a client that reads too slowly is cut off when its share is full."""

    def __init__(self, transport: asyncio.Transport, limit_bytes: int) -> None:
        self._transport = transport
        self._limit_bytes = limit_bytes

    def send(self, buffers: Sequence[bytes | memoryview]) -> bool:
        """See `Wire.send`."""
        if self._transport.is_closing():
            return True
        self._transport.write(b"".join(buffers))
        if self._transport.get_write_buffer_size() > self._limit_bytes:
            self._transport.abort()
            return False
        return True

    def abort(self) -> None:
        self._transport.abort()

    def finish(self) -> None:
        """Close once everything written has left."""
        self._transport.close()


class DatagramWire:
    """Two UDP sockets for each track; what the system does not take is lost, as on any network.

    ``disorder`` is asked for the share of packets that are held back and sent one packet late.
    """

    def __init__(
        self, host: str, client: str, abort: Callable[[], None], disorder: Callable[[], float]
    ) -> None:
        self._host, self._client = host, client
        self._abort = abort
        self._disorder = disorder
        self._ways: dict[int, tuple[socket.socket, int]] = {}
        self._late: tuple[int, bytes] | None = None
        self._chance = random.Random(client)  # noqa: S311 - a fault, no secret
        self.reports = 0
        """Receiver reports that came."""

    def add(self, first_channel: int, client_ports: tuple[int, int]) -> tuple[int, int]:
        """Send a track's two channels to these ports; the ports it is sent from."""
        own: list[int] = []
        for channel, port in enumerate(client_ports, first_channel):
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            made.bind((self._host, 0))
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            self._ways[channel] = made, port
            own.append(made.getsockname()[1])
            asyncio.get_running_loop().add_reader(made, self._hear, made)
        return own[0], own[1]

    def _hear(self, made: socket.socket) -> None:
        with suppress(OSError):
            data = made.recv(2048)
            if len(data) > 8 and data[1] == 201:
                self.reports += 1

    def send(self, buffers: Sequence[bytes | memoryview]) -> bool:
        """See `Wire.send`."""
        data = b"".join(buffers)
        at = 0
        while at < len(data):
            end = at + _HEADER_BYTES + int.from_bytes(data[at + 2 : at + 4], "big")
            self._send(data[at + 1], data[at + _HEADER_BYTES : end])
            at = end
        return True

    def _send(self, channel: int, packet: bytes) -> None:
        late, self._late = self._late, None
        if late is None and self._chance.random() < self._disorder():
            self._late = channel, packet
            return
        for where, each in ((channel, packet), *((late,) if late else ())):
            made, port = self._ways[where]
            with suppress(OSError):
                made.sendto(each, (self._client, port))

    def abort(self) -> None:
        self._abort()

    def close(self) -> None:
        for made, _ in self._ways.values():
            asyncio.get_running_loop().remove_reader(made)
            made.close()
        self._ways.clear()
