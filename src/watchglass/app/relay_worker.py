"""Entry of the relay-worker: hands cameras on by RTSP, to an old system that runs beside this one.

It gets coded pictures from those who record, and packs them as they are; it decodes nothing, and
connects to no camera. Where masks are to be painted on, the media-worker does that. Whoever records
never waits for it, and it may die at any moment: the other system connects again, and the recording
has no gap. What strangers ask is taken apart here, in a process that holds no password but the
hashes of its own tokens.
"""

import asyncio
import queue
import threading

import msgspec

from watchglass.app.fences import fence_in, of_relay_worker, tell
from watchglass.app.few_rights import step_back
from watchglass.app.painter import painter
from watchglass.app.pipes import say, take_messages
from watchglass.app.reporter import Reporter
from watchglass.app.worker_main import live
from watchglass.base import heap, log
from watchglass.base.clock import SystemClock
from watchglass.base.errors import ConfigError
from watchglass.bus.endpoint import Listener
from watchglass.live.conversion import Converter
from watchglass.live.relayfeed import RelayFeed
from watchglass.live.restreaming.ports import Ports
from watchglass.live.restreaming.server import RestreamServer
from watchglass.media.sample_entry import video_entry
from watchglass.model.restream import (
    Fetched,
    Opened,
    Restream,
    RestreamStart,
    ToRelayWorker,
    Unserved,
)
from watchglass.model.vitals import Alive

NAME = "relay-worker"
_BEAT_S = 1.0
_JOIN_S = 1.0
_NICE = 3
_MOST_MEMORY_BYTES = 2 << 30
_LOG = log.get("relay")


def main() -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    decoder: msgspec.json.Decoder[ToRelayWorker] = msgspec.json.Decoder(ToRelayWorker)
    live(decoder, RestreamStart, _serve, NAME)


def _serve(start: RestreamStart, decoder: msgspec.json.Decoder[ToRelayWorker]) -> None:
    listener = Listener(start.stand.endpoint)
    opened, unserved = _open(start.restreams)
    say(Opened(tuple(unserved)))
    tell(fence_in(of_relay_worker(), start.fences))
    clock = SystemClock()
    step_back(_NICE, _MOST_MEMORY_BYTES)
    heap.tend(clock)
    # Nothing is read back: who comes waits for a key frame, as at the camera.
    feed = RelayFeed(start.stand, lambda _camera, _stream: (), clock, listener=listener)
    teller = _Teller()
    converter = Converter(painter(start.media, clock), video_entry)
    try:
        asyncio.run(_Work(feed, converter, opened, teller, clock).run(start, decoder))
    finally:
        feed.close()
        teller.close()


def _open(restreams: tuple[Restream, ...]) -> tuple[list[Ports], list[Unserved]]:
    """The addresses that can be served, and those that cannot: they cost the others nothing."""
    opened, missing = [], []
    for host, port in sorted({(each.host, each.port) for each in restreams}):
        try:
            opened.append(Ports(host, port))
        except ConfigError as error:
            missing.append(Unserved(host, port, error.sentence))
            _LOG.error("relay_not_served", host=host, port=port, error=error.sentence)
    return opened, missing


class _Teller:
    """Says who takes what, in a thread that may wait for who reads it."""

    def __init__(self) -> None:
        self._waiting: queue.SimpleQueue[Fetched | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="teller", daemon=True)
        self._thread.start()

    def put(self, fetched: Fetched) -> None:
        self._waiting.put(fetched)

    def close(self) -> None:
        self._waiting.put(None)
        self._thread.join(_JOIN_S)

    def _work(self) -> None:
        while (fetched := self._waiting.get()) is not None:
            try:
                say(fetched)
            except OSError:
                return  # the supervisor is gone, and so are we soon


class _Work:
    """The event loop's."""

    def __init__(
        self,
        feed: RelayFeed,
        converter: Converter,
        ports: list[Ports],
        teller: _Teller,
        clock: SystemClock,
    ) -> None:
        self._feed = feed
        self._converter = converter
        self._ports = ports
        self._teller = teller
        self._clock = clock
        self._turned_ns = 0

    async def run(self, start: RestreamStart, decoder: msgspec.json.Decoder[ToRelayWorker]) -> None:
        loop = asyncio.get_running_loop()
        told: asyncio.Queue[ToRelayWorker | None] = asyncio.Queue()
        server = RestreamServer(
            self._feed, self._converter, self._ports, self._teller.put, self._clock
        )
        server.use(start.restreams)
        serving = asyncio.ensure_future(server.run())
        beat = asyncio.ensure_future(self._beat())
        reporter = Reporter(
            start.vitals, NAME, lambda: Alive(self._turned_ns),
            lambda: [*server.samples(), *self._feed.samples()], self._clock,
        )  # fmt: skip
        reporter.start()

        def hear(message: ToRelayWorker | None) -> None:
            loop.call_soon_threadsafe(told.put_nowait, message)

        take_messages(decoder, hear, lambda: hear(None))
        while isinstance(message := await told.get(), RestreamStart):
            server.use(message.restreams)
        beat.cancel()
        serving.cancel()
        await asyncio.gather(serving, beat, return_exceptions=True)
        await asyncio.to_thread(reporter.close)

    async def _beat(self) -> None:
        while True:
            self._turned_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_S)


if __name__ == "__main__":
    main()
