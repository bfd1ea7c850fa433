"""Entry of the media-worker: makes pictures for people out of the coded pictures it is sent.

What strangers' cameras encoded is decoded here and not in a process that holds keys or records. A
request brings all that it takes, so this process reads no file and calls nobody; it may die of a
picture, and the supervisor starts another. Few pictures at a time, and behind everybody else: never
more than half of the cores, and none that recording wants.
"""

import os
import signal
import threading

import msgspec

from watchglass.app.beats import Beats
from watchglass.app.fences import fence_in, of_media_worker, tell
from watchglass.app.few_rights import keep_to_itself, step_back
from watchglass.app.picture_desk import PictureDesk
from watchglass.app.pipes import take_messages
from watchglass.app.worker_main import live
from watchglass.base import heap, log
from watchglass.base.clock import SystemClock
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.request import ControlServer
from watchglass.model.still import (
    MOST_REQUEST_BYTES,
    FromMediaWorker,
    MediaRequest,
    MediaStart,
    ToMediaWorker,
)

DECODE_S = 5.0
"""Nothing that a camera sends takes that long: what does ends the process."""
_MOST_WAITING = 16
_MOST_THREADS = 4
_POLL_S = 5.0
_LOOK_S = 0.5
_NICE = 5
_MOST_DESCRIPTORS = 64
_MOST_MEMORY_BYTES = 2 << 30
_LOG = log.get("media")

Server = ControlServer[MediaRequest, FromMediaWorker]


def main() -> None:
    """Make pictures until told to stop, or until the supervisor is gone."""
    decoder: msgspec.json.Decoder[ToMediaWorker] = msgspec.json.Decoder(ToMediaWorker)
    live(decoder, MediaStart, _serve, "media-worker")


def _serve(start: MediaStart, decoder: msgspec.json.Decoder[ToMediaWorker]) -> None:
    listener = Listener(start.stand.endpoint)
    tell(fence_in(of_media_worker(), start.fences))
    server: Server = ControlServer(
        listener, Codec[MediaRequest](MediaRequest, MOST_REQUEST_BYTES),
        Codec[FromMediaWorker](FromMediaWorker), key=Key(start.stand.key),
        max_pending=_MOST_WAITING,
    )  # fmt: skip
    stopping = threading.Event()

    def stop() -> None:
        stopping.set()
        server.wake()

    # Whatever is said after the first message is that it is over.
    take_messages(decoder, lambda _: stop(), stop)
    clock = SystemClock()
    heap.tend(clock)
    desk = PictureDesk(clock, threads(), DECODE_S, server.wake)
    step_back(_NICE, _MOST_MEMORY_BYTES)
    keep_to_itself(_MOST_DESCRIPTORS)
    beats = Beats(start.beat_s, clock)
    while not stopping.is_set():
        beats.turn()
        _turn(server, desk, beats)
    desk.close()
    server.close()


def threads() -> int:
    """How many pictures are made at once: half of the cores are left to who records."""
    return max(1, min(_MOST_THREADS, (os.cpu_count() or 1) // 2))


def _turn(server: Server, desk: PictureDesk, beats: Beats) -> None:
    # Left to its default the signal ends the process, also from within a library's endless loop
    # that lets no other thread run.
    alarm_s = desk.alarm_s()
    signal.setitimer(signal.ITIMER_REAL, alarm_s)
    for token, request in server.poll(beats.wait_s(_LOOK_S if alarm_s else _POLL_S)):
        desk.take(token, request)
    for token, reply in desk.done():
        if reply is not None:
            server.reply(token, reply)
        else:
            server.fail(token, "The media-worker is busy: ask again.")


if __name__ == "__main__":
    main()
