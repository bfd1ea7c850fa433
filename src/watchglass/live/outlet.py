"""The worker's end of the relay: what somebody watches or hears goes to the api as it arrives.

Readers put pictures and sound into one byte-bounded queue, a thread of its own carries them to the
api. Where the queue is full, a stream is left out up to its next key frame, and sound as long as it
is. While the api is away nothing is kept for it; when it comes back it says again what is watched.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId
from watchglass.base.queues import ByteQueue, QueueDepth
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.live.metrics import outlet_samples
from watchglass.model.live import (
    LiveFrame,
    LiveItem,
    LiveShape,
    LiveSink,
    LiveSound,
    LiveSoundShape,
    SoundItem,
    SoundSink,
)
from watchglass.model.metric import Sample
from watchglass.model.relay import FromApi, FromWorker, Listen, Relayed, Sounded, Unwatch, Watch
from watchglass.model.stream import StreamName
from watchglass.model.way import Way

_LIMIT_BYTES = 8 << 20
_OVERHEAD_BYTES = 256
_POLL_S = 4.0
_JOIN_S = 2.0
_LOG = log.get("live")


class SetSink(Protocol):
    """Has the pictures of a stream given to a sink too; None ends it."""

    def __call__(self, camera: CameraId, stream: StreamName, sink: LiveSink | None, /) -> None: ...


class SetSoundSink(Protocol):
    """The same for its sound."""

    def __call__(self, camera: CameraId, stream: StreamName, sink: SoundSink | None, /) -> None: ...


class Outlet:
    """Of one worker. ``name`` is the worker's, ``set_sink`` and ``set_sound_sink`` what it does for
    who watches and hears, ``hop`` what its numbers call it."""

    def __init__(
        self,
        way: Way,
        name: str,
        set_sink: SetSink,
        clock: Clock,
        *,
        set_sound_sink: SetSoundSink | None = None,
        hop: str = "live",
        limit_bytes: int = _LIMIT_BYTES,
    ) -> None:
        self._set_sink = set_sink
        self._set_sound_sink = set_sound_sink
        self._hop = hop
        self._queue: ByteQueue[tuple[str, list[LiveItem] | list[SoundItem]]] = ByteQueue(
            f"live {name}", limit_bytes
        )
        # It is filled only when it is empty, with no more than the queue may hold.
        self._client: BusClient[FromWorker, FromApi] = BusClient(
            way.endpoint, name, Codec[FromWorker](FromWorker), Codec[FromApi](FromApi),
            limit_bytes=2 * limit_bytes, clock=clock, proof=way.proof,
        )  # fmt: skip
        self._watched: dict[str, _Watched | _Heard] = {}
        self._linked = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, name="live outlet", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it; what waits is dropped."""
        self._ending.set()
        self._client.wake()
        self._thread.join(_JOIN_S)

    def depth(self) -> QueueDepth:
        """The queue's gauge, and what it has refused."""
        return self._queue.depth()

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        name = self._client.name
        # The queue of each hop is a series of its own.
        process = name if self._hop == "live" else f"{name} {self._hop}"
        return [
            *outlet_samples(process, self._queue.depth(), len(self._watched)),
            *hop_samples(self._client.stats(), self._hop, name),
        ]

    def _put(self, watch: str, items: list[LiveItem] | list[SoundItem], data_bytes: int) -> bool:
        """From a reader: queue what arrived; False where there is no room for it, or nobody."""
        size_bytes = data_bytes + _OVERHEAD_BYTES
        if not self._linked or size_bytes > self._queue.limit_bytes:
            return False
        if not self._queue.put((watch, items), size_bytes):
            return False
        self._client.wake()
        return True

    # --- the thread --------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            while not self._ending.is_set():
                received = self._client.poll(_POLL_S)
                self._linked = self._client.connected
                for message in received:
                    self._obey(message)
                if self._client.depth() == 0:
                    self._send_waiting()
        except BusError as error:
            _LOG.error("api_refuses", error=error.sentence)
        except Exception:  # noqa: BLE001 - the task's border: a worker goes on recording without
            _LOG.exception("outlet_failed")
        finally:
            self._forget()
            self._client.close()

    def _obey(self, message: FromApi | LinkRenewed) -> None:
        match message:
            case Watch(watch=watch, camera=camera, stream=stream):
                if watch not in self._watched:
                    watched = self._watched[watch] = _Watched(message, self._put)
                    self._set_sink(camera, stream, watched)
            case Listen(watch=watch, camera=camera, stream=stream):
                if watch not in self._watched and self._set_sound_sink is not None:
                    heard = self._watched[watch] = _Heard(message, self._put)
                    self._set_sound_sink(camera, stream, heard)
            case Unwatch(watch=watch):
                self._end(watch)
            case LinkRenewed():
                self._forget()

    def _end(self, watch: str) -> None:
        watched = self._watched.pop(watch, None)
        if watched is None:
            return
        wish = watched.wish
        if isinstance(wish, Watch):
            self._set_sink(wish.camera, wish.stream, None)
        elif self._set_sound_sink is not None:
            self._set_sound_sink(wish.camera, wish.stream, None)
        if watched.left_out:
            _LOG.warning(
                "relay_left_out",
                camera=wish.camera,
                stream=wish.stream,
                what="pictures" if isinstance(wish, Watch) else "sound",
                count=watched.left_out,
            )

    def _forget(self) -> None:
        """Whoever watched is gone, and so is what was meant for them."""
        for watch in list(self._watched):
            self._end(watch)
        while self._queue.get(0) is not None:
            pass
        self._client.discard_queued()

    def _send_waiting(self) -> None:
        """Hand over all that waits, a message for each stream."""
        pictures: dict[str, list[LiveItem]] = {}
        sounds: dict[str, list[SoundItem]] = {}
        while (entry := self._queue.get(0)) is not None:
            watch, items = entry
            for item in items:
                if isinstance(item, LiveSound | LiveSoundShape):
                    sounds.setdefault(watch, []).append(item)
                else:
                    pictures.setdefault(watch, []).append(item)
        for watch, seen in pictures.items():
            self._client.send(Relayed(watch, tuple(seen)))
        for watch, heard in sounds.items():
            self._client.send(Sounded(watch, tuple(heard)))


class _Watched:
    """One watched stream, as a sink. A shape goes into the queue together with its frame, or not
    at all."""

    def __init__(self, wish: Watch, put: Callable[[str, list[LiveItem], int], bool]) -> None:
        self.wish = wish
        self.left_out = 0
        self._put = put
        self._shape: LiveShape | None = None
        self._broken = False

    def __call__(self, items: Sequence[LiveItem]) -> None:
        for item in items:
            if isinstance(item, LiveShape):
                self._shape = item
            else:
                self._frame(item)

    def _frame(self, frame: LiveFrame) -> None:
        if frame.is_key or not self._broken:
            items: list[LiveItem] = [frame] if self._shape is None else [self._shape, frame]
            self._broken = not self._put(self.wish.watch, items, len(frame.data))
            if not self._broken:
                self._shape = None
                return
        self.left_out += 1


class _Heard:
    """The sound of one stream, as a sink. A shape that found no room goes ahead of the next."""

    def __init__(self, wish: Listen, put: Callable[[str, list[SoundItem], int], bool]) -> None:
        self.wish = wish
        self.left_out = 0
        self._put = put
        self._untold: list[SoundItem] = []

    def __call__(self, items: Sequence[SoundItem]) -> None:
        shapes = [each for each in items if isinstance(each, LiveSoundShape)]
        if shapes:
            self._untold = [shapes[-1]]
        sounds = [each for each in items if isinstance(each, LiveSound)]
        size_bytes = sum(len(each.data) for each in sounds)
        if self._put(self.wish.watch, [*self._untold, *sounds], size_bytes):
            self._untold = []
        else:
            self.left_out += len(sounds)
