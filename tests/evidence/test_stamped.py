"""An anchor stamped by an authority (RFC 3161), checked offline as docs/evidence.md says."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.evidence.authority import OpensslAuthority, run
from tests.evidence.test_bundle import eventful
from watchglass.evidence.verify import check_bundle, verdict

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
GUIDE = CHECKOUT / "docs" / "evidence.md"


def told(name: str) -> str:
    """The command of the guide that begins so."""
    return next(
        line.strip() for line in GUIDE.read_text().splitlines() if line.strip().startswith(name)
    )


def test_a_stamp_holds_for_the_anchor_and_for_nothing_else(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    heads = sorted((site.site.state / "ledger" / site.camera / "heads").glob("*.jsonl"))
    anchor = heads[-1].read_bytes().splitlines()[-1] + b"\n"
    folder = tmp_path / "stamped"
    folder.mkdir()
    (folder / "2026-11-27.jsonl").write_bytes(anchor)
    authority = OpensslAuthority(folder, "p256")
    assert run(folder, told("openssl ts -query")).returncode == 0
    query = (folder / "query.tsq").read_bytes()
    (folder / "2026-11-27.tsr").write_bytes(authority.reply(query))
    assert "Verification: OK" in run(folder, told("openssl ts -verify")).stdout
    check = check_bundle(str(bundle.path), bundle.made.fingerprint, [anchor])
    assert set(verdict(check).values()) == {"yes"}
    (folder / "2026-11-27.jsonl").write_bytes(anchor + b"\n")
    assert run(folder, told("openssl ts -verify")).returncode != 0
