"""Rules: for a device, a site and a day, which apply, may apply, may apply next, do not, and why.

A rule applies only when each question it turns on is answered with yes. One no is enough that it
does not, and what is not known leaves it open: then it may apply, and the sentence says what to
find out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from watchglass.model.profile import SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.trust.binding import Answer, Check, check_bound, check_place, of
from watchglass.trust.day import Day, parse_day
from watchglass.trust.fact import About, Listing, Regulation, Status
from watchglass.trust.facts import Facts
from watchglass.trust.verdict import Certainty, OriginVerdict

_NAMES = "it names "
FIND_INVOICE = "cannot tell: find this invoice"
_PAID = frozenset({"buying", "spending"})


class Outcome(StrEnum):
    APPLIES = "applies"
    MAY_APPLY = "may_apply"
    MAY_APPLY_NEXT = "may_apply_next"
    DOES_NOT = "does_not"


@dataclass(frozen=True, slots=True)
class RuleFinding:
    """What a rule is to a device (or, for a rule on conduct, to the site) on a day."""

    rule: Regulation
    outcome: Outcome
    reasons: tuple[str, ...]

    @property
    def names_maker(self) -> bool:
        """Whether it is open or true because the rule names who made, or may have made, it."""
        return any(reason.startswith(_NAMES) for reason in self.reasons)

    @property
    def wants_invoice(self) -> bool:
        """Whether it would be settled by knowing how the device was bought."""
        return self.names_maker and any(FIND_INVOICE in reason for reason in self.reasons)


@dataclass(frozen=True, slots=True)
class ListingFinding:
    """That the maker of a device is on a list: certain, or as far as its origin is suspected."""

    listing: Listing
    certain: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class _Time:
    """Where a day lies in the life of a rule. ``coming``: it is on its way."""

    answer: Answer
    sentence: str
    coming: bool = False


class RuleJudge:
    """Judges by one state of the facts, for one site."""

    def __init__(self, facts: Facts, profile: SiteProfile) -> None:
        self._facts = facts
        self._profile = profile

    def of_device(
        self, origin: OriginVerdict, purchase: Purchase | None, when: date
    ) -> list[RuleFinding]:
        """Each rule that turns on a device, for that device on that day."""
        return [
            self._finding(rule, origin, purchase, when)
            for rule in self._facts.regulations if rule.about is not About.CONDUCT
        ]  # fmt: skip

    def of_site(self, when: date) -> list[RuleFinding]:
        """Each rule on what people do with cameras, whoever made them."""
        found = []
        for rule in self._facts.regulations:
            if rule.about is About.CONDUCT:
                checks = [
                    check_place(rule.jurisdiction, self._profile),
                    check_bound(rule.binds, self._profile),
                ]
                found.append(_weighed(rule, checks, _time(rule, when)))
        return found

    def listings(self, origin: OriginVerdict, when: date) -> list[ListingFinding]:
        """The lists that name the maker on that day. Nothing for a maker that is not told."""
        if origin.certainty is Certainty.UNKNOWN:
            return []
        certain = origin.certainty is Certainty.CERTAIN
        return [
            ListingFinding(each, certain, self._listed_words(each, certain, when))
            for each in self._facts.listings
            if each.origin == origin.origin and each.since.perhaps_by(when)
            and not (each.until is not None and each.until.surely_by(when))
        ]  # fmt: skip

    def _listed_words(self, listing: Listing, certain: bool, when: date) -> str:
        told = self._facts.named_list(listing.list)
        sure = "" if certain else " (if it made this device, as is suspected)"
        perhaps = "" if listing.since.surely_by(when) else " (the day is not known)"
        unverified = "" if listing.backing.is_sourced else f" [{listing.backing.verification}]"
        return (
            f"the {told.name} names {listing.entity}{sure} since {listing.since}{perhaps}: "
            f"{told.meaning}{unverified}"
        )

    # --- one rule --------------------------------------------------------------------------

    def _finding(
        self, rule: Regulation, origin: OriginVerdict, purchase: Purchase | None, when: date
    ) -> RuleFinding:
        checks = [
            check_place(rule.jurisdiction, self._profile),
            self._named(rule, origin, when),
            check_bound(rule.binds, self._profile),
        ]
        if rule.purposes:
            checks.append(self._purpose(rule, purchase))
        if rule.acts in _PAID and all(check.answer is not Answer.NO for check in checks):
            checks.append(_paid(rule, purchase))
        return _weighed(rule, checks, _time(rule, when))

    def _named(self, rule: Regulation, origin: OriginVerdict, when: date) -> Check:
        if "any" in rule.names:
            return Check(Answer.YES, "it holds whoever made the device")
        if "none" in rule.names:
            return Check(Answer.UNKNOWN, "no maker is named yet")
        if "varies" in rule.names:
            return Check(Answer.UNKNOWN, "whom it names differs from place to place")
        if origin.certainty is Certainty.UNKNOWN:
            return self._unknown_maker(rule, origin, when)
        answer = self._names(rule, origin.origin, when)
        name = self._facts.maker_name(origin.origin)
        if answer is Answer.NO:
            return Check(answer, f"it does not name {name}")
        if answer is Answer.UNKNOWN:
            return Check(answer, f"whether it names {name} is not verified")
        if origin.certainty is Certainty.SUSPECTED:
            return Check(
                Answer.UNKNOWN, f"{_NAMES}{name}, which is suspected to have made this device"
            )
        return Check(Answer.YES, f"{_NAMES}{name}, which made this device")

    def _unknown_maker(self, rule: Regulation, origin: OriginVerdict, when: date) -> Check:
        if origin.hint and self._names(rule, origin.hint, when) is not Answer.NO:
            name = self._facts.maker_name(origin.hint)
            return Check(Answer.UNKNOWN, f"{_NAMES}{name}, to which a sign on this device points")
        return Check(Answer.UNKNOWN, "who made this device is unknown")

    def _names(self, rule: Regulation, maker: str, when: date) -> Answer:
        """Whether a rule names a maker; the surest of the ways in which it may."""
        answers = [self._names_by(name, maker, when) for name in rule.names]
        for answer in (Answer.YES, Answer.UNKNOWN):
            if answer in answers:
                return answer
        return Answer.NO

    def _names_by(self, name: str, maker: str, when: date) -> Answer:
        kind, _, value = name.partition(":")
        if kind == "seat":
            found = self._facts.maker(maker)
            if found is None:
                return Answer.UNKNOWN
            if found.seat != value:
                return Answer.NO
            return Answer.YES if found.backing.is_sourced else Answer.UNKNOWN
        if kind == "list":
            listed = [
                each for each in self._facts.listings if (each.list, each.origin) == (value, maker)
            ]
            return of(any(each.since.perhaps_by(when) for each in listed))
        return of(name == maker)

    def _purpose(self, rule: Regulation, purchase: Purchase | None) -> Check:
        words = ", ".join(each.replace("_", " ") for each in rule.purposes)
        if rule.purposes == ("sensitive_site",):
            answer = of(self._profile.sensitive_site)
            told = {
                Answer.YES: "your site is a sensitive one",
                Answer.NO: "it concerns sensitive sites, and yours is stated not to be one",
                Answer.UNKNOWN: "it concerns sensitive sites; whether yours is one is not stated",
            }[answer]
            return Check(answer, told)
        purposes = self._profile.purposes
        if purchase is not None and purchase.purpose is not None and purchase.document:
            purposes = (purchase.purpose,)
        if purposes is None:
            return Check(Answer.UNKNOWN, f"it concerns {words}; what your cameras are for is not "
                         "stated")  # fmt: skip
        if set(purposes) & set(rule.purposes):
            return Check(Answer.YES, f"it concerns {words}, which your cameras serve")
        return Check(Answer.NO, f"it concerns {words}, which your cameras do not serve")


def _paid(rule: Regulation, purchase: Purchase | None) -> Check:
    """Whether the purchase falls under a rule on buying or spending."""
    if purchase is None or not purchase.document:
        return Check(Answer.UNKNOWN, f"{FIND_INVOICE} (when it was bought, with which money)")
    told = f"by {purchase.document}"
    if not purchase.bought:
        return Check(Answer.UNKNOWN, f"{FIND_INVOICE}: {told} says not when it was bought")
    bought = parse_day(purchase.bought)
    starts = rule.effective
    if starts is not None and not starts.perhaps_by(bought.last):
        return Check(Answer.NO, f"{told} it was bought {bought}, before {starts}")
    if rule.acts == "spending" and purchase.money in (Money.OWN, Money.FEDERAL_BUDGET):
        return Check(Answer.NO, f"{told} it was bought with other money than a federal award")
    if rule.acts == "spending" and purchase.money is Money.UNKNOWN:
        return Check(Answer.UNKNOWN, f"{FIND_INVOICE}: {told} says not with which money")
    if starts is not None and not starts.surely_by(bought.first):
        return Check(Answer.UNKNOWN, f"{told} it was bought {bought}; the rule began {starts}")
    money = " with money of a federal award" if purchase.money is Money.FEDERAL_AWARD else ""
    return Check(Answer.YES, f"{told} it was bought {bought}{money}")


def _time(rule: Regulation, when: date) -> _Time:
    if rule.status is Status.PROPOSED:
        if rule.adopted is not None and not rule.adopted.perhaps_by(when):
            return _Time(Answer.NO, f"it was not proposed before {rule.adopted}")
        return _Time(Answer.UNKNOWN, "it is proposed and not law", coming=True)
    if rule.adopted is not None and not rule.adopted.perhaps_by(when):
        return _Time(Answer.NO, f"on {when} it was not adopted (that was {rule.adopted})")
    if rule.until is not None and rule.until.surely_by(when):
        return _Time(Answer.NO, f"it was replaced or ended {rule.until}")
    if rule.effective is None:
        return _Time(Answer.UNKNOWN, "since when it holds was not found")
    if not rule.effective.perhaps_by(when):
        return _Time(Answer.UNKNOWN, f"it takes effect {_on(rule.effective)}", coming=True)
    if not rule.effective.surely_by(when):
        return _Time(
            Answer.UNKNOWN, f"it takes effect {_on(rule.effective)}; the day was not found"
        )
    if rule.status is Status.CONTESTED:
        return _Time(Answer.UNKNOWN, f"in force since {rule.effective} and contested")
    return _Time(Answer.YES, f"in force since {rule.effective}")


def _on(day: Day) -> str:
    return f"on {day}" if day.is_exact else f"in {day}"


def _weighed(rule: Regulation, checks: Iterable[Check], time: _Time) -> RuleFinding:
    checks = list(checks)
    refused = [check.sentence for check in checks if check.answer is Answer.NO]
    if time.answer is Answer.NO:
        refused.insert(0, time.sentence)
    if refused:
        return RuleFinding(rule, Outcome.DOES_NOT, tuple(refused))
    reasons = [time.sentence, *(check.sentence for check in checks)]
    if not _is_verified(rule):
        reasons.append(f"not fully verified: {rule.backing.verification}")
    if rule.status_note:
        reasons.append(rule.status_note)
    if time.coming:
        return RuleFinding(rule, Outcome.MAY_APPLY_NEXT, tuple(reasons))
    open_questions = time.answer is Answer.UNKNOWN or any(
        check.answer is Answer.UNKNOWN for check in checks
    )
    sure = not open_questions and _is_verified(rule)
    return RuleFinding(rule, Outcome.APPLIES if sure else Outcome.MAY_APPLY, tuple(reasons))


def _is_verified(rule: Regulation) -> bool:
    """``sourced``, or sourced but for a detail that its note names."""
    return rule.backing.verification.split(";")[0] == "sourced"
