"""What a camera itself says opens its gate: which of its words do, and all the way there."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from tests.app.conftest import PASSWORD, USER, data
from tests.app.running import Serving, call, json_of, wait_until
from watchglass.app.camera_calls import CameraCalls
from watchglass.base.ids import CameraId
from watchglass.media.encode import VideoEncoder, VideoEncoding
from watchglass.model.analysis import Analysis
from watchglass.model.said import Said, SaidKind
from watchglass.simulate import nal
from watchglass.simulate.camera_kind import CameraSpec
from watchglass.simulate.digest import Credentials
from watchglass.simulate.fleet import FleetSettings, SimulatedFleet
from watchglass.simulate.loop import Loop, LoopSpec
from watchglass.simulate.onvif.happenings import Happening, motion
from watchglass.simulate.street import street
from watchglass.store.events import EventStore

__all__ = ["data"]
CAMERA, OTHER = CameraId("a" * 32), CameraId("b" * 32)
LINE = Happening("tns1:RuleEngine/LineDetector/Crossed", (("ObjectId", "7"),), operation="")
FPS, GOP_S = 10, 1
PATIENCE_S = 90.0


# --- which words ----------------------------------------------------------------------------------


def said(id_: str, to_ns: int | None, kind: SaidKind = SaidKind.MOTION) -> Said:
    return Said(id=id_ * 32, camera=CAMERA, kind=kind, from_ns=10, to_ns=to_ns)


def test_what_begins_opens_and_its_end_does_not() -> None:
    calls = CameraCalls()
    assert calls.of([said("1", None)]) == {CAMERA}
    assert calls.of([said("1", 20)]) == set()
    # It goes on: it began again within seconds.
    assert calls.of([said("1", None), replace(said("2", None), camera=OTHER)]) == {CAMERA, OTHER}
    assert calls.of([said("1", 30), replace(said("2", 30), camera=OTHER)]) == set()


def test_what_was_over_before_it_was_told_opens() -> None:
    """A line crossed has no duration; motion may begin and end within one answer."""
    calls = CameraCalls()
    assert calls.of([said("1", 10, SaidKind.LINE)]) == {CAMERA}
    assert calls.of([said("1", 14, SaidKind.LINE)]) == {CAMERA}  # crossed again
    assert calls.of([said("2", 12)]) == {CAMERA}


def test_what_a_camera_says_of_itself_does_not() -> None:
    assert CameraCalls().of([said("1", 10, SaidKind.OTHER)]) == set()
    assert CameraCalls().of([said("1", None, SaidKind.OTHER)]) == {CAMERA}  # as a door's contact


def test_one_that_never_ends_anything_costs_a_bounded_memory() -> None:
    calls = CameraCalls()
    for number in range(10_000):
        calls.of([said("1", None), replace(said("1", None), id=f"{number:032x}")])
    assert calls.of([replace(said("1", 20), id=f"{9_999:032x}")]) == set()
    assert calls.of([replace(said("1", 20), id=f"{0:032x}")]) == {CAMERA}
    assert calls.of([said("1", 20)]) == set()


# --- the way there --------------------------------------------------------------------------------


@pytest.mark.full
@pytest.mark.timeout(300)
def test_a_camera_before_which_nothing_shows_is_looked_at_when_it_says_so(data: Path) -> None:
    """From the ONVIF device over the onvif-worker, the supervisor and the camera-worker to who
    looks: with a state that begins and ends, and with a line crossed, which has none."""
    with still_camera() as device:
        added = call(
            "--data", str(data), "camera", "add", device.url, "--user", USER, "--password-stdin",
            "--allow", stdin=f"{PASSWORD}\n", timeout_s=120,
        )  # fmt: skip
        assert added.returncode == 0, added.stderr
        (listed,) = json_of("--data", str(data), "camera", "list")
        with Serving(data, WATCHGLASS_ANALYSIS="true") as serving:
            serving.wait_for("There is no page")
            wait_until(lambda: is_quiet(data), PATIENCE_S)
            wait_until(lambda: device.pulled() > 0, PATIENCE_S)
            assert "camera" not in opened(data)
            looked_at = number(data, "analysis_pictures_total")
            moments = [time.time_ns()]
            device.emit(motion(True))
            wait_until(lambda: opened(data).get("camera", 0) > 0, PATIENCE_S)
            wait_until(lambda: number(data, "analysis_pictures_total") > looked_at, PATIENCE_S)
            device.emit(motion(False))
            wait_until(lambda: is_quiet(data), PATIENCE_S)
            moments.append(time.time_ns())
            before = opened(data)["camera"]
            device.emit(LINE)
            wait_until(lambda: opened(data)["camera"] > before, PATIENCE_S)
            wait_until(lambda: is_quiet(data), PATIENCE_S)

            def is_told() -> bool:
                store = EventStore(data / "state" / "events.db")
                try:
                    spans = store.spans(CameraId(listed["id"]), 0, 2**62)
                finally:
                    store.close()
                looked = [each for each in spans if each.state is Analysis.ANALYSED]
                return all(
                    any(each.from_ns <= at < each.to_ns for each in looked) for at in moments
                )

            wait_until(is_told, PATIENCE_S)


def numbers(data: Path, name: str) -> list[dict[str, Any]]:
    found = json_of("--data", str(data), "doctor", "--numbers")
    return [each for each in found if each["name"] == f"watchglass_{name}"]


def number(data: Path, name: str) -> float:
    return float(sum(each["value"] for each in numbers(data, name)))


def is_quiet(data: Path) -> bool:
    states = {each["labels"]["state"]: each["value"] for each in numbers(data, "gate_state")}
    return states.get("quiet") == 1


def opened(data: Path) -> dict[str, float]:
    found = numbers(data, "gate_visits_total")
    return {each["labels"]["cause"]: each["value"] for each in found}


class StillCamera:
    """Of which a thread of its own takes care."""

    def __init__(self, fleet: SimulatedFleet, loop: asyncio.AbstractEventLoop) -> None:
        self._device, self._loop = fleet.device("camera-1"), loop
        self.url = self._device.url

    def emit(self, happening: Happening) -> None:
        self._loop.call_soon_threadsafe(self._device.emit, happening)

    def pulled(self) -> int:
        return self._device.pulled


@contextmanager
def still_camera() -> Iterator[StillCamera]:
    """An ONVIF camera before which nothing ever moves, at a variable bit rate."""
    main, sub = still(320, 192), still(160, 96)
    settings = FleetSettings(credentials=Credentials(USER, PASSWORD), onvif=True)
    fleet = SimulatedFleet([CameraSpec("camera-1", main.spec, sub.spec)], settings)
    fleet.use({main.spec: main, sub.spec: sub})
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(fleet.start(), loop).result(60)
        yield StillCamera(fleet, loop)
    finally:
        asyncio.run_coroutine_threadsafe(fleet.stop(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()


def still(width: int, height: int) -> Loop:
    """A street without anybody, and the noise of a sensor."""
    spec = LoopSpec(
        width=width, height=height, fps=FPS, gop_frames=FPS * GOP_S, seconds=20,
        rate_control="variable",
    )  # fmt: skip
    encoder = VideoEncoder(
        VideoEncoding(
            codec="h264", width=spec.width, height=spec.height, fps=FPS, bit_rate=spec.bit_rate,
            constant_rate=False,
        )
    )  # fmt: skip
    place, chance = street(1, spec.width, spec.height), np.random.default_rng(1)
    access_units: list[bytes] = []
    for at in range(spec.frames):
        noise = np.clip(chance.normal(2, 0.7, place.shape), 0, 4).astype(np.uint8)
        access_units += encoder.encode(place + noise, key=at in spec.key_frames())
    access_units += encoder.flush()
    frames = [
        [
            unit for unit in nal.split_annexb(each)
            if nal.is_vcl(unit, "h264") or nal.is_parameter_set(unit, "h264")
        ]
        for each in access_units
    ]  # fmt: skip
    units = [unit for frame in frames for unit in frame]
    return Loop(
        spec, memoryview(b"".join(units)), tuple(accumulate(map(len, units), initial=0)),
        tuple(accumulate(map(len, frames), initial=0)), spec.key_frames(), None,
    )  # fmt: skip
