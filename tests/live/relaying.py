"""Both ends of the relay on a socket of their own, and a hand that plays the recorder."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from watchglass.base.clock import SystemClock
from watchglass.base.ids import CameraId
from watchglass.bus.proof import Key
from watchglass.live.outlet import Outlet
from watchglass.live.relayfeed import RelayFeed
from watchglass.model.live import LiveFrame, LiveItem, LiveSink
from watchglass.model.stream import StreamName
from watchglass.model.way import Stand, Way

CAMERA = CameraId("c" * 32)
MAIN = StreamName.MAIN
_WAIT_S = 20.0


def until(what: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + _WAIT_S
    while not what():
        assert time.monotonic() < ends_s, f"never came: {what}"
        time.sleep(0.005)


def frames_of(items: Sequence[LiveItem]) -> list[LiveFrame]:
    return [item for item in items if isinstance(item, LiveFrame)]


class Sinks(dict[tuple[CameraId, StreamName], LiveSink]):
    """What a worker has for each stream, as the outlet sets it."""

    def __call__(self, camera: CameraId, stream: StreamName, sink: LiveSink | None) -> None:
        if sink is None:
            self.pop((camera, stream), None)
        else:
            self[camera, stream] = sink


class Relay:
    """One api, and workers beside it."""

    def __init__(self, folder: Path) -> None:
        self.key = Key.make()
        self.endpoint = f"ipc://{folder}/live"
        self.disk: list[LiveItem] = []
        self.reads = 0
        self.feed = self.new_feed()
        self.outlets: list[Outlet] = []

    def new_feed(self) -> RelayFeed:
        return RelayFeed(Stand(self.endpoint, self.key.text), self.read_back, SystemClock())

    def read_back(self, _camera: CameraId, _stream: StreamName) -> list[LiveItem]:
        self.reads += 1
        return list(self.disk)

    def worker(self, name: str, limit_bytes: int = 8 << 20) -> Sinks:
        sinks = Sinks()
        way = Way(self.endpoint, self.key.proof(name))
        outlet = Outlet(way, name, sinks, SystemClock(), limit_bytes=limit_bytes)
        outlet.start()
        self.outlets.append(outlet)
        return sinks

    def close(self) -> None:
        self.feed.close()
        for outlet in self.outlets:
            outlet.close()
