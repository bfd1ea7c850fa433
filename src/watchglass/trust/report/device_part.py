"""One device in the report: the verdict, what says so, and what follows from it."""

from collections.abc import Iterable

from watchglass.trust.report.document import Because, DocDevice, Listed
from watchglass.trust.report.markup import Html, bullets, el, joined, text

OUTCOMES = {
    "applies": "applies", "may_apply": "may apply", "may_apply_next": "may apply next",
    "does_not": "does not apply",
}  # fmt: skip


def device_part(each: DocDevice, names: dict[str, str]) -> Html:
    built = f" (built {each.build})" if each.build else ""
    facts = (
        each.kind.replace("_", " "),
        f"model {each.model}" if each.model else "",
        f"firmware {each.firmware}{built}" if each.firmware else "firmware unknown",
        f"at {', '.join(each.addresses[:3])}" if each.addresses else "",
        f"MAC {', '.join(each.macs[:3])}" if each.macs else "",
        f"serial number {', '.join(each.serials[:2])}" if each.serials else "",
        f"in {', '.join(each.places[:2])}" if each.places else "",
        f"seen {each.first_seen} to {each.last_seen}",
        f"id {each.id[:12]}",
    )
    return el(
        "article",
        el("h3", each.shown),
        el("p", each.verdict, class_="verdict"),
        el("p", "; ".join(fact for fact in facts if fact), class_="facts"),
        *_titled("How sure", [f"{each.certainty}, {each.confidence:.1%} by the signs below"]
               if each.because or each.against else []),
        *_titled("What says so", map(_because, each.because)),
        *_titled("What speaks against it", map(_because, each.against)),
        *_titled("Chips, which count for nobody", each.chips),
        *_titled("Lists that name its maker", map(_listed, each.listed)),
        *_titled("Rules", (
            f"{names[one.rule]}: {OUTCOMES[one.outcome]}: {'; '.join(one.reasons)}"
            for one in each.rules if one.outcome != "does_not"
        )),
        *_titled("Known holes", (
            f"{one.cve}, {one.state.replace('_', ' ')}: {one.summary}; {one.reason}; "
            f"{one.exploited_words}" + (f"; fixed: {one.fixed}" if one.fixed else "")
            for one in each.holes if one.state != "not_affected"
        )),
        *_titled("Purchase, support and spares", [
            each.purchase.words,
            f"End of sale {each.support.end_of_sale}, end of support "
            f"{each.support.end_of_support}, spares until {each.support.spares_until}.",
        ]),
        *_titled("What to do", (f"{one.words}: {one.reason}" for one in each.to_do)),
        class_="device",
        id=each.id,
    )  # fmt: skip


def _titled(title: str, sentences: "Iterable[str | Html]") -> list[Html]:
    shown = list(sentences)
    return [el("h4", title), bullets(shown)] if shown else []


def _listed(one: Listed) -> str:
    sure = "" if one.certain else ", if the suspected origin is right"
    verified = "" if one.verification == "sourced" else f" [{one.verification}]"
    return f"{one.list_name}, since {one.since} ({one.entity}){sure}{verified}"


def _because(each: Because) -> Html:
    if not each.door:
        return text(each.sentence)
    port = f" port {each.port}" if each.port else ""
    where = f"{each.at}, {each.door.replace('_', ' ')}, {each.address}{port}: {each.signal} "
    ends = f" [{each.fingerprint}; {each.source}]"
    return joined([
        each.sentence, el("span", where, el("code", each.value), ends, class_="evidence")
    ])  # fmt: skip
