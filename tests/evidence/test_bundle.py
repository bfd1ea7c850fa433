"""Bundles made of real recordings, checked by the verifier that travels in them."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evidence.site_making import Bundle, ExportedSite
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError, UsageError
from watchglass.evidence.verify import Check, as_text, check_bundle, verdict

GOOD = {"intact": "yes", "complete": "yes", "placed": "cannot tell", "from": "yes"}


def checked(bundle: Bundle) -> Check:
    return check_bundle(str(bundle.path), bundle.made.fingerprint)


def eventful(folder: Path, *, cameras: int = 1, sound: bool = False) -> tuple[ExportedSite, int]:
    """A site with gaps, crashes and a stop; and when it began."""
    site = ExportedSite(folder, cameras=cameras, sound=sound)
    start = site.now_ns
    site.record(10)
    site.gap(20)
    site.record(5)
    site.crash()
    site.record(7)
    site.gap(1)
    site.record(8)
    return site, start


def test_whole_spans_pass(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    assert verdict(checked(bundle)) == GOOD, as_text(checked(bundle))


@pytest.mark.full
def test_any_span_passes(tmp_path: Path) -> None:
    site, start = eventful(tmp_path, cameras=2)
    end, chance = site.now_ns, random.Random(7)
    for number in range(12):
        from_ns = chance.randrange(start - 5 * NS_PER_S, end - 2 * NS_PER_S)
        to_ns = chance.randrange(from_ns + NS_PER_S, end + 5 * NS_PER_S)
        bundle = site.export(from_ns, to_ns, f"b{number}")
        check = checked(bundle)
        assert verdict(check) == GOOD, (from_ns - start, to_ns - start, as_text(check))


@pytest.mark.parametrize("sound", [True, False])
def test_sound_may_be_withheld(tmp_path: Path, sound: bool) -> None:
    site, start = eventful(tmp_path, sound=True)
    bundle = site.export(start + 2 * NS_PER_S, site.now_ns, sound=sound)
    assert verdict(checked(bundle)) == GOOD, as_text(checked(bundle))


def test_it_is_noted_and_signed(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    site.export(start, site.now_ns)
    ledger = (site.site.state / "ledger" / "site").glob("*.jsonl")
    lines = "".join(path.read_text() for path in ledger)
    begun, looked, exported = (
        lines.index(f'"type":"{each}"') for each in ("export_begun", "looked", "exported")
    )
    assert looked < begun < exported
    assert '"how":"evidence"' in lines


def test_a_reason_is_asked_for(tmp_path: Path) -> None:
    site = ExportedSite(tmp_path)
    site.record(3)
    with pytest.raises(UsageError):
        site.export(0, site.now_ns, reason=" ")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    site.export(start, site.now_ns)
    with pytest.raises(RefusedError):
        site.export(start, site.now_ns)


def test_the_file_in_the_bundle_says_the_same(tmp_path: Path) -> None:
    """It runs alone: isolated from this environment, from inside the bundle."""
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    told = subprocess.run(
        [sys.executable, "-I", str(bundle.path / "verify.py"), "--tool", "openssl",
         "--fingerprint", bundle.made.fingerprint],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 10, told.stdout + told.stderr
    assert "Intact: YES" in told.stdout


def test_without_a_tool_it_cannot_tell(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    check = check_bundle(str(bundle.path), bundle.made.fingerprint, tool="none")
    assert verdict(check)["intact"] == "cannot tell"
    assert any("openssl" in each[3] for each in check.findings)


def test_a_zip_of_it_says_the_same(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns, "case.zip")
    assert bundle.path.is_file()
    assert not bundle.path.with_name("case.zip.part").exists()
    assert verdict(checked(bundle)) == GOOD, as_text(checked(bundle))


class _Enough(Exception):
    pass


def test_an_export_that_was_stopped_goes_on(tmp_path: Path) -> None:
    """What was copied is not copied again, and the bundle is whole."""
    site, start = eventful(tmp_path)

    def stop(what: str, done: int, whole: int) -> None:
        if done > 300_000:
            raise _Enough

    asked_ns = site.now_ns
    with pytest.raises(_Enough):
        site.export(start, asked_ns, progress=stop)
    part = tmp_path / "bundle.part"
    assert not (tmp_path / "bundle").exists()
    kept = {path: path.stat().st_ino for path in part.rglob("*.mp4") if path.name[0] != "."}
    assert kept
    bundle = site.export(start, asked_ns)
    assert verdict(checked(bundle)) == GOOD, as_text(checked(bundle))
    for path, inode in kept.items():
        assert (bundle.path / path.relative_to(part)).stat().st_ino == inode
    assert not part.exists()
    assert not [path for path in bundle.path.rglob("*") if path.name.startswith(".")]


def test_what_was_stopped_is_not_gone_on_with_as_something_else(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)

    def stop(what: str, done: int, whole: int) -> None:
        if done > 300_000:
            raise _Enough

    with pytest.raises(_Enough):
        site.export(start, site.now_ns, progress=stop)
    with pytest.raises(UsageError, match="something else"):
        site.export(start + NS_PER_S, site.now_ns)


def test_damage_on_the_disk_is_told_and_costs_one_fragment(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    victim = site.site.files[1]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    bundle = site.export(start, site.now_ns)
    assert len(bundle.made.damaged) == 1
    answers = verdict(checked(bundle))
    assert (answers["intact"], answers["complete"]) == ("yes", "no")


def test_names_from_outside_are_text_in_the_pages(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns, reason="</script><script>alert(1)</script>")
    for name in ("report.html", "player.html"):
        assert "<script>alert" not in (bundle.path / name).read_text()


@pytest.mark.parametrize("sound", [True, False])
def test_sound_that_goes_on_while_no_picture_comes(tmp_path: Path, sound: bool) -> None:
    """Files then end with sound alone; without it, the gap inside the run tells of the hole."""
    site = ExportedSite(tmp_path, sound=True, file_s=2)
    start = site.now_ns
    site.record(5)
    site.skip(2.5)
    site.record(6)
    site.gap(2)
    bundle = site.export(start, site.now_ns, sound=sound)
    assert verdict(checked(bundle)) == GOOD, as_text(checked(bundle))
