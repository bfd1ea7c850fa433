"""The keeper's idle work in the real process: fenced in, with its own thread, clock and disk."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.running import call, wait_until
from tests.recording.keeper_making import Site
from tests.recording.test_purge import recorded
from tests.recording.test_rest import lines, turn_bit
from watchglass.app.child import Child
from watchglass.app.layout import Layout
from watchglass.app.ways import Ways
from watchglass.base.clock import SystemClock
from watchglass.model.assignment import KeeperStart, Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.order import Configure
from watchglass.recording.rest import read_rest

pytestmark = pytest.mark.full


@pytest.fixture
def site() -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        yield Site(Path(folder))


def test_a_turned_bit_is_found_by_the_running_keeper(site: Site) -> None:
    camera = recorded(site)
    site.stop_keeper()
    turn_bit(site.files[2], site.files[2].stat().st_size // 2)
    site.files[4].unlink()
    # The simulated clock began in 2023: what it recorded is past half of its time, and kept.
    age_h = (SystemClock().wall_ns() - site.clock.wall_ns()) // (3600 * 10**9)
    kept_h = age_h * 3 // 2
    layout = Layout(site.state)
    ways = Ways(layout)
    layout.run.mkdir(mode=0o700)
    volumes = ((site.volume.id, str(site.volume.path)),)
    start = KeeperStart(
        state=str(site.state), stand=ways.keeper, vitals=ways.tell_vitals("keeper"),
        site=Configure((), volumes, kept_h), fresh=True, sync_ms=1000, head_s=60,
        floor_bytes=1 << 20, ballast_bytes=1 << 20, log_level="info", log_json=False,
    )  # fmt: skip
    child = Child("keeper", "watchglass.app.keeper_process", lambda _: start, SystemClock())
    child.start()
    try:
        wait_until(lambda: bool(lines(site, camera, "media_damaged")))
        wait_until(lambda: bool(lines(site, camera, "files_deleted")))
    finally:
        child.stop(Shutdown(GapCause.RECORDER_STOPPED))
        assert child.wait(20)
    totals = read_rest(site.state).totals
    assert (totals.files, totals.damaged, totals.missing) == (6, 1, 1)
    told = call("--data", str(site.folder), "doctor").stdout
    assert "1 damaged, 1 missing" in told, told
