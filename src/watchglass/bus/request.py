"""Questions to a running server over its owner-only control socket, one answer each.

Each request shows the one proof of the socket (`proof`): of our own processes, too, not all may
ask. No sessions, credits or beats: a call is one connection, one request, one reply.
"""

import struct
from dataclasses import dataclass
from typing import Generic, TypeVar

import zmq

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock, SystemClock
from watchglass.base.errors import BusError
from watchglass.bus.endpoint import Listener, Socket, answers, ipc_path, open_dealer, open_router
from watchglass.bus.message import Codec
from watchglass.bus.proof import Key
from watchglass.bus.wait import Wait

S = TypeVar("S")
R = TypeVar("R")

_ANSWERED = b"+"
_FAILED = b"-"
_NUMBER = struct.Struct(">Q")
_FRAMES_OF_A_REQUEST = 3
_FRAMES_OF_A_REPLY = 3
_WAITING_MESSAGES = 16
_SENTENCE_LIMIT_BYTES = 2048
_ASKS = "asks"
_UNPROVEN = b"Whoever asks shows no proof that it may: only commands and the page give orders."
_LOG = log.get("control")


def proof_to_ask(key: Key) -> str:
    """What shows that one may ask at the socket of that key."""
    return key.proof(_ASKS)


@dataclass(frozen=True, slots=True)
class Token:
    """Which request a reply belongs to."""

    identity: bytes
    number: bytes


class ControlClient(Generic[S, R]):
    """Asks ``S`` of the server at ``endpoint``, which answers ``R``. Nothing stays open."""

    def __init__(
        self,
        endpoint: str,
        request_codec: Codec[S],
        reply_codec: Codec[R],
        *,
        proof: str = "",
        clock: Clock | None = None,
    ) -> None:
        self._proof = proof.encode()
        self.endpoint = endpoint
        self._path = ipc_path(endpoint)
        self._request_codec = request_codec
        self._reply_codec = reply_codec
        self._clock = clock or SystemClock()
        self._calls = 0

    def call(self, request: S, timeout_s: float) -> R:
        """The reply.

        BusError when no server runs (said at once), when none answers within ``timeout_s`` (the
        request may have been carried out all the same), or when the server cannot do it.
        """
        payload = self._request_codec.encode(request)
        if not answers(self._path):
            raise BusError(f"No server answers at '{self._path}': start it, or check the folder.")
        until_ns = self._clock.monotonic_ns() + round(timeout_s * NS_PER_S)
        self._calls += 1
        number = _NUMBER.pack(self._calls)
        limit_bytes = max(self._reply_codec.limit_bytes, _SENTENCE_LIMIT_BYTES)
        dealer = open_dealer(self.endpoint, limit_bytes)
        try:
            self._await(dealer, zmq.POLLOUT, until_ns, timeout_s)
            dealer.send_multipart([number, self._proof, payload], zmq.NOBLOCK)
            self._await(dealer, zmq.POLLIN, until_ns, timeout_s)
            frames = dealer.recv_multipart(zmq.NOBLOCK)
        except zmq.ZMQError as error:
            raise BusError("The server ended while it was asked: try again.") from error
        finally:
            dealer.close(0)
        return self._understood(number, frames)

    def _await(self, dealer: Socket, event: int, until_ns: int, timeout_s: float) -> None:
        left_ms = max(0, until_ns - self._clock.monotonic_ns()) // 1_000_000
        if not dealer.poll(left_ms, event):
            raise BusError(
                f"The server did not answer within {timeout_s:g} s: it is busy or stuck;"
                " try again, then look at its log."
            )

    def _understood(self, number: bytes, frames: list[bytes]) -> R:
        if len(frames) != _FRAMES_OF_A_REPLY or frames[0] != number:
            raise BusError("The server's answer does not belong to the request.")
        if frames[1] == _FAILED:
            raise BusError(frames[2].decode("utf-8", "replace"))
        return self._reply_codec.decode(frames[2])


class ControlServer(Generic[R, S]):
    """Takes requests ``R`` at ``endpoint`` and sends replies ``S``. Owned by one thread.

    A ``Listener`` is for who has to listen before it has a thread: ZeroMQ starts one here. At most
    ``max_pending`` requests wait for their reply; to the others the server says that it
    is busy. Without a ``key`` whoever can open the socket may ask.
    """

    def __init__(
        self,
        endpoint: str | Listener,
        request_codec: Codec[R],
        reply_codec: Codec[S],
        *,
        key: Key | None = None,
        max_pending: int = 64,
    ) -> None:
        self._key = key
        self._request_codec = request_codec
        self._reply_codec = reply_codec
        self._max_pending = max_pending
        self._pending: set[Token] = set()
        self.refused = 0
        """How many requests were told that the server is busy."""
        self.unproven = 0
        """How many showed no proof that they may be made."""
        self._listener = endpoint if isinstance(endpoint, Listener) else Listener(endpoint)
        try:
            self._router = open_router(
                self._listener, request_codec.limit_bytes, _WAITING_MESSAGES, _WAITING_MESSAGES
            )
        except BusError:
            self._listener.close()
            raise
        self._wait = Wait()
        self._wait.watch(self._router)

    def poll(self, timeout_s: float) -> list[tuple[Token, R]]:
        """The requests that came; [] after ``timeout_s`` or a wake. Garbage is answered here."""
        if self._router.closed:
            raise BusError("This end of the bus is closed.")
        awoken = self._wait.wait(timeout_s)
        requests: list[tuple[Token, R]] = []
        for _ in range(self._max_pending if awoken.by_socket else 0):
            try:
                frames = self._router.recv_multipart(zmq.NOBLOCK)
            except zmq.ZMQError:
                break
            if len(frames) == 1 + _FRAMES_OF_A_REQUEST and len(frames[1]) == _NUMBER.size:
                token = Token(frames[0], frames[1])
                if self._may_ask(token, frames[2]):
                    self._take(token, frames[3], requests)
        return requests

    def _may_ask(self, token: Token, proof: bytes) -> bool:
        if self._key is None or self._key.admits(_ASKS, proof):
            return True
        # Logged once: who asks again and again must not fill the log.
        if not self.unproven:
            _LOG.error("request_unproven", socket=self._listener.path.stem)
        self.unproven += 1
        self._send(token, _FAILED, _UNPROVEN)
        return False

    def _take(self, token: Token, payload: bytes, requests: list[tuple[Token, R]]) -> None:
        if len(self._pending) >= self._max_pending:
            self.refused += 1
            self._send(token, _FAILED, b"The server is busy with other requests: try again.")
            return
        try:
            requests.append((token, self._request_codec.decode(payload)))
        except BusError as error:
            self._send(token, _FAILED, _cut(error.sentence))
            return
        self._pending.add(token)

    def reply(self, token: Token, message: S) -> bool:
        """Answer a request; False when whoever asked is gone, or was answered before."""
        payload = self._reply_codec.encode(message)
        return self._settled(token) and self._send(token, _ANSWERED, payload)

    def fail(self, token: Token, sentence: str) -> bool:
        """Answer that it cannot be done: ``call`` raises BusError with this sentence."""
        return self._settled(token) and self._send(token, _FAILED, _cut(sentence))

    def wake(self) -> None:
        """End the poll under way, or the next one. For any thread; cheap."""
        self._wait.wake()

    def close(self) -> None:
        """Stop listening; callers that still wait run into their time-out."""
        if not self._router.closed:
            self._listener.close()
            self._wait.forget(self._router)
            self._router.close(0)
            self._wait.close()

    def _settled(self, token: Token) -> bool:
        """Whether the token was pending; it no longer is."""
        known = token in self._pending
        self._pending.discard(token)
        return known

    def _send(self, token: Token, verdict: bytes, payload: bytes) -> bool:
        try:
            self._router.send_multipart(
                [token.identity, token.number, verdict, payload], zmq.NOBLOCK
            )
        except zmq.ZMQError:
            return False
        return True


def _cut(sentence: str) -> bytes:
    return sentence.encode("utf-8", "replace")[:_SENTENCE_LIMIT_BYTES]
