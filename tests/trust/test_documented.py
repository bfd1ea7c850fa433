"""docs/trust.md follows one verdict; the program says just that."""

import re
from pathlib import Path

import pytest

from tests.trust.seeing import AT_NS, see
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.store.trust import TrustStore
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import Fleet, judge_fleet
from watchglass.trust.fusion import PRIOR, gain, logit
from watchglass.trust.origin import strength

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "trust.md").read_text(encoding="utf-8")
ADDRESS = "10.0.0.4"
SEEN = see(
    "sadp answer sadp", "http server App-webs/", "onvif manufacturer Annke", "onvif model C800",
    "onvif firmware V5.4.0 build 160401", address=ADDRESS, mac="80:7c:62:f0:43:91",
)  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    store = TrustStore(tmp_path / "site.db")
    store.add_observations(SEEN)
    store.set_profile(SiteProfile(
        country="US", organisation=Organisation.PUBLIC_SCHOOL, federal_grants=True,
        federal_contracts=False, purposes=(Purpose.PUBLIC_SAFETY,),
    ))  # fmt: skip
    return store


def judged(store: TrustStore) -> Fleet:
    return judge_fleet(store, read_facts(), AT_NS)


def test_the_verdict_is_the_one_in_the_document(store: TrustStore) -> None:
    fleet = judged(store)
    (device,) = fleet.document("test").devices
    quoted = re.search(r"^> (Label .*)$", TEXT, re.MULTILINE)
    assert quoted is not None
    assert device.verdict == quoted[1]
    assert device.certainty == "certain"
    store.close()


def test_the_arithmetic_is_the_one_in_the_document() -> None:
    rows = re.findall(r"^\| [^|]+ \| \w+ \| (\d+) \| \+([\d.]+)", TEXT, re.MULTILINE)
    assert len(rows) == 5
    for weight, moved in rows:
        assert gain(int(weight) / 100) == pytest.approx(float(moved), abs=0.006)
    assert f"from −{-logit(PRIOR):.2f}" in TEXT


def test_the_strengths_of_relations_are_those_in_the_document() -> None:
    kinds = ("maker", "own_brand", "relabel", "relabel_some")
    table = re.findall(r"^\| [a-z][^|]* \| (0\.\d\d) \| (0\.\d\d) \| (0\.\d\d) \|$", TEXT,
                       re.MULTILINE)  # fmt: skip
    assert len(table) == len(kinds)
    for relation in read_facts().relations:
        if relation.kind.value in kinds:
            row = table[kinds.index(relation.kind.value)]
            at = ("high", "medium", "low").index(relation.backing.confidence.value)
            assert strength(relation) == float(row[at])


def test_the_rule_and_the_hole_are_as_told(store: TrustStore) -> None:
    fleet = judged(store)
    device = fleet.find(ADDRESS)
    rule = next(each for each in device.rules if each.rule.id == "us-ndaa889-b1")
    assert (rule.outcome.value, rule.wants_invoice) == ("may_apply", True)
    hole = next(each for each in device.holes if each.hole.cve == "CVE-2017-7921")
    assert hole.state.value == "possibly"
    store.put_purchase(Purchase(device=device.id, bought="2021-03", money=Money.FEDERAL_AWARD,
                                document="invoice 4711"))  # fmt: skip
    settled = next(
        each for each in judged(store).find(ADDRESS).rules if each.rule.id == rule.rule.id
    )
    assert settled.outcome.value == "applies"
    store.close()
