"""Time stamps of real authorities (by openssl): taken, kept, put into bundles, checked offline."""

import hashlib
import shutil
from pathlib import Path

import pytest

from tests.evidence.authority import KEYS, OpensslAuthority
from tests.evidence.site_making import ExportedSite
from tests.evidence.test_bundle import eventful
from tests.evidence.test_in_browser_script import NODE, by_script
from watchglass.app.evidence.heads_now import newest_heads
from watchglass.app.going_out import too_late
from watchglass.app.stamp_process import stamped
from watchglass.evidence.stamps import AnchorShelf, answered, query
from watchglass.evidence.verify import (
    Signatures,
    Stamp,
    certificates_in,
    check_bundle,
    reasons,
    verdict,
)
from watchglass.model.stamping import AskStamp, Authority

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
DATA = b"what is stamped\n"
DIGEST = hashlib.sha256(DATA).digest()


@pytest.fixture(scope="module")
def vienna(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    return OpensslAuthority(tmp_path_factory.mktemp("vienna"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> OpensslAuthority:
    return OpensslAuthority(tmp_path_factory.mktemp("other"), "p256")


@pytest.fixture(autouse=True)
def alarm() -> None:
    import signal

    signal.signal(signal.SIGALRM, too_late)


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("tool", ["cryptography", "openssl"])
def test_a_stamp_is_checked_by_either_tool(kind: str, tool: str, tmp_path: Path) -> None:
    authority = OpensslAuthority(tmp_path / "tsa", kind)
    response = authority.reply(query(DIGEST, 2**62 + 1))
    assert authority.holds(DATA, response)
    stamp = Stamp(response, certificates_in(authority.root), Signatures(tool))
    assert (stamp.digest, stamp.nonce, stamp.within_s) == (DIGEST, 2**62 + 1, 1)
    assert [each.name() for each in stamp.chain] == [
        "A clock in Vienna", "Inner", "A time stamping authority"
    ]  # fmt: skip
    assert stamp.vouched({authority.fingerprint})
    without = Stamp(response, [], Signatures(tool))
    assert not without.vouched({authority.fingerprint})
    nothing = Stamp(response, [], Signatures("none"))
    assert nothing.tool_missing


@pytest.mark.full
def test_no_changed_byte_of_a_stamp_passes(vienna: OpensslAuthority) -> None:
    """Each byte but those of what is not signed: lengths, the outer version, spare certificates."""
    response = vienna.reply(query(DIGEST, 7))
    known = certificates_in(vienna.root)
    whole = Stamp(response, known, Signatures())
    passed = 0
    for at in range(0, len(response), 11):
        changed = response[:at] + bytes([response[at] ^ 0x15]) + response[at + 1 :]
        try:
            stamp = Stamp(changed, known, Signatures())
        except (ValueError, KeyError, IndexError, TypeError, OverflowError):
            continue
        if not stamp.vouched({vienna.fingerprint}):
            continue
        passed += 1
        assert (stamp.digest, stamp.time, stamp.nonce) == (whole.digest, whole.time, 7)
    assert passed < len(response) / 11 / 10


def test_an_answer_to_another_question_is_not_taken(
    vienna: OpensslAuthority, other: OpensslAuthority
) -> None:
    response = vienna.reply(query(DIGEST, 9))
    assert answered(response, DIGEST, 9, vienna.root).time
    assert answered(response, DIGEST, 9, b"").time
    for digest, nonce, pem in (
        (DIGEST, 8, vienna.root), (hashlib.sha256(b"").digest(), 9, b""), (DIGEST, 9, other.root),
    ):  # fmt: skip
        with pytest.raises(ValueError):
            answered(response, digest, nonce, pem)
    for junk in (b"", b"<html>", b"\x30\x80", response[:-1], b"\x30\x03\x02\x01\x02"):
        with pytest.raises((ValueError, IndexError)):
            answered(junk, DIGEST, 9, b"")


def test_it_asks_where_it_was_told_and_nowhere_else(vienna: OpensslAuthority) -> None:
    with vienna.served() as served:

        def ask(allow: bool, pem: bytes = b"") -> str:
            return stamped(AskStamp(1, served.url, DIGEST, pem, allow, 5.0)).error

        assert ask(True, vienna.root) == ""
        assert "let in by name" in ask(False)
        assert len(served.asked) == 1
        served.down = True
        assert ask(True) == "The server answers 503."
        served.down, served.instead = False, b"\x30" * 300
        assert "not good" in ask(True)


# --- in bundles -----------------------------------------------------------------------------------


def stamp_now(site: ExportedSite, authority: OpensslAuthority, name: str = "vienna") -> None:
    """As the recorder does, with the process left out."""
    site.sign_heads()
    shelf = AnchorShelf(site.on.layout.anchors, site.on.disk)
    if name not in {each.name for each in shelf.authorities()}:
        shelf.add(Authority(name, "https://tsa.example/"), authority.root)
    document = shelf.put(newest_heads(site.on.layout.ledgers), site.now_ns, [name])
    shelf.stamped(document, name, authority.reply(query(document.digest, 1)))


@pytest.mark.full
def test_a_stamp_places_a_bundle(
    vienna: OpensslAuthority, other: OpensslAuthority, tmp_path: Path
) -> None:
    site, start = eventful(tmp_path, cameras=2)
    stamp_now(site, other, "other")
    stamp_now(site, vienna)
    bundle = site.export(start, site.now_ns, "case.zip")
    trusted = {vienna.fingerprint}
    check = check_bundle(str(bundle.path), bundle.made.fingerprint, authorities=trusted)
    assert set(verdict(check).values()) == {"yes"}, check.findings
    (first, _second) = reasons(check, "placed", "yes")
    assert "by A clock in Vienna stamped it" in first
    alone = check_bundle(str(bundle.path), bundle.made.fingerprint)
    assert verdict(alone)["placed"] == "cannot tell"
    assert {code for _, _, code, _ in alone.findings} == {"stamp_unknown"}
    bare = check_bundle(str(bundle.path), bundle.made.fingerprint, tool="none")
    assert verdict(bare)["placed"] == "cannot tell"
    if NODE.exists():
        for told, own in (((), alone), (("--authority", vienna.fingerprint), check)):
            (said,) = by_script([bundle.path], "--fingerprint", bundle.made.fingerprint, *told)
            assert said["verdict"] == verdict(own), said


def test_the_first_stamp_after_it_is_taken_and_the_last(
    vienna: OpensslAuthority, tmp_path: Path
) -> None:
    site = ExportedSite(tmp_path)
    start = site.now_ns
    for _ in range(4):
        site.record(5)
        stamp_now(site, vienna)
    end = site.now_ns
    wanted = {str(site.camera): (10, 10_000)}
    shelf = AnchorShelf(site.on.layout.anchors, site.on.disk)
    names = [each for each in shelf.chosen(wanted) if each.endswith(".tsr")]
    assert 1 <= len(names) <= 2
    assert shelf.documents()[-1] in names[-1]
    bundle = site.export(start, end)
    check = check_bundle(str(bundle.path), authorities={vienna.fingerprint})
    assert verdict(check)["intact"] == "yes", check.findings


def test_what_is_not_stamped_waits_and_is_bounded(tmp_path: Path) -> None:
    site = ExportedSite(tmp_path)
    shelf = AnchorShelf(tmp_path / "anchors", site.on.disk)
    shelf.add(Authority("a", "https://a.example/"), b"")
    shelf.add(Authority("b", "https://b.example/"), b"")
    for number in range(6):
        shelf.put([b"{}"], number, ["a", "b"])
    assert [each.waiting for each in shelf.statuses()] == [6, 6]
    first = shelf.waiting()[0]
    shelf.stamped(first, "a", b"answer")
    assert shelf.tidy(2) == 4
    assert [each.waiting for each in shelf.statuses()] == [2, 2]
    assert first.path.exists(), "one that somebody stamped stays"
    assert shelf.documents() == [first.stem]
    assert len(list(shelf.folder.glob("*.jsonl"))) == 3
    shelf.drop("b")
    assert [each.name for each in shelf.authorities()] == ["a"]
