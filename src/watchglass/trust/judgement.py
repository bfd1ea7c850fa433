"""Judgement: everything that is said of one device on one day, and of all of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from watchglass.base.ids import DeviceId
from watchglass.model.coverage import Coverage
from watchglass.model.device import DeviceKind
from watchglass.model.observation import Observation, Signal, Source
from watchglass.model.profile import SiteProfile
from watchglass.model.purchase import Purchase
from watchglass.trust.contact import Contact
from watchglass.trust.evidence import scope_values
from watchglass.trust.fact import Support
from watchglass.trust.facts import Facts
from watchglass.trust.firmware import Firmware, read_firmware
from watchglass.trust.hole import HoleFinding, HoleJudge
from watchglass.trust.identity import Device, NamedDevice
from watchglass.trust.kind import kind_of
from watchglass.trust.origin import OriginJudge
from watchglass.trust.places import Places
from watchglass.trust.risk import Risk, risks_of
from watchglass.trust.rule import ListingFinding, RuleFinding, RuleJudge
from watchglass.trust.verdict import Certainty, Judged

# What a device says of itself by a protocol of its own goes before what others made of it.
_BEST_DOORS = (
    Source.ISAPI, Source.ONVIF, Source.SADP, Source.DHIP, Source.MAKER_DISCOVERY,
    Source.RECORDER_CHANNEL, Source.WS_DISCOVERY, Source.SSDP, Source.MDNS,
)  # fmt: skip


# What people call a device; what it calls itself is its maker's idea.
_PEOPLE = frozenset({Source.IMPORT_CSV, Source.OWN_CAMERA, Source.RECORDER_CHANNEL})


@dataclass(frozen=True)
class Subject:
    """A device as it describes itself."""

    kind: DeviceKind
    models: tuple[str, ...]
    firmware: Firmware
    names: tuple[str, ...]
    places: tuple[str, ...]
    serials: tuple[str, ...]
    macs: tuple[str, ...]
    addresses: tuple[str, ...]
    activated: bool

    @property
    def model(self) -> str:
        return self.models[0] if self.models else ""


@dataclass(frozen=True)
class Judgement:
    """One device. ``seen`` are the doors through which it was met."""

    id: DeviceId
    device: Device
    subject: Subject
    judged: Judged
    listings: tuple[ListingFinding, ...]
    rules: tuple[RuleFinding, ...]
    holes: tuple[HoleFinding, ...]
    support: Support | None
    purchase: Purchase | None
    risks: tuple[Risk, ...]

    @cached_property
    def seen(self) -> tuple[Source, ...]:
        found = {seen.source for each in self.device.contacts for seen in each.observations}
        return tuple(sorted(found))

    @property
    def first_ns(self) -> int:
        return min(each.first_ns for each in self.device.contacts)

    @property
    def last_ns(self) -> int:
        return max(each.last_ns for each in self.device.contacts)

    @property
    def rank(self) -> int:
        return self.risks[0].rank if self.risks else 0


class Judge:
    """Judges devices by facts, for a site, on a day."""

    def __init__(
        self,
        facts: Facts,
        profile: SiteProfile,
        purchases: Iterable[Purchase],
        coverage: Sequence[Coverage],
        when: date,
    ) -> None:
        self.facts = facts
        self.when = when
        self._origins = OriginJudge(facts)
        self._rules = RuleJudge(facts, profile)
        self._holes = HoleJudge(facts)
        self._purchases = {each.device: each for each in purchases}
        self._asked: dict[tuple[str, str], frozenset[Source]] = {}
        self._places = Places(coverage)
        for each in coverage:
            at = (each.scan, each.collector)
            self._asked[at] = self._asked.get(at, frozenset()) | frozenset(each.doors)

    def site(self) -> list[RuleFinding]:
        """Rules on what people do with cameras."""
        return self._rules.of_site(self.when)

    def judge(self, named: NamedDevice) -> Judgement:
        contacts = named.device.contacts
        asked = {
            door for each in contacts
            for door in self._asked.get((each.key.scan, each.key.collector), ())
        }  # fmt: skip
        subject = describe(contacts, self._places)
        judged = self._origins.judge(contacts, asked)
        purchase = self._purchases.get(named.id)
        brand_key = judged.brand.brand.key if judged.brand.brand is not None else ""
        rules = tuple(self._rules.of_device(judged.origin, purchase, self.when))
        holes = tuple(self._holes.of_device(subject, judged.origin, brand_key))
        support = self._support(subject, judged)
        return Judgement(
            id=named.id,
            device=named.device,
            subject=subject,
            judged=judged,
            listings=tuple(self._rules.listings(judged.origin, self.when)),
            rules=rules,
            holes=holes,
            support=support,
            purchase=purchase,
            risks=risks_of(
                rules, holes, support, activated=subject.activated,
                maker_known=judged.origin.certainty is not Certainty.UNKNOWN, when=self.when,
            ),
        )  # fmt: skip

    def judge_all(self, named: Iterable[NamedDevice]) -> list[Judgement]:
        """All devices, the most urgent first."""
        found = [self.judge(each) for each in named]
        return sorted(found, key=lambda each: (-each.rank, each.subject.addresses, each.id))

    def _support(self, subject: Subject, judged: Judged) -> Support | None:
        for each in self.facts.support:
            if each.origin == judged.origin.origin and any(
                re.fullmatch(re.escape(each.model).replace(r"\*", ".*"), model, re.IGNORECASE)
                for model in subject.models
            ):
                return each
        return None


def describe(contacts: Sequence[Contact], places: Places | None = None) -> Subject:
    """What a device says of itself, the latest and best-placed word first."""
    return Subject(
        kind=kind_of(contacts),
        models=_words(contacts, Signal.MODEL),
        firmware=_firmware(contacts),
        names=_words(contacts, Signal.NAME, _PEOPLE),
        places=_words(contacts, Signal.PLACE) or (places.of(contacts) if places else ()),
        serials=_words(contacts, Signal.SERIAL),
        macs=tuple(sorted({mac for each in contacts for mac in each.macs})),
        addresses=_addresses(contacts),
        activated="no" not in _words(contacts, Signal.ACTIVATED)[:1],
    )


def _addresses(contacts: Sequence[Contact]) -> tuple[str, ...]:
    """Where it was met, latest first; a channel by its recorder's address and its number."""
    latest = sorted(contacts, key=lambda each: (-each.last_ns, each.key))
    shown = []
    for each in latest:
        channel = f" channel {each.key.channel}" if each.is_channel else ""
        shown.append(f"{each.key.address}{channel}")
    return tuple(dict.fromkeys(place for place in shown if place.strip()))


def _words(
    contacts: Sequence[Contact], signal: Signal, doors: frozenset[Source] = frozenset()
) -> tuple[str, ...]:
    found = [
        pair for each in contacts for pair in scope_values(each, signal)
        if not doors or pair[1].source in doors
    ]  # fmt: skip
    found.sort(key=lambda pair: (_door(pair[1]), -pair[1].at_ns, pair[0]))
    return tuple(dict.fromkeys(text for text, _ in found if text))


def _door(seen: Observation) -> int:
    return _BEST_DOORS.index(seen.source) if seen.source in _BEST_DOORS else len(_BEST_DOORS)


def _firmware(contacts: Sequence[Contact]) -> Firmware:
    versions = _words(contacts, Signal.FIRMWARE)
    dates = _words(contacts, Signal.FIRMWARE_DATE)
    return read_firmware(versions[0] if versions else "", dates[0] if dates else "")
