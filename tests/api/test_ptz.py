"""Moving a camera over the API: one at a time, logged, and stopped when the page goes.

The camera is a simulated ONVIF device; what stands between is the product's own.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.api.recorded import Browser, Recorded, Running, live_link, running
from tests.cameras.onvif.devices import LOGIN, made
from tests.simulate.loop_thread import LoopThread
from watchglass.access.policy import Role, User
from watchglass.api.steering import HOLD_S, Wheels
from watchglass.app.refusal import error_of
from watchglass.base.clock import NS_PER_S, SimulatedClock, SystemClock
from watchglass.base.errors import RefusedError
from watchglass.base.ids import CameraId
from watchglass.cameras.onvif.speaker import Speaker
from watchglass.model.act import ActKind
from watchglass.model.control import Refused
from watchglass.model.steering import NotSteered, PtzState, Spoken, Steering
from watchglass.simulate.onvif.server import OnvifServer


@dataclass
class Moved:
    """A page that is signed in, and the camera that it moves."""

    at: Running
    browser: Browser
    device: OnvifServer
    camera: CameraId

    def link(self) -> ClientConnection:
        url = f"{self.at.url}/api/v1/ptz/{self.camera}"
        return live_link(url, self.browser.origin, self.browser.headers())

    def post(self, what: str, body: object = None) -> Any:
        path = f"/api/v1/cameras/{self.camera}/ptz/{what}"
        return self.browser.send("POST", path, body if body is not None else {})

    def details(self) -> list[str]:
        return [act.detail for act in self.at.of.acts if act.kind is ActKind.STEERED]


@pytest.fixture(scope="module")
def moved(recorded: Recorded) -> Iterator[Moved]:
    loop = LoopThread()
    device, speaker = made(), Speaker(SystemClock())

    def steer(order: Steering) -> PtzState | None:
        reply = loop.run(speaker.steer(order))
        if isinstance(reply, NotSteered):
            raise error_of(Refused(reply.code, 1, reply.sentence))
        return reply if isinstance(reply, PtzState) else None

    loop.run(device.listen())
    spoken = Spoken(
        recorded.camera, device.url, "main", ptz=True, events=False, user=LOGIN.user,
        password=LOGIN.password,
    )  # fmt: skip
    loop.run(speaker.use([spoken], ["127.0.0.1"]))
    with running(recorded, steer=steer) as (at, browser):
        yield Moved(at, browser, device, recorded.camera)
    loop.run(speaker.close())
    loop.run(device.close())
    loop.close()


def _until(what: Callable[[], bool]) -> None:
    until_s = time.monotonic() + 20
    while not what():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def _heard(link: ClientConnection, kind: str) -> dict[str, str]:
    while True:
        told: dict[str, str] = json.loads(link.recv(timeout=20))
        if told["type"] == kind:
            return told


MOVE = json.dumps({"do": "move", "pan": 1, "tilt": 0, "zoom": -0.5})
STOP = json.dumps({"do": "stop"})


def test_it_moves_while_the_page_says_so_and_each_movement_is_in_the_log(moved: Moved) -> None:
    before = len(moved.details())
    with moved.link() as link:
        link.send(MOVE)
        _heard(link, "moving")

        def turns() -> bool:
            link.send(MOVE)
            return moved.device.turning.speeds == (1.0, 0.0, -0.5)

        _until(turns)
        link.send(STOP)
        _heard(link, "stopped")
        assert not moved.device.turning.moving
        link.send(MOVE)
        _heard(link, "moving")
        link.send(STOP)
        _heard(link, "stopped")
    # A machine that was away for long took the page to be gone, and the movement for another.
    _until(lambda: len(moved.details()[before:]) >= 2)
    assert set(moved.details()[before:]) == {"moved right, out"}


@pytest.mark.full
def test_a_page_that_hangs_up_or_falls_silent_stops_the_camera(moved: Moved) -> None:
    with moved.link() as link:
        link.send(MOVE)
        _heard(link, "moving")
    _until(lambda: moved.device.turning.moved[-1] == "Stop")
    with moved.link() as link:
        link.send(MOVE)
        _heard(link, "moving")
        _heard(link, "stopped")  # nothing more was said
        assert moved.device.turning.moved[-1] == "Stop"


@pytest.mark.parametrize(
    "text",
    ["", "{}", '{"do":"fly"}', '{"do":"move","pan":2}', '{"do":"move","pan":NaN}',
     '{"do":"move","up":1}', "[" * 100_00],
)  # fmt: skip
def test_what_is_not_understood_ends_it(moved: Moved, text: str) -> None:
    before = list(moved.device.turning.moved)
    with moved.link() as link:
        link.send(text)
        with pytest.raises(ConnectionClosed) as ended:
            link.recv(timeout=20)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == 1007
    assert moved.device.turning.moved == before


def test_single_orders(moved: Moved) -> None:
    told = moved.browser.json(f"/api/v1/cameras/{moved.camera}/ptz")
    assert [each["name"] for each in told["presets"]][:2] == ["Gate", "Court"]
    assert moved.post("preset", {"preset": "2"}).status_code == 204
    assert moved.device.turning.pan == 0.5
    assert moved.post("centre", {"x": -1, "y": 0}).status_code == 204
    assert moved.device.turning.pan < 0.5
    assert moved.post("presets", {"name": "Yard\n\u202e"}).status_code == 204
    told = moved.browser.json(f"/api/v1/cameras/{moved.camera}/ptz")
    assert told["presets"][-1]["name"] == "Yard"
    assert told["held_by"] is not None
    assert moved.post("stop").status_code == 204
    _until(
        lambda: (
            moved.details()[-4:]
            == ["turned to preset 2", "centred -1.00 +0.00", "kept preset Yard", "stopped"]
        )
    )
    assert moved.post("preset", {"preset": "99"}).status_code == 409
    assert moved.post("centre", {"x": 7, "y": 0}).status_code in (400, 422)


def test_nobody_moves_it_without_a_session(moved: Moved) -> None:
    url = f"{moved.at.url}/api/v1/ptz/{moved.camera}"
    with pytest.raises(Exception, match=r"40[13]"), live_link(url, moved.browser.origin, {}):
        pass
    with (
        pytest.raises(Exception, match="403"),
        live_link(url, "http://evil.example", moved.browser.headers()),
    ):
        pass


def _user(name: str, role: Role | None) -> User:
    return User(name, name, name, (), role)


def test_a_higher_role_takes_over_and_the_other_is_told() -> None:
    clock = SimulatedClock()
    wheels, camera = Wheels(clock), CameraId("a" * 32)
    told: list[str] = []
    ann, bob = _user("Ann", Role.OPERATOR), _user("Bob", Role.OPERATOR)
    root, robot = _user("Root", Role.ADMIN), _user("Robot", None)
    wheels.claim(robot, camera, lambda by: told.append(f"robot: {by}"))
    wheels.claim(ann, camera, lambda by: told.append(f"ann: {by}"))
    for other in (bob, robot):
        with pytest.raises(RefusedError, match="Ann moves this camera"):
            wheels.claim(other, camera)
    wheels.claim(root, camera)
    assert told == ["robot: Ann", "ann: Root"]
    with pytest.raises(RefusedError, match="Root"):
        wheels.claim(ann, camera)
    holder = wheels.holder(camera)
    assert holder is not None
    assert holder.name == "Root"
    clock.advance(HOLD_S * NS_PER_S)
    assert wheels.holder(camera) is None
    wheels.claim(bob, camera)
    wheels.claim(bob, camera)
    assert len(told) == 2, "who had it long ago is told nothing"
