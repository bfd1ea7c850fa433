"""All facts together: read from the package, or from the tables that a user put in their place."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from watchglass.trust.day import Day, parse_day
from watchglass.trust.fact import (
    AffectedFirmware,
    Fingerprint,
    Listing,
    Maker,
    NamedList,
    PhoneHome,
    Prefix,
    PressClaim,
    Regulation,
    Relation,
    Support,
    Vulnerability,
)
from watchglass.trust.reading import TABLES, TableForm
from watchglass.trust.table import MOST_BYTES, FactsError, read_table


class _About(msgspec.Struct, frozen=True):
    format: int
    version: str
    made: str


@dataclass(frozen=True, slots=True)
class TableState:
    """One table as it is in use. ``as_of``: the oldest and the newest day of its rows."""

    name: str
    rows: int
    as_of: tuple[Day, Day] | None
    sha256: str
    replaced: bool


@dataclass(frozen=True)
class Facts:
    """Every table, and ways to look into them."""

    version: str
    makers: tuple[Maker, ...]
    prefixes: tuple[Prefix, ...]
    fingerprints: tuple[Fingerprint, ...]
    relations: tuple[Relation, ...]
    listings: tuple[Listing, ...]
    lists: tuple[NamedList, ...]
    regulations: tuple[Regulation, ...]
    vulnerabilities: tuple[Vulnerability, ...]
    affected: tuple[AffectedFirmware, ...]
    support: tuple[Support, ...]
    press_claims: tuple[PressClaim, ...]
    phone_homes: tuple[PhoneHome, ...]
    states: tuple[TableState, ...] = field(default=(), repr=False)

    @cached_property
    def _makers(self) -> dict[str, Maker]:
        return {maker.key: maker for maker in self.makers}

    @cached_property
    def _prefixes(self) -> dict[str, Prefix]:
        return {prefix.digits: prefix for prefix in self.prefixes}

    @cached_property
    def listed(self) -> frozenset[str]:
        """Makers that are, or were, on any list."""
        return frozenset(listing.origin for listing in self.listings)

    @cached_property
    def fingerprint(self) -> dict[str, Fingerprint]:
        return {each.id: each for each in self.fingerprints}

    @cached_property
    def restricted(self) -> frozenset[str]:
        """Makers on a list that restricts buying, selling or using devices."""
        named = {each.key for each in self.lists if each.restricts_devices}
        return frozenset(listing.origin for listing in self.listings if listing.list in named)

    def maker(self, key: str) -> Maker | None:
        return self._makers.get(key)

    def maker_name(self, key: str) -> str:
        found = self._makers.get(key)
        return found.name if found is not None else key

    def prefix_of(self, mac: str) -> Prefix | None:
        """The longest known block that a MAC lies in; None for one made up by software."""
        digits = mac.replace(":", "")
        if len(digits) != 12 or int(digits[1], 16) & 2:
            return None
        for length in (9, 7, 6):
            found = self._prefixes.get(digits[:length])
            if found is not None:
                return found
        return None

    def named_list(self, key: str) -> NamedList:
        """What a list is; every list that a company is on is in the table (checked at load)."""
        return next(each for each in self.lists if each.key == key)


def read_facts(replaced: Path | None = None) -> Facts:
    """The facts in use: those of the package, but for tables that lie in ``replaced``.

    FactsError for a table that cannot be used; a bad one is never passed over in silence.
    """
    package = resources.files("watchglass.trust") / "data"
    about = msgspec.json.decode((package / "facts.json").read_bytes(), type=_About)
    given: dict[str, bytes] = {}
    for form in TABLES:
        path = replaced / f"{form.name}.csv" if replaced is not None else None
        if path is not None and path.is_file():
            given[form.name] = read_file(path)
    whole = given | {
        form.name: (package / f"{form.name}.csv").read_bytes()
        for form in TABLES
        if form.name not in given
    }
    return make_facts(whole, about.version, frozenset(given))


def read_file(path: Path) -> bytes:
    """A table's bytes; one that is too large is cut, and refused where it is read."""
    try:
        with path.open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise FactsError(f"{path} cannot be read ({error.strerror}).") from error


def make_facts(
    tables: Mapping[str, bytes], version: str, replaced: frozenset[str] = frozenset()
) -> Facts:
    """Facts of the bytes of all tables, checked one by one and against each other."""
    rows = {form.name: read_rows(form, tables[form.name]) for form in TABLES}
    states = tuple(
        _state(form.name, tables[form.name], rows[form.name], form.name in replaced)
        for form in TABLES
    )
    in_order = [tuple(rows[form.name]) for form in TABLES]
    facts = Facts(version, *in_order, states=states)  # type: ignore[misc] # one field for each table, in its order
    _check_together(facts)
    return facts


def read_rows(form: TableForm, data: bytes) -> list[Any]:
    return [form.read(row) for row in read_table(form.name, data, form.columns)]


def _state(name: str, data: bytes, rows: list[Any], replaced: bool) -> TableState:
    days = [each.backing.as_of for each in rows if hasattr(each, "backing")]
    span = (min(days), max(days)) if days else None
    return TableState(name, len(rows), span, hashlib.sha256(data).hexdigest(), replaced)


def _check_together(facts: Facts) -> None:
    """Each key that one table uses is one that another explains."""
    makers = {maker.key for maker in facts.makers}
    brands = {relation.brand_key for relation in facts.relations}
    used = [(each.origin, "oem_relations") for each in facts.relations]
    used += [(each.origin, "listed_entities") for each in facts.listings]
    used += [(each.origin, "vulnerabilities") for each in facts.vulnerabilities]
    used += [(each.origin, "phone_home") for each in facts.phone_homes if each.purpose != "time"]
    used += [(each.origin, "support") for each in facts.support]
    used += [(each.origin, "oui_prefixes") for each in facts.prefixes if ":" not in each.origin]
    for origin, table in used:
        if origin not in makers:
            raise FactsError(
                f"The fact table {table} names the maker {origin!r}, which the table makers does "
                "not have: add it there first."
            )
    for prefix in facts.prefixes:
        kind, _, brand = prefix.origin.partition(":")
        if kind == "via-oem" and brand not in brands:
            raise FactsError(
                f"The fact table oui_prefixes names the brand {brand!r}, which the table "
                "oem_relations does not have: add it there first."
            )
    lists = {each.key for each in facts.lists}
    for listing in facts.listings:
        if listing.list not in lists:
            raise FactsError(
                f"The fact table listed_entities names the list {listing.list!r}, which the table "
                "lists does not have: add it there first."
            )
    holes = {each.cve for each in facts.vulnerabilities}
    for each in facts.affected:
        if each.cve not in holes:
            raise FactsError(
                f"The fact table affected_firmware names {each.cve}, which the table "
                "vulnerabilities does not have: add it there first."
            )


def package_made() -> Day:
    """The day on which the package's own tables were put together."""
    package = resources.files("watchglass.trust") / "data"
    return parse_day(msgspec.json.decode((package / "facts.json").read_bytes(), type=_About).made)
