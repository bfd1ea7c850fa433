"""The supervisor's ear: what its processes say of themselves, and their numbers when asked.

Kept of each process is its newest word, nothing else: nobody can fill it.
"""

import queue
import threading
from dataclasses import dataclass, field, replace

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.bus.peer import PeerId
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, PeerLost, Received
from watchglass.model.metric import Sample
from watchglass.model.vitals import Measure, Measured, ToSupervisor, Vitals
from watchglass.model.way import Stand

_POLL_S = 4.0
_JOIN_S = 2.0
_LOG = log.get("supervisor")


@dataclass(frozen=True, slots=True)
class Word:
    """A process's newest signs of life; None since it began anew. ``heard_ns`` is monotonic."""

    heard_ns: int
    vitals: Vitals | None


@dataclass(slots=True)
class _Question:
    """Numbers that are being gathered."""

    number: int
    waiting: set[str]
    lines: bool = False
    samples: list[Sample] = field(default_factory=list)
    said: dict[str, tuple[tuple[str, str, str], ...]] = field(default_factory=dict)
    answered: threading.Event = field(default_factory=threading.Event)


class Listener:
    """Serves ``stand`` in a thread of its own. Thread-safe."""

    def __init__(self, stand: Stand, clock: Clock) -> None:
        self._clock = clock
        self._server: BusServer[ToSupervisor, Measure] = BusServer(
            stand.endpoint, Codec[ToSupervisor](ToSupervisor), Codec[Measure](Measure), clock=clock,
            name="vitals", key=Key(stand.key),
        )  # fmt: skip
        self._lock = threading.Lock()
        self._words: dict[str, Word] = {}
        self._peers: dict[str, PeerId] = {}
        self._questions: dict[int, _Question] = {}
        self._asked = 0
        self._to_ask: queue.SimpleQueue[_Question] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._server.wake()
        self._thread.join(_JOIN_S)

    def words(self) -> dict[str, Word]:
        """What each process said last, by name."""
        with self._lock:
            return dict(self._words)

    def measure(self, timeout_s: float) -> list[Sample]:
        """The numbers of all processes that answer within that time."""
        return self._gathered(timeout_s, lines=False).samples

    def lines(self, timeout_s: float) -> dict[str, tuple[tuple[str, str, str], ...]]:
        """What each of them logged last: UTC, level, text."""
        return self._gathered(timeout_s, lines=True).said

    def _gathered(self, timeout_s: float, *, lines: bool) -> _Question:
        with self._lock:
            self._asked += 1
            question = _Question(self._asked, set(self._peers), lines)
            self._questions[question.number] = question
        self._to_ask.put(question)
        self._server.wake()
        question.answered.wait(timeout_s)
        with self._lock:
            del self._questions[question.number]
            return replace(question, samples=list(question.samples), said=dict(question.said))

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while not self._ending.is_set():
                for news in self._server.poll(_POLL_S):
                    self._take(news)
                while not self._to_ask.empty():
                    self._ask(self._to_ask.get())
        except Exception:  # noqa: BLE001 - the thread's border: recording goes on, and whoever
            # judges by what is heard will say that nothing is.
            _LOG.exception("listener_failed")
        finally:
            self._server.close()

    def _take(self, news: Received[ToSupervisor] | PeerJoined | PeerLost) -> None:
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            match news:
                case PeerJoined(peer):
                    self._peers[peer.name] = peer
                    self._words[peer.name] = Word(now_ns, None)
                case PeerLost(peer):
                    if self._peers.get(peer.name) == peer:
                        del self._peers[peer.name]
                        heard_ns = self._words[peer.name].heard_ns
                        self._words[peer.name] = Word(heard_ns, None)
                case Received(peer=peer, message=message, size_bytes=size_bytes):
                    self._server.done(peer, size_bytes)
                    if isinstance(message, Measured):
                        self._answered(peer.name, message)
                    else:
                        self._words[peer.name] = Word(now_ns, message)

    def _ask(self, question: _Question) -> None:
        with self._lock:
            peers = list(self._peers.values())
            question.waiting = {peer.name for peer in peers}
            for each in self._server.peers():
                question.samples += hop_samples(each.hop, "measure", each.peer.name)
        for peer in peers:
            self._server.send(peer, Measure(question.number, question.lines))
        if not peers:
            question.answered.set()

    def _answered(self, name: str, message: Measured) -> None:
        question = self._questions.get(message.number)
        if question is None or name not in question.waiting:
            return
        question.waiting.discard(name)
        question.samples += message.samples
        question.said[name] = message.lines
        if not question.waiting:
            question.answered.set()
