"""The figures of the report's first page."""

from collections import Counter
from collections.abc import Iterable, Sequence

from watchglass.model.coverage import Coverage
from watchglass.trust.fact import About, Regulation
from watchglass.trust.facts import Facts
from watchglass.trust.hole import HoleState
from watchglass.trust.judgement import Judgement
from watchglass.trust.report.document import Count, Summary
from watchglass.trust.rule import Outcome, RuleFinding
from watchglass.trust.verdict import Certainty, Making


def latest_looks(coverage: Iterable[Coverage]) -> list[Coverage]:
    """Of each network the last look."""
    found: dict[tuple[str, str], Coverage] = {}
    for each in sorted(coverage, key=lambda one: one.started_ns):
        if each.cidr:
            found[each.cidr, each.place] = each
    return list(found.values())


def summarise(judgements: Sequence[Judgement], latest: Sequence[Coverage], facts: Facts) -> Summary:
    places: dict[str, int] = {}
    for each in latest:
        name = each.place or each.cidr
        places[name] = places.get(name, 0) + each.answered
    origins = [each.judged.origin for each in judgements]
    certain = [each for each in judgements if any(one.certain for one in each.listings)]
    suspected = [each for each in judgements if each.listings and each not in certain]
    trade_only = sum(
        bool(each.listings)
        and not any(facts.named_list(one.listing.list).restricts_devices for one in each.listings)
        for each in judgements
    )
    invoices = sum(any(rule.wants_invoice for rule in each.rules) for each in judgements)
    return Summary(
        devices=len(judgements),
        listed_certain=len(certain),
        listed_suspected=len(suspected),
        listed_trade_only=trade_only,
        unknown=sum(each.certainty is Certainty.UNKNOWN for each in origins),
        clones=sum(each.making is Making.CLONE for each in origins),
        relabels=sum(each.making is Making.RELABEL for each in origins),
        silent_places=tuple(sorted(name for name, answered in places.items() if not answered)),
        places=len(places),
        invoices=invoices,
        by_origin=_by_origin(judgements, facts),
        by_rule=_by_rule(judgements),
        by_hole=_by_hole(judgements),
    )


def _by_origin(judgements: Iterable[Judgement], facts: Facts) -> tuple[Count, ...]:
    found: Counter[tuple[str, Certainty]] = Counter()
    for each in judgements:
        found[each.judged.origin.origin, each.judged.origin.certainty] += 1
    keys = {key for key, _ in found if key}
    counts = [
        Count(
            key=key, name=facts.maker_name(key), first=found[key, Certainty.CERTAIN],
            second=found[key, Certainty.SUSPECTED],
        )
        for key in keys
    ]  # fmt: skip
    return tuple(sorted(counts, key=lambda one: (-one.first - one.second, one.name)))


def _is_open(finding: RuleFinding) -> bool:
    """Whether a rule may concern a device only because nobody knows who made it."""
    return (
        finding.outcome is Outcome.MAY_APPLY
        and finding.rule.about is About.MAKER
        and "varies" not in finding.rule.names
        and not finding.names_maker
    )


def _by_rule(judgements: Sequence[Judgement]) -> tuple[Count, ...]:
    found: Counter[tuple[str, Outcome]] = Counter()
    unknown: Counter[str] = Counter()
    rules: dict[str, Regulation] = {}
    for each in judgements:
        for finding in each.rules:
            rules[finding.rule.id] = finding.rule
            if _is_open(finding):
                unknown[finding.rule.id] += 1
            else:
                found[finding.rule.id, finding.outcome] += 1
    counts = [
        Count(
            key=key, name=rule.instrument, first=found[key, Outcome.APPLIES],
            second=found[key, Outcome.MAY_APPLY], third=found[key, Outcome.MAY_APPLY_NEXT],
            unknown=unknown[key],
        )
        for key, rule in rules.items()
    ]  # fmt: skip
    shown = [one for one in counts if one.first or one.second or one.third or one.unknown]
    # A rule that names nobody for sure concerns every device a little: it comes last.
    return tuple(sorted(shown, key=lambda one: (
        "varies" in rules[one.key].names, -one.first, -one.second, one.key
    )))  # fmt: skip


def _by_hole(judgements: Sequence[Judgement]) -> tuple[Count, ...]:
    found: Counter[tuple[str, HoleState]] = Counter()
    names: dict[str, str] = {}
    for each in judgements:
        for finding in each.holes:
            names[finding.hole.cve] = finding.hole.summary
            found[finding.hole.cve, finding.state] += 1
    counts = [
        Count(
            key=key, name=name, first=found[key, HoleState.AFFECTED],
            second=found[key, HoleState.POSSIBLY], third=found[key, HoleState.CANNOT_TELL],
        )
        for key, name in names.items()
    ]  # fmt: skip
    shown = [one for one in counts if one.first or one.second or one.third]
    return tuple(sorted(shown, key=lambda one: (-one.first, -one.second, one.key)))
