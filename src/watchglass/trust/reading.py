"""From the rows of fact tables to facts: each table's columns, and what each may hold."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from watchglass.model.device import DeviceKind
from watchglass.model.observation import Signal, Source
from watchglass.trust.day import Day, parse_day
from watchglass.trust.fact import (
    RTSP_ANSWER,
    SAFETIES,
    About,
    AffectedFirmware,
    Backing,
    Confidence,
    Exploited,
    Fingerprint,
    Listing,
    Maker,
    NamedList,
    PhoneHome,
    Prefix,
    PressClaim,
    Regulation,
    Relation,
    RelationKind,
    Status,
    Support,
    Vulnerability,
)
from watchglass.trust.table import Row

_KEY = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_ORIGIN = re.compile(r"[a-z0-9-]+|(via-oem|chip):[a-z0-9-]+")
_NAMED = re.compile(r"any|none|varies|seat:[A-Z]{2}|list:[A-Z0-9-]+|[a-z0-9]+(-[a-z0-9]+)*")
_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_MOST_PATTERN = 200
KINDS = (
    "procurement-ban", "contractor-use-ban", "grant-funding-ban", "export-licence",
    "investment-ban", "defence-contract-ban", "sanction", "list", "statute", "import-sale-ban-new",
    "import-sale-ban-parts", "import-sale-ban-existing", "instruction", "removal-commitment",
    "removal-deadline", "removal", "proposal", "prohibition", "data-protection",
    "cease-operations", "use-ban-government", "market-access",
)  # fmt: skip
BINDS = (
    "federal_agency", "federal_contractor", "grant_recipient", "defence_department", "exporter",
    "investor", "importer_seller", "regulator", "state_or_local", "central_government",
    "eu_parliament", "critical_entity", "private", "anybody", "nobody",
)  # fmt: skip
PURPOSES = (
    "public_safety", "government_facility", "critical_infrastructure", "national_security",
    "sensitive_site",
)  # fmt: skip
_BACKING = ("source", "verification", "confidence", "as_of")


@dataclass(frozen=True, slots=True)
class TableForm:
    """A table's name, its columns, and what makes a fact of a row."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[Row], Any]


def _columns(text: str, *more: str) -> tuple[str, ...]:
    return (*text.split(), *more)


def _day(row: Row, column: str) -> Day | None:
    text = row.maybe(column)
    if not text:
        return None
    try:
        return parse_day(text)
    except ValueError as error:
        raise row.wrong(column, str(error)) from None


def _sure_day(row: Row, column: str) -> Day:
    row.text(column)
    day = _day(row, column)
    assert day is not None
    return day


def _backing(row: Row) -> Backing:
    return Backing(
        row.maybe("source"),
        row.text("verification"),
        Confidence(row.one_of("confidence", tuple(Confidence))),
        _sure_day(row, "as_of"),
    )


def _matching(row: Row, column: str, form: re.Pattern[str]) -> str:
    text = row.text(column)
    if form.fullmatch(text) is None:
        raise row.wrong(column, f"is {text[:60]!r}")
    return text


def _members(row: Row, column: str, known: tuple[str, ...], between: str = ";") -> tuple[str, ...]:
    found = row.several(column, between)
    for each in found:
        if each not in known:
            raise row.wrong(column, f"names {each[:60]!r}, which is none of {', '.join(known)}")
    return found


def _pattern(row: Row, text: str) -> re.Pattern[str]:
    try:
        if len(text) > _MOST_PATTERN:
            raise row.wrong("match", "is too long")
        return re.compile(text)
    except re.error as error:
        raise row.wrong("match", f"is no regular expression ({error})") from None


def _maker(row: Row) -> Maker:
    return Maker(
        _matching(row, "origin_key", _KEY), row.text("name"), row.text("legal_name"),
        _matching(row, "seat", re.compile("[A-Z]{2}")), _backing(row),
    )  # fmt: skip


def _prefix(row: Row) -> Prefix:
    bits = row.number("bits", 24, 36)
    digits = _matching(row, "prefix_hex", re.compile("[0-9A-F]{6,9}")).lower()
    if len(digits) * 4 != bits:
        raise row.wrong("bits", "does not fit the prefix")
    return Prefix(
        digits, bits, _matching(row, "origin_key", _ORIGIN), row.text("brand"),
        row.text("ieee_org_name"), _backing(row),
    )  # fmt: skip


def _fingerprint(row: Row) -> Fingerprint:
    signals = row.several("signal", "|")
    answer = signals == (RTSP_ANSWER,)
    label = row.text("match") in ("label", "label alone", "table:oui_prefixes")
    return Fingerprint(
        id=_matching(row, "id", _KEY),
        origin=_matching(row, "origin_key", _ORIGIN),
        weight=row.number("weight_0_100", 1, 99),
        safety=row.one_of("safety", SAFETIES),
        doors=tuple(map(Source, _members(row, "door", tuple(Source), "|"))),
        signals=() if answer else tuple(map(Signal, _members(row, "signal", tuple(Signal), "|"))),
        answer=answer,
        patterns=()
        if label
        else tuple(_pattern(row, part) for part in row.text("match").split(" && ")),
        family=row.text("family"),
        alone=row.text("match") == "label alone",
        hard=row.one_of("hard", ("yes", "no")) == "yes",
        told=row.text("told"),
        note=row.maybe("note"),
        backing=_backing(row),
    )


def _relation(row: Row) -> Relation:
    return Relation(
        _matching(row, "brand_key", _KEY),
        row.text("brand"),
        row.several("aliases", "|"),
        _matching(row, "origin_key", _KEY),
        RelationKind(row.one_of("relation", tuple(RelationKind))),
        row.maybe("lines_or_note"),
        _day(row, "to"),
        _backing(row),
    )


def _listing(row: Row) -> Listing:
    return Listing(
        row.text("entity"), _matching(row, "origin_key", _KEY), row.text("list"),
        _sure_day(row, "entry_date"), _day(row, "to"), row.maybe("note"), _backing(row),
    )  # fmt: skip


def _list(row: Row) -> NamedList:
    return NamedList(
        row.text("key"),
        row.text("name"),
        row.one_of("about", ("use", "sale", "contracts", "exports", "investment")),
        row.text("meaning"),
        _backing(row),
    )


def _regulation(row: Row) -> Regulation:
    names = row.several("names")
    for each in names:
        if _NAMED.fullmatch(each) is None:
            raise row.wrong("names", f"holds {each[:60]!r}")
    return Regulation(
        id=_matching(row, "id", _KEY),
        jurisdiction=_matching(row, "jurisdiction", re.compile(r"[A-Z]{2}(-[A-Z]{2})?|US states")),
        instrument=row.text("instrument"),
        adopted=_day(row, "adopted"),
        effective=_day(row, "effective"),
        until=_day(row, "to"),
        kind=row.one_of("kind", KINDS),
        scope=row.text("scope"),
        names=names,
        binds=_members(row, "binds", BINDS),
        purposes=_members(row, "purposes", PURPOSES),
        acts=row.maybe("acts"),
        about=About(row.one_of("about", tuple(About))),
        status=Status(row.one_of("status", tuple(Status))),
        status_note=row.maybe("status_note"),
        backing=_backing(row),
    )


def _vulnerability(row: Row) -> Vulnerability:
    kinds = _members(row, "kinds", (*DeviceKind, "server"))
    score = row.maybe("cvss")
    if score and not re.fullmatch(r"10\.0|\d\.\d", score):
        raise row.wrong("cvss", f"is {score[:20]!r}")
    return Vulnerability(
        cve=_matching(row, "cve", _CVE),
        origin=_matching(row, "origin_key", _KEY),
        brand_key=row.maybe("brand_key"),
        products=row.text("products"),
        kinds=tuple(DeviceKind(kind) for kind in kinds if kind != "server"),
        summary=row.text("summary"),
        cvss=float(score) if score else None,
        exploited=Exploited(row.one_of("in_kev", tuple(Exploited))),
        kev_added=_day(row, "kev_added"),
        kev_due=_day(row, "kev_due"),
        kev_snapshot=_sure_day(row, "kev_snapshot"),
        fixed=row.maybe("fixed"),
        backing=_backing(row),
    )


def _affected(row: Row) -> AffectedFirmware:
    return AffectedFirmware(
        cve=_matching(row, "cve", _CVE),
        models=row.several("model", "|"),
        from_version=row.maybe("from_version"),
        from_build=_day(row, "from_build"),
        to_version=row.maybe("to_version"),
        to_build=_day(row, "to_build"),
        below=row.maybe("below"),
        through=row.maybe("through"),
        build_before=_day(row, "build_before"),
        possible=row.one_of("verdict", ("affected", "possible")) == "possible",
        source=row.text("source"),
        verification=row.text("verification"),
    )


def _support(row: Row) -> Support:
    return Support(
        _matching(row, "origin_key", _KEY), row.text("model"), _day(row, "end_of_sale"),
        _day(row, "end_of_support"), _day(row, "spares_until"), _backing(row),
    )  # fmt: skip


def _claim(row: Row) -> PressClaim:
    return PressClaim(row.text("claim"), row.text("finding"), row.several("rows"), _backing(row))


_HOST = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
HOME_PURPOSES = ("cloud", "p2p", "relay", "ddns", "update", "time")


def _phone_home(row: Row) -> PhoneHome:
    return PhoneHome(
        _matching(row, "host", _HOST), _matching(row, "origin_key", _KEY), row.maybe("port"),
        row.one_of("purpose", HOME_PURPOSES), row.text("words"), row.text("breaks"), _backing(row),
    )  # fmt: skip


TABLES = (
    TableForm("makers", _columns("origin_key name legal_name seat", *_BACKING), _maker),
    TableForm(
        "oui_prefixes",
        _columns("prefix_hex bits registry origin_key brand ieee_org_name", *_BACKING), _prefix,
    ),
    TableForm(
        "discovery_fingerprints",
        _columns("id transport port field pattern origin_key weight_0_100 safety note door signal "
                 "match family hard told", *_BACKING),
        _fingerprint,
    ),
    TableForm(
        "oem_relations",
        _columns("brand_key brand aliases origin_key relation lines_or_note period to confidence "
                 "source verification as_of"),
        _relation,
    ),
    TableForm(
        "listed_entities", _columns("entity origin_key list entry_date to note", *_BACKING),
        _listing,
    ),
    TableForm("lists", _columns("key name about meaning", *_BACKING), _list),
    TableForm(
        "regulations",
        _columns("id jurisdiction instrument adopted effective to kind scope names binds purposes "
                 "acts about status status_note", *_BACKING),
        _regulation,
    ),
    TableForm(
        "vulnerabilities",
        _columns("cve origin_key brand_key products kinds summary cvss in_kev kev_added kev_due "
                 "kev_snapshot fixed", *_BACKING),
        _vulnerability,
    ),
    TableForm(
        "affected_firmware",
        _columns("cve model from_version from_build to_version to_build below through "
                 "build_before verdict source verification as_of"),
        _affected,
    ),
    TableForm(
        "support",
        _columns("origin_key model end_of_sale end_of_support spares_until", *_BACKING), _support,
    ),
    TableForm("press_claims", _columns("claim finding rows", *_BACKING), _claim),
    TableForm(
        "phone_home", _columns("origin_key host port purpose words breaks", *_BACKING), _phone_home
    ),
)  # fmt: skip
