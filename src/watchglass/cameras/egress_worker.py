"""The process that reads egress: ``python -m watchglass.cameras.egress_worker``.

It reads one `EgressOrder` as a JSON line from standard input, then logs or a capture to their end,
and datagrams and connections from sockets that it was handed; it writes `FromEgress` lines to
standard output. It opens no file and makes no socket, has no secret, and may die of what it reads.
"""

import os
import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from watchglass.base import log
from watchglass.base.clock import Clock, SystemClock
from watchglass.base.fence import Fence, FenceMode, Network, put_up
from watchglass.cameras.egress.capture import CaptureReader, NoCaptureError, is_capture
from watchglass.cameras.egress.flows import FlowReader
from watchglass.cameras.egress.gather import Gatherer
from watchglass.cameras.egress.lines import MOST_LINE_BYTES, LineReader
from watchglass.cameras.egress.streams import SyslogStream
from watchglass.cameras.egress.watched import Watched
from watchglass.cameras.probe_worker import FENCES_SETTING
from watchglass.model.assignment import Beat, FenceTold
from watchglass.model.egress import EgressEnded, EgressOrder, EgressRead, ToEgress

FENCE = Fence(Network.LOCAL, (), only_new_files=True, calls=False)
_PIECE = 1 << 16
_MOST_DATAGRAMS = 256
_MOST_STREAMS = 64
_BATCH = 500
_TOLD: msgspec.json.Decoder[ToEgress] = msgspec.json.Decoder(ToEgress)


class EgressReader:
    """What an order is about, in one place: bytes and datagrams in, contacts out."""

    def __init__(self, order: EgressOrder) -> None:
        self.gathered = Gatherer(Watched(order.bounds))
        self._lines = LineReader(self.gathered, order.at_ns)
        self._flows = FlowReader(self.gathered)
        self._capture: CaptureReader | None = None
        self._left = b""
        self._begun = False

    def feed(self, data: bytes) -> None:
        """The next piece of a file. NoCaptureError."""
        if not self._begun:
            self._left += data
            if len(self._left) < 4:
                return
            self._begun, data, self._left = True, self._left, b""
            if is_capture(data):
                self._capture = CaptureReader(self.gathered)
        if self._capture is not None:
            self._capture.feed(data)
            return
        *whole, self._left = (self._left + data).split(b"\n")
        for line in whole:
            self._lines.read(line)
        if len(self._left) > MOST_LINE_BYTES:
            self._lines.read(self._left)
            self._left = b""

    def end(self) -> None:
        """What is left is a line without its end."""
        if self._capture is None and self._left:
            self._lines.read(self._left)
            self._left = b""

    def watch(self, order: EgressOrder) -> None:
        """From now on addresses are whose this order says."""
        self.gathered.watched = Watched(order.bounds)

    def line(self, datagram: bytes) -> None:
        for each in datagram.split(b"\n"):
            self._lines.read(each)

    def flow(self, datagram: bytes, exporter: str) -> None:
        self._flows.read(datagram, exporter)


class _Loop:
    """Waits for bytes and datagrams, and tells what came together."""

    def __init__(self, order: EgressOrder, output: Any, clock: Clock) -> None:
        self._order, self._output, self._clock = order, output, clock
        self._reader = EgressReader(order)
        self._wait = selectors.DefaultSelector()
        self._sockets: list[socket.socket] = []
        self._streams: dict[socket.socket, SyslogStream] = {}
        self._orders = b""

    def run(self) -> None:
        """To the end of standard input, or until it is told to end."""
        self._wait.register(0, selectors.EVENT_READ, self._standard_input)
        for take, numbers in (
            (self._reader.flow, self._order.flows),
            (lambda data, _: self._reader.line(data), self._order.lines),
        ):
            for number in numbers:
                one = self._own(number)
                self._wait.register(one, selectors.EVENT_READ, partial(self._datagrams, one, take))
        for number in self._order.streams:
            one = self._own(number)
            self._wait.register(one, selectors.EVENT_READ, partial(self._accept, one))
        due_ns = beat_due_ns = self._clock.monotonic_ns()
        flush_ns, beat_ns = (round(s * 1e9) for s in (self._order.flush_s, self._order.beat_s))
        turn_s = min(filter(None, (self._order.flush_s, self._order.beat_s)), default=None)
        while True:
            for key, _ in self._wait.select(turn_s):
                if key.data() is False:
                    self._reader.end()
                    self._tell()
                    return
            now_ns = self._clock.monotonic_ns()
            if flush_ns and now_ns >= due_ns:
                due_ns = now_ns + flush_ns
                self._tell()
            if beat_ns and now_ns >= beat_due_ns:
                # By the loop that reads, so that one that hangs in it is silent.
                beat_due_ns = now_ns + beat_ns
                self._say(Beat())

    def _own(self, number: int) -> socket.socket:
        one = socket.socket(fileno=number)
        one.setblocking(False)
        self._sockets.append(one)
        return one

    def _standard_input(self) -> bool:
        """False where there is no more to do."""
        piece = os.read(0, _PIECE)
        if not piece:
            return False
        if not self._order.renewed:
            self._reader.feed(piece)
            return True
        *whole, self._orders = (self._orders + piece).split(b"\n")
        for line in whole:
            order = _TOLD.decode(line)
            if not isinstance(order, EgressOrder):
                return False
            self._reader.watch(order)
        return True

    def _datagrams(self, one: socket.socket, take: Callable[[bytes, str], None]) -> None:
        with suppress(BlockingIOError):
            for _ in range(_MOST_DATAGRAMS):
                datagram, sender = one.recvfrom(_PIECE)
                take(datagram, str(sender[0]) if sender else "")

    # --- log lines by TCP --------------------------------------------------------------------

    def _accept(self, listening: socket.socket) -> None:
        with suppress(OSError):
            one, _ = listening.accept()
            if len(self._streams) >= _MOST_STREAMS:
                # The one that has said nothing for longest: a log server opens few, and keeps them.
                self._hang_up(next(iter(self._streams)))
            one.setblocking(False)
            self._streams[one] = SyslogStream()
            self._wait.register(one, selectors.EVENT_READ, partial(self._stream, one))

    def _stream(self, one: socket.socket) -> None:
        stream = self._streams.pop(one, None)
        if stream is None:
            return  # hung up on in the same turn
        self._streams[one] = stream
        try:
            piece = one.recv(_PIECE)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        for line in stream.feed(piece) if piece else stream.end():
            self._reader.line(line)
        if not piece:
            self._hang_up(one)

    def _hang_up(self, one: socket.socket) -> None:
        self._streams.pop(one)
        self._wait.unregister(one)
        one.close()

    def _tell(self) -> None:
        if self._reader.gathered.empty:
            return
        told = self._reader.gathered.take()
        contacts, names = told.contacts, told.names
        for at in range(0, max(len(contacts), len(names), 1), _BATCH):
            part = msgspec.structs.replace(
                told if at == 0 else EgressRead(
                    contacts=(), names=(), records=0, others=0, unknown=0
                ),
                contacts=contacts[at : at + _BATCH], names=names[at : at + _BATCH],
            )  # fmt: skip
            self._output.write(msgspec.json.encode(part) + b"\n")
        self._output.flush()

    def _say(self, message: Beat) -> None:
        self._output.write(msgspec.json.encode(message) + b"\n")
        self._output.flush()


def main() -> None:
    _limit_resources()
    log.configure("warning")
    # Nothing but its lines may reach standard output, not even what a C library prints.
    with os.fdopen(os.dup(1), "wb") as output:
        os.dup2(2, 1)
        order = msgspec.json.decode(_first_line(), type=EgressOrder)
        fence = replace(FENCE, serves=True) if order.streams else FENCE
        fenced = put_up(fence, FenceMode(os.environ.get(FENCES_SETTING) or FenceMode.AUTO))
        if order.renewed:
            # The recorder's own: it lists what its processes are fenced by.
            output.write(msgspec.json.encode(FenceTold(str(fenced), fenced.whole)) + b"\n")
            output.flush()
        ended = EgressEnded()
        try:
            _Loop(order, output, SystemClock()).run()
        except NoCaptureError as error:
            ended = EgressEnded(error=f"This capture cannot be read: {error}.")
        output.write(msgspec.json.encode(ended) + b"\n")


def _first_line() -> bytes:
    """Unbuffered: what follows it is waited for by descriptor."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as raw:
        return raw.readline()


def _limit_resources() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))


if __name__ == "__main__":
    main()
