"""From judgements to the report's data."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from watchglass.base.ids import DeviceId
from watchglass.model.coverage import Coverage
from watchglass.model.device_path import DevicePath, Step
from watchglass.model.profile import SiteProfile
from watchglass.trust.evidence import Evidence
from watchglass.trust.fact import NamedList, Regulation
from watchglass.trust.facts import Facts
from watchglass.trust.judgement import Judgement
from watchglass.trust.path import Progress, concerns
from watchglass.trust.report.document import (
    Because,
    Bought,
    Covered,
    DocDevice,
    DocList,
    DocPath,
    DocRule,
    Document,
    Holed,
    Listed,
    Ruled,
    Supported,
    TableAge,
    ToDo,
)
from watchglass.trust.report.figures import latest_looks, summarise
from watchglass.trust.report.moment import utc
from watchglass.trust.report.path_part import doc_path
from watchglass.trust.risk import Step as ToDoStep
from watchglass.trust.rule import FIND_INVOICE, ListingFinding, RuleFinding
from watchglass.trust.verdict import Certainty, Making, Reason


def make_document(
    judgements: Sequence[Judgement],
    site_rules: Iterable[RuleFinding],
    coverage: Sequence[Coverage],
    profile: SiteProfile,
    facts: Facts,
    *,
    when: date,
    made_ns: int,
    program: str,
    paths: Mapping[DeviceId, DevicePath] | None = None,
    progress: Progress | None = None,
) -> Document:
    """A report on these devices."""
    restricting = frozenset(each.key for each in facts.lists if each.restricts_devices)

    def path_of(judged: Judgement) -> DevicePath | None:
        path = (paths or {}).get(judged.id)
        is_on = path is None and concerns(None, judged, restricting)
        return DevicePath(device=judged.id) if is_on else path

    latest = latest_looks(coverage)
    return Document(
        program=program,
        made=utc(made_ns),
        when=when.isoformat(),
        profile=profile,
        facts_version=facts.version,
        tables=tuple(
            TableAge(
                name=each.name, rows=each.rows, sha256=each.sha256, replaced=each.replaced,
                oldest=str(each.as_of[0]) if each.as_of else "",
                newest=str(each.as_of[1]) if each.as_of else "",
            )
            for each in facts.states
        ),
        summary=summarise(judgements, latest, facts),
        coverage=tuple(map(_covered, coverage)),
        devices=tuple(
            device(each, facts, doc_path(path_of(each), each, facts, when)) for each in judgements
        ),
        rules=tuple(map(_rule, facts.regulations)),
        site_rules=tuple(map(_ruled, site_rules)),
        lists=tuple(map(_list, facts.lists)),
        progress=progress,
    )  # fmt: skip


def device(of: Judgement, facts: Facts, path: DocPath | None = None) -> DocDevice:
    """One device."""
    origin, brand, subject = of.judged.origin, of.judged.brand, of.subject
    return DocDevice(
        id=of.id,
        label=brand.brand.name if brand.brand is not None else "",
        label_certainty=brand.certainty.value,
        other_labels=brand.others,
        origin=origin.origin,
        origin_name=facts.maker_name(origin.origin) if origin.origin else "",
        certainty=origin.certainty.value,
        confidence=round(origin.confidence, 3),
        making=origin.making.value,
        imitates=facts.maker_name(origin.imitates) if origin.imitates else "",
        hint=facts.maker_name(origin.hint) if origin.hint else "",
        chips=origin.chips,
        verdict=verdict_words(of, facts),
        kind=subject.kind.value,
        model=subject.model,
        firmware=subject.firmware.text,
        build=subject.firmware.build.isoformat() if subject.firmware.build is not None else "",
        addresses=subject.addresses,
        macs=subject.macs,
        serials=subject.serials,
        names=subject.names,
        places=subject.places,
        because=tuple(map(_because, origin.reasons or brand.reasons)),
        against=tuple(map(_because, origin.against)),
        listed=tuple(
            _listed(each, facts)
            for each in of.listings
        ),
        rules=tuple(map(_ruled, of.rules)),
        holes=tuple(
            Holed(
                cve=each.hole.cve, state=each.state.value, summary=each.hole.summary,
                reason=each.reason, fixed=each.fixed, exploited=each.hole.exploited.value,
                exploited_words=each.exploited_words, cvss=each.hole.cvss,
            )
            for each in of.holes
        ),
        support=_support(of),
        purchase=_bought(of),
        to_do=tuple(
            ToDo(step=each.step.value, words=each.words, reason=each.reason, rank=each.rank)
            for each in of.risks
            if each.step is ToDoStep.FIND_INVOICE or not _is_gone(path)
        ),
        doors=tuple(each.value for each in of.seen),
        first_seen=utc(of.first_ns),
        last_seen=utc(of.last_ns),
        path=path,
    )  # fmt: skip


def _is_gone(path: DocPath | None) -> bool:
    """Whether it is taken down: what was paid with is asked of it still, and nothing else."""
    return path is not None and path.step in (Step.REMOVED.value, Step.FILED.value)


def verdict_words(of: Judgement, facts: Facts) -> str:
    """“Label A, origin B, because …”, in one sentence."""
    origin, brand = of.judged.origin, of.judged.brand.brand
    hint = of.judged.brand.hint
    unsure = f"Label perhaps {hint}" if hint else "Label unknown"
    label = f"Label {brand.name}" if brand is not None else unsure
    if origin.making is Making.CLONE:
        made = f"origin {facts.maker_name(origin.origin)}" if origin.origin else "origin unknown"
        return (
            f"{label}, {made}: it looks like a device of {facts.maker_name(origin.imitates)} and "
            f"is not shown to be one{_ending(origin.against)}"
        )
    if origin.certainty is Certainty.UNKNOWN:
        points = f" (a sign points to {facts.maker_name(origin.hint)})" if origin.hint else ""
        return f"{label}, origin unknown{points}{_ending(origin.reasons if points else ())}"
    sure = "" if origin.certainty is Certainty.CERTAIN else " suspected"
    name = facts.maker_name(origin.origin)
    return f"{label}, origin {name}{sure}{_ending(origin.reasons)}"


def _ending(reasons: Sequence[Reason]) -> str:
    """The strongest reasons, and what the brand is to the maker, as a sentence's end."""
    signs = list(dict.fromkeys(each.sentence for each in reasons if each.evidence is not None))
    relations = list(dict.fromkeys(each.sentence for each in reasons if each.evidence is None))
    told = signs[:3] + relations[:1]
    if not told:
        return "."
    last = f"{', '.join(told[:-1])}, and {told[-1]}" if len(told) > 1 else told[0]
    return f", because {last}."


def _because(reason: Reason) -> Because:
    evidence: Evidence | None = reason.evidence
    if evidence is None:
        return Because(sentence=reason.sentence)
    seen = evidence.seen
    return Because(
        sentence=reason.sentence, door=seen.source.value, signal=seen.signal.value,
        value=seen.value, at=utc(seen.at_ns), address=seen.address, port=seen.port,
        fingerprint=evidence.fingerprint.id, weight=evidence.fingerprint.weight,
        source=str(evidence.fingerprint.backing),
    )  # fmt: skip


def _listed(found: ListingFinding, facts: Facts) -> Listed:
    of = facts.named_list(found.listing.list)
    return Listed(
        entity=found.listing.entity, list=of.key, list_name=of.name,
        since=str(found.listing.since), certain=found.certain,
        restricts_devices=of.restricts_devices, verification=found.listing.backing.verification,
        sentence=found.sentence,
    )  # fmt: skip


def _list(of: NamedList) -> DocList:
    return DocList(
        key=of.key, name=of.name, about=of.about, meaning=of.meaning, source=of.backing.source,
        verification=of.backing.verification, as_of=str(of.backing.as_of),
    )  # fmt: skip


def _ruled(finding: RuleFinding) -> Ruled:
    return Ruled(rule=finding.rule.id, outcome=finding.outcome.value, reasons=finding.reasons)


def _rule(rule: Regulation) -> DocRule:
    return DocRule(
        id=rule.id, jurisdiction=rule.jurisdiction, instrument=rule.instrument, kind=rule.kind,
        scope=rule.scope, status=rule.status.value, adopted=str(rule.adopted or ""),
        effective=str(rule.effective or ""), until=str(rule.until or ""),
        source=rule.backing.source, verification=rule.backing.verification,
        as_of=str(rule.backing.as_of),
    )  # fmt: skip


def _support(of: Judgement) -> Supported:
    if of.support is None:
        return Supported()
    return Supported(
        end_of_sale=str(of.support.end_of_sale or "unknown"),
        end_of_support=str(of.support.end_of_support or "unknown"),
        spares_until=str(of.support.spares_until or "unknown"),
    )


def _bought(of: Judgement) -> Bought:
    purchase = of.purchase
    if purchase is None or not purchase.document:
        return Bought(words=f"When, with which money and for what it was bought: {FIND_INVOICE}.")
    parts = [
        f"bought {purchase.bought or 'on an unknown day'}",
        f"with {purchase.money.value.replace('_', ' ')} money",
    ]
    if purchase.purpose is not None:
        parts.append(f"for {purchase.purpose.value.replace('_', ' ')}")
    words = f"{', '.join(parts)}, by {purchase.document}."
    return Bought(
        words=words[0].upper() + words[1:], bought=purchase.bought, money=purchase.money.value,
        purpose=purchase.purpose.value if purchase.purpose is not None else "",
        document=purchase.document,
    )  # fmt: skip


def _covered(each: Coverage) -> Covered:
    return Covered(
        place=each.place, network=each.cidr, doors=tuple(door.value for door in each.doors),
        asked=each.asked, answered=each.answered, silent=each.silent, refused=each.refused,
        started=utc(each.started_ns), ended=utc(each.ended_ns), complete=each.complete,
        note=each.note, collector=each.collector,
    )  # fmt: skip
