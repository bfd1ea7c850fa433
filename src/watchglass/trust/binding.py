"""Whom a rule binds, and whether that is this site."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from watchglass.model.profile import Organisation, SiteProfile

EU = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
_PUBLIC = frozenset({
    Organisation.FEDERAL_AGENCY, Organisation.DEFENCE_DEPARTMENT, Organisation.CENTRAL_GOVERNMENT,
    Organisation.STATE_OR_LOCAL, Organisation.PUBLIC_SCHOOL,
})  # fmt: skip


class Answer(StrEnum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Check:
    """One question that a rule turns on, with its answer in words."""

    answer: Answer
    sentence: str


def of(stated: bool | None) -> Answer:
    if stated is None:
        return Answer.UNKNOWN
    return Answer.YES if stated else Answer.NO


def _is(*kinds: Organisation) -> Callable[[SiteProfile], Answer]:
    def answer(profile: SiteProfile) -> Answer:
        if profile.organisation is Organisation.UNKNOWN:
            return Answer.UNKNOWN
        return of(profile.organisation in kinds)

    return answer


def _never(_: SiteProfile) -> Answer:
    return Answer.NO


@dataclass(frozen=True, slots=True)
class _Bound:
    """Who is bound: in words, the test, and what is said to everybody else."""

    who: str
    asks: Callable[[SiteProfile], Answer]
    to_others: str = ""


_BOUND = {
    "federal_agency": _Bound(
        "federal agencies", _is(Organisation.FEDERAL_AGENCY, Organisation.DEFENCE_DEPARTMENT)
    ),
    "federal_contractor": _Bound(
        "who has, or wants, contracts with the federal government",
        lambda profile: of(profile.federal_contracts),
    ),
    "grant_recipient": _Bound(
        "who spends money of federal grants or loans", lambda profile: of(profile.federal_grants)
    ),
    "defence_department": _Bound(
        "the Department of Defense in its contracts", _is(Organisation.DEFENCE_DEPARTMENT)
    ),
    "exporter": _Bound(
        "who exports to the company named", _never,
        "a rule on exports to that company: it restricts neither buying nor using its devices",
    ),
    "investor": _Bound(
        "who trades securities of the company named", _never,
        "a rule on investing in that company: it restricts neither buying nor using its devices",
    ),
    "importer_seller": _Bound(
        "who imports or sells", _never,
        "a rule on importing and selling: what was bought may stay in use under it",
    ),
    "regulator": _Bound("the authority that authorises equipment", _never),
    "state_or_local": _Bound(
        "public bodies of a state", _is(Organisation.STATE_OR_LOCAL, Organisation.PUBLIC_SCHOOL)
    ),
    "central_government": _Bound(
        "bodies of the central government",
        _is(
            Organisation.CENTRAL_GOVERNMENT, Organisation.FEDERAL_AGENCY,
            Organisation.DEFENCE_DEPARTMENT,
        ),
    ),
    "eu_parliament": _Bound("the European Parliament in its own buildings", _never),
    "critical_entity": _Bound(
        "entities of critical sectors", lambda profile: of(profile.critical)
    ),
    "private": _Bound(
        "private bodies",
        _is(*(kind for kind in Organisation if kind not in {*_PUBLIC, Organisation.UNKNOWN})),
    ),
    "anybody": _Bound("everybody", lambda _: Answer.YES),
    "nobody": _Bound(
        "nobody", _never, "a list that other rules refer to: by itself it forbids nothing"
    ),
}  # fmt: skip


def check_bound(binds: tuple[str, ...], profile: SiteProfile) -> Check:
    """Whether a rule that binds these binds this site."""
    found = [(_BOUND[each], _BOUND[each].asks(profile)) for each in binds]
    for answer in (Answer.YES, Answer.UNKNOWN):
        for bound, its in found:
            if its is answer:
                unstated = (
                    "; whether that is you was not stated" if answer is Answer.UNKNOWN else ""
                )
                return Check(answer, f"it binds {bound.who}{unstated}")
    other = next((bound.to_others for bound, _ in found if bound.to_others), "")
    if other:
        return Check(Answer.NO, f"it is {other}")
    who = " and ".join(bound.who for bound, _ in found) or "nobody"
    return Check(Answer.NO, f"it binds {who}, and you are not")


def check_place(jurisdiction: str, profile: SiteProfile) -> Check:
    """Whether a site lies where a rule holds."""
    if not profile.country:
        return Check(
            Answer.UNKNOWN, f"it holds in {_place(jurisdiction)}; your country is not stated"
        )
    country, _, region = jurisdiction.partition("-")
    if jurisdiction == "EU":
        inside = profile.country in EU
    else:
        inside = profile.country == {"UK": "GB", "US states": "US"}.get(jurisdiction, country)
    if inside and region and not profile.region:
        return Check(Answer.UNKNOWN, f"it holds in {_place(jurisdiction)}; your part is not stated")
    if inside and (not region or profile.region == region):
        return Check(Answer.YES, f"it holds in {_place(jurisdiction)}")
    return Check(Answer.NO, f"it holds in {_place(jurisdiction)}, not in {profile.country}")


def _place(jurisdiction: str) -> str:
    return {
        "US": "the United States", "UK": "the United Kingdom", "EU": "the European Union",
        "CA": "Canada", "AU": "Australia", "TW": "Taiwan", "IN": "India", "US-IL": "Illinois",
        "US states": "single states of the United States",
    }.get(jurisdiction, jurisdiction)  # fmt: skip
