"""The analytics-worker as the supervisor keeps it: what it is told, and who is left out."""

from pathlib import Path

from watchglass.app.analyst_desk import AnalystDesk
from watchglass.app.layout import Layout
from watchglass.app.ways import Ways
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId
from watchglass.config.settings import read_settings
from watchglass.model.analyst import AnalystStart
from watchglass.model.visit import Analysed

CAMERA, OTHER = CameraId("a" * 32), CameraId("b" * 32)


class Desk(AnalystDesk):
    """Without the process itself."""

    def message(self) -> AnalystStart:
        return self._message(self._changing())

    def crash_at(self, camera: CameraId | None) -> None:
        """As ``faulthandler`` tells it on standard output."""
        self._words.hear(b"Fatal Python error: Segmentation fault\n")
        self._words.hear(b"Current thread 0x00007f (most recent call first):\n")
        if camera is not None:
            self._words.hear(f'  File "decode.py", line 9 in reads_{camera}\n'.encode())
        self._died(-11)


def desk(tmp_path: Path, clock: SimulatedClock, **settings: object) -> Desk:
    found = read_settings({"data": tmp_path, **settings})
    return Desk(found, Ways(Layout(found.state)), lambda: (Analysed(camera=CAMERA),), clock)


def test_a_camera_whose_pictures_kill_it_is_left_out_longer_each_time(tmp_path: Path) -> None:
    clock = SimulatedClock()
    found = desk(tmp_path, clock)
    assert found.message().held == ()
    for held_s in (60, 600, 6 * 3600, 6 * 3600):
        found.crash_at(CAMERA)
        assert found.message().held == (CAMERA,)
        clock.advance((held_s - 1) * NS_PER_S)
        assert found.message().held == (CAMERA,)
        clock.advance(2 * NS_PER_S)
        assert found.message().held == ()
    found.crash_at(OTHER)
    assert found.message().held == (OTHER,)


def test_a_death_that_names_nobody_leaves_nobody_out(tmp_path: Path) -> None:
    found = desk(tmp_path, SimulatedClock())
    found.crash_at(None)
    assert found.message().held == ()


def test_switched_off_no_worker_is_sent_to_it(tmp_path: Path) -> None:
    assert desk(tmp_path, SimulatedClock()).way("camera-worker-1") is not None
    off = desk(tmp_path, SimulatedClock(), analysis=False)
    assert off.way("camera-worker-1") is None
    off.start()
    assert not off.runs
