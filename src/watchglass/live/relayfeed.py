"""Live frames as the camera-workers relay them, joined to what can be read back from before.

Every worker is told what is watched; the one that has the camera relays it. The newest frames are
kept for a few seconds, so that whoever comes later is joined without a hole too: what is read back
from the disk ends some hundred milliseconds ago.
"""

import queue
import threading
from collections import deque
from collections.abc import Callable, Sequence

from watchglass.base.clock import Clock
from watchglass.base.ids import CameraId, random_id
from watchglass.bus.endpoint import Listener
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.bus.peer import PeerId, PeerState
from watchglass.bus.proof import Key
from watchglass.bus.server import BusServer, PeerJoined, PeerLost, Received
from watchglass.model.live import LiveFrame, LiveItem, LiveShape, LiveSink, SoundSink
from watchglass.model.metric import Sample
from watchglass.model.relay import FromApi, FromWorker, Listen, Relayed, Sounded, Unwatch, Watch
from watchglass.model.stream import StreamName
from watchglass.model.way import Stand

ReadBack = Callable[[CameraId, StreamName], Sequence[LiveItem]]
"""The shape, and the frames from the last key frame on, as far as they are on disk. It blocks."""

_POLL_S = 4.0
_JOIN_S = 2.0
_KEPT_TICKS = 3 * 90_000
_KEPT_BYTES = 4 << 20
_WAITS_S = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 0.64)
"""Before each attempt to join: for the writer to get there, or a worker that is coming back."""


class RelayFeed:
    """A FullFeed; a thread of its own serves ``stand``.

    AlreadyRunningError when another process does. ``waits_s`` is how long a viewer that comes is
    kept waiting, again and again, for frames without a hole.
    """

    def __init__(
        self,
        stand: Stand,
        read_back: ReadBack,
        clock: Clock,
        *,
        waits_s: Sequence[float] = _WAITS_S,
        listener: Listener | None = None,
    ) -> None:
        self._server: BusServer[FromWorker, FromApi] = BusServer(
            listener or stand.endpoint,
            Codec[FromWorker](FromWorker),
            Codec[FromApi](FromApi),
            clock=clock,
            key=Key(stand.key),
        )
        self._read_back = read_back
        self._clock = clock
        self._waits_s = waits_s
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}
        self._heard: dict[str, tuple[Listen, SoundSink]] = {}
        self._peers: set[PeerId] = set()
        self._hops: list[PeerState] = []
        self._to_say: queue.SimpleQueue[FromApi] = queue.SimpleQueue()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live relay", daemon=True)
        self._thread.start()

    def start(self, camera: CameraId, stream: StreamName, sink: LiveSink) -> None:
        wish = Watch(random_id(), camera, stream)
        with self._lock:
            self._watched[wish.watch] = _Watched(wish, sink)
        self._say(wish)

    def stop(self, camera: CameraId, stream: StreamName) -> None:
        watched = self._find(camera, stream)
        if watched is not None:
            with self._lock:
                del self._watched[watched.wish.watch]
            self._say(Unwatch(watched.wish.watch))

    def start_sound(self, camera: CameraId, stream: StreamName, sink: SoundSink) -> None:
        wish = Listen(random_id(), camera, stream)
        with self._lock:
            self._heard[wish.watch] = wish, sink
        self._say(wish)

    def stop_sound(self, camera: CameraId, stream: StreamName) -> None:
        with self._lock:
            ended = [
                watch
                for watch, (wish, _) in self._heard.items()
                if (wish.camera, wish.stream) == (camera, stream)
            ]
            for watch in ended:
                del self._heard[watch]
        for watch in ended:
            self._say(Unwatch(watch))

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
        watched = self._find(camera, stream)
        if watched is not None:
            for wait_s in self._waits_s:
                if self._clock.wait(self._ending, wait_s):
                    break
                joined = self._joined(watched)
                if joined is not None:
                    return joined
        return self._read_back(camera, stream)

    def close(self) -> None:
        """End the thread; the workers relay no more."""
        self._ending.set()
        self._server.wake()
        self._thread.join(_JOIN_S)

    def samples(self) -> list[Sample]:
        """The numbers of the hop to each worker, as of some seconds ago."""
        return [
            sample
            for each in self._hops
            for sample in hop_samples(each.hop, "watches", each.peer.name)
        ]

    def _find(self, camera: CameraId, stream: StreamName) -> "_Watched | None":
        with self._lock:
            found = (each for each in self._watched.values() if each.is_of(camera, stream))
            return next(found, None)

    def _joined(self, watched: "_Watched") -> list[LiveItem] | None:
        """From the last key frame to the newest frame; None while there is a hole between what is
        on disk and what was relayed."""
        with self._lock:
            shape, frames = watched.shape, list(watched.frames)
        if not frames or shape is None:
            return None
        keys = [at for at, frame in enumerate(frames) if frame.is_key]
        if keys:
            return [shape, *frames[keys[-1] :]]
        back = self._read_back(watched.wish.camera, watched.wish.stream)
        last = back[-1] if back else None
        if not isinstance(last, LiveFrame) or last.run != frames[0].run:
            return None
        if frames[0].after > last.decode_time:
            return None
        return [*back, *(frame for frame in frames if frame.decode_time > last.decode_time)]

    # --- the thread --------------------------------------------------------------------------

    def _say(self, message: FromApi) -> None:
        self._to_say.put(message)
        self._server.wake()

    def _work(self) -> None:
        while not self._ending.is_set():
            for news in self._server.poll(_POLL_S):
                match news:
                    case Received(peer=peer, message=message, size_bytes=size_bytes):
                        if isinstance(message, Sounded):
                            self._take_sound(message)
                        else:
                            self._take(message)
                        self._server.done(peer, size_bytes)
                    case PeerJoined(peer):
                        self._welcome(peer)
                    case PeerLost(peer):
                        self._peers.discard(peer)
            while not self._to_say.empty():
                said = self._to_say.get()
                for peer in self._peers:
                    self._server.send(peer, said)
            self._hops = self._server.peers()
        self._server.close()

    def _welcome(self, peer: PeerId) -> None:
        """A worker that is new, or was away, has to hear it all."""
        self._peers.add(peer)
        with self._lock:
            wishes: list[FromApi] = [each.wish for each in self._watched.values()]
            wishes += [wish for wish, _ in self._heard.values()]
        for wish in wishes:
            self._server.send(peer, wish)

    def _take(self, message: Relayed) -> None:
        with self._lock:
            watched = self._watched.get(message.watch)
            if watched is None:
                return  # on its way when the last viewer left
            for item in message.items:
                watched.keep(item)
        watched.sink(message.items)

    def _take_sound(self, message: Sounded) -> None:
        with self._lock:
            heard = self._heard.get(message.watch)
        if heard is not None:
            heard[1](message.items)


class _Watched:
    """A watched stream and its newest frames: without a hole, and of one shape."""

    def __init__(self, wish: Watch, sink: LiveSink) -> None:
        self.wish = wish
        self.sink = sink
        self.shape: LiveShape | None = None
        self.frames: deque[LiveFrame] = deque()
        self._bytes = 0

    def is_of(self, camera: CameraId, stream: StreamName) -> bool:
        return (self.wish.camera, self.wish.stream) == (camera, stream)

    def keep(self, item: LiveItem) -> None:
        frames = self.frames
        if isinstance(item, LiveShape):
            self.shape = item
            self._clear()
            return
        if frames and item.after != frames[-1].decode_time:
            self._clear()
        frames.append(item)
        self._bytes += len(item.data)
        while len(frames) > 1 and (
            self._bytes > _KEPT_BYTES or item.decode_time - frames[0].decode_time > _KEPT_TICKS
        ):
            self._bytes -= len(frames.popleft().data)

    def _clear(self) -> None:
        self.frames.clear()
        self._bytes = 0
