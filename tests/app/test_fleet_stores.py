"""The stores of the fleet, for who is asked all the time."""

from pathlib import Path

from watchglass.app.fleet import KeptStores, trust_store
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.ids import ScanId
from watchglass.config.settings import Settings
from watchglass.model.coverage import ScanEntry, ScanKind


def test_they_are_opened_once_and_tell_what_others_wrote(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "media")
    on = Ground(settings, Layout(tmp_path / "state"), Disk(), SimulatedClock())
    stores = KeptStores(on)
    trust, egress = stores.trust, stores.egress
    before = trust.digest()
    with trust_store(on) as other:  # as a scan does, in its thread
        other.put_scan(ScanEntry(scan=ScanId("7" * 32), kind=ScanKind.SCAN, started_ns=1))
    assert trust.digest() != before
    assert [each.scan for each in trust.scans()] == ["7" * 32]
    assert (stores.trust, stores.egress) == (trust, egress)
    stores.close()
    # Who comes late finds them all the same.
    assert stores.trust is not trust
    assert stores.trust.digest() != before
    stores.close()
