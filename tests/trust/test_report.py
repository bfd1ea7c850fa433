"""The report: what it says, what it never says, and that nothing a device writes acts in it."""

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trust.seeing import AT_NS, AXIS_MAC, HIK_MAC, SCAN, see
from tests.trust.test_egress import contact
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.coverage import Coverage
from watchglass.model.egress import Contained, Needs, PeerContact
from watchglass.model.observation import Observation, Source
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.trust.contact import contacts_of
from watchglass.trust.day import parse_day
from watchglass.trust.egress import EgressJudge
from watchglass.trust.facts import read_facts
from watchglass.trust.identity import devices_of, name_devices
from watchglass.trust.judgement import Judge
from watchglass.trust.report.compare import compare, read_document
from watchglass.trust.report.compose import make_document
from watchglass.trust.report.document import Document
from watchglass.trust.report.egress_part import doc_contained, doc_talk
from watchglass.trust.report.page import make_page
from watchglass.trust.report.signature import (
    ReportKey,
    Standing,
    sign_page,
    verify_page,
)
from watchglass.trust.report.twins import cell, devices_csv, evidence_csv, report_json, vex_json

FACTS = read_facts()
DAY_NS = 86_400 * 10**9
SCHOOL = SiteProfile(
    name="Riverside", country="US", organisation=Organisation.PUBLIC_SCHOOL, federal_grants=True,
    federal_contracts=False, purposes=(Purpose.PUBLIC_SAFETY,),
)  # fmt: skip
HIK = see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
          "sadp firmware V5.4.0 build 160401", mac=HIK_MAC)  # fmt: skip
AXIS = see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
           "onvif model M3045", address="10.0.0.6", mac=AXIS_MAC)  # fmt: skip
SILENT = see("http status 200 /", address="10.0.0.7")
KNOWN: dict[str, DeviceId] = {}


def coverage(place: str, answered: int) -> Coverage:
    return Coverage(
        scan=SCAN, cidr=f"10.{len(place)}.0.0/24", place=place, started_ns=AT_NS,
        ended_ns=AT_NS + 9, asked=254, answered=answered, silent=254 - answered, refused=0,
        doors=(Source.SADP, Source.HTTP),
    )  # fmt: skip


def document(
    *groups: list[Observation], profile: SiteProfile = SCHOOL, when: str = "2026-11-27"
) -> Document:
    seen = [each for group in groups for each in group]
    named, names = name_devices(devices_of(contacts_of(seen)), KNOWN)
    KNOWN.update(names)
    looked = [coverage("Main building", 3), coverage("Annex", 0)]
    judge = Judge(FACTS, profile, (), looked, parse_day(when).first)
    return make_document(
        judge.judge_all(named), judge.site(), looked, profile, FACTS, when=judge.when,
        made_ns=AT_NS, program="watchglass 0",
    )  # fmt: skip


def outputs(of: Document) -> dict[str, bytes]:
    changed = compare(document(), of)
    return {
        "page": make_page(of, FACTS, "f" * 64, changed),
        "json": report_json(of), "devices": devices_csv(of), "evidence": evidence_csv(of),
        "vex": vex_json(of),
    }  # fmt: skip


def test_the_first_page_counts_and_names_who_was_silent() -> None:
    found = document(HIK, AXIS, SILENT)
    assert found.summary.devices == 3
    assert (found.summary.listed_certain, found.summary.listed_suspected) == (1, 0)
    assert (found.summary.unknown, found.summary.silent_places) == (1, ("Annex",))
    page = make_page(found, FACTS, "f" * 64).decode()
    assert "0 suspected, 1 certain, 1 building silent" in page
    assert "Riverside" in page
    assert "Hikvision" in page


def test_no_output_promises_anything() -> None:
    found = document(HIK, AXIS, SILENT)
    for name, data in outputs(found).items():
        words = set(re.findall(r"[a-z]+", data.decode().lower()))
        assert not words & {"compliant", "safe", "safely"}, name


def test_the_page_needs_nothing_from_outside() -> None:
    page = outputs(document(HIK, AXIS))["page"].decode()
    assert not re.search(r"<(img|link|iframe|object|embed)|@import|url\(", page)
    assert "default-src 'none'" in page.replace("&#x27;", "'")
    assert not re.search(r'\b(src|srcset|action|formaction)="', page)
    assert set(re.findall(r'href="(.)', page)) <= {"#"}


def test_a_rule_on_exports_is_said_to_be_one() -> None:
    uniview = see("ws_discovery manufacturer UNIVIEW", "onvif manufacturer UNIVIEW",
                  address="10.0.0.8", mac="48:ea:63:00:00:01")  # fmt: skip
    page = make_page(document(HIK, AXIS, uniview), FACTS, "f" * 64).decode()
    row = page[page.index("us-bis-el-2024-12") :].split("</tr>")[0]
    assert "a rule on exports to that company" in row
    assert "1 are by makers on lists on exports or investment alone" in page


HOSTILE = st.sampled_from([
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</style><script>",
    "=HYPERLINK(\"http://evil\")", "+1", "-2+3", "@SUM(A1)", "\u202egpj.exe", "--><b>", "{value}",
    "{0.__class__}", "\x00\x1b[31m", "' OR 1=1", "&lt;b&gt;", "%s%n", "]]>", "a" * 2000,
])  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(HOSTILE, HOSTILE)
def test_what_a_device_writes_is_text(model: str, maker: str) -> None:
    seen = see(f"onvif model x{model}", f"onvif manufacturer {maker}", f"import_csv name {model}",
               f"http server App-webs/{model}", f"import_csv place {maker}",
               "sadp answer sadp", mac=HIK_MAC)  # fmt: skip
    made = outputs(document(seen))
    page = made["page"].decode()
    assert page.count("<script>") == 1
    assert page.count("<style>") == 1
    assert "<img" not in page
    ours = re.sub(r"<b>(\d+</b>|Changes since )", "", page)
    assert "<b>" not in ours
    assert "\u202e" not in page
    for name in ("devices", "evidence"):
        for row in csv.reader(io.StringIO(made[name].decode("utf-8-sig"))):
            for each in row:
                assert not each.lstrip().startswith(("=", "+", "-", "@")), each
    json.loads(made["json"])
    json.loads(made["vex"])


@given(st.text(max_size=60))
def test_no_cell_starts_a_formula(text: str) -> None:
    assert cell(text).lstrip(" \u00a0")[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n")


def test_the_vex_names_each_device_and_what_is_known_of_it() -> None:
    vex = json.loads(vex_json(document(HIK, AXIS)))
    assert (vex["bomFormat"], vex["specVersion"]) == ("CycloneDX", "1.6")
    refs = {each["bom-ref"] for each in vex["components"]}
    by_cve = {(each["id"], each["analysis"]["state"]): each for each in vex["vulnerabilities"]}
    backdoor = by_cve["CVE-2017-7921", "exploitable"]
    assert {each["ref"] for each in backdoor["affects"]} <= refs
    assert backdoor["affects"][0]["versions"] == [
        {"version": "V5.4.0 build 160401", "status": "affected"}
    ]
    states = {each["analysis"]["state"] for each in vex["vulnerabilities"]}
    assert states <= {"exploitable", "in_triage", "not_affected"}


# --- comparing ------------------------------------------------------------------------------------


def test_nothing_changed_is_nothing() -> None:
    one = document(HIK, AXIS)
    assert compare(one, one).changes == ()
    again = read_document(report_json(one), "x")
    assert again == one
    assert compare(again, one).changes == ()


def test_what_changed_since() -> None:
    updated = [*see("sadp firmware V5.4.5 build 170123", mac=HIK_MAC),
               *(each for each in HIK if each.signal.value != "firmware")]  # fmt: skip
    found = compare(document(HIK, AXIS), document(updated, SILENT))
    kinds = {(each.what, each.sentence.split(":")[0]) for each in found.changes}
    assert {what for what, _ in kinds} >= {"came", "went", "firmware", "hole"}
    assert found.counted("came") == found.counted("went") == 1
    hole = next(each for each in found.changes if each.what == "hole" and "2017-7921" in
                each.sentence)  # fmt: skip
    assert hole.sentence.endswith("affected before, now not affected")


def test_a_device_that_got_another_id_is_found_by_its_key() -> None:
    old = document(HIK)
    KNOWN.clear()
    new = document(HIK)
    assert old.devices[0].id != new.devices[0].id
    assert compare(old, new).changes == ()


@pytest.mark.parametrize("data", [b"", b"{}", b"[" * 100_000, b'{"format":"other"}', b"\xff"])
def test_what_is_no_report_is_refused(data: bytes) -> None:
    with pytest.raises(UsageError, match=r"report\.json"):
        read_document(data, "OLD")


# --- signing --------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> ReportKey:
    return ReportKey.load_or_create(tmp_path / "keys", Disk())


TWINS = {"report.json": b"{}\n", "devices.csv": b"a,b\n"}


def test_a_report_says_who_signed_it_only_to_who_knows(key: ReportKey) -> None:
    page = sign_page(b"<!doctype html>\n<p>x</p>\n", TWINS, key, AT_NS)
    assert verify_page(page, TWINS).standing is Standing.UNKNOWN_SIGNER
    assert verify_page(page, TWINS, key.fingerprint).standing is Standing.INTACT
    spaced = " ".join(key.fingerprint[n : n + 4] for n in range(0, 64, 4)).upper()
    assert verify_page(page, TWINS, spaced).standing is Standing.INTACT
    assert verify_page(page, TWINS, "0" * 64).standing is Standing.OTHER_SIGNER
    assert verify_page(page, {"report.json": None, "devices.csv": None}).files == (
        ("devices.csv", None), ("report.json", None),
    )  # fmt: skip
    assert verify_page(b"<p>x</p>").standing is Standing.UNSIGNED


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_changed_byte_is_missed(data: st.DataObject) -> None:
    key = ReportKey(bytes(range(32)))
    page = sign_page(b"<!doctype html>\n<p>31 suspected</p>\n", TWINS, key, AT_NS)
    at = data.draw(st.integers(0, len(page) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != page[at]))
    changed = page[:at] + bytes([byte]) + page[at + 1 :]
    found = verify_page(changed, TWINS, key.fingerprint)
    assert found.standing not in (Standing.INTACT, Standing.UNKNOWN_SIGNER), (at, byte)


def _cut(page: bytes) -> bytes:
    return page[:-20]


def _more_before(page: bytes) -> bytes:
    return b"<p>0 suspected</p>" + page


def _more_behind(page: bytes) -> bytes:
    return page + b"<p>0 suspected</p>\n"


def _second_line(page: bytes) -> bytes:
    return page + page[page.rindex(b"\n<!-- watchglass-signature") :]


@pytest.mark.parametrize("change", [_cut, _more_before, _more_behind, _second_line])
def test_a_report_with_more_or_less_is_changed(
    key: ReportKey, change: Callable[[bytes], bytes]
) -> None:
    page = sign_page(b"<p>31 suspected</p>\n", TWINS, key, AT_NS)
    assert verify_page(change(page), TWINS).standing in (Standing.CHANGED, Standing.UNSIGNED)


def test_a_changed_twin_is_named(key: ReportKey) -> None:
    page = sign_page(b"<p>x</p>\n", TWINS, key, AT_NS)
    found = verify_page(page, TWINS | {"report.json": b"{ }\n"}, key.fingerprint)
    assert found.standing is Standing.CHANGED
    assert "report.json" in found.sentence


def test_a_text_that_looks_like_a_signature_is_none(key: ReportKey) -> None:
    body = b"<p>\n<!-- watchglass-signature {} -->\n</p>\n"
    assert verify_page(sign_page(body, {}, key, 1)).standing is Standing.UNKNOWN_SIGNER


def test_the_report_key_is_a_key_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = ReportKey.load_or_create(folder, Disk())
    assert ReportKey.load_or_create(folder, Disk()).fingerprint == first.fingerprint
    assert [path.name for path in folder.iterdir()] == ["report.key"]
    assert (folder / "report.key").stat().st_mode & 0o777 == 0o600
    assert first.public_hex not in repr(first)
    (folder / "report.key").write_bytes(b"short")
    with pytest.raises(DamagedError):
        ReportKey.load_or_create(folder, Disk())


def test_what_was_done_between_two_board_meetings() -> None:
    """It reached a cloud, was contained, and was seen to be held: that is what the board reads."""
    contacts = [contact("52.1.2.3", "dev.hik-connect.com"), contact("10.20.0.5")]
    judge = EgressJudge(FACTS, Needs(recorders=("10.20.0.5",)), ())
    rules = Contained(device=DeviceId("d"), form="nftables", exported_ns=3 * DAY_NS, by="Ann",
                      applied_ns=4 * DAY_NS)  # fmt: skip

    def report(at: list[PeerContact], contained: Contained | None) -> Document:
        base = document(HIK)
        talks = judge.talks(at)
        return msgspec.structs.replace(base, devices=tuple(
            msgspec.structs.replace(
                each, egress=tuple(map(doc_talk, talks)),
                contained=doc_contained(contained, talks) if contained else None,
            )
            for each in base.devices
        ))  # fmt: skip

    def at(peer: PeerContact, day: int) -> PeerContact:
        return msgspec.structs.replace(peer, first_ns=DAY_NS, last_ns=day * DAY_NS)

    cloud, own = contacts
    before = report([at(cloud, 2), at(own, 2)], None)
    held = report([at(cloud, 2), at(own, 9)], rules)
    found = {each.what: each.sentence for each in compare(before, held).changes}
    assert found.keys() == {"contained", "egress"}
    assert "in force since" in found["contained"]
    assert "nothing that was let out" in found["contained"]
    assert "dev.hik-connect.com any more; last on 1970-01-03" in found["egress"]
    page = make_page(held, FACTS, "f" * 64, compare(before, held)).decode()
    assert "1 of what keeps devices in, 1 of whom they talk to" in page
    # Nothing newer was taken in: then nothing is said of whom it does not reach.
    silent = compare(before, report([at(cloud, 2), at(own, 2)], rules))
    assert {each.what for each in silent.changes} == {"contained"}
    # The rules do not hold it, and it found another way.
    other = contact("9.9.9.9")
    escaped = compare(held, report([at(cloud, 8), at(own, 9), at(other, 9)], rules))
    told = [each.sentence for each in escaped.changes]
    assert any("do not hold it" in each for each in told)
    assert any(each.startswith("now talks to 9.9.9.9") for each in told)
    assert compare(held, held).changes == ()
