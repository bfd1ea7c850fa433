"""Rules: for any day, whom and what they concern, and what press articles got wrong."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.ids import DeviceId
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.trust.facts import read_facts
from watchglass.trust.rule import FIND_INVOICE, Outcome, RuleFinding, RuleJudge
from watchglass.trust.verdict import Certainty, Making, OriginVerdict

FACTS = read_facts()
TODAY = date(2026, 11, 27)
SCHOOL = SiteProfile(
    name="A school district", country="US", organisation=Organisation.PUBLIC_SCHOOL,
    federal_contracts=False, federal_grants=True, sensitive_site=False, critical=False,
    purposes=(Purpose.PUBLIC_SAFETY,),
)  # fmt: skip
DEPARTMENT = SiteProfile(
    country="GB", organisation=Organisation.CENTRAL_GOVERNMENT, sensitive_site=True,
    purposes=(Purpose.GOVERNMENT_FACILITY,),
)  # fmt: skip


def made_by(origin: str, certainty: Certainty = Certainty.CERTAIN, hint: str = "") -> OriginVerdict:
    return OriginVerdict(origin, 0.995, certainty, Making.OWN, hint=hint)


def bought(when: str = "", money: Money = Money.UNKNOWN, document: str = "invoice 4711",
           purpose: Purpose | None = None) -> Purchase:  # fmt: skip
    return Purchase(device=DeviceId("0" * 32), bought=when, money=money, document=document,
                    purpose=purpose)  # fmt: skip


def found(
    rule: str,
    origin: OriginVerdict,
    profile: SiteProfile = SCHOOL,
    when: date = TODAY,
    purchase: Purchase | None = None,
) -> RuleFinding:
    findings = RuleJudge(FACTS, profile).of_device(origin, purchase, when)
    return next(each for each in findings if each.rule.id == rule)


def outcome(*arguments: object, **more: object) -> Outcome:
    return found(*arguments, **more).outcome  # type: ignore[arg-type]


HIK, DAHUA, UNV, AXIS = map(made_by, ("hikvision", "dahua", "uniview", "axis"))

# --- section 889 ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (date(2018, 8, 12), Outcome.DOES_NOT),
        (date(2018, 8, 13), Outcome.MAY_APPLY_NEXT),
        (date(2020, 8, 12), Outcome.MAY_APPLY_NEXT),
        (date(2020, 8, 13), Outcome.APPLIES),
        (TODAY, Outcome.APPLIES),
    ],
)
def test_contractors_may_not_use_from_a_day_on(when: date, expected: Outcome) -> None:
    contractor = SiteProfile(
        country="US", federal_contracts=True, purposes=(Purpose.PUBLIC_SAFETY,)
    )
    assert outcome("us-ndaa889-a1b", HIK, contractor, when) is expected


@pytest.mark.parametrize(
    ("purchase", "expected", "told"),
    [
        (None, Outcome.MAY_APPLY, FIND_INVOICE),
        (bought("2021-03-04", Money.FEDERAL_AWARD, document=""), Outcome.MAY_APPLY, FIND_INVOICE),
        (bought("", Money.FEDERAL_AWARD), Outcome.MAY_APPLY, "says not when"),
        (bought("2021-03-04"), Outcome.MAY_APPLY, "says not with which money"),
        (bought("2021-03-04", Money.FEDERAL_AWARD), Outcome.APPLIES, "invoice 4711"),
        (bought("2021-03-04", Money.OWN), Outcome.DOES_NOT, "other money"),
        (bought("2020-08-12", Money.FEDERAL_AWARD), Outcome.DOES_NOT, "before 2020-08-13"),
        (bought("2020", Money.FEDERAL_AWARD), Outcome.MAY_APPLY, "bought 2020"),
        (bought("2019", Money.FEDERAL_AWARD), Outcome.DOES_NOT, "before"),
        (bought("2021", Money.FEDERAL_AWARD, purpose=Purpose.OTHER), Outcome.DOES_NOT, "serve"),
    ],
)
def test_award_money_by_what_the_invoice_says(
    purchase: Purchase | None, expected: Outcome, told: str
) -> None:
    finding = found("us-ndaa889-b1", HIK, purchase=purchase)
    assert finding.outcome is expected
    assert told in " ".join(finding.reasons)


def test_what_is_not_stated_leaves_it_open_and_a_no_closes_it() -> None:
    for profile, expected in (
        (SiteProfile(), Outcome.MAY_APPLY),
        (SiteProfile(country="US"), Outcome.MAY_APPLY),
        (SiteProfile(country="FR"), Outcome.DOES_NOT),
        (SiteProfile(country="US", federal_contracts=False), Outcome.DOES_NOT),
        (SiteProfile(country="US", federal_contracts=True), Outcome.MAY_APPLY),
        (SiteProfile(country="US", federal_contracts=True, purposes=(Purpose.OTHER,)),
         Outcome.DOES_NOT),
    ):  # fmt: skip
        assert outcome("us-ndaa889-a1b", HIK, profile) is expected, profile


def test_who_is_not_surely_the_maker_is_not_surely_named() -> None:
    contractor = SiteProfile(
        country="US", federal_contracts=True, purposes=(Purpose.PUBLIC_SAFETY,)
    )
    suspected = made_by("hikvision", Certainty.SUSPECTED)
    assert outcome("us-ndaa889-a1b", suspected, contractor) is Outcome.MAY_APPLY
    unknown = made_by("", Certainty.UNKNOWN)
    finding = found("us-ndaa889-a1b", unknown, contractor)
    assert finding.outcome is Outcome.MAY_APPLY
    assert "who made this device is unknown" in finding.reasons
    assert outcome("us-ndaa889-a1b", AXIS, contractor) is Outcome.DOES_NOT
    assert outcome("us-ndaa889-a1b", UNV, contractor) is Outcome.DOES_NOT


# --- what the press got wrong ---------------------------------------------------------------------


def test_each_claim_names_rows_that_are_there() -> None:
    rules = {each.id for each in FACTS.regulations}
    holes = {each.cve for each in FACTS.vulnerabilities}
    assert len(FACTS.press_claims) == 6
    for claim in FACTS.press_claims:
        for row in claim.rows:
            assert row in rules | holes


def test_uniview_is_on_the_entity_list_which_is_about_exports() -> None:
    judge = RuleJudge(FACTS, SCHOOL)
    assert judge.listings(UNV, date(2024, 12, 9)) == []
    (listing,) = judge.listings(UNV, date(2024, 12, 10))
    assert "Entity List names Zhejiang Uniview Technologies Co.,Ltd. since 2024-12-10" in (
        listing.sentence.replace("Co., ", "Co.,")
    )
    assert "a rule on exports to it, not on use" in listing.sentence
    finding = found("us-bis-el-2024-12", UNV)
    assert finding.outcome is Outcome.DOES_NOT
    assert any("neither buying nor using" in reason for reason in finding.reasons)


def test_departments_were_told_in_november_2022() -> None:
    for when, expected in ((date(2022, 11, 23), Outcome.DOES_NOT),
                           (date(2022, 11, 24), Outcome.APPLIES)):  # fmt: skip
        assert outcome("uk-cabinet-2022", HIK, DEPARTMENT, when) is expected
    council = SiteProfile(country="GB", organisation=Organisation.STATE_OR_LOCAL,
                          sensitive_site=True)  # fmt: skip
    assert outcome("uk-cabinet-2022", HIK, council) is Outcome.DOES_NOT
    assert outcome("uk-cabinet-2022", AXIS, DEPARTMENT) is Outcome.DOES_NOT


def test_sales_in_america_are_a_rule_for_importers() -> None:
    finding = found("us-fcc-22-84", HIK)
    assert finding.outcome is Outcome.DOES_NOT
    assert "what was bought may stay in use" in " ".join(finding.reasons)


def test_networks_are_not_cameras() -> None:
    claim = FACTS.press_claims[-1]
    assert "networks are not cameras" in claim.finding
    assert not claim.rows


def test_a_date_known_to_the_month_may_apply_within_it() -> None:
    for when, expected in (
        (date(2025, 3, 31), Outcome.MAY_APPLY_NEXT),
        (date(2025, 4, 1), Outcome.MAY_APPLY),
        (date(2025, 4, 29), Outcome.MAY_APPLY),
        (date(2025, 4, 30), Outcome.APPLIES),
    ):
        assert outcome("uk-progress-2024", HIK, DEPARTMENT, when) is expected, when


def test_a_proposal_may_apply_next_and_a_contested_rule_may_apply() -> None:
    german = SiteProfile(country="DE", critical=True)
    assert outcome("eu-csa2-2026", HIK, german) is Outcome.MAY_APPLY_NEXT
    assert outcome("eu-csa2-2026", HIK, german, date(2026, 1, 19)) is Outcome.DOES_NOT
    ottawa = SiteProfile(country="CA", organisation=Organisation.CENTRAL_GOVERNMENT)
    assert outcome("ca-2025", HIK, ottawa) is Outcome.MAY_APPLY


def test_what_was_replaced_applies_no_more() -> None:
    finding = found("us-eo13959", HIK)
    assert finding.outcome is Outcome.DOES_NOT
    assert any("replaced" in reason for reason in finding.reasons)


def test_a_company_that_was_taken_off_a_list_is_not_on_it() -> None:
    judge = RuleJudge(FACTS, SCHOOL)
    names = {each.listing.list for each in judge.listings(made_by("megvii"), date(2025, 1, 6))}
    assert "US-1260H" in names
    names = {each.listing.list for each in judge.listings(made_by("megvii"), date(2025, 1, 7))}
    assert "US-1260H" not in names


def test_a_suspected_maker_is_listed_only_as_far_as_it_is_suspected() -> None:
    judge = RuleJudge(FACTS, SCHOOL)
    assert judge.listings(made_by("", Certainty.UNKNOWN, hint="hikvision"), TODAY) == []
    listings = judge.listings(made_by("dahua", Certainty.SUSPECTED), TODAY)
    assert listings
    assert not any(each.certain for each in listings)
    assert all("as is suspected" in each.sentence for each in listings)


def test_rules_on_conduct_are_said_once_for_the_site() -> None:
    site = {each.rule.id: each.outcome for each in RuleJudge(FACTS, SCHOOL).of_site(TODAY)}
    assert site["eu-gdpr-art9"] is Outcome.DOES_NOT
    berlin = SiteProfile(country="DE", organisation=Organisation.COMPANY)
    site = {each.rule.id: each.outcome for each in RuleJudge(FACTS, berlin).of_site(TODAY)}
    assert site["eu-aia-art5"] is Outcome.APPLIES
    chicago = SiteProfile(country="US", region="IL", organisation=Organisation.PRIVATE_SCHOOL)
    site = {each.rule.id: each.outcome for each in RuleJudge(FACTS, chicago).of_site(TODAY)}
    assert site["us-il-bipa"] is Outcome.APPLIES


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from([*(maker.key for maker in FACTS.makers), ""]),
    st.sampled_from(list(Certainty)),
    st.dates(date(2017, 1, 1), date(2030, 1, 1)),
    st.sampled_from([SCHOOL, DEPARTMENT, SiteProfile(), SiteProfile(country="US")]),
)
def test_every_rule_gives_one_answer_with_a_reason(
    origin: str, certainty: Certainty, when: date, profile: SiteProfile
) -> None:
    verdict = made_by(origin, Certainty.UNKNOWN if not origin else certainty)
    findings = RuleJudge(FACTS, profile).of_device(verdict, None, when)
    assert len({each.rule.id for each in findings}) == len(findings)
    for each in findings:
        assert each.reasons
        if each.outcome is Outcome.APPLIES and each.rule.names != ("any",):
            assert verdict.certainty is Certainty.CERTAIN
