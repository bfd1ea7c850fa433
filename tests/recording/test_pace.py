"""The floor of free space: a keeper may be away for a minute, however fast the cameras write."""

from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker
from tests.recording.stream_making import FPS
from tests.recording.test_full_disk import MIB, LiveWorker, Mount, begun, mount, turn, wait_until
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, RunId, VolumeId, random_id
from watchglass.model.fact import FragmentWritten
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.pace import Pace
from watchglass.recording.volume import space

__all__ = ["mount"]

_HERE, _THERE = VolumeId("ab" * 16), VolumeId("cd" * 16)
_CAMERA = CameraId("ef" * 16)
_AWAY_S = 70
_DAY_NS = 24 * 3600 * NS_PER_S


def fragment(size_bytes: int, seconds: float = 1.0, track: Track = Track.VIDEO) -> FragmentWritten:
    ticks = round(seconds * 90_000)
    run = RunId(random_id())
    return FragmentWritten(run, _CAMERA, 0, 0, track, 0, size_bytes, 0, ticks, 0, 0, b"")


def hear(pace: Pace, rate: int, seconds: int, volume: VolumeId = _HERE) -> None:
    for _ in range(seconds):
        pace.hear(fragment(rate), StreamName.MAIN, volume)


def test_the_highest_rate_counts_and_is_forgotten_after_a_day() -> None:
    clock = SimulatedClock()
    pace = Pace(clock)
    assert pace.away_bytes(_HERE) == 0
    hear(pace, 1000, 30)
    assert pace.away_bytes(_HERE) == _AWAY_S * 1000
    hear(pace, 5000, 20)
    hear(pace, 1000, 60)
    assert pace.away_bytes(_HERE) == _AWAY_S * 5000
    for _ in range(3):
        clock.advance(_DAY_NS // 2 + NS_PER_S)
        hear(pace, 2000, 10)
    assert pace.away_bytes(_HERE) == _AWAY_S * 2000
    clock.advance(_DAY_NS + NS_PER_S)
    assert pace.away_bytes(_HERE) == 0, "a camera that is gone needs no room"


def test_a_key_frame_is_no_rate_and_sound_counts() -> None:
    pace = Pace(SimulatedClock())
    pace.hear(fragment(1_000_000), StreamName.MAIN, _HERE)
    assert pace.away_bytes(_HERE) == 0
    hear(pace, 1000, 8)
    pace.hear(fragment(500, 8000, Track.SOUND), StreamName.MAIN, _HERE)
    hear(pace, 1000, 1)
    assert pace.away_bytes(_HERE) == _AWAY_S * ((1_000_000 + 9_000 + 500) // 10)


def test_streams_add_up_each_on_its_own_volume() -> None:
    pace = Pace(SimulatedClock())
    pace.begin([(_HERE, _CAMERA, StreamName.SUB, 300), (_THERE, _CAMERA, StreamName.SUB, 200)])
    assert (pace.away_bytes(_HERE), pace.away_bytes(_THERE)) == (0, _AWAY_S * 200)
    hear(pace, 1000, 10)
    hear(pace, 1000, 10, _THERE)
    assert pace.away_bytes(_HERE) == 0, "it is recorded to the other one now"
    assert pace.away_bytes(_THERE) == _AWAY_S * 1200


@pytest.mark.full
def test_a_keeper_that_is_dead_for_a_minute_costs_nothing(tmp_path: Path, mount: Mount) -> None:
    """On a disk that is full as full disks are: only the floor is free."""
    folder = tmp_path / "site"
    mount(folder / "volume", 24 * MIB)
    limits = KeeperLimits(head_s=20, floor_bytes=MIB // 4, ballast_bytes=0)
    site = Site(folder, disk=Disk(), limits=limits, file_s=12)
    camera, worker = begun(site)
    stream = worker.stream(camera)
    while site.running.counters.purged_files < 5:
        stream.feed(20 * FPS)
        wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    for _ in range(5):
        turn(site, worker)
    site.kill_keeper()
    worker.connected = False
    for _ in range(60):
        stream.feed(FPS)
        wait_until(lambda: worker.idle(camera) or stream.queue.trouble is not None)
        assert stream.queue.trouble is None
    left = space(site.volume.path).free_bytes
    assert left < MIB, "the floor was not what it took"
    # And the one that comes back knows at once, before it has heard anything.
    site.start(fresh=False)
    assert site.running.wanted_bytes(site.volume) > left
    end_of(site, camera, worker)
    assert "disk_full" not in {span.what for span in site.check().timelines[camera, "main"].spans}
    site.kill_keeper()


def end_of(site: Site, camera: CameraId, worker: LiveWorker) -> None:
    worker.tell_gap(camera, GapCause.PAUSED)
    wait_until(lambda: worker.idle(camera), lambda: turn(site, worker))
    worker.writer.finish(5)
    turn(site, worker)
    site.cycle(worker)


def test_a_small_volume_is_for_recordings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    site.start()
    camera, worker = site.add_camera(), Worker(site)
    worker.stream(camera).feed(12 * FPS)
    worker.send()
    site.cycle(worker)
    away = site.running.wanted_bytes(site.volume)
    assert 0 < away < space(site.volume.path).total_bytes // 10
    site.running._pace.begin([(site.volume.id, camera, StreamName.SUB, 1 << 60)])
    assert site.running.wanted_bytes(site.volume) == space(site.volume.path).total_bytes // 10
    site.kill_keeper()
