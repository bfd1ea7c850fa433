"""The report's page: one HTML file without outside resources, for the screen and for paper."""

from watchglass.trust.facts import Facts
from watchglass.trust.report.board import board, counted_words, widths
from watchglass.trust.report.compare import Comparison
from watchglass.trust.report.device_part import OUTCOMES, device_part
from watchglass.trust.report.document import DocDevice, Document
from watchglass.trust.report.legend import Legend
from watchglass.trust.report.markup import Html, bullets, el, joined, raw, table, text
from watchglass.trust.report.path_part import device_page_part, progress_part
from watchglass.trust.report.style import CSS, SCRIPT, policy

_BLIND = (
    "Devices that were off, unplugged, or in networks that nobody named.",
    "Devices behind a router, unless a collector was run there: discovery does not cross routers.",
    "Cameras on a recorder's own ports, unless the recorder was opened with a password.",
    "Who made a device that sends nothing that tells it: it is counted as unknown.",
    "Whether an answer is true: a device can be made to say anything. So no company on a list is "
    "called certain by signs alone that can be copied.",
)
_METHOD = (
    "Networks that the operator named were asked with the makers' own discovery, with the "
    "standards for it, and with single requests that every browser sends. No device was logged "
    "into without a password that the operator gave, and no weakness was tried.",
    "Each answer was kept with time and door. A sign of a maker has a weight: how many of 100 "
    "devices that show it are of that maker. Signs from different parts of a device add up in "
    "log-odds; copies of one part (a page, its icon, its headers) count once.",
    "Certain means: at least 99 %, signs of two kinds from two doors, nothing against it, and for "
    "a company on a list one that takes more than copying, such as its own discovery protocol. "
    "Suspected means at least 70 %. Everything else is unknown.",
    "The label and the origin are two questions. From a label the origin follows only through the "
    "table of who makes for whom, and a MAC prefix names its holder alone. Chips count for nobody.",
    "A rule applies only if every question that it turns on has a yes. What was not stated, or is "
    "not verified, leaves it open: it may apply.",
    "Known holes were looked up by maker, model, version and build date, and never tried.",
)


def make_page(
    document: Document, facts: Facts, fingerprint: str, changed: Comparison | None = None
) -> bytes:
    """The page, to be signed."""
    name = document.profile.name or "this site"
    legend = Legend(document)
    body = el(
        "body",
        board(document, facts, changed),
        *_changes(changed),
        *progress_part(document),
        *_method(document),
        *_coverage(document),
        *_risks(document),
        *_rules(document, legend),
        *_holes(document),
        *_devices(document, legend),
        *_signs(legend),
        *_sources(document),
        el("footer", el("p", "Signed with the report key ", el("code", fingerprint), ". Check this "
           "file: ", el("code", f"watchglass verify report.html --fingerprint {fingerprint}"),
           ". The same, for programs: report.json, devices.csv, evidence.csv, report.vex.json.")),
        el("script", raw(SCRIPT)),
    )  # fmt: skip
    styles = CSS + widths()
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(styles)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"Cameras of {name}, {document.when}"),
        el("style", raw(styles)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n".encode()


def make_device_page(document: Document, device: DocDevice, fingerprint: str) -> bytes:
    """One device on one page, from discovery to disposal, to be signed."""
    legend = Legend(document)
    body = el(
        "body",
        el("h1", f"{device.shown}: from discovery to disposal"),
        el("p", f"As of {document.when}, by {document.program} on {document.made}. This page says "
           "what was found and what people said they did; the papers are told by their SHA-256."),
        *device_page_part(device),
        el("h2", "What was found"),
        device_part(device, legend),
        *_signs(legend),
        el("footer", el("p", "Signed with the report key ", el("code", fingerprint), ". Check it: ",
           el("code", f"watchglass verify device.html --fingerprint {fingerprint}"))),
    )  # fmt: skip
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(CSS)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", f"{device.shown}: from discovery to disposal"),
        el("style", raw(CSS)),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n".encode()


def _heading(words: str, anchor: str) -> Html:
    return el("h2", words, id=anchor)


def _changes(changed: Comparison | None) -> list[Html]:
    if changed is None:
        return []
    shown: list[Html] = [_heading(f"What changed since {changed.old_made}", "changes")]
    if changed.notes:
        shown.append(bullets(changed.notes))
    if not changed.changes:
        return [*shown, el("p", "Nothing.")]
    rows = [(each.shown, each.sentence) for each in changed.changes]
    return [*shown, table(("Device", "Change"), rows)]


def _method(document: Document) -> list[Html]:
    profile = document.profile
    stated = (
        ("Country", f"{profile.country} {profile.region}".strip()),
        ("Kind of body", profile.organisation.value.replace("_", " ")),
        ("Contracts with the federal government", _yes(profile.federal_contracts)),
        ("Federal grants or loans", _yes(profile.federal_grants)),
        ("Sensitive site", _yes(profile.sensitive_site)),
        ("Entity of a critical sector", _yes(profile.critical)),
        ("What cameras are for", ", ".join(
            each.value.replace("_", " ") for each in profile.purposes or ())),
    )  # fmt: skip
    return [
        _heading("How this was found out", "method"),
        bullets(_METHOD),
        el("h3", "What was stated of the site"),
        table(("Question", "Stated"), [(key, value or "not stated") for key, value in stated]),
    ]


def _yes(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _coverage(document: Document) -> list[Html]:
    rows = [
        (
            each.place or "–", each.network or "an import", each.started, each.asked, each.answered,
            each.silent, each.refused,
            "; ".join(part for part in (
                "" if each.complete else "not finished", each.note,
                f"by collector {each.collector[:8]}" if each.collector else "",
            ) if part) or "–",
        )
        for each in document.coverage
    ]  # fmt: skip
    heads = ("Place", "Network", "When", "Asked", "Answered", "Silent", "Refused", "Note")
    looked = table(heads, rows) if rows else el("p", "No network was looked at.")
    silent = document.summary.silent_places
    told = el("p", f"Nothing answered from: {', '.join(silent)}.") if silent else None
    return [
        _heading("Where was looked", "coverage"),
        looked,
        *([told] if told else []),
        el("h3", "What a look like this cannot see"),
        bullets(_BLIND),
    ]


def _risks(document: Document) -> list[Html]:
    rows = [
        el(
            "tr",
            el("td", step.rank, class_="n"),
            el("td", el("a", each.shown, href=f"#{each.id}"), class_="where"),
            el("td", each.label or "–", class_="label"),
            el("td", *_origin(each)),
            el("td", step.words),
            el("td", step.reason),
            el("td", _support(each)),
        )
        for each in document.devices
        for step in each.to_do[:1]
    ]
    heads = (
        "Rank",
        "Device",
        "Label",
        "Origin",
        "First step",
        "Why",
        "Support; spares",
    )
    head = el("thead", el("tr", *(el("th", each, scope="col") for each in heads)))
    return [
        _heading("What to do first", "risks"),
        el("p", "The most urgent step of each device. The rank is an order and no probability. A "
           "click on a heading sorts.", class_="quiet"),
        el("table", head, el("tbody", *rows), class_="sortable"),
    ]  # fmt: skip


def _support(each: DocDevice) -> str:
    return f"{each.support.end_of_support}; {each.support.spares_until}"


def _origin(each: DocDevice) -> list[Html]:
    if each.making == "clone":
        return [text(f"looks like {each.imitates}")]
    if not each.origin:
        return [text(f"unknown (hint: {each.hint})" if each.hint else "unknown")]
    tag = el("span", each.certainty, class_=f"tag {each.certainty}" if each.listed else "tag")
    return [text(each.origin_name + " "), tag]


def _rules(document: Document, legend: Legend) -> list[Html]:
    counts = {each.key: each for each in document.summary.by_rule}
    site = {each.rule: each for each in document.site_rules}
    rows = []
    for rule in document.rules:
        count = counts.get(rule.id)
        if rule.id in site:
            found = f"{OUTCOMES[site[rule.id].outcome]}: {'; '.join(site[rule.id].reasons)}"
        elif count is not None:
            found = counted_words(count)
        else:
            found = _why_not(document, rule.id)
        since = f"{rule.status.replace('_', ' ')}, from {rule.effective or 'an unknown day'}"
        source = f"{rule.source} ({rule.verification}, as of {rule.as_of})"
        rows.append((
            joined([rule.instrument, el("br"), el("span", rule.id, class_="quiet")]), rule.scope,
            since, found, el("span", source, class_="quiet"),
        ))  # fmt: skip
    return [
        _heading("Rules", "rules"),
        table(("Rule", "What it says, in our words", "Status", "Here", "Source"), rows),
        *_why(legend),
        el("h3", "Lists, and what being on one means"),
        table(
            ("List", "Meaning", "Source"),
            [
                (
                    each.name,
                    each.meaning,
                    f"{each.source} ({each.verification}, as of {each.as_of})",
                )
                for each in document.lists
            ],
        ),
    ]


def _why(legend: Legend) -> list[Html]:
    rows = [
        (
            el("span", code, id=code, class_="nb"),
            rule,
            el("span", OUTCOMES[outcome], class_="nb"),
            reasons,
            count,
        )
        for code, rule, outcome, reasons, count in legend.reasons()
    ]
    if not rows:
        return []
    return [
        el("h3", "Why, for the devices that a rule may concern"),
        table(("", "Rule", "It …", "Because", "Devices"), rows),
    ]


def _why_not(document: Document, rule: str) -> str:
    """Why a rule concerns no device: what holds for makers that it names comes first."""
    reasons = {
        reason for device in document.devices for each in device.rules
        if each.rule == rule for reason in each.reasons
    }  # fmt: skip
    telling = sorted(each for each in reasons if not each.startswith("it does not name "))
    if telling:
        return f"does not apply: {'; '.join(telling[:2])}"
    return "does not apply: it names the maker of nothing that was found"


def _holes(document: Document) -> list[Html]:
    details = {each.cve: each for device in document.devices for each in device.holes}
    rows = [
        (
            el("span", one.key, class_="nb"), one.name, one.first, one.second, one.third,
            details[one.key].exploited_words, details[one.key].fixed or "–",
        )
        for one in document.summary.by_hole
    ]  # fmt: skip
    heads = (
        "Hole",
        "What it is",
        "Affected",
        "Possibly",
        "Cannot tell",
        "Used in the wild",
        "Fixed",
    )
    shown = table(heads, rows) if rows else el("p", "None that is known, in what was found.")
    return [_heading("Known holes", "holes"), shown]


def _devices(document: Document, legend: Legend) -> list[Html]:
    return [
        _heading("Devices, with what says so", "devices"),
        *(device_part(each, legend) for each in document.devices),
    ]


def _signs(legend: Legend) -> list[Html]:
    rows = [
        (el("code", name), weight, source)
        for name, (weight, source) in sorted(legend.signs.items())
    ]
    return [
        _heading("Signs that were seen", "signs"),
        el("p", "Each stands in brackets where a device shows it. The weight is how many of 100 "
           "devices that show it are of its maker."),
        table(("Sign", "Weight", "Source"), rows),
    ]  # fmt: skip


def _sources(document: Document) -> list[Html]:
    rows = [
        (
            each.name, each.rows,
            " to ".join(dict.fromkeys(day for day in (each.oldest, each.newest) if day)) or "–",
            "replaced by the operator" if each.replaced else "the program's own",
            el("code", each.sha256[:16]),
        )
        for each in document.tables
    ]  # fmt: skip
    return [
        _heading("Tables that this rests on", "tables"),
        el("p", f"Facts of {document.facts_version}. Each row of a table has its source and says "
           "how sure it is; what is marked “prior-unverified” rests on no source."),
        table(("Table", "Rows", "As of", "From", "SHA-256"), rows),
    ]  # fmt: skip
