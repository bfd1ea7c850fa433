"""The sending half of a connection, with a bound on what may wait in it."""

import asyncio
from collections.abc import Sequence


class Wire:
    """Never blocks: a client that reads too slowly is cut off when its share is full."""

    def __init__(self, transport: asyncio.Transport, limit_bytes: int) -> None:
        self._transport = transport
        self._limit_bytes = limit_bytes

    def send(self, buffers: Sequence[bytes | memoryview]) -> bool:
        """Write at once; False, and the connection is gone, when too much waits already."""
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
