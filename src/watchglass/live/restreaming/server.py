"""Serves what is handed on. A stream is asked of its worker only while somebody is there for it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.live.conversion import Converter
from watchglass.live.feed import FullFeed
from watchglass.live.metrics import restream_samples
from watchglass.live.restreaming.channel import Channel
from watchglass.live.restreaming.connection import Connection
from watchglass.live.restreaming.painted import Painted
from watchglass.live.restreaming.ports import Ports
from watchglass.live.restreaming.sound_channel import SoundChannel
from watchglass.live.restreaming.sources import Key, Sources
from watchglass.model.metric import Sample
from watchglass.model.restream import Fetched, Restream

MOST_CONNECTIONS = 64
_LOOK_S = 5.0
_LINGER_S = 15.0
_LOG = log.get("relay")
_ChannelKey = tuple[Key, str]
"""With the version of the masks that are painted on; empty for a stream as it is."""


class RestreamServer:
    """Of one event loop. ``tell`` is told who takes what, and must not wait."""

    def __init__(
        self,
        feed: FullFeed,
        converter: Converter,
        ports: Iterable[Ports],
        tell: Callable[[Fetched], None],
        clock: Clock,
    ) -> None:
        self._sources = Sources(feed)
        self._converter = converter
        self._ports = tuple(ports)
        self._tell = tell
        self._clock = clock
        self._restreams: tuple[Restream, ...] = ()
        self._channels: dict[_ChannelKey, tuple[Channel, int]] = {}
        """Each with how many connections are there for it."""
        self._painted: dict[_ChannelKey, Painted] = {}
        self._sounds: dict[Key, SoundChannel] = {}
        self._connections: set[Connection] = set()
        self._since: dict[str, int] = {}
        self._servers: list[asyncio.Server] = []
        self._sent = self._left_out = self._refused = 0

    async def run(self) -> None:
        """Serve until cancelled."""
        loop = asyncio.get_running_loop()
        for ports in self._ports:
            loop.add_reader(ports.rtcp, self._hear, ports)
            server = await asyncio.start_server(self._door(ports), sock=ports.listener)
            self._servers.append(server)
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                for connection in tuple(self._connections):
                    connection.abort_if_silent()
        finally:
            for server in self._servers:
                server.close()
            for connection in tuple(self._connections):
                connection.close()

    def use(self, restreams: tuple[Restream, ...]) -> None:
        """From now on these are handed on, and no others."""
        self._restreams = restreams
        for connection in tuple(self._connections):
            if connection.restream is not None and connection.restream not in restreams:
                connection.close()

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors; for any thread."""
        return restream_samples(len(self._since), self._sent, self._left_out, self._refused)

    # --- for connections ---------------------------------------------------------------------

    def find(self, ports: Ports, path: str) -> Restream | None:
        for each in self._restreams:
            if (each.host, each.path) == (ports.host, path) and each.port in (0, ports.port):
                return each
        return None

    def channel(self, restream: Restream) -> Channel:
        key = _key(restream)
        found = self._channels.get(key)
        if found is None:
            channel = Channel(lambda count: self.count(left_out=count))
            self._channels[key] = channel, 1
            self._begin(key, restream, channel)
            return channel
        self._channels[key] = found[0], found[1] + 1
        return found[0]

    def sound(self, restream: Restream) -> SoundChannel:
        """Of a stream whose channel was asked for; it lasts as long as any of that stream does."""
        key = _key(restream)[0]
        found = self._sounds.get(key)
        if found is None:
            found = self._sounds[key] = SoundChannel()
            self._sources.hear(key, found.sink)
        return found

    def release(self, restream: Restream) -> None:
        """One connection less; the stream is left soon after the last."""
        key = _key(restream)
        if key not in self._channels:
            return  # it was given up
        channel, count = self._channels[key]
        self._channels[key] = channel, count - 1
        if count == 1:
            asyncio.get_running_loop().call_later(_LINGER_S, self._leave, key)

    def _begin(self, key: _ChannelKey, restream: Restream, channel: Channel) -> None:
        if not key[1]:
            self._sources.add(key[0], channel.sink)
        elif len(self._painted) < self._converter.most:
            self._painted[key] = Painted(
                self._sources, key[0], self._converter, restream.masking, channel.sink,
                lambda sentence: self._give_up(key, sentence),
            )  # fmt: skip
        else:
            channel.refuse(
                f"Masks are painted on {self._converter.most} relays already, and this machine"
                " paints no more at once."
            )

    def _leave(self, key: _ChannelKey) -> None:
        found = self._channels.get(key)
        if found is None or found[1]:
            return
        del self._channels[key]
        painted = self._painted.pop(key, None)
        if painted is not None:
            painted.close()
        elif not key[1]:
            self._sources.remove(key[0], found[0].sink)
        self._mute(key[0])

    def _mute(self, key: Key) -> None:
        if key in self._sounds and all(each != key for each, _ in self._channels):
            del self._sounds[key]
            self._sources.mute(key)

    def _give_up(self, key: _ChannelKey, sentence: str) -> None:
        """Nothing more can be painted: whoever takes it connects again, and it is tried anew."""
        _LOG.error("not_painted", camera=key[0][0], stream=key[0][1], error=sentence)
        found, painted = self._channels.pop(key, None), self._painted.pop(key, None)
        if painted is not None:
            painted.close()
        if found is None:
            return
        found[0].refuse(sentence)
        for connection in tuple(self._connections):
            if connection.restream is not None and _key(connection.restream) == key:
                connection.close()
        self._mute(key[0])

    def count(self, *, sent: int = 0, left_out: int = 0, refused: int = 0) -> None:
        self._sent += sent
        self._left_out += left_out
        self._refused += refused

    def fetched(self, session: str, restream: Restream, peer: str, *, over: bool) -> None:
        now_ns = self._clock.wall_ns()
        from_ns = self._since.pop(session, now_ns)
        if not over:
            self._since[session] = from_ns
        self._tell(Fetched(session, restream.id, peer, from_ns, now_ns if over else None))

    # --- connections -------------------------------------------------------------------------

    def _door(
        self, ports: Ports
    ) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if len(self._connections) >= MOST_CONNECTIONS:
                writer.transport.abort()
                return
            connection = Connection(self, ports, reader, writer, self._now_s)
            self._connections.add(connection)
            try:
                await connection.serve()
            except Exception:  # noqa: BLE001 - the border of a stranger's connection
                _LOG.exception("connection_failed")
            finally:
                self._connections.discard(connection)
                connection.close()

        return serve

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / NS_PER_S

    def _hear(self, ports: Ports) -> None:
        with suppress(OSError):
            _, where = ports.rtcp.recvfrom(2048)
            for connection in tuple(self._connections):
                connection.heard(str(where[0]), int(where[1]))


def _key(restream: Restream) -> _ChannelKey:
    return (restream.camera, restream.stream), restream.masking.version
