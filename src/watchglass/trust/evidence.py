"""Evidence: what observations say of who made a device, by the table of fingerprints."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import unquote

import msgspec

from watchglass.model.observation import Observation, Signal, Source
from watchglass.trust.brand import Brand, BrandBook
from watchglass.trust.contact import Contact
from watchglass.trust.fact import LABEL, PREFIX, Fingerprint
from watchglass.trust.facts import Facts

CHIP = "chip"
VIA = "via-oem"
_SCOPES = {
    "name": Signal.NAME,
    "hardware": Signal.MODEL,
    "manufacturer": Signal.MANUFACTURER,
    "mfr": Signal.MANUFACTURER,
}
_ONVIF = "onvif://www.onvif.org/"
_SHOWN_CHARS = 80
_STATING = (Signal.MANUFACTURER, Signal.LABEL)
_FREE = (Signal.NAME, Signal.TITLE)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One sign. ``origin`` is a maker's key, or empty where the sign only names ``brand``.

    ``chip`` names the maker of a chip alone: it counts for nobody. ``stated``: the brand stands in
    a field for the maker's name, and not somewhere in free text.
    """

    fingerprint: Fingerprint
    seen: Observation
    sentence: str
    origin: str = ""
    brand: Brand | None = None
    chip: str = ""
    stated: bool = False

    @property
    def family(self) -> str:
        """What is copied together: ``door`` stands for the server that it was seen at."""
        if self.fingerprint.family != "door":
            return self.fingerprint.family
        return "rtsp" if self.seen.source is Source.RTSP else "web"

    @property
    def order(self) -> tuple[int, str, str, str]:
        return (-self.fingerprint.weight, self.fingerprint.id, self.seen.value, self.origin)


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as fingerprints see it: a scope counts as the field that it stands for."""

    signal: Signal
    value: str
    seen: Observation


class EvidenceReader:
    """Reads observations by the tables. Made once for all devices."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.book = BrandBook(facts)

    @cached_property
    def _by_signal(self) -> dict[Signal, list[Fingerprint]]:
        found: dict[Signal, list[Fingerprint]] = defaultdict(list)
        for each in self._facts.fingerprints:
            for signal in each.signals:
                found[signal].append(each)
        return found

    @cached_property
    def _answers(self) -> list[Fingerprint]:
        return [each for each in self._facts.fingerprints if each.answer]

    def read(self, contacts: Iterable[Contact]) -> list[Evidence]:
        """Everything that a device's contacts say, the same sign only once, in a fixed order."""
        found: dict[tuple[str, str, str, str], Evidence] = {}
        for contact in contacts:
            for each in self._of(contact):
                brand = each.brand.key if each.brand is not None else ""
                of = (each.fingerprint.id, each.origin or brand, each.chip, each.seen.source)
                known = found.get(of)
                if known is None or _first(each, known):
                    found[of] = each
        return sorted(found.values(), key=lambda each: each.order)

    def _of(self, contact: Contact) -> Iterator[Evidence]:
        for text in _texts(contact):
            for fingerprint in self._by_signal.get(text.signal, ()):
                if not fingerprint.doors or text.seen.source in fingerprint.doors:
                    yield from self._matched(fingerprint, text)
        for mac in sorted(contact.macs):
            yield from self._of_mac(mac, contact)
        yield from self._of_answers(contact)

    def _matched(self, fingerprint: Fingerprint, text: _Text) -> Iterator[Evidence]:
        if fingerprint.origin == PREFIX:
            return  # each MAC of the contact is looked at once, wherever it was seen
        if fingerprint.origin == LABEL:
            brand = self._brand(text, alone=fingerprint.alone)
            if brand is not None:
                told = _told(fingerprint, text.value, brand=brand.name)
                stated = text.signal in _STATING
                yield Evidence(fingerprint, text.seen, told, brand=brand, stated=stated)
        elif all(pattern.search(text.value) for pattern in fingerprint.patterns):
            told = _told(fingerprint, text.value)
            yield Evidence(fingerprint, text.seen, told, origin=fingerprint.origin)

    def _brand(self, text: _Text, *, alone: bool) -> Brand | None:
        if text.signal in _STATING:
            return self.book.stated(text.value)
        if text.signal in _FREE:
            # A title that holds a name and nothing else has a row of its own.
            found = self.book.named(text.value)
            by_itself = text.signal is Signal.TITLE and self.book.is_alone(text.value)
            return found if alone is by_itself else None
        return self.book.find(text.value)

    def _of_mac(self, mac: str, contact: Contact) -> Iterator[Evidence]:
        prefix = self._facts.prefix_of(mac)
        if prefix is None:
            return
        fingerprint = self._facts.fingerprint.get("oui" if ":" in prefix.origin else "oui-own")
        if fingerprint is None:
            return
        seen = _mac_seen(mac, contact)
        kind, _, name = prefix.origin.partition(":")
        told = _told(fingerprint, mac, maker=prefix.holder)
        if kind == CHIP:
            yield Evidence(fingerprint, seen, f"{told}, which makes chips", chip=prefix.brand)
        elif kind == VIA:
            yield Evidence(fingerprint, seen, told, brand=self.book.by_key(name))
        else:
            yield Evidence(fingerprint, seen, told, origin=prefix.origin)

    def _of_answers(self, contact: Contact) -> Iterator[Evidence]:
        """Path and SDP of each RTSP answer together."""
        lines: dict[tuple[Source, int], list[Observation]] = defaultdict(list)
        for seen in contact.observations:
            if seen.signal in (Signal.RTSP_PATH, Signal.SDP):
                lines[seen.source, seen.port].append(seen)
        for (source, _), answer in sorted(lines.items()):
            for fingerprint in self._answers:
                if source in fingerprint.doors and all(
                    any(pattern.search(seen.value) for seen in answer)
                    for pattern in fingerprint.patterns
                ):
                    first = min(answer, key=lambda seen: (seen.signal, seen.value))
                    told = _told(fingerprint, first.value)
                    yield Evidence(fingerprint, first, told, origin=fingerprint.origin)


def _mac_seen(mac: str, contact: Contact) -> Observation:
    """Where a MAC was read; where it only stands beside an answer, what stands there."""
    told = [each for each in contact.observations if mac in (each.value, each.mac)]
    own = next((each for each in told if each.signal is Signal.MAC and each.value == mac), None)
    return own or msgspec.structs.replace(told[0], signal=Signal.MAC, value=mac)


def _texts(contact: Contact) -> Iterator[_Text]:
    for seen in contact.observations:
        yield _Text(seen.signal, seen.value, seen)
        if seen.signal is Signal.ONVIF_SCOPE:
            yield from _of_scope(seen)


def _of_scope(seen: Observation) -> Iterator[_Text]:
    """``onvif://www.onvif.org/hardware/DS-2CD2143`` is a model."""
    if not seen.value.lower().startswith(_ONVIF):
        return
    field, _, value = seen.value[len(_ONVIF) :].partition("/")
    signal = _SCOPES.get(field.lower())
    text = unquote(value).strip()
    if signal is not None and text.isprintable() and text:
        yield _Text(signal, text, seen)


def scope_values(contact: Contact, signal: Signal) -> list[tuple[str, Observation]]:
    """What a contact says under a signal, scopes included."""
    return [(text.value, text.seen) for text in _texts(contact) if text.signal is signal]


def _told(fingerprint: Fingerprint, value: str, *, brand: str = "", maker: str = "") -> str:
    shown = value if len(value) <= _SHOWN_CHARS else value[: _SHOWN_CHARS - 1] + "…"
    told = fingerprint.told
    for name, text in (("{maker}", maker), ("{brand}", brand), ("{value}", f"“{shown}”")):
        # Not str.format: a table must not be able to reach into objects.
        told = told.replace(name, text)
    return told


def _first(one: Evidence, other: Evidence) -> bool:
    """Which of two sightings of one sign is kept: the earlier one, by more than its time alone."""
    return (one.seen.at_ns, one.seen.value, one.seen.address) < (
        other.seen.at_ns, other.seen.value, other.seen.address,
    )  # fmt: skip
