"""Entry of the onvif-worker: it stands by to turn cameras and to hear what they say happens.

What cameras answer is taken apart here and not in a process that records or holds keys; it has the
passwords of those cameras that it speaks with, and no others. It may die: movements end, because
cameras are told how long they last, and the supervisor starts another.
"""

import asyncio
import queue
import threading
from collections.abc import Sequence
from contextlib import suppress

import msgspec

from watchglass.app.fences import fence_in, of_onvif_worker, tell
from watchglass.app.few_rights import step_back
from watchglass.app.pipes import say, take_messages
from watchglass.app.reporter import Reporter
from watchglass.app.worker_main import live
from watchglass.base import heap, log
from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.request import ControlServer, Token
from watchglass.model.said import Heard, Said
from watchglass.model.steering import (
    MasksTold,
    OnvifStart,
    Steering,
    SteeringReply,
    ToOnvifWorker,
)
from watchglass.model.vitals import Alive

NAME = "onvif-worker"
_POLL_S = 5.0
_BEAT_S = 1.0
_MOST_WAITING = 64
_MOST_UNTOLD = 512
_MOST_A_LINE = 64
_EVERY_S = 1.0
_NICE = 5
_MOST_MEMORY_BYTES = 2 << 30
_LOG = log.get("onvif")

Server = ControlServer[Steering, SteeringReply]


def main() -> None:
    """Speak until told to stop, or until the supervisor is gone."""
    decoder: msgspec.json.Decoder[ToOnvifWorker] = msgspec.json.Decoder(ToOnvifWorker)
    live(decoder, OnvifStart, _serve, NAME)


def _serve(start: OnvifStart, decoder: msgspec.json.Decoder[ToOnvifWorker]) -> None:
    listener = Listener(start.stand.endpoint)
    tell(fence_in(of_onvif_worker(), start.fences))
    server: Server = ControlServer(
        listener, Codec[Steering](Steering), Codec[SteeringReply](SteeringReply),
        key=Key(start.stand.key), max_pending=_MOST_WAITING,
    )  # fmt: skip
    step_back(_NICE, _MOST_MEMORY_BYTES)
    heap.tend(SystemClock())
    asyncio.run(_Talk(server).run(start, decoder))


class Teller:
    """Says on standard output what cameras say, in a thread that may wait for who reads it.

    At most `_MOST_UNTOLD` events wait. A full queue drops the oldest, and says how many.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, Said] = {}
        self._masks: dict[CameraId, MasksTold] = {}
        self._lost = 0
        self._ready = threading.Condition()
        self._ended = False
        self._clock = SystemClock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="teller", daemon=True)
        self._thread.start()

    def put(self, said: Sequence[Said]) -> None:
        """Never waits. What is told again replaces what was not told yet."""
        with self._ready:
            for each in said:
                self._waiting.pop(each.id, None)
                self._waiting[each.id] = each
            while len(self._waiting) > _MOST_UNTOLD:
                self._waiting.pop(next(iter(self._waiting)))
                self._lost += 1
            self._ready.notify()

    def put_masks(self, told: MasksTold) -> None:
        """Never waits; of a camera only the last is told."""
        with self._ready:
            self._masks[told.camera] = told
            self._ready.notify()

    def close(self) -> None:
        """Say what waits, if somebody reads it soon."""
        with self._ready:
            self._ended = True
            self._ready.notify()
        self._over.set()
        self._thread.join(1.0)

    def _work(self) -> None:
        while True:
            with self._ready:
                while not self._waiting and not self._masks and not self._ended:
                    self._ready.wait()
                batch = tuple(self._waiting.values())[:_MOST_A_LINE]
                for each in batch:
                    del self._waiting[each.id]
                lost, self._lost = self._lost, 0
                masks, self._masks = tuple(self._masks.values()), {}
            # Who reads it waits for the disk: one line a second is enough.
            words: list[Heard | MasksTold] = [*masks, *([Heard(batch, lost)] if batch else [])]
            if words:
                try:
                    for word in words:
                        say(word)
                except OSError:
                    return  # the supervisor is gone, and so are we soon
                self._clock.wait(self._over, _EVERY_S)
            elif self._ended:
                return


class _Talk:
    """Between the bus, which a thread of its own polls, and the loop that speaks with cameras."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._replies: queue.SimpleQueue[tuple[Token, SteeringReply]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._asked: set[asyncio.Task[None]] = set()
        self._told: asyncio.Queue[ToOnvifWorker | None] = asyncio.Queue()
        self._clock = SystemClock()
        self._turned_ns = 0

    async def run(self, start: OnvifStart, decoder: msgspec.json.Decoder[ToOnvifWorker]) -> None:
        # Loaded behind the fence, and only here.
        from watchglass.cameras.onvif.speaker import Speaker

        loop = asyncio.get_running_loop()
        teller = Teller()
        self._speaker = Speaker(self._clock, teller.put, teller.put_masks, NAME)
        await self._speaker.use(start.cameras, start.allow)
        beat = asyncio.ensure_future(self._beat())
        reporter = None
        if start.vitals is not None:
            reporter = Reporter(
                start.vitals, NAME, self._vitals, self._speaker.samples, self._clock
            )
            reporter.start()

        def hear(message: ToOnvifWorker | None) -> None:
            loop.call_soon_threadsafe(self._told.put_nowait, message)

        take_messages(decoder, hear, lambda: hear(None))
        poller = threading.Thread(target=self._poll, args=(loop,), name="bus", daemon=True)
        poller.start()
        while isinstance(message := await self._told.get(), OnvifStart):
            await self._speaker.use(message.cameras, message.allow)
        self._ended.set()
        self._server.wake()
        beat.cancel()
        await self._speaker.close()
        await asyncio.to_thread(poller.join)
        await asyncio.to_thread(teller.close)
        if reporter is not None:
            await asyncio.to_thread(reporter.close)

    async def _beat(self) -> None:
        while True:
            self._turned_ns = self._clock.monotonic_ns()
            await asyncio.sleep(_BEAT_S)

    def _vitals(self) -> Alive:
        return Alive(self._turned_ns)

    def _poll(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._ended.is_set():
            for token, order in self._server.poll(_POLL_S):
                with suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self._take, token, order)
            while not self._replies.empty():
                self._server.reply(*self._replies.get())
        self._server.close()

    def _take(self, token: Token, order: Steering) -> None:
        task = asyncio.ensure_future(self._answer(token, order))
        self._asked.add(task)
        task.add_done_callback(self._asked.discard)

    async def _answer(self, token: Token, order: Steering) -> None:
        self._replies.put((token, await self._speaker.steer(order)))
        self._server.wake()


if __name__ == "__main__":
    main()
