"""An export to a disk that is full, or fails: none looks whole, and it goes on later."""

import errno
from pathlib import Path

import pytest

from tests.evidence.site_making import ExportedSite
from tests.recording.keeper_making import QuietDisk
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DiskFullError, StorageError
from watchglass.evidence.verify import as_text, check_bundle, verdict


class RefusingDisk(QuietDisk):
    """Refuses what is written of bundles once ``left`` more calls are through."""

    left: int | None = None
    code = errno.ENOSPC

    def before(self, site: WriteSite, call: str, path: str) -> None:
        if site is WriteSite.EVIDENCE and self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise OSError(self.code, "refused")


@pytest.mark.parametrize(
    ("code", "wanted"), [(errno.ENOSPC, DiskFullError), (errno.EIO, StorageError)]
)
def test_an_export_that_is_refused_leaves_no_bundle_and_goes_on(
    tmp_path: Path, code: int, wanted: type[Exception]
) -> None:
    disk = RefusingDisk()
    disk.code = code
    site = ExportedSite(tmp_path, disk=disk)
    start = site.now_ns
    site.record(12)
    for left in (0, 1, 4, 9, 15):
        disk.left = left
        with pytest.raises(wanted):
            site.export(start, site.now_ns)
        assert not (tmp_path / "bundle").exists()
    disk.left = None
    bundle = site.export(start, site.now_ns)
    check = check_bundle(str(bundle.path), bundle.made.fingerprint)
    assert verdict(check)["intact"] == verdict(check)["complete"] == "yes", as_text(check)
