"""The fleet: what was seen, joined to devices and judged. Needs neither a camera nor a recorder."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import watchglass
from watchglass.app.ground import Ground
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.model.coverage import Coverage
from watchglass.model.observation import clean_mac
from watchglass.model.profile import SiteProfile
from watchglass.store.trust import TrustStore
from watchglass.trust.contact import contacts_of
from watchglass.trust.day import day_of_ns
from watchglass.trust.facts import Facts
from watchglass.trust.identity import devices_of, name_devices
from watchglass.trust.judgement import Judge, Judgement
from watchglass.trust.replaced import ReplacedTables
from watchglass.trust.report.compose import make_document
from watchglass.trust.report.document import Document
from watchglass.trust.rule import RuleFinding

PREFIX_LEAST = 4


@dataclass(frozen=True)
class Fleet:
    """All devices, judged for one day."""

    judgements: tuple[Judgement, ...]
    site_rules: tuple[RuleFinding, ...]
    coverage: tuple[Coverage, ...]
    profile: SiteProfile
    facts: Facts
    when: date
    made_ns: int

    def document(self, only: Sequence[Judgement] | None = None) -> Document:
        """The report's data, of all devices or some."""
        return make_document(
            self.judgements if only is None else only, self.site_rules, self.coverage,
            self.profile, self.facts, when=self.when, made_ns=self.made_ns,
            program=f"watchglass {watchglass.__version__}",
        )  # fmt: skip

    def find(self, text: str) -> Judgement:
        """The device that a person means by id, its first digits, address, MAC or name."""
        wanted = text.strip()
        found = [each for each in self.judgements if _is_meant(each, wanted)]
        if not found:
            raise NotFoundError(
                f"No device has the id, address, MAC or name {wanted[:60]!r}: see "
                "'watchglass trust devices'."
            )
        if len(found) > 1:
            listed = ", ".join(each.id[:12] for each in found[:8])
            raise UsageError(f"{wanted[:60]!r} could be {listed}: give an id.")
        return found[0]


def _is_meant(each: Judgement, wanted: str) -> bool:
    lower = wanted.lower()
    subject = each.subject
    return (
        (len(lower) >= PREFIX_LEAST and each.id.startswith(lower))
        or wanted in subject.addresses[:1]
        or (clean_mac(wanted) or "-") in subject.macs
        or wanted in subject.names
        or wanted in subject.serials
    )


@contextmanager
def trust_store(on: Ground) -> Iterator[TrustStore]:
    """The tables of this part in the site's database, made where there are none."""
    on.disk.make_folders(WriteSite.SETTINGS, on.layout.state, 0o700)
    store = TrustStore(on.layout.site_db, on.disk)
    try:
        yield store
    finally:
        store.close()


def fact_tables(on: Ground) -> ReplacedTables:
    """The facts, with what the user put in place of the package's own."""
    return ReplacedTables(facts_folder(on), on.disk, on.clock)


def facts_folder(on: Ground) -> Path:
    return on.layout.state / "facts"


def judge_fleet(on: Ground, when: date | None = None) -> Fleet:
    """All that was seen, judged for a day (today, in UTC). Ids of new devices are remembered."""
    facts = fact_tables(on).facts()
    now_ns = on.clock.wall_ns()
    with trust_store(on) as store:
        devices = devices_of(contacts_of(store.observations()))
        known = store.device_names()
        named, names = name_devices(devices, known)
        if any(known.get(name) != given for name, given in names.items()):
            store.remember_devices(names)
        coverage = tuple(store.coverage())
        profile = store.profile()
        judge = Judge(facts, profile, store.purchases(), coverage, when or day_of_ns(now_ns))
    return Fleet(
        tuple(judge.judge_all(named)), tuple(judge.site()), coverage, profile, facts, judge.when,
        now_ns,
    )  # fmt: skip
