"""For how many days a volume will do."""

from pathlib import Path

import pytest

from tests.recording.keeper_making import Site, Worker
from watchglass.app import forecast
from watchglass.app.forecast import forecasts
from watchglass.app.ground import Ground, open_store
from watchglass.app.layout import Layout
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import VolumeId
from watchglass.config.settings import Settings
from watchglass.model.camera import StreamAddress
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName

_HOUR_NS = 3600 * NS_PER_S


def test_days_are_room_by_what_a_day_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = Site(tmp_path)
    site.start()
    camera = site.add_camera()
    worker = Worker(site)
    worker.stream(camera).feed(75)
    worker.tell_gap(camera, GapCause.STALLED)
    worker.send()
    site.cycle(worker)
    settings = Settings(tmp_path, site.volume.path)
    store = open_store(Ground(settings, Layout(site.state), site.disk, site.clock))
    store.add_volume(site.volume.id, site.volume.path)
    store.add_volume(VolumeId("cd" * 16), tmp_path / "gone")
    address = StreamAddress(StreamName.MAIN, "rtsp://192.0.2.1/m")
    store.add_camera("Gate", [address], site.volume.id, camera_id=camera)
    monkeypatch.setattr(forecast, "_free_bytes", lambda each: None if "gone" in str(each.path)
                        else 50_000_000)  # fmt: skip

    def asked(after_ns: int) -> list[forecast.Forecast]:
        with site.running.index.read() as index:
            found = forecasts(store, index, 10_000_000, site.clock.wall_ns() + after_ns)
        # Both were added at one moment, and the ids of volumes are drawn by chance.
        return sorted(found, key=lambda each: each.volume.id != site.volume.id)

    bytes_of = sum(path.stat().st_size for path in site.files)
    here, gone = asked(0)
    assert (here.days, here.bytes_per_day) == (None, None)  # minutes say nothing of a day
    here, gone = asked(12 * _HOUR_NS)
    assert here.recorded_bytes == bytes_of
    assert here.bytes_per_day == pytest.approx(2 * bytes_of, rel=0.01)
    assert here.days == pytest.approx((40_000_000 + bytes_of) / (2 * bytes_of), rel=0.01)
    assert (here.cameras, here.state) == (1, "records")
    assert (gone.days, gone.free_bytes, gone.state) == (None, None, "not there")
    store.close()
    site.kill_keeper()
