"""Makes a golden bundle of now: ``python -m tests.golden.make_bundle NAME``.

With a gap, a crash, an erasure, a changed key, and stamps. Once committed it never changes.
"""

import sys
import tempfile
from pathlib import Path

from benches.tamper.authority import Authority
from tests.evidence.site_making import ExportedSite
from watchglass.base.clock import NS_PER_S


def make(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site, clock = ExportedSite(Path(folder)), Authority("A clock in Vienna")
        start = site.now_ns
        site.record(6)
        site.erase(start + 2 * NS_PER_S, start + 3 * NS_PER_S)
        site.gap(10)
        site.sign_heads()
        site.rotate_key()
        site.record(4)
        site.crash()
        site.record(5)
        site.gap(5)
        site.stamp(clock, "vienna")
        site.stamp(clock, "vienna")
        bundle = site.export(start, site.now_ns, target.name)
        target.write_bytes(bundle.path.read_bytes())
        print(bundle.made.fingerprint, clock.fingerprint)


if __name__ == "__main__":
    make(Path(__file__).with_name(sys.argv[1]))
