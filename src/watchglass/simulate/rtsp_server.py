"""Ports that answer RTSP, and the streams behind their paths."""

import asyncio
import itertools
import ssl

from watchglass.simulate.rtsp_connection import RtspConnection, Settings
from watchglass.simulate.stream import Stream
from watchglass.simulate.tunnel import Door, Tunnels

_SILENCE_CHECK_S = 5.0

_client_ids = itertools.count(1)


class RtspServer:
    """One listening port on an address of this machine; paths are "camera/stream"."""

    def __init__(
        self, host: str, port: int, settings: Settings, tls: ssl.SSLContext | None = None
    ) -> None:
        self.host = host
        self.port = port
        self.streams: dict[str, Stream] = {}
        self._settings = settings
        self.tls = tls
        self._tunnels = Tunnels(settings.credentials, "http" in settings.transports)
        self._waiting: set[Door] = set()
        self._server: asyncio.Server | None = None
        self._connections: set[RtspConnection] = set()
        self._silence_check: asyncio.TimerHandle | None = None
        self._all_closed = asyncio.Event()
        self._all_closed.set()

    async def listen(self) -> None:
        """Open the port; port 0 becomes the one the system chose, and stays that one."""
        if self._server is not None:
            return
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._door, self.host, self.port, backlog=512, reuse_address=True, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._check_silence()

    async def refuse(self) -> None:
        """Close the port, so that the system refuses connections; open ones stay."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            await server.wait_closed()

    async def close(self) -> None:
        await self.refuse()
        if self._silence_check is not None:
            self._silence_check.cancel()
        for door in list(self._waiting):
            door.abort()
        for connection in list(self._connections):
            connection.abort()
        await self._all_closed.wait()

    def _door(self) -> Door:
        return Door(self._connection, self._tunnels, self._waiting)

    def _connection(self) -> RtspConnection:
        connection = RtspConnection(next(_client_ids), self._find, self._settings, self._closed)
        self._connections.add(connection)
        self._all_closed.clear()
        return connection

    def _closed(self, connection: RtspConnection) -> None:
        self._connections.discard(connection)
        hearing = self._tunnels.hearing
        for cookie in [each for each, found in hearing.items() if found is connection]:
            del hearing[cookie]
        if not self._connections:
            self._all_closed.set()

    def _find(self, path: str) -> tuple[Stream, str] | None:
        if (stream := self.streams.get(path)) is not None:
            return stream, ""
        parent, _, track = path.rpartition("/")
        if (stream := self.streams.get(parent)) is not None:
            return stream, track
        return None

    def _check_silence(self) -> None:
        for connection in list(self._connections):
            connection.abort_if_silent()
        loop = asyncio.get_running_loop()
        if self._silence_check is not None:
            self._silence_check.cancel()
        self._silence_check = loop.call_later(_SILENCE_CHECK_S, self._check_silence)
