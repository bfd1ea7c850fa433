"""The client's end of a hop: a bounded queue towards one server, and what comes back."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

import zmq

from watchglass.base.clock import NS_PER_S, Clock, SystemClock
from watchglass.base.errors import BusError
from watchglass.base.queues import DropPolicy
from watchglass.base.retry import Backoff
from watchglass.bus.endpoint import Socket, ipc_path, open_dealer
from watchglass.bus.flow import Inbound, Outbound
from watchglass.bus.hop import HopStats
from watchglass.bus.message import Codec
from watchglass.bus.wait import Wait
from watchglass.bus.wire import (
    BEAT_S,
    CREDIT_BYTES,
    HEADER_LIMIT_BYTES,
    LOST_AFTER_BEATS,
    PADS,
    PROTOCOL,
    Beat,
    Data,
    Header,
    Hello,
    Pad,
    Refused,
    Welcome,
    checked_name,
    decode_header,
    encode_header,
    weight_bytes,
)

S = TypeVar("S")
R = TypeVar("R")

_BATCH_FRAMES = 256
_EARLY_NS = round(BEAT_S * NS_PER_S) // 2
_DIAL_S = 1.0
_LONGEST_REDIAL_S = 1.0


@dataclass(frozen=True, slots=True)
class LinkRenewed:
    """There is a new session; what was sent before and not acknowledged may be lost.

    Nothing of what is queued goes out before the next ``poll``. So an owner that needs every
    message calls ``discard_queued()`` and then ``send`` for all that is not acknowledged, in
    order. ``server_restarted``: the server is another process than before; otherwise it only gave
    this client up (both suspended, this one stopped for too long), and the same is to be done.
    """

    server_restarted: bool
    instance: str


class _State(Enum):
    APART = auto()  # no socket; dials when the back-off ends
    DIALING = auto()  # a socket that is not connected yet
    GREETING = auto()  # Hello is said
    JOINED = auto()  # Welcome has come


class BusClient(Generic[S, R]):
    """Sends ``S`` to the server at ``endpoint`` and receives ``R``.

    Owned by one thread, which calls ``poll`` at least once in a few seconds; only ``wake`` is for
    any thread. The queue holds ``limit_bytes`` (and at most one message that is being sent).
    """

    def __init__(
        self,
        endpoint: str,
        name: str,
        send_codec: Codec[S],
        receive_codec: Codec[R],
        *,
        limit_bytes: int,
        policy: DropPolicy = DropPolicy.REFUSE_NEWEST,
        clock: Clock | None = None,
        credit_bytes: int = CREDIT_BYTES,
        proof: str = "",
    ) -> None:
        ipc_path(endpoint)  # says now what is wrong with it
        self.endpoint = endpoint
        self.name = checked_name(name)
        self._proof = proof
        self._send_codec = send_codec
        self._receive_codec = receive_codec
        self._clock = clock or SystemClock()
        self._out = Outbound(name, limit_bytes, policy)
        self._credit_bytes = credit_bytes
        self._in = Inbound(credit_bytes)
        self._handed_over_bytes = 0
        self._wait = Wait()
        self._socket: Socket | None = None
        self._state = _State.APART
        self._instance: str | None = None
        self._backoff = Backoff(first_s=0.1, most_s=_LONGEST_REDIAL_S)
        self._due_ns = self._clock.monotonic_ns()
        self._heard_ns: int | None = None
        # Messages since the last beat: they show that we live.
        self._spoken = False
        self._final: str | None = None
        self.refusal: str | None = None

    # --- for the owner -------------------------------------------------------------------------

    @property
    def connected(self) -> bool:
        """Whether there is a session and the server was heard within the heartbeat limit."""
        if self._state is not _State.JOINED or self._heard_ns is None:
            return False
        silent_ns = self._clock.monotonic_ns() - self._heard_ns
        return silent_ns <= LOST_AFTER_BEATS * BEAT_S * NS_PER_S

    def send(self, message: S) -> bool:
        """Queue a message for the next ``poll``; False when the queue refused it (counted).

        BusError when the message is too large or not of this hop.
        """
        return self._out.put(self._send_codec.encode(message))

    def poll(self, timeout_s: float) -> list[R | LinkRenewed]:
        """Send what the credits allow, then wait for messages; [] after ``timeout_s`` or a wake.

        The call also says that the owner has dealt with everything the last one returned.
        BusError when the server has refused this client for good (its name was taken over by
        another process, it speaks another protocol): such a process should end.
        """
        self._in.done(self._handed_over_bytes)
        self._handed_over_bytes = 0
        left_s = timeout_s
        while True:
            self._keep_up()
            began_ns = self._clock.monotonic_ns()
            wait_s = min(left_s, max(0.0, (self._due_ns - began_ns) / NS_PER_S))
            awoken = self._wait.wait(wait_s)
            received = self._receive() if awoken.by_socket else []
            if self._final is not None:
                raise BusError(self._final)
            passed_s = (self._clock.monotonic_ns() - began_ns) / NS_PER_S
            # A simulated clock stands still while the poller waits.
            left_s -= passed_s if awoken.by_socket else max(passed_s, wait_s)
            if received or awoken.by_wake or left_s <= 0:
                return received

    def wake(self) -> None:
        """End the poll under way, or the next one. For any thread; cheap."""
        self._wait.wake()

    def discard_queued(self) -> int:
        """Forget what is queued and not sent, without counting it as dropped; how many it was."""
        return self._out.discard()

    def depth(self) -> int:
        """Messages that are queued and not sent."""
        return self._out.depth_items

    def stats(self) -> HopStats:
        """Gauge and counters of the hop from here to the server."""
        return self._out.stats(self._in)

    def close(self) -> None:
        """Give up the connection at once; what is queued or under way is lost.

        To end well, ``poll`` until ``depth()`` and ``stats().unfinished_bytes`` are 0.
        """
        self._hang_up()
        self._wait.close()
        self._final = "This end of the bus is closed."

    # --- the connection ------------------------------------------------------------------------

    def _keep_up(self) -> None:
        """Do what is due: dial, say that we live, give credit back, send."""
        if self._final is not None:
            raise BusError(self._final)
        if self._clock.monotonic_ns() >= self._due_ns:
            match self._state:
                case _State.APART:
                    self._dial()
                case _State.DIALING:
                    self._redial_later()
                case _State.GREETING:
                    self._beat()
        if self._state is _State.JOINED:
            self._speak()

    def _speak(self) -> None:
        """Send what there is, and beat where it is about time."""
        if not self._out.pump(self._tell):
            self._redial_later()
        elif self._in.worth_telling():
            self._beat()
        elif self._clock.monotonic_ns() >= self._due_ns - _EARLY_NS:
            if self._in.owes or not self._spoken:
                self._beat()
            else:
                self._due_in(BEAT_S)
            self._spoken = False

    def _dial(self) -> None:
        self._socket = open_dealer(self.endpoint, self._frame_limit_bytes())
        self._state = _State.DIALING
        self._due_in(_DIAL_S)
        self._wait.watch(self._socket, writable=True)

    def _frame_limit_bytes(self) -> int:
        return max(HEADER_LIMIT_BYTES, self._receive_codec.limit_bytes)

    def _greet(self) -> None:
        assert self._socket is not None
        self._wait.watch(self._socket)
        self._state = _State.GREETING
        self._due_in(BEAT_S)
        hello = Hello(PROTOCOL, self.name, self._credit_bytes, self._proof)
        if not self._put(encode_header(hello)):
            self._redial_later()

    def _beat(self) -> None:
        self._due_in(BEAT_S)
        if not self._put(encode_header(Beat(self._in.take_due()))):
            self._redial_later()

    def _tell(self, *frames: bytes) -> bool:
        self._spoken = True
        return self._put(*frames)

    def _put(self, *frames: bytes) -> bool:
        """Hand frames to the connection; False when it is gone (it is never full)."""
        assert self._socket is not None
        try:
            self._socket.send_multipart(frames, zmq.NOBLOCK)
        except zmq.ZMQError:
            return False
        return True

    def _redial_later(self) -> None:
        self._hang_up()
        self._due_in(self._backoff.next_s())

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._wait.forget(self._socket)
            self._socket.close(0)
            self._socket = None
        self._state = _State.APART
        self._out.end()

    def _due_in(self, seconds: float) -> None:
        self._due_ns = self._clock.monotonic_ns() + round(seconds * NS_PER_S)

    # --- what comes ----------------------------------------------------------------------------

    def _receive(self) -> list[R | LinkRenewed]:
        if self._state is _State.DIALING:
            self._greet()
        received: list[R | LinkRenewed] = []
        for _ in range(_BATCH_FRAMES):
            if self._socket is None:
                break
            try:
                frames = self._socket.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError:
                break
            try:
                self._understand(frames, received)
            except BusError as error:
                # Nothing of ours sends that. A new session starts from a known state.
                self.refusal = error.sentence
                self._redial_later()
        return received

    def _understand(self, frames: list[bytes], received: list[R | LinkRenewed]) -> None:
        header: Header = decode_header(frames[0])
        if not isinstance(header, Refused | Welcome) and self._state is not _State.JOINED:
            raise BusError("The server spoke before its welcome.")
        self._heard_ns = self._clock.monotonic_ns()
        match header:
            case Data(number=number) if len(frames) == 2:
                size_bytes = weight_bytes(frames[1])
                self._in.accept(number, size_bytes)
                received.append(self._receive_codec.decode(frames[1]))
                self._handed_over_bytes += size_bytes
            case Beat(credit_bytes=credit_bytes):
                self._out.credit(credit_bytes)
                # Only now: a client that is turned out for its first message must not hurry back.
                self._backoff.reset()
                self.refusal = None
            case Pad() if len(frames) == 1:
                pass
            case Welcome() if self._state is _State.GREETING:
                self._join(header, received)
            case Refused(sentence, final):
                self.refusal = sentence
                self._redial_later()
                if final:
                    self._final = sentence
            case _:
                raise BusError("The server sent a frame that does not belong there.")

    def _join(self, welcome: Welcome, received: list[R | LinkRenewed]) -> None:
        self._state = _State.JOINED
        self._in.begin(min(welcome.taken_bytes, self._credit_bytes))
        self._handed_over_bytes = 0
        self._out.begin(welcome.credit_bytes)
        pad = encode_header(Pad())
        if not all(self._put(pad) for _ in range(PADS)):
            self._redial_later()
            return
        before, self._instance = self._instance, welcome.instance
        if before is not None:
            received.append(LinkRenewed(before != welcome.instance, welcome.instance))
