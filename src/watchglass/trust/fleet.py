"""The fleet: what a store holds, joined to devices and judged for one day.

It needs neither a camera nor a recorder. The command line and the api judge through this alone.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import msgspec

from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.coverage import Coverage
from watchglass.model.device_path import DevicePath
from watchglass.model.observation import clean_mac
from watchglass.model.profile import SiteProfile
from watchglass.model.purchase import Purchase
from watchglass.store.egress import EgressStore
from watchglass.store.trust import TrustStore
from watchglass.trust.contact import contacts_of
from watchglass.trust.day import day_of_ns
from watchglass.trust.egress import Talk
from watchglass.trust.facts import Facts
from watchglass.trust.identity import current_id, devices_of, name_devices
from watchglass.trust.judgement import Judge, Judgement
from watchglass.trust.path import Progress, concerns, progress_of
from watchglass.trust.report.compose import make_document
from watchglass.trust.report.document import Document
from watchglass.trust.report.egress_part import FleetEgress, with_egress
from watchglass.trust.rule import RuleFinding

PREFIX_LEAST = 4
_SHOWN_CHARS = 60
_SHOWN_MOST = 8


@dataclass(frozen=True)
class Fleet:
    """All devices, judged for one day, the most urgent first."""

    judgements: tuple[Judgement, ...]
    site_rules: tuple[RuleFinding, ...]
    coverage: tuple[Coverage, ...]
    profile: SiteProfile
    facts: Facts
    when: date
    made_ns: int
    egress: FleetEgress = field(default_factory=FleetEgress)
    paths: Mapping[DeviceId, DevicePath] = field(default_factory=dict)

    @cached_property
    def talks(self) -> Mapping[DeviceId, tuple[Talk, ...]]:
        """Whom each device talks to."""
        return self.egress.talks(self.judgements, self.facts)

    def document(self, program: str, only: Sequence[Judgement] | None = None) -> Document:
        """The report's data, of all devices or some. ``program`` is who says so."""
        chosen = self.judgements if only is None else only
        document = make_document(
            chosen, self.site_rules, self.coverage,
            self.profile, self.facts, when=self.when, made_ns=self.made_ns, program=program,
            paths=self.paths, progress=self.progress,
        )  # fmt: skip
        return with_egress(document, chosen, self.egress, self.talks, self.facts)

    @cached_property
    def restricting(self) -> frozenset[str]:
        """Lists that restrict devices, and not only trade with a firm."""
        return frozenset(each.key for each in self.facts.lists if each.restricts_devices)

    @cached_property
    def progress(self) -> Progress:
        """How far the devices on the path have come."""
        return progress_of(self.judgements, self.paths, self.restricting, self.made_ns)

    def path(self, judged: Judgement) -> DevicePath | None:
        """What was planned and done; an empty one for a device that is on the path by its maker."""
        path = self.paths.get(judged.id)
        if path is None and concerns(None, judged, self.restricting):
            return DevicePath(device=judged.id)
        return path

    def find(self, text: str) -> Judgement:
        """The device that a person means by id, its first digits, address, MAC, name or serial.

        NotFoundError for none, UsageError, with a list, for several.
        """
        wanted = text.strip()
        found = [each for each in self.judgements if _is_meant(each, wanted)]
        if not found:
            raise NotFoundError(
                f"No device has the id, address, MAC or name {wanted[:_SHOWN_CHARS]!r}: see "
                "'watchglass trust devices'."
            )
        if len(found) > 1:
            listed = ", ".join(each.id[:12] for each in found[:_SHOWN_MOST])
            raise UsageError(f"{wanted[:_SHOWN_CHARS]!r} could be {listed}: give an id.")
        return found[0]


def judge_fleet(
    store: TrustStore,
    facts: Facts,
    now_ns: int,
    when: date | None = None,
    egress: EgressStore | None = None,
) -> Fleet:
    """All that was seen, judged for a day (that of ``now_ns``, UTC). New ids are remembered."""
    devices = devices_of(contacts_of(store.observations()))
    while True:
        known = store.device_names()
        named, names = name_devices(devices, known)
        if all(known.get(name) == given for name, given in names.items()):
            break
        if store.remember_devices(names, known):
            break
    coverage = tuple(store.coverage())
    profile = store.profile()
    present = frozenset(each.id for each in named)
    led = known | names
    purchases = purchases_of(store.purchases(), present, led)
    judge = Judge(facts, profile, purchases, coverage, when or day_of_ns(now_ns))
    return Fleet(
        tuple(judge.judge_all(named)), tuple(judge.site()), coverage, profile, facts, judge.when,
        now_ns, egress_of(egress) if egress is not None else FleetEgress(),
        paths_of(store.paths(), present, led),
    )  # fmt: skip


def egress_of(store: EgressStore) -> FleetEgress:
    """All that is kept of it. What was contained stays with the id it was noted under."""
    return FleetEgress(store.contacts(), store.names(), store.needs(), store.contained())


def purchases_of(
    noted: Iterable[Purchase], present: Container[DeviceId], names: Mapping[str, DeviceId]
) -> list[Purchase]:
    """What is known of each device's purchase, under the id that it has today.

    Of what was noted of several that turned out to be one, what names a document counts, then
    what was noted last.
    """
    found: dict[DeviceId, Purchase] = {}
    for each in sorted(noted, key=lambda each: (bool(each.document), each.noted_ns, each.device)):
        its_id = current_id(each.device, present, names)
        if its_id is not None:
            found[its_id] = msgspec.structs.replace(each, device=its_id)
    return list(found.values())


def paths_of(
    noted: Iterable[DevicePath], present: Container[DeviceId], names: Mapping[str, DeviceId]
) -> dict[DeviceId, DevicePath]:
    """Each device's path under the id that it has today: of several, the one that came furthest."""
    found: dict[DeviceId, DevicePath] = {}
    for each in sorted(noted, key=lambda each: (len(each.steps), each.noted_ns)):
        its_id = current_id(each.device, present, names)
        if its_id is not None:
            found[its_id] = msgspec.structs.replace(each, device=its_id)
    return found


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
