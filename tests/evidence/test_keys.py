"""The signing key changed and withdrawn: how bundles tell of it, and what that is worth."""

from pathlib import Path

import pytest

from tests.evidence.site_making import Bundle, ExportedSite
from tests.evidence.test_in_browser_script import NODE, by_script
from watchglass.base.clock import NS_PER_S
from watchglass.evidence.verify import Check, check_bundle, fingerprint_of, verdict
from watchglass.recording.keys import FILE_NAME, RETIRED, SigningKey


def public(site: ExportedSite) -> str:
    raw = (site.site.state / "keys" / FILE_NAME).read_bytes()
    return fingerprint_of(bytes.fromhex(SigningKey(raw).public_hex))


def both(bundle: Bundle, fingerprint: str) -> Check:
    """By the file, and by the browser's script alike."""
    check = check_bundle(str(bundle.path), fingerprint)
    if NODE.exists():
        (told,) = by_script([bundle.path], "--fingerprint", fingerprint)
        codes = sorted({f"{line} {code}" for line, _, code, _ in check.findings})
        assert (told["verdict"], told["codes"]) == (verdict(check), codes)
    return check


def rotated(folder: Path, cameras: int = 2) -> tuple[ExportedSite, int, str]:
    """A site that changed its key half-way; when it began, and the first key."""
    site = ExportedSite(folder, cameras=cameras)
    start = site.now_ns
    site.record(6)
    first = public(site)
    site.sign_heads()
    site.rotate_key()
    site.record(14)
    return site, start, first


def test_a_key_vouches_for_the_next(tmp_path: Path) -> None:
    site, start, first = rotated(tmp_path)
    bundle = site.export(start, site.now_ns)
    assert bundle.made.fingerprint != first
    for check in map(both, (bundle, bundle), (first, bundle.made.fingerprint)):
        assert verdict(check)["from"] == "yes", check.findings
        assert verdict(check)["intact"] == "yes"
        assert sum(note.startswith("Key, ") for note in check.notes) == 4
    assert not (site.site.state / "keys" / RETIRED).exists()
    later = site.export(start + 9 * NS_PER_S, site.now_ns, "later")
    assert verdict(both(later, first))["from"] == "yes"
    assert verdict(both(later, "0" * 64))["from"] == "no"


def test_it_goes_on_after_a_restart(tmp_path: Path) -> None:
    site, start, first = rotated(tmp_path)
    site.crash()
    site.record(5)
    site.rotate_key()
    site.record(5)
    bundle = site.export(start, site.now_ns)
    assert verdict(both(bundle, first))["from"] == "yes"


def test_a_change_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    """The key was exchanged, and no ledger tells of it."""
    site = ExportedSite(tmp_path, cameras=2)
    start = site.now_ns
    site.record(5)
    first = public(site)
    site.worker.die()
    site.site.kill_keeper()
    keys = site.site.state / "keys"
    SigningKey.load_or_create(keys, site.site.disk).renewed(keys, site.site.disk)
    assert (keys / RETIRED).exists()
    site.site.start()
    site.worker = type(site.worker)(site.site)
    site.record(5)
    assert not (keys / RETIRED).exists()
    bundle = site.export(start, site.now_ns)
    assert bundle.made.fingerprint != first
    assert verdict(both(bundle, first))["from"] == "yes"


@pytest.mark.full
def test_a_revoked_key_vouches_for_nothing(tmp_path: Path) -> None:
    site, start, first = rotated(tmp_path, 1)
    with pytest.raises(AssertionError, match="rotate"):
        site.revoke_key(public(site)[:16], start)
    with pytest.raises(AssertionError, match="never signed"):
        site.revoke_key("0" * 16, start)
    site.revoke_key(first[:16], start + 3 * NS_PER_S)
    site.record(12)
    bundle = site.export(start, site.now_ns)
    old = both(bundle, first)
    assert verdict(old)["from"] == "cannot tell"
    new = both(bundle, bundle.made.fingerprint)
    assert verdict(new)["from"] == "cannot tell", "heads of then are of a key in other hands"
    site.sign_heads()
    site.record(12)
    later = site.export(site.now_ns - 9 * NS_PER_S, site.now_ns, "later")
    assert verdict(both(later, bundle.made.fingerprint))["from"] == "yes"
    assert verdict(both(later, first))["from"] == "cannot tell"
