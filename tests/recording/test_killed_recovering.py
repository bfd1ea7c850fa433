"""SIGKILL at each call to the disk that a recovery makes, and at another one of the next recovery.

A real process is killed in the middle of it, each time on the same wreck: dead workers, torn files,
facts that were never told, a purge half done. What the next start makes of it has to be what a
start that nobody disturbed makes of it, and every playable byte has to be there.
"""

import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from tests.recording.keeper_making import QuietDisk, Site, Worker, answers_of
from tests.recording.stream_making import scanned
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import WriteSite
from watchglass.base.ids import CameraId
from watchglass.model.gap import GapCause

pytestmark = pytest.mark.full

_LEAST_CALLS = 15
_TORN = [b"", b"\0" * 700, b"\0\0\0\x60uuid" + b"\xa1" * 90]


class _CountingDisk(QuietDisk):
    """Counts the calls that change something; dies at one of them."""

    def __init__(self, dies_at: int | None = None) -> None:
        super().__init__()
        self.calls = 0
        self._dies_at = dies_at

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if self.calls == self._dies_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.calls += 1


def _wreck(folder: Path) -> Site:
    """Three cameras whose workers died in their own ways, and the keeper with them."""
    site = Site(folder)
    site.start()
    cameras = [site.add_camera() for _ in range(3)]
    for camera, torn in zip(cameras, _TORN, strict=True):
        worker = Worker(site)
        worker.stream(camera, sound=camera is cameras[0]).feed(45)
        worker.send()
        site.cycle(worker)
        if camera is cameras[1]:
            worker.tell_gap(camera, GapCause.STALLED)
        worker.stream(camera).feed(25)
        # The last facts are on their way and reach nobody.
        site.keeper, keeper = None, site.keeper
        worker.send()
        site.keeper = keeper
        media = worker.streams[camera].queue.media
        worker.die()
        if media is not None:
            with media.path.open("ab") as file:
                file.write(torn)
        site.disconnect(worker)
    site.clock.advance(3 * NS_PER_S)
    site.kill_keeper()
    return site


def _again(wreck: Site, folder: Path, disk: QuietDisk | None = None) -> Site:
    """The wreck as it lies in another folder, some seconds later."""
    site = Site(folder, disk=disk)
    site.clock = SimulatedClock(wall_ns=wreck.clock.wall_ns() + 5 * NS_PER_S, boot="boot-0")
    site.cameras = wreck.cameras
    return site


def _recover(site: Site) -> None:
    site.start()
    site.cycle()
    site.cycle()


def _killed(wreck: Site, folder: Path, at: int) -> bool:
    """Recover in a process of its own; whether it came as far as to be killed."""
    pid = os.fork()
    if pid == 0:  # nothing of pytest may run in here
        try:
            _recover(_again(wreck, folder, _CountingDisk(at)))
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def _copied(wreck: Site, to: Path) -> Path:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(wreck.folder, to)
    return to


def _playable(site: Site) -> dict[str, bytes]:
    found = {}
    for path in site.files:
        whole = scanned(path).whole_bytes
        found[str(path.relative_to(site.folder))] = path.read_bytes()[:whole]
    return found


def _told(site: Site) -> list[object]:
    """What the index answers, but for names of gaps and times that each start takes anew."""
    answers = answers_of(site.running.index, site.cameras)
    kinds: list[object] = [answers["files"], sorted(str(each) for each in answers["open_files"])]  # type: ignore[attr-defined]
    for camera in site.cameras:
        rows = answers[f"{camera} main gaps"]
        kinds.append([(row.cause, row.wall_from) for row in rows])  # type: ignore[attr-defined]
    return kinds


@pytest.mark.parametrize("deaths", [6, pytest.param(10_000, marks=pytest.mark.long)])
@pytest.mark.timeout(600)
def test_a_recovery_killed_anywhere_is_begun_anew(tmp_path: Path, deaths: int) -> None:
    wreck = _wreck(tmp_path / "wreck")
    disk = _CountingDisk()
    undisturbed = _again(wreck, _copied(wreck, tmp_path / "undisturbed"), disk)
    before = _playable(undisturbed)
    assert before
    _recover(undisturbed)
    undisturbed.check()
    expected = _told(undisturbed)
    calls = disk.calls
    undisturbed.kill_keeper()
    assert calls > _LEAST_CALLS
    chance = random.Random(calls)
    for at in sorted(chance.sample(range(calls), min(deaths, calls))):
        folder = _copied(wreck, tmp_path / "again")
        assert _killed(wreck, folder, at)
        _killed(wreck, folder, chance.randrange(calls))
        site = _again(wreck, folder)
        _recover(site)
        for name, whole in before.items():
            assert (folder / name).read_bytes().startswith(whole), (at, name)
        site.check()
        assert _told(site) == expected, at
        site.kill_keeper()


def test_a_third_start_has_nothing_to_say(tmp_path: Path) -> None:
    wreck = _wreck(tmp_path / "wreck")
    _recover(wreck)
    wreck.kill_keeper()
    lines = _lines(wreck)
    for _ in range(2):
        wreck.clock.advance(NS_PER_S)
        wreck.start()
        wreck.kill_keeper()
    assert _lines(wreck) == lines


def _lines(site: Site) -> dict[CameraId, bytes]:
    return {
        camera: b"".join(
            path.read_bytes() for path in sorted((site.state / "ledger" / camera).glob("*.jsonl"))
        )
        for camera in site.cameras
    }
