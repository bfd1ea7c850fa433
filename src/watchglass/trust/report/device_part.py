"""One device in the report: the verdict, what says so, and what follows from it."""

from collections.abc import Iterable

from watchglass.trust.report.document import Because, DocDevice, Holed, Ruled
from watchglass.trust.report.egress_part import talk_words
from watchglass.trust.report.legend import Legend
from watchglass.trust.report.markup import Html, bullets, el, joined, text
from watchglass.trust.report.path_part import path_lines

OUTCOMES = {
    "applies": "applies", "may_apply": "may apply", "may_apply_next": "may apply next",
    "does_not": "does not apply",
}  # fmt: skip


def device_part(each: DocDevice, legend: Legend) -> Html:
    return el(
        "article",
        el("h3", each.shown),
        el("p", each.verdict, class_="verdict"),
        el("p", "; ".join(_facts(each)), class_="facts"),
        el(
            "div",
            *_titled(f"What says so ({each.certainty}, {each.confidence:.1%})",
                     map(_because, each.because)),
            *_titled("What speaks against it", map(_because, each.against)),
            *_titled("Other brands that something on it names", each.other_labels),
            *_titled("Chips, which count for nobody", each.chips),
            *_titled("Lists that name its maker, since", _listed(each)),
            *_titled("Rules", (_rule(one, legend) for one in each.rules
                               if one.outcome != "does_not")),
            *_titled("Known holes", (_hole(one) for one in each.holes
                                     if one.state != "not_affected")),
            *_titled("Whom it talks to", _egress(each)),
            *_titled("What keeps it in", [each.contained.words] if each.contained else []),
            *_titled("Purchase, support, spares", [
                each.purchase.words,
                f"End of sale {each.support.end_of_sale}, of support "
                f"{each.support.end_of_support}, spares until {each.support.spares_until}.",
            ]),
            *_titled("Its path", path_lines(each.path) if each.path is not None else ()),
            *_titled("What to do", (f"{one.words}: {one.reason}" for one in each.to_do)),
            class_="parts",
        ),
        class_="device",
        id=each.id,
    )  # fmt: skip


def _facts(each: DocDevice) -> list[str]:
    built = f" (built {each.build})" if each.build else ""
    told = (
        each.kind.replace("_", " ") if each.kind != "unknown" else "of unknown kind",
        f"model {each.model}" if each.model else "",
        f"firmware {each.firmware}{built}" if each.firmware else "firmware unknown",
        f"at {', '.join(each.addresses[:3])}" if each.addresses else "",
        f"MAC {', '.join(each.macs[:3])}" if each.macs else "",
        f"serial number {', '.join(each.serials[:2])}" if each.serials else "",
        f"in {', '.join(each.places[:2])}" if each.places else "",
        f"seen {each.first_seen} to {each.last_seen}",
        f"id {each.id[:12]}",
    )
    return [fact for fact in told if fact]


def _titled(title: str, sentences: "Iterable[str | Html]") -> list[Html]:
    shown = list(sentences)
    # One block, so that a column never ends between a title and its first line.
    return [el("section", el("h4", title), bullets(shown))] if shown else []


def _egress(each: DocDevice) -> list[str]:
    if not each.egress:
        return []
    left = [f"{each.egress_left_out} others"] * bool(each.egress_left_out)
    return [each.egress_words, *map(talk_words, each.egress), *left]


def _rule(one: Ruled, legend: Legend) -> Html:
    code = legend.code(one)
    return joined([
        f"{legend.names[one.rule]}: {OUTCOMES[one.outcome]} (", el("a", code, href=f"#{code}"), ")"
    ])  # fmt: skip


def _hole(one: Holed) -> str:
    exploited = ", exploited in the wild" if one.exploited == "yes" else ""
    return f"{one.cve}: {one.state.replace('_', ' ')}{exploited}; {one.reason}"


def _listed(each: DocDevice) -> list[str]:
    """The lists, by the company that each of them names."""
    by_company: dict[str, list[str]] = {}
    for one in each.listed:
        verified = "" if one.verification == "sourced" else f" [{one.verification}]"
        by_company.setdefault(one.entity, []).append(f"{one.list_name} {one.since}{verified}")
    sure = "" if all(one.certain for one in each.listed) else " (if the suspected origin is right)"
    return [f"{company}{sure}: {', '.join(lists)}" for company, lists in by_company.items()]


def _because(each: Because) -> Html:
    if not each.door:
        return text(each.sentence)
    port = f" port {each.port}" if each.port else ""
    where = f"{each.at}, {each.door.replace('_', ' ')}, {each.address}{port}: {each.signal} "
    ends = f" [{each.fingerprint}]"
    return joined([
        each.sentence, el("span", where, el("code", each.value), ends, class_="evidence")
    ])  # fmt: skip
