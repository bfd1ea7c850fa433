"""The first page: for people who decide, without a word that needs a second page."""

from collections import Counter

from watchglass.trust.facts import Facts
from watchglass.trust.report.compare import Comparison
from watchglass.trust.report.document import Count, Document
from watchglass.trust.report.markup import Html, bullets, el, text

_MOST_BARS = 8
_MOST_PLACES = 8
_STEPS = (
    "set_password", "replace", "update", "find_invoice", "plan", "find_firmware", "find_maker",
)  # fmt: skip
_DECIDE = {
    "set_password": "set a password on {n} that say they never had one",
    "replace": "take off the network or replace {n} to which a rule applies",
    "update": "update the firmware of {n} with a known hole",
    "find_invoice": "find the invoices of {n}: without them nobody can say which money paid",
    "plan": "plan what follows {n} that a rule may reach",
    "find_firmware": "find out the firmware of {n} that may have a known hole",
    "find_maker": "look at the box or label of {n} of unknown origin",
}


def board(document: Document, facts: Facts, changed: Comparison | None) -> Html:
    """Figures, where they come from, and what to decide."""
    summary = document.summary
    name = document.profile.name or "this site"
    return el(
        "section",
        el("h1", f"Cameras and recorders of {name}: who made them, and which rules name them"),
        el("p", f"As of {document.when}. Looked at and judged by {document.program} on "
           f"{document.made}, with facts of {document.facts_version}.", class_="quiet"),
        el("p", _lead(document), class_="lead"),
        el(
            "div",
            _figure(summary.listed_certain, "certain: made by a company on a list", "certain"),
            _figure(summary.listed_suspected, "suspected: probably made by one", "suspected"),
            _figure(summary.unknown, "of unknown origin", ""),
            _figure(len(summary.silent_places), _silent(document), ""),
            class_="figures",
        ),
        el("h3", "Who made them"),
        _bars(document, facts),
        el(
            "div",
            el("div", el("h3", "What to do first"), bullets(_decisions(document))),
            el("div", el("h3", "Which rules name them"), bullets(_rules(document, facts)),
               *_from_where(document)),
            class_="columns",
        ),
        _changes(changed),
        el("p", "A report like this says what was found, by which evidence and under which rule, "
           "on one day. It is no legal advice, and what nobody answered is not in it.",
           class_="quiet small"),
        class_="board",
    )  # fmt: skip


def _lead(document: Document) -> str:
    summary = document.summary
    places = len(summary.silent_places)
    silent = f", {places} building{'s' if places != 1 else ''} silent" if summary.places else ""
    relabelled = (
        f" {summary.relabels} carry another brand than that of their maker."
        if summary.relabels
        else ""
    )
    trade = (
        f" {summary.listed_trade_only} are by makers on lists on exports or investment alone, "
        "which restrict no use."
        if summary.listed_trade_only
        else ""
    )
    return (
        f"{summary.devices} devices were found. Made by companies on a list: "
        f"{summary.listed_suspected} suspected, {summary.listed_certain} certain{silent}."
        f"{relabelled}{trade}"
    )


def _silent(document: Document) -> str:
    of = f" of {document.summary.places}" if document.summary.places else ""
    return f"buildings{of} from which nothing answered"


def _figure(number: int, words: str, class_: str) -> Html:
    return el("div", el("b", number), words, class_=f"figure {class_}".strip())


def _bars(document: Document, facts: Facts) -> Html:
    summary = document.summary
    shown = list(summary.by_origin[:_MOST_BARS])
    rest = summary.by_origin[_MOST_BARS:]
    if rest:
        shown.append(Count(
            key="", name=f"{len(rest)} others", first=sum(one.first for one in rest),
            second=sum(one.second for one in rest),
        ))  # fmt: skip
    most = max([1, summary.unknown, *(one.first + one.second for one in shown)])
    bars = [_bar(one, most, facts) for one in shown]
    if summary.unknown:
        bars.append(el(
            "div", el("span", "Unknown"),
            el("span", _part("u", summary.unknown, most), class_="track"),
            el("span", summary.unknown, class_="n"), class_="bar",
        ))  # fmt: skip
    return el("div", *bars, class_="bars")


def _bar(one: Count, most: int, facts: Facts) -> Html:
    words = f"{one.first} certain, {one.second} suspected"
    note = ""
    if one.key in facts.restricted:
        note = " (listed)"
    elif one.key in facts.listed:
        note = " (trade list)"
    return el(
        "div",
        el("span", one.name + note),
        el("span", _part("a", one.first, most), _part("b", one.second, most), class_="track"),
        el("span", words, class_="n"),
        class_="bar listed" if one.key in facts.restricted else "bar",
    )


def _part(class_: str, number: int, most: int) -> Html | None:
    # A width in an attribute would need a policy that lets in styles from anywhere.
    if not number:
        return None
    return el("i", class_=f"{class_} w{max(1, round(100 * number / most))}")


def widths() -> str:
    """The classes that bars are as wide as."""
    return "".join(f".w{n}{{width:{n}%}}" for n in range(1, 101))


def _decisions(document: Document) -> list[str]:
    found = Counter(step.step for device in document.devices for step in device.to_do)
    shown = []
    for step in _STEPS:
        if found[step]:
            devices = f"{found[step]} device{'s' if found[step] != 1 else ''}"
            sentence = _DECIDE[step].format(n=devices)
            shown.append(sentence[0].upper() + sentence[1:] + ".")
    return shown[:4] or ["Nothing that was found asks for a decision."]


def _rules(document: Document, facts: Facts) -> list[str | Html]:
    # What names nobody for sure would stand for every device: it is told further on.
    unnamed = {each.id for each in facts.regulations if "varies" in each.names}
    found: list[str | Html] = []
    for one in document.summary.by_rule:
        told = counted_words(one)
        if told and one.key not in unnamed:
            found.append(f"{_short(one.name)}: {told}.")
    if not document.profile.country:
        found.insert(0, "Which rules apply turns on who you are, and that was not stated.")
    return found[:4] or ["No rule that was looked at applies to a device that was found."]


def counted_words(one: Count) -> str:
    """How many devices a rule applies to, may apply to, and why so many are open."""
    parts = (
        (one.first, f"applies to {one.first}"),
        (one.second, f"may apply to {one.second}"),
        (one.third, f"may apply next to {one.third}"),
        (one.unknown, f"open for {one.unknown} of unknown maker"),
    )
    return ", ".join(words for number, words in parts if number)


def _from_where(document: Document) -> list[Html]:
    silent = document.summary.silent_places
    if not silent:
        return []
    shown = ", ".join(silent[:_MOST_PLACES])
    more = f" and {len(silent) - _MOST_PLACES} more" if len(silent) > _MOST_PLACES else ""
    return [
        el("h3", "Where nothing answered"),
        el("p", f"{shown}{more}. Nothing there, switched off, or behind a router: go and look."),
    ]


def _short(name: str) -> str:
    return name.split(";", maxsplit=1)[0].split(" (Pub.L.", maxsplit=1)[0]


def _changes(changed: Comparison | None) -> Html | None:
    if changed is None:
        return None
    counts = ", ".join(
        f"{changed.counted(what)} {words}"
        for what, words in (
            ("came", "new"), ("went", "not found any more"), ("origin", "judged otherwise"),
            ("rule", "of rules"), ("hole", "of known holes"), ("firmware", "of firmware"),
            ("purchase", "of purchases"), ("step", "steps done"),
            ("contained", "of what keeps devices in"), ("egress", "of whom they talk to"),
        )
        if changed.counted(what)
    ) or "nothing"  # fmt: skip
    return el("p", el("b", f"Changes since {text(changed.old_made[:10])}: "), counts + ".")
