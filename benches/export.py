"""Evidence bundles of ten minutes, two hours and six: what the process that makes one takes.

The process is the recorder's own, started by the desk: it copies, packs, hashes and checks what it
made. Its memory is the kernel's high-water mark (VmHWM). Sites are recorded on a simulated clock,
with small pictures: as many fragments, files and lines of the ledger as a camera makes.
"""

import argparse
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from benches._harness import BenchError, report
from tests.evidence.site_making import ExportedSite
from watchglass.app.evidence.desk import ExportDesk, Notary
from watchglass.app.ground import open_store
from watchglass.app.kept_index import KeptIndex
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import random_id
from watchglass.model.act import Act
from watchglass.model.control import BeginExportRequest
from watchglass.model.export import ExportedCamera, ExportState
from watchglass.model.export_control import StartExportRequest
from watchglass.model.order import BeginExport, NotePeople
from watchglass.model.stream import StreamName

_LENGTHS = {"10_min": 600, "2_h": 7200, "6_h": 21_600}
_TARGETS = {"grown_2_h_mb": ("<=", 8.0), "grown_6_h_mb": ("<=", 8.0)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench export")
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    figures: dict[str, float] = {}
    first = 0.0
    for name, seconds in list(_LENGTHS.items())[: 2 if quick else 3]:
        with tempfile.TemporaryDirectory(prefix="wg-export-") as folder:
            peak_mb, took_s, size = exported(Path(folder), seconds)
        figures |= {f"rss_{name}_mb": peak_mb, f"took_{name}_s": took_s, f"mb_{name}": size / 1e6}
        first = first or peak_mb
        if peak_mb is not first:
            figures[f"grown_{name}_mb"] = peak_mb - first
    targets = {each: told for each, told in _TARGETS.items() if each in figures}
    return report("export", quick, figures, targets, enough=not quick)


def exported(folder: Path, seconds: int) -> tuple[float, float, int]:
    """The process's memory (MB), how long it took, and how long the ZIP is."""
    site = ExportedSite(folder, sound=True, file_s=300)
    from_ns = site.now_ns
    site.record(seconds)
    site.gap(5)
    site.on.layout.exports.mkdir()

    def begin(request: BeginExportRequest) -> None:
        site.order(BeginExport(request.bundle, request.looks, request.by, request.reason))

    def note(act: Act) -> None:
        site.order(NotePeople((act,)))

    with closing(open_store(site.on)) as store, closing(
        KeptIndex(site.on.layout.index_db)
    ) as index:  # fmt: skip
        desk = ExportDesk(site.on, store, Notary(begin, site._sign, note), index)
        asked = StartExportRequest(
            id=random_id(), cameras=(ExportedCamera(site.camera, ""),),
            streams=(StreamName.MAIN,), from_ns=from_ns, to_ns=from_ns + seconds * NS_PER_S,
            sound=True, by="ada", by_id="1", reason="case 17",
        )  # fmt: skip
        desk.errand(asked)
        watch = Watch(desk)
        began = time.monotonic()
        desk.make_next()
        took_s = time.monotonic() - began
        peak_mb = watch.ended()
        done = desk.book.get(asked.id)
    if done.state is not ExportState.DONE:
        raise BenchError(f"The bundle was not made: {done.error}")
    return peak_mb, took_s, done.bytes


class Watch:
    """Reads the high-water mark of a desk's process until it is told to end."""

    def __init__(self, desk: ExportDesk) -> None:
        self._desk = desk
        self._over = threading.Event()
        self._peak_kb = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def ended(self) -> float:
        self._over.set()
        self._thread.join()
        if not self._peak_kb:
            raise BenchError("The process was not seen: it has to be one of Linux.")
        return self._peak_kb / 1024

    def _run(self) -> None:
        while not self._over.wait(0.02):
            pid = self._desk.pid
            if pid:
                self._peak_kb = max(self._peak_kb, high_water_kb(pid))


def high_water_kb(pid: int) -> int:
    """VmHWM of a process; 0 for one that is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    sys.exit(main())
