"""Entry of the media-worker: makes pictures for people out of the key frames it is sent.

What strangers' cameras encoded is decoded here and not in a process that holds keys or records. A
request brings all that it takes, so this process reads no file and calls nobody; it may die of a
picture, and the supervisor starts another. One picture at a time, and behind everybody else: never
more than one core, and none that recording wants.
"""

import os
import resource
import signal
import stat
import sys
import threading

import msgspec

from watchglass.app.fences import fence_in, of_media_worker, tell
from watchglass.app.pipes import first_message, leave, take_messages
from watchglass.base import heap, log
from watchglass.base.clock import Clock, SystemClock
from watchglass.base.errors import StreamInvalidError, WatchglassError
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.request import ControlServer
from watchglass.media.still import still
from watchglass.model.still import (
    MOST_REQUEST_BYTES,
    MediaStart,
    Still,
    StillRefused,
    StillReply,
    StillRequest,
    ToMediaWorker,
)

DECODE_S = 5.0
"""Nothing that a camera sends takes that long: what does ends the process."""
_MOST_WAITING = 8
_POLL_S = 5.0
_NICE = 5
_MOST_DESCRIPTORS = 64
_MOST_MEMORY_BYTES = 2 << 30
_LOG = log.get("media")

Server = ControlServer[StillRequest, StillReply]


def main() -> None:
    """Make pictures until told to stop, or until the supervisor is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heap.bound()
    decoder: msgspec.json.Decoder[ToMediaWorker] = msgspec.json.Decoder(ToMediaWorker)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, MediaStart)
    log.configure(start.log_level, json=start.log_json)
    try:
        _serve(start, decoder)
    except WatchglassError as error:
        _LOG.error("media_worker_ended", error=error.sentence)
        sys.exit(error.exit_code)
    leave()


def _serve(start: MediaStart, decoder: msgspec.json.Decoder[ToMediaWorker]) -> None:
    listener = Listener(start.stand.endpoint)
    tell(fence_in(of_media_worker(), start.fences))
    server: Server = ControlServer(
        listener, Codec[StillRequest](StillRequest, MOST_REQUEST_BYTES),
        Codec[StillReply](StillReply), key=Key(start.stand.key), max_pending=_MOST_WAITING,
    )  # fmt: skip
    stopping = threading.Event()

    def stop() -> None:
        stopping.set()
        server.wake()

    # Whatever is said after the first message is that it is over.
    take_messages(decoder, lambda _: stop(), stop)
    _give_up_rights()
    clock = SystemClock()
    heap.tend(clock)
    while not stopping.is_set():
        for token, request in server.poll(_POLL_S):
            reply = answer(request, clock)
            if reply is not None:
                server.reply(token, reply)
            else:
                server.fail(token, "The media-worker is busy: ask again.")
    server.close()


def answer(request: StillRequest, clock: Clock) -> StillReply | None:
    """None when it comes too late for whoever asked."""
    if clock.monotonic_ns() > request.until_ns:
        return None
    # Left to its default the signal ends the process, also from within a library's endless loop.
    signal.setitimer(signal.ITIMER_REAL, DECODE_S)
    try:
        return Still(
            still(request.codec, request.configuration, request.access_unit, request.width)
        )
    except StreamInvalidError as error:
        return StillRefused(error.sentence)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _give_up_rights() -> None:
    """No more threads or processes, few descriptors, bounded memory, no core file, last in line.

    Called when all threads run and the socket listens.
    """
    os.nice(_NICE)
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_NOFILE: _MOST_DESCRIPTORS,
        resource.RLIMIT_AS: _MOST_MEMORY_BYTES,
    }
    # A log that goes to a file would end with the right to write any.
    if not stat.S_ISREG(os.fstat(sys.stderr.fileno()).st_mode):
        limits[resource.RLIMIT_FSIZE] = 0
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main()
