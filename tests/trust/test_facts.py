"""Fact tables: the package's own hold together, a user's are checked, and nothing else slips in."""

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.trust.day import parse_day
from watchglass.trust.fact import SAFETIES
from watchglass.trust.facts import Facts, make_facts, read_facts
from watchglass.trust.reading import TABLES
from watchglass.trust.replaced import ReplacedTables
from watchglass.trust.table import FactsError

DATA = resources.files("watchglass.trust") / "data"


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts()


def whole() -> dict[str, bytes]:
    return {form.name: (DATA / f"{form.name}.csv").read_bytes() for form in TABLES}


def test_every_row_says_where_it_is_from_and_how_sure_it_is(facts: Facts) -> None:
    rows: list[Any] = [*facts.regulations, *facts.listings, *facts.vulnerabilities, *facts.prefixes]
    assert len(rows) > 300
    for row in rows:
        assert row.backing.verification
        assert row.backing.as_of.last <= parse_day("2026-11-27").last
        assert row.backing.source or not row.backing.is_sourced


def test_nothing_that_must_never_be_sent_is_in_a_table_or_in_code() -> None:
    forbidden = ("never", "do not use", "webcaps", "web_caps", "?auth=", "auth=ymrtaw")
    root = Path(__file__).resolve().parents[2] / "src" / "watchglass"
    data = [Path(str(DATA)) / "discovery_fingerprints.csv"]
    for path in [*data, *(root / "trust").rglob("*.py"), *(root / "cameras").rglob("*.py")]:
        text = path.read_text(encoding="utf-8").lower()
        found = [word for word in forbidden[2:] if word in text]
        assert not found, f"{path.name}: {found}"
    table = data[0].read_text(encoding="utf-8").lower()
    assert "never" not in table.replace("is ever sent", "")
    assert "do not use" not in table


@pytest.mark.parametrize("safety", ["NEVER (exploits CVE-2017-7921)", "DO NOT USE by default"])
def test_a_table_that_brings_a_forbidden_request_is_refused(safety: str) -> None:
    tables = whole()
    name = "discovery_fingerprints"
    tables[name] = tables[name].replace(b",handshake only,", f",{safety},".encode(), 1)
    assert safety not in SAFETIES
    with pytest.raises(FactsError, match="safety"):
        make_facts(tables, "test")


def test_a_prefix_names_its_holder_and_an_origin_only_through_relations(facts: Facts) -> None:
    sellers = {
        relation.brand for relation in facts.relations if relation.kind.value.startswith("relabel")
    }
    for prefix in facts.prefixes:
        if prefix.brand in sellers and prefix.brand != "Bosch":
            assert prefix.origin.startswith("via-oem:"), prefix
    lts = facts.prefix_of("14:2f:fd:00:00:01")
    assert lts is not None
    assert (lts.origin, lts.holder) == ("via-oem:lts", "LT SECURITY INC")


def test_a_longer_block_counts_before_a_shorter_and_made_up_addresses_are_in_none(
    facts: Facts,
) -> None:
    swann = facts.prefix_of("0c:0e:c1:4f:00:01")
    assert swann is not None
    assert swann.bits == 28
    assert facts.prefix_of("0c:0e:c1:5f:00:01") is None
    assert facts.prefix_of("be:ad:28:00:00:01") is None


@pytest.mark.parametrize(
    ("table", "old", "new", "told"),
    [
        ("regulations", b"in_force", b"InForce", "status"),
        ("regulations", b"2018-08-13,2019-08-13", b"2018-13-13,2019-08-13", "adopted"),
        ("regulations", b"federal_agency", b"everyone!", "binds"),
        ("oui_prefixes", b"\n00", b"\nZZ", "prefix_hex"),
        ("oui_prefixes", b",24,", b",25,", "bits"),
        ("oem_relations", b",hikvision,", b",hikvsion,", "hikvsion"),
        ("discovery_fingerprints", b",90,", b",200,", "weight_0_100"),
        ("discovery_fingerprints", b"^sadp$", b"^sadp($", "regular expression"),
        ("vulnerabilities", b"CVE-2017-7921,", b"CVE-17-7921,", "cve"),
        ("affected_firmware", b"CVE-2017-7921,", b"CVE-2099-9999,", "CVE-2099-9999"),
        ("listed_entities", b"entity,", b"entities,", "other columns"),
        ("makers", b"Hikvision", b"Hik\xe2\x80\xaevision", "does not print"),
        ("makers", b"Hikvision", b"\xff\xfe", "UTF-8"),
        ("makers", b"CN", b"C", "seat"),
    ],
)
def test_a_row_that_is_off_stops_its_table(table: str, old: bytes, new: bytes, told: str) -> None:
    tables = whole()
    assert old in tables[table]
    tables[table] = tables[table].replace(old, new, 1)
    with pytest.raises(FactsError, match=told.replace("(", r"\(")):
        make_facts(tables, "test")


@settings(max_examples=20, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_get_past_the_reader(data: bytes) -> None:
    tables = whole() | {"makers": data}
    with pytest.raises(FactsError):
        make_facts(tables, "test")


# --- replacing ------------------------------------------------------------------------------------


def replaced(folder: Path) -> ReplacedTables:
    return ReplacedTables(folder / "facts", Disk(), SimulatedClock())


def test_a_table_is_replaced_and_the_old_one_kept(tmp_path: Path) -> None:
    tables = replaced(tmp_path)
    given_file = tmp_path / "listed_entities.csv"
    given_file.write_bytes(whole()["listed_entities"].replace(b"2018-08-13", b"2018-08-14"))
    assert tables.update(given_file) == ("listed_entities",)
    state = {each.name: each.replaced for each in tables.facts().states}
    assert [name for name, is_new in state.items() if is_new] == ["listed_entities"]
    assert str(tables.facts().listings[0].since) == "2018-08-14"
    given_file.write_bytes(whole()["listed_entities"])
    tables.update(given_file)
    (old,) = (tmp_path / "facts" / "old").iterdir()
    assert b"2018-08-14" in old.read_bytes()
    tables.reset("listed_entities")
    assert not any(each.replaced for each in tables.facts().states)


def test_a_table_that_does_not_fit_the_others_changes_nothing(tmp_path: Path) -> None:
    tables = replaced(tmp_path)
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "listed_entities.csv").write_bytes(whole()["listed_entities"])
    (folder / "makers.csv").write_bytes(b"\n".join(whole()["makers"].splitlines()[:2]) + b"\n")
    with pytest.raises(FactsError, match="makers does not have"):
        tables.update(folder)
    assert not (tmp_path / "facts").exists()


@pytest.mark.parametrize("name", ["makers", "support"])
def test_an_empty_file_is_no_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.csv"
    path.write_bytes(b"")
    with pytest.raises(FactsError, match="other columns"):
        replaced(tmp_path).update(path)


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "passwd.csv"
    path.write_bytes(b"a,b\n")
    with pytest.raises(FactsError, match="passwd"):
        replaced(tmp_path).update(path)
