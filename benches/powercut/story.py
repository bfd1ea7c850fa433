"""What is recorded and asked of a recorder while it is traced, and what it answered when.

Each order is told with the value it sets, so that after a cut the databases and ledgers can be held
to every answer that was given before it.
"""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from benches._harness import BenchError, RunningRecorder
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, HoldId, random_id
from watchglass.model.control import (
    Accepted,
    HoldRequest,
    PauseRequest,
    ReleaseRequest,
    RemoveCameraRequest,
    Request,
    ResumeRequest,
    SoundRequest,
)
from watchglass.model.erasure import AskErasureRequest, DecideErasureRequest, ErasureState
from watchglass.simulate.fleet import CameraUrls

USER = "user"
"""The subject of the order that sets the recorder up."""


@dataclass(frozen=True, slots=True)
class Order:
    """``field`` of ``camera`` became ``value``; ``line`` is the ledger line it leads to.

    Times are UTC ns: it was asked after the first, and accepted before the second. One that sets no
    field has none, and a hold has the ``span`` that it keeps.
    """

    asked_ns: int
    accepted_ns: int
    camera: str
    field: str
    value: str
    line: str
    span: tuple[int, int] = (0, 0)


class Storyteller:
    """Gives the orders; ``start`` makes a recorder, ``ended`` waits until nothing of it is left."""

    def __init__(self, start: Callable[[], RunningRecorder], ended: Callable[[], None]) -> None:
        self._start = start
        self._ended = ended
        self.recorder = start()
        self.orders: list[Order] = []
        self.keeper_deaths: list[int] = []
        """When (UTC ns) a keeper was killed: until the next one syncs, nobody does."""
        self._ids: dict[str, CameraId] = {}
        self._hold = HoldId(random_id())

    # --- orders ------------------------------------------------------------------------------

    def add(self, camera: CameraUrls) -> None:
        asked_ns = time.time_ns()
        self._ids[camera.name] = self.recorder.add(camera)
        self._note(asked_ns, self._ids[camera.name], "state", "enabled", "camera_added")

    def pause(self, name: str) -> None:
        request = PauseRequest(self._ids[name], None, "bench", "a pause")
        self._order(request, name, "state", "paused", "camera_paused")

    def resume(self, name: str) -> None:
        request = ResumeRequest(self._ids[name], "bench", "the end of a pause")
        self._order(request, name, "state", "enabled", "camera_enabled")

    def sound(self, name: str, on: bool) -> None:
        request = SoundRequest(self._ids[name], on, "bench", "to hear")
        self._order(request, name, "sound", str(on), "sound_changed")

    def remove(self, name: str) -> None:
        request = RemoveCameraRequest(self._ids[name], "bench", "sold")
        self._order(request, name, "state", "removed", "camera_removed")

    def hold(self, name: str, seconds: float) -> None:
        """The last so many seconds of a camera."""
        now_ns = time.time_ns()
        span = (now_ns - round(seconds * NS_PER_S), now_ns)
        request = HoldRequest(self._ids[name], self._hold, *span, "bench", "a dispute")
        self._order(request, name, "", "", "hold_set", span)

    def release(self, name: str) -> None:
        request = ReleaseRequest(self._ids[name], self._hold, "bench", "settled")
        self._order(request, name, "", "", "hold_lifted")

    def erase(self, name: str, seconds: float) -> None:
        """One asks for the last so many seconds of a camera to go, another approves."""
        erasure, now_ns = random_id(), time.time_ns()
        asked = AskErasureRequest(
            self._ids[name], erasure, now_ns - round(seconds * NS_PER_S), now_ns, "ann", "asked for"
        )
        self._order(asked, name, "", "", "")
        approved = DecideErasureRequest(erasure, ErasureState.APPROVED, "bob")
        self._order(approved, name, "", "", "erasure_ordered")

    def set_up(self) -> None:
        """Make the first user, as the page does."""
        page = urlsplit(self.recorder.page())
        origin = f"{page.scheme}://{page.netloc}"
        body = {"token": page.fragment.removeprefix("token="), "password": "four words make one"}
        asked_ns = time.time_ns()
        request = HttpRequest(
            f"{origin}/api/v1/setup", json.dumps(body).encode(), method="POST",
            headers={"Content-Type": "application/json", "Origin": origin, "X-Watchglass": "1"},
        )  # fmt: skip
        with urlopen(request, timeout=30) as answer:
            answer.read()
        self._note(asked_ns, USER, "user", "there", "")

    def _order(
        self, request: Request, name: str, field: str, value: str, line: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:  # fmt: skip
        asked_ns = time.time_ns()
        answer = self.recorder.ask(request)
        if not isinstance(answer, Accepted):
            raise BenchError(f"the recorder refused {request}: {answer}")
        self._note(asked_ns, self._ids[name], field, value, line, span)

    def _note(
        self, asked_ns: int, camera: str, field: str, value: str, line: str,
        span: tuple[int, int] = (0, 0),
    ) -> None:  # fmt: skip
        self.orders.append(Order(asked_ns, time.time_ns(), camera, field, value, line, span))

    # --- mishaps -----------------------------------------------------------------------------

    def kill(self, prefix: str) -> None:
        """``kill -9`` of the processes whose name begins so."""
        for name, process in self.recorder.processes().items():
            if name.startswith(prefix):
                os.kill(process.pid, signal.SIGKILL)
        if prefix == "keeper":
            self.keeper_deaths.append(time.time_ns())

    def kill_all(self) -> None:
        """``kill -9`` of everything, and a new start at once."""
        processes = self.recorder.processes().values()
        self.keeper_deaths.append(time.time_ns())
        self.recorder.process.kill()
        for process in processes:
            os.kill(process.pid, signal.SIGKILL)
        self.recorder.stop()
        self._ended()
        self.recorder = self._start()

    def start_again(self) -> None:
        """A good end and a new start."""
        self.end()
        self.recorder = self._start()

    def end(self) -> None:
        status = self.recorder.stop()
        if status != 0:
            raise BenchError(f"the recorder ended with status {status}:\n{self.recorder.log()}")
        self._ended()


def tell(story: Storyteller, cameras: list[CameraUrls], pace_s: float) -> None:
    """All that happens; ``pace_s`` is the length of a scene."""
    first, second, third = cameras
    scenes: list[Callable[[], None]] = [
        lambda: story.add(first),
        lambda: story.add(second),
        story.set_up,
        lambda: story.sound(first.name, on=True),
        lambda: story.pause(second.name),
        lambda: story.erase(first.name, pace_s),
        lambda: story.kill("camera-worker"),
        lambda: story.resume(second.name),
        lambda: story.hold(first.name, pace_s / 2),
        story.kill_all,
        lambda: story.add(third),
        lambda: story.sound(first.name, on=False),
        lambda: story.release(first.name),
        lambda: story.kill("keeper"),
        lambda: story.erase(second.name, pace_s / 2),
        lambda: story.remove(third.name),
        story.start_again,
    ]
    for scene in scenes:
        scene()
        time.sleep(pace_s)
    story.end()
