"""A table is gone through several rows at once, can be ended, and tells what changed."""

import threading
import time
from collections.abc import Callable

import pytest

from watchglass.app.table_desk import TOGETHER, TableDesk
from watchglass.base.clock import SimulatedClock
from watchglass.base.errors import AuthFailedError, RefusedError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.camera import Camera, StreamAddress
from watchglass.model.camera_table import Outcome, StartTableRequest, TableState, WantedCamera
from watchglass.model.control import Accepted
from watchglass.model.stream import StreamName
from watchglass.model.survey_control import RecordRequest


def rows(count: int) -> tuple[WantedCamera, ...]:
    urls = [f"rtsp://192.0.2.{number}/main" for number in range(1, count + 1)]
    return tuple(WantedCamera(line, url, url) for line, url in enumerate(urls, 2))


class Recorder:
    """Records what it is asked to; ``gate`` holds all up until it is set."""

    def __init__(self) -> None:
        self.cameras: list[Camera] = []
        self.asked: list[RecordRequest] = []
        self.gate = threading.Event()
        self.most_at_once = self.at_once = 0
        self._lock = threading.Lock()

    def record(self, request: RecordRequest) -> Accepted:
        with self._lock:
            self.asked.append(request)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        assert self.gate.wait(20)
        with self._lock:
            self.at_once -= 1
            if request.password == "wrong":
                raise AuthFailedError("The camera refuses the password.")
            id = CameraId(f"{len(self.cameras) + 1:032x}")
            streams = (StreamAddress(StreamName.MAIN, request.url),)
            self.cameras.append(Camera(id, request.name, streams, VolumeId("b" * 32)))
        return Accepted(id)


def until(desk: TableDesk, holds: Callable[[TableState], bool]) -> TableState:
    for _ in range(2000):
        state = desk.state(0)
        if holds(state):
            return state
        time.sleep(0.01)
    raise AssertionError(desk.state(0))


def test_several_at_once_and_again_without_harm() -> None:
    recorder = Recorder()
    desk = TableDesk(SimulatedClock(), recorder.record, lambda: recorder.cameras)
    bad = WantedCamera(99, "ftp://x", fault="It is no address.")
    order = StartTableRequest((*rows(10), bad), "ada", "admin", "geheim")
    assert "geheim" not in repr(order)
    desk.start(order)
    until(desk, lambda state: state.counts.get(Outcome.LOOKING) == TOGETHER)
    with pytest.raises(RefusedError):
        desk.start(order)
    recorder.gate.set()
    first = until(desk, lambda state: not state.running)
    assert first.counts == {Outcome.ADDED: 10, Outcome.FAILED: 1}
    assert first.rows[-1].sentence == "It is no address."
    assert first.ended_ns is not None
    assert recorder.most_at_once == TOGETHER
    assert {each.password for each in recorder.asked} == {"geheim"}
    desk.start(order)
    second = until(desk, lambda state: not state.running)
    assert second.id == first.id + 1
    assert second.counts == {Outcome.THERE: 10, Outcome.FAILED: 1}
    assert len(recorder.asked) == 10, "what is there is not looked at again"


def test_it_can_be_ended_and_only_what_changed_is_told() -> None:
    recorder = Recorder()
    desk = TableDesk(SimulatedClock(), recorder.record, lambda: recorder.cameras)
    desk.start(StartTableRequest(rows(20), "ada"))
    before = until(desk, lambda state: state.counts.get(Outcome.LOOKING) == TOGETHER)
    assert desk.stop().stopping
    recorder.gate.set()
    after = until(desk, lambda state: not state.running)
    assert after.counts == {Outcome.ADDED: TOGETHER, Outcome.LEFT: 20 - TOGETHER}
    assert not after.stopping
    assert len(desk.state(before.change).rows) == 20
    assert desk.state(after.change).rows == ()
    assert len(recorder.asked) == TOGETHER


def test_a_row_has_its_own_password_and_is_tried_once() -> None:
    recorder = Recorder()
    recorder.gate.set()
    desk = TableDesk(SimulatedClock(), recorder.record, lambda: recorder.cameras)
    url = "rtsp://192.0.2.7/main"
    mine = WantedCamera(2, url, url, user="cam", password="wrong")
    desk.start(StartTableRequest((mine,), "ada", "admin", "geheim"))
    state = until(desk, lambda state: not state.running)
    assert [(row.outcome, row.sentence) for row in state.rows] == [
        (Outcome.FAILED, "The camera refuses the password.")
    ]
    assert [(each.user, each.password) for each in recorder.asked] == [("cam", "wrong")]


def test_a_closed_one_begins_nothing_more() -> None:
    recorder = Recorder()
    desk = TableDesk(SimulatedClock(), recorder.record, lambda: recorder.cameras)
    desk.start(StartTableRequest(rows(20), "ada"))
    until(desk, lambda state: state.counts.get(Outcome.LOOKING) == TOGETHER)
    desk.close()
    recorder.gate.set()
    with pytest.raises(RefusedError):
        desk.start(StartTableRequest(rows(1), "ada"))
    time.sleep(0.1)
    assert len(recorder.asked) == TOGETHER


def test_an_empty_one_is_over_at_once() -> None:
    desk = TableDesk(SimulatedClock(), Recorder().record, list)
    state = desk.start(StartTableRequest((), "ada"))
    assert not state.running
    assert state.ended_ns is not None
