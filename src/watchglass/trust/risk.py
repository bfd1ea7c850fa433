"""The risk list: what to do first, and why.

A risk is a thing to do with a reason and a rank. The rank is an order of urgency and nothing more:
it is not a probability and is never shown as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from watchglass.trust.fact import Exploited, Support
from watchglass.trust.hole import HoleFinding, HoleState
from watchglass.trust.rule import Outcome, RuleFinding


class Step(StrEnum):
    """What to do."""

    SET_PASSWORD = "set_password"  # noqa: S105 - a thing to do, no password
    REPLACE = "replace"
    UPDATE = "update"
    FIND_INVOICE = "find_invoice"
    FIND_MAKER = "find_maker"
    FIND_FIRMWARE = "find_firmware"
    PLAN = "plan"


_WORDS = {
    Step.SET_PASSWORD: "Set a password",
    Step.REPLACE: "Take it off the network or replace it",
    Step.UPDATE: "Update its firmware",
    Step.FIND_INVOICE: "Find the invoice",
    Step.FIND_MAKER: "Find out who made it",
    Step.FIND_FIRMWARE: "Find out its firmware",
    Step.PLAN: "Plan its replacement",
}


@dataclass(frozen=True, slots=True)
class Risk:
    """One thing to do about a device. A higher ``rank`` comes first."""

    step: Step
    rank: int
    reason: str

    @property
    def words(self) -> str:
        return _WORDS[self.step]


def risks_of(
    rules: Sequence[RuleFinding],
    holes: Sequence[HoleFinding],
    support: Support | None,
    *,
    activated: bool,
    maker_known: bool,
    when: date,
) -> tuple[Risk, ...]:
    """What to do about a device, most urgent first; each step once, with its strongest reason."""
    found = [*_from_rules(rules), *_from_holes(holes), *_from_support(support, when)]
    if not activated:
        found.append(Risk(
            Step.SET_PASSWORD, 95, "it says that no password was ever set: whoever reaches it first"
            " owns it",
        ))  # fmt: skip
    if not maker_known:
        found.append(Risk(
            Step.FIND_MAKER, 20, "who made it is unknown: look at its box, label or invoice"
        ))  # fmt: skip
    first: dict[Step, Risk] = {}
    for risk in sorted(found, key=lambda each: (-each.rank, each.reason)):
        first.setdefault(risk.step, risk)
    return tuple(first.values())


def _from_rules(rules: Sequence[RuleFinding]) -> list[Risk]:
    found = []
    for each in rules:
        name = each.rule.instrument
        if each.outcome is Outcome.APPLIES:
            found.append(Risk(Step.REPLACE, 100, f"{name} applies"))
        elif each.outcome is Outcome.MAY_APPLY and each.names_maker:
            if each.wants_invoice:
                found.append(Risk(Step.FIND_INVOICE, 60, f"{name} may apply, by its purchase"))
            else:
                found.append(Risk(Step.PLAN, 50, f"{name} may apply"))
        elif each.outcome is Outcome.MAY_APPLY_NEXT and each.names_maker:
            found.append(Risk(Step.PLAN, 30, f"{name} may apply next"))
    return found


def _from_holes(holes: Sequence[HoleFinding]) -> list[Risk]:
    found = []
    for each in holes:
        exploited = each.hole.exploited is Exploited.YES
        words = f"{each.hole.cve}: {each.hole.summary}"
        if exploited:
            words += " (exploited in the wild)"
        if each.state is HoleState.AFFECTED:
            rank = 90 if exploited else 70
            found.append(Risk(Step.UPDATE, rank, f"affected by {words}"))
        elif each.state is HoleState.POSSIBLY:
            rank = 45 if exploited else 35
            found.append(Risk(Step.FIND_FIRMWARE, rank, f"possibly affected by {words}"))
    return found


def _from_support(support: Support | None, when: date) -> list[Risk]:
    if support is None or support.end_of_support is None:
        return []
    if support.end_of_support.surely_by(when):
        return [Risk(Step.PLAN, 55, f"its maker ended support {support.end_of_support}")]
    return [Risk(Step.PLAN, 15, f"its maker ends support {support.end_of_support}")]
