"""No library that the product stands on brings along a client that reports to its maker."""

import mmap
import sysconfig
from pathlib import Path

COLLECTORS = (
    b"events.data.microsoft.com", b"dc.services.visualstudio.com", b"google-analytics.com",
    b"api.segment.io", b"ingest.sentry.io", b"api.mixpanel.com", b"app.posthog.com",
)  # fmt: skip
"""Where such clients report to, as it stands in their binaries."""


def reporters(folder: Path) -> list[str]:
    """The shared objects under a folder that know a collector, each with which one."""
    found = []
    for path in sorted(folder.rglob("*.so*")):
        if not path.is_file() or not path.stat().st_size:
            continue
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found += [
                f"{path.name}: {each.decode()}" for each in COLLECTORS if data.find(each) >= 0
            ]
    return found


def test_no_library_of_the_environment_calls_home() -> None:
    packages = Path(sysconfig.get_path("platlib"))
    assert any(packages.glob("onnxruntime/capi/*.so*"))
    assert reporters(packages) == []


def test_one_that_does_is_found(tmp_path: Path) -> None:
    there = tmp_path / "some" / "lib.so.1"
    there.parent.mkdir()
    there.write_bytes(b"\x7fELF\0" * 900 + b"https://mobile.events.data.microsoft.com/x\0")
    (tmp_path / "clean.so").write_bytes(b"\x7fELF")
    (tmp_path / "empty.so").touch()
    assert reporters(tmp_path) == ["lib.so.1: events.data.microsoft.com"]
