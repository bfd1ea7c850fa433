"""Bundles that are asked for on the page: consent, emergencies, stop and resume, real processes."""

import hashlib
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.evidence.site_making import ExportedSite
from watchglass.app.evidence.desk import ExportDesk, Notary
from watchglass.app.ground import open_store
from watchglass.app.kept_index import KeptIndex
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import BusError, RefusedError, UsageError
from watchglass.base.ids import LookId, random_id
from watchglass.base.secret import Secret
from watchglass.evidence.agefile import decrypt_file
from watchglass.evidence.verify import check_bundle, verdict
from watchglass.model.act import Act
from watchglass.model.control import BeginExportRequest
from watchglass.model.export import (
    Consent,
    ConsentRule,
    Export,
    ExportBegins,
    ExportedCamera,
    ExportState,
)
from watchglass.model.export_control import (
    ActOnExportRequest,
    ConsentRuleRequest,
    ExportAct,
    ExportsRequest,
    StartExportRequest,
)
from watchglass.model.look import Look, LookKind
from watchglass.model.order import BeginExport, NotePeople
from watchglass.model.statement import Statement
from watchglass.model.stream import StreamName, VideoParameters
from watchglass.recording.ledger import Ledger
from watchglass.recording.people import is_act, noted_looks


class Bed:
    """A recorded site, and its desk over the site's real keeper; nothing runs by itself."""

    def __init__(
        self, folder: Path, sends: tuple[list[tuple[bytes, bool]], VideoParameters] | None = None
    ) -> None:
        self.site = ExportedSite(folder, cameras=2)
        self.site._pictures = sends
        self.from_ns = self.site.now_ns
        self.site.record(12)
        self.store = open_store(self.site.on)
        self.index = KeptIndex(self.site.on.layout.index_db)
        self.down = False
        self.began: list[BeginExportRequest] = []
        self.site.on.layout.exports.mkdir(exist_ok=True)
        self.desk = self.new_desk()

    def new_desk(self) -> ExportDesk:
        """As after a start of the recorder."""
        return ExportDesk(
            self.site.on, self.store, Notary(self._begin, self.site._sign, self._note), self.index
        )

    def close(self) -> None:
        self.index.close()
        self.store.close()

    def _begin(self, request: BeginExportRequest) -> None:
        self.began.append(request)
        self.site.order(BeginExport(request.bundle, request.looks, request.by, request.reason))

    def _note(self, act: Act) -> None:
        if self.down:
            raise BusError("The keeper does not answer.")
        self.site.order(NotePeople((act,)))

    def ask(self, *, by: str = "ada", emergency: bool = False, passphrase: str = "") -> Export:
        request = StartExportRequest(
            id=random_id(),
            cameras=tuple(ExportedCamera(each, "") for each in self.site.site.cameras),
            streams=(StreamName.MAIN,), from_ns=self.from_ns + NS_PER_S,
            to_ns=self.from_ns + 8 * NS_PER_S, sound=False, by=by, by_id=f"id of {by}",
            reason="case 17", emergency=emergency, passphrase=passphrase,
        )  # fmt: skip
        self.desk.errand(request)
        return self.desk.book.get(request.id)

    def act(self, export: Export, act: ExportAct, by: str = "bob", reason: str = "") -> Export:
        self.desk.errand(ActOnExportRequest(export.id, act, by, f"id of {by}", reason))
        return self.desk.book.get(export.id)

    @property
    def ledger(self) -> Path:
        return self.site.on.layout.ledgers / "site"

    def acts(self) -> int:
        """How often the ledger says that somebody did something with a bundle."""
        lines = [each for each in Ledger.read_lines(self.ledger) if is_act(each)]
        return sum(each.type == "evidence" or "evidence" in each.raw.decode() for each in lines)


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bed]:
    found = Bed(tmp_path)
    yield found
    found.close()


def made(bed: Bed, export: Export) -> Export:
    """Once a real process has made it."""
    assert bed.desk.make_next()
    done = bed.desk.book.get(export.id)
    assert (done.state, done.error) == (ExportState.DONE, "")
    return done


def unpacked(bed: Bed, export: Export, folder: Path) -> Path:
    with zipfile.ZipFile(bed.site.on.layout.exports / export.file) as archive:
        archive.extractall(folder)
    (inner,) = folder.iterdir()
    return inner


def manifest_of(bed: Bed, export: Export, folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(
        (unpacked(bed, export, folder) / "manifest.json").read_text()
    )
    return found


def test_a_bundle_of_two_cameras_is_made_by_a_process_and_verifies(
    bed: Bed, tmp_path: Path
) -> None:
    export = bed.ask()
    assert (export.state, export.consent) == (ExportState.WAITING, Consent.NOT_NEEDED)
    done = made(bed, export)
    assert done.whole_bytes > 0
    assert [each.name for each in bed.site.on.layout.exports.iterdir()] == [done.file]
    folder = unpacked(bed, done, tmp_path / "out")
    told = subprocess.run(
        [sys.executable, "verify.py", "--fingerprint", done.fingerprint], cwd=folder,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for words in ("Intact: YES", "Complete: YES", "From this recorder and camera: YES"):
        assert words in told.stdout
    manifest = json.loads((folder / "manifest.json").read_text())
    assert len(manifest["cameras"]) == 2
    assert manifest["consent"] == {"state": "not_needed"}
    looks = noted_looks(bed.ledger, 0)
    assert {look.camera for look in looks} == set(bed.site.site.cameras)


def test_a_keeper_that_is_down_refuses_it(bed: Bed) -> None:
    bed.down = True
    with pytest.raises(BusError):
        bed.ask()
    assert list(bed.desk.book.all()) == []


@pytest.mark.full
def test_it_waits_for_a_second_person_who_is_another(bed: Bed, tmp_path: Path) -> None:
    bed.store.set_statement(bed.site.camera, Statement(export_consent=True))
    export = bed.ask()
    assert export.state is ExportState.ASKED
    assert not bed.desk.make_next()
    for by in ("ada", " ADA "):
        with pytest.raises(RefusedError, match="second person"):
            bed.act(export, ExportAct.APPROVE, by)
    agreed = bed.act(export, ExportAct.APPROVE, reason="seen the order")
    assert (agreed.state, agreed.consent) == (ExportState.WAITING, Consent.GIVEN)
    made(bed, export)
    consent = manifest_of(bed, agreed, tmp_path / "out")["consent"]
    assert isinstance(consent, dict)
    assert (consent["state"], consent["by"], consent["reason"]) == (
        "given", "bob", "seen the order",
    )  # fmt: skip
    assert bed.began[-1].consent is Consent.GIVEN
    assert bed.acts() == 4  # of two cameras: asked, agreed


def test_who_refuses_says_why_and_nothing_is_made(bed: Bed) -> None:
    bed.desk.errand(ConsentRuleRequest(ConsentRule(needed=True), "owner"))
    export = bed.ask()
    with pytest.raises(UsageError, match="why"):
        bed.act(export, ExportAct.REFUSE)
    refused = bed.act(export, ExportAct.REFUSE, reason="no ground for it")
    assert refused.state is ExportState.REFUSED
    assert refused.decision is not None
    assert refused.decision.reason == "no ground for it"
    assert not bed.desk.make_next()
    for act, by in ((ExportAct.APPROVE, "bob"), (ExportAct.RESUME, "ada")):
        with pytest.raises(RefusedError):
            bed.act(export, act, by)


@pytest.mark.full
def test_an_emergency_is_flagged_and_reviewed(bed: Bed, tmp_path: Path) -> None:
    bed.desk.errand(ConsentRuleRequest(ConsentRule(needed=True, review_h=2), "owner"))
    export = bed.ask(emergency=True)
    made(bed, export)
    folder = unpacked(bed, export, tmp_path / "out")
    consent = json.loads((folder / "manifest.json").read_text())["consent"]
    assert consent == {"state": "emergency", "review_due": str(export.review_due_ns)}
    assert "emergency" in (folder / "report.html").read_text()
    assert not bed.desk.overdue()
    with pytest.raises(RefusedError, match="review"):
        bed.act(export, ExportAct.DELETE, "ada")
    bed.site.site.clock.advance(3 * 3600 * NS_PER_S)
    assert [each.id for each in bed.desk.overdue()] == [export.id]
    assert "ada exported evidence of Gate 0, Gate 1" in bed.desk.unreviewed()[export.id]
    with pytest.raises(RefusedError, match="second person"):
        bed.act(export, ExportAct.ACCEPT, "ada")
    bed.act(export, ExportAct.OBJECT, reason="there was time to ask")
    assert not bed.desk.overdue()
    bed.desk.errand(ActOnExportRequest(export.id, ExportAct.DELETE, "ada", "id of ada"))
    assert list(bed.desk.book.all()) == []
    assert list(bed.site.on.layout.exports.iterdir()) == []


@pytest.mark.full
def test_what_goes_on_is_known_after_a_start(bed: Bed) -> None:
    """And what was stopped waits until somebody goes on with it."""
    one, two = bed.ask(), bed.ask()
    bed.act(two, ExportAct.STOP, "ada")
    bed.desk = bed.new_desk()
    made(bed, one)
    assert not bed.desk.make_next()
    states = {each.id: each.state for each in bed.desk.errand(ExportsRequest()).exports}
    assert states == {one.id: ExportState.DONE, two.id: ExportState.STOPPED}
    bed.act(two, ExportAct.RESUME, "ada")
    made(bed, two)


@pytest.mark.full
def test_what_was_erased_is_in_no_bundle_any_more(bed: Bed) -> None:
    export = made(bed, bed.ask())
    bed.desk.forget(bed.site.camera, export.asked_to_ns, export.asked_to_ns + NS_PER_S)
    assert bed.desk.book.get(export.id).state is ExportState.DONE
    bed.desk.forget(bed.site.camera, export.from_ns, export.from_ns + NS_PER_S)
    gone = bed.desk.book.get(export.id)
    assert (gone.state, gone.bytes) == (ExportState.FAILED, 0)
    assert "erased" in gone.error
    assert list(bed.site.on.layout.exports.iterdir()) == []


def test_what_is_more_than_was_asked_for_is_not_noted(bed: Bed) -> None:
    """The process that copies parses what cameras sent: it is not believed."""
    export = bed.ask()
    look = Look(
        LookId(random_id()), "ada", bed.site.camera, StreamName.MAIN, LookKind.EVIDENCE,
        export.from_ns, export.to_ns, reason="case 17",
    )  # fmt: skip
    bed.desk._set(export.id, state=ExportState.RUNNING)
    changes: list[dict[str, object]] = [
        {"from_ns": export.from_ns - 1}, {"user": "eve"}, {"unmasked": True},
        {"camera": random_id()},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(RefusedError):
            bed.desk._begin(export, ExportBegins(random_id(), (replace(look, **change),)))
    bed.desk._begin(export, ExportBegins(random_id(), (look,)))
    assert len(bed.began) == 1


# --- under a passphrase ---------------------------------------------------------------------------

WORDS = "correct horse battery"


def written(folder: Path) -> list[Path]:
    """Files in which the passphrase stands."""
    files = [each for each in folder.rglob("*") if each.is_file()]
    assert files
    return [each for each in files if WORDS.encode() in each.read_bytes()]


@pytest.mark.full
def test_one_is_encrypted_and_its_passphrase_is_kept_nowhere(
    bed: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    started: list[list[str]] = []
    real: Any = subprocess.Popen.__init__

    def noted(self: object, *given: Any, **more: Any) -> None:
        started.append([str(given), str(more)])
        real(self, *given, **more)

    monkeypatch.setattr(subprocess.Popen, "__init__", noted)
    export = bed.ask(passphrase=WORDS)
    assert export.encrypted
    assert written(bed.site.on.layout.state) == []
    done = made(bed, export)
    assert started
    assert WORDS not in str(started)
    assert done.file.endswith(".zip.age")
    folder = bed.site.on.layout.exports
    assert [each.name for each in folder.iterdir()] == [done.file]
    sealed = (folder / done.file).read_bytes()
    assert (len(sealed), hashlib.sha256(sealed).hexdigest()) == (done.bytes, done.sha256)
    with pytest.raises(UsageError):
        decrypt_file(folder / done.file, tmp_path / "no.zip", Secret(WORDS + "!"), Disk())
    decrypt_file(folder / done.file, tmp_path / "case.zip", Secret(WORDS), Disk())
    check = check_bundle(str(tmp_path / "case.zip"), done.fingerprint)
    assert (verdict(check)["intact"], verdict(check)["complete"]) == ("yes", "yes")
    assert written(bed.site.folder) == []
    assert bed.desk._passphrases.of(done.id) is None
    out, err = capfd.readouterr()
    assert WORDS not in out + err


@pytest.mark.full
def test_after_a_start_it_has_to_be_asked_for_again(bed: Bed) -> None:
    waits, stopped = bed.ask(passphrase=WORDS), bed.ask(passphrase=WORDS)
    plain = bed.ask()
    bed.act(stopped, ExportAct.STOP, "ada")
    left = bed.site.on.layout.exports / waits.file.removesuffix(".age")
    left.write_bytes(b"in the clear")
    bed.desk = bed.new_desk()
    bed.desk.give_up_lost()
    for each in (waits, stopped):
        now = bed.desk.book.get(each.id)
        assert now.state is ExportState.FAILED
        assert "ask for it again" in now.error
        with pytest.raises(RefusedError, match="ask for it again"):
            bed.act(each, ExportAct.RESUME, "ada")
    assert not left.exists()
    made(bed, plain)
    assert not bed.desk.make_next()


@pytest.mark.full
def test_one_that_was_stopped_goes_on_under_its_passphrase(bed: Bed) -> None:
    export = bed.ask(passphrase=WORDS)
    bed.act(export, ExportAct.STOP, "ada")
    bed.act(export, ExportAct.RESUME, "ada")
    made(bed, export)


@pytest.mark.parametrize("passphrase", ["short", " begins with a space", "two\nlines of words"])
def test_a_bad_passphrase_is_refused_and_not_repeated(bed: Bed, passphrase: str) -> None:
    with pytest.raises(UsageError) as found:
        bed.ask(passphrase=passphrase)
    assert passphrase not in str(found.value)
    assert list(bed.desk.book.all()) == []


def test_it_is_not_printed_by_accident(bed: Bed) -> None:
    request = StartExportRequest(
        id=random_id(), cameras=(), streams=(), from_ns=0, to_ns=1, sound=False, by="", by_id="",
        reason="", passphrase=WORDS,
    )  # fmt: skip
    export = bed.ask(passphrase=WORDS)
    assert WORDS not in f"{request} {bed.desk._start_of(export)} {export}"


def test_names_and_reasons_go_with_those_of_the_log(bed: Bed) -> None:
    bed.store.set_consent_rule(ConsentRule(needed=True))
    done = bed.act(bed.act(bed.ask(), ExportAct.APPROVE, reason="seen"), ExportAct.STOP, "ada")
    waits = bed.ask(by="mia")
    emergency = bed.act(bed.ask(by="eve", emergency=True), ExportAct.STOP, "eve")
    bed.store.set_names_h(48)
    assert bed.desk.forget_people() == 0
    bed.site.site.clock.advance(49 * 3600 * NS_PER_S)
    assert bed.desk.forget_people() == 1
    assert bed.desk.forget_people() == 0
    raw = (bed.site.on.layout.state / "exports.json").read_text()
    after = bed.new_desk().book
    assert (after.get(done.id).by, after.get(done.id).reason) == ("", "")
    # As words: three of these letters are digits of ids too.
    assert not re.search(r"\b(ada|bob|seen)\b", raw)
    # Of what is open somebody has to know whose it is.
    assert after.get(waits.id).by == "mia"
    assert after.get(emergency.id).by == "eve"
    with pytest.raises(RefusedError, match="erased with time"):
        bed.act(done, ExportAct.RESUME, "ada")
    bed.act(emergency, ExportAct.ACCEPT, "ada", "it was one")
    assert bed.desk.forget_people() == 1
    assert "eve" not in (bed.site.on.layout.state / "exports.json").read_text()
