"""Identity: which contacts are of one device, through many doors and after a change of address.

A contact tells keys: MAC, serial number, UUID, and the id of a camera that this recorder records.
Contacts join a device while the kinds of keys they share outnumber those that contradict, and a
model read through one and the same door contradicts too. So one device with two network ports stays
one (its serial number and UUID agree, its MAC does not), and two that came with one UUID from the
factory stay two. A contact without any key is known by its address alone, and only while nothing
contradicts it.

The result depends on the set of contacts, never on the order in which they came.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from watchglass.base.ids import DeviceId, random_id
from watchglass.model.observation import Signal, Source
from watchglass.trust.contact import Contact

_LEAST_SERIAL_CHARS = 6
_AT = "at:"
_WAS = "was:"
"""An id that a device had before it was found to be one with another."""
_TRIVIAL = re.compile(
    r"(.)\1*|0*1?2?3?4?5?6?7?8?9?0?|f+|x+|n/?a|none|unknown|default|null", re.IGNORECASE
)
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)
# A model through these doors is what the device itself says; banners and people vary.
_SAYS_MODEL = frozenset({Source.ONVIF, Source.ISAPI, Source.SADP, Source.DHIP})


class KeyKind(StrEnum):
    MAC = "mac"
    SERIAL = "serial"
    UUID = "uuid"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """Something that is of one device alone, if all is well."""

    kind: KeyKind
    value: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"


@dataclass
class _Cluster:
    """Contacts that are one device so far."""

    contacts: list[Contact]
    keys: dict[KeyKind, set[str]] = field(default_factory=lambda: defaultdict(set))
    models: dict[Source, set[str]] = field(default_factory=lambda: defaultdict(set))

    def all_keys(self) -> list[Key]:
        return [Key(kind, value) for kind, values in self.keys.items() for value in values]

    def agreement(self, other: "_Cluster") -> int:
        """Kinds of keys that are shared, less what contradicts; above 0 they are one."""
        shared = against = 0
        for kind in self.keys.keys() & other.keys.keys():
            if self.keys[kind] & other.keys[kind]:
                shared += 1
            else:
                against += 1
        return (shared - against - self._models_differ(other)) if shared else 0

    def contradicts(self, other: "_Cluster") -> bool:
        return bool(self._models_differ(other)) or any(
            not self.keys[kind] & other.keys[kind] for kind in self.keys.keys() & other.keys.keys()
        )

    def _models_differ(self, other: "_Cluster") -> int:
        return int(any(
            not self.models[door] & other.models[door]
            for door in self.models.keys() & other.models.keys()
        ))  # fmt: skip

    def take(self, other: "_Cluster") -> None:
        self.contacts += other.contacts
        for kind, values in other.keys.items():
            self.keys[kind] |= values
        for door, models in other.models.items():
            self.models[door] |= models


@dataclass(frozen=True, slots=True)
class Device:
    """Contacts that are one device, in the order of their keys."""

    contacts: tuple[Contact, ...]
    keys: frozenset[Key]

    @property
    def places(self) -> frozenset[str]:
        """Where it was met, as keys of their own: they name it while it has no other."""
        return frozenset(map(_place, self.contacts))

    @property
    def names(self) -> tuple[str, ...]:
        """What it is remembered by, strongest first."""
        return tuple(str(key) for key in sorted(self.keys)) or tuple(sorted(self.places))


def keys_of(contact: Contact) -> frozenset[Key]:
    """The keys that a contact tells; texts that many devices share by accident are none."""
    found = {Key(KeyKind.MAC, mac) for mac in contact.macs if not int(mac[1], 16) & 1}
    for serial in contact.values(Signal.SERIAL):
        text = " ".join(serial.upper().split())
        if len(text) >= _LEAST_SERIAL_CHARS and not _TRIVIAL.fullmatch(text):
            found.add(Key(KeyKind.SERIAL, text))
    for uuid in contact.values(Signal.UUID):
        digits = uuid.lower().replace("-", "")
        if _UUID.fullmatch(uuid) and len(set(digits)) > 2:
            found.add(Key(KeyKind.UUID, digits))
    found |= {Key(KeyKind.CAMERA, each) for each in contact.values(Signal.CAMERA_ID)}
    return frozenset(found)


def devices_of(contacts: Iterable[Contact]) -> list[Device]:
    """The devices that contacts are of, in a fixed order."""
    ordered = sorted(contacts, key=_richest_first)
    keyed = [contact for contact in ordered if keys_of(contact)]
    clusters = _joined(keyed)
    clusters += _placed([contact for contact in ordered if not keys_of(contact)], clusters)
    return sorted(map(_device, clusters), key=lambda device: device.contacts[0].key)


def _richest_first(contact: Contact) -> tuple[int, list[str], tuple[str, ...]]:
    keys = keys_of(contact)
    return (-len({key.kind for key in keys}), sorted(map(str, keys)), tuple(map(str, contact.key)))


def _joined(ordered: list[Contact]) -> list[_Cluster]:
    by_key: dict[Key, dict[int, _Cluster]] = defaultdict(dict)
    alive: dict[int, _Cluster] = {}
    for contact in ordered:
        one = _cluster(contact)
        near = {
            at: found for key in one.all_keys() for at, found in by_key[key].items() if at in alive
        }
        agreeing = [each for each in near.values() if each.agreement(one) > 0]
        agreeing.sort(key=lambda each: (-each.agreement(one), _first(each)))
        for rank, each in enumerate(agreeing):
            # What shares keys with two that contradict each other belongs to the closer one.
            if rank == 0 or not each.contradicts(one):
                alive.pop(id(one), None)
                each.take(one)
                one = each
        alive[id(one)] = one
        for key in one.all_keys():
            by_key[key][id(one)] = one
    return list(alive.values())


def _placed(ordered: list[Contact], keyed: list[_Cluster]) -> list[_Cluster]:
    """Contacts without keys: with what else was met at their address, if that was one device."""
    at: dict[str, list[_Cluster]] = defaultdict(list)
    for cluster in keyed:
        for place in {_place(contact) for contact in cluster.contacts}:
            at[place].append(cluster)
    new: dict[str, _Cluster] = {}
    for contact in ordered:
        place = _place(contact)
        here = at.get(place, [])
        one = _cluster(contact)
        if len(here) == 1 and not here[0].contradicts(one):
            here[0].take(one)
        elif place in new:
            new[place].take(one)
        else:
            new[place] = one
    return list(new.values())


def _cluster(contact: Contact) -> _Cluster:
    one = _Cluster([contact])
    for key in keys_of(contact):
        one.keys[key.kind].add(key.value)
    for seen in contact.observations:
        if seen.signal is Signal.MODEL and seen.source in _SAYS_MODEL:
            one.models[seen.source].add(seen.value.casefold())
    return one


def _first(cluster: _Cluster) -> tuple[str, ...]:
    return min(tuple(map(str, contact.key)) for contact in cluster.contacts)


def _place(contact: Contact) -> str:
    key = contact.key
    channel = f"#{key.channel}" if contact.is_channel else ""
    return f"{_AT}{key.collector}/{key.address or key.mac}{channel}"


def _device(cluster: _Cluster) -> Device:
    contacts = tuple(sorted(cluster.contacts, key=lambda each: each.key))
    return Device(contacts, frozenset(key for each in contacts for key in keys_of(each)))


# --- names that last ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NamedDevice:
    """A device with the id under which it is remembered."""

    id: DeviceId
    device: Device


def name_devices(
    devices: Iterable[Device], known: Mapping[str, DeviceId]
) -> tuple[list[NamedDevice], dict[str, DeviceId]]:
    """Devices with the ids they had before, or new ones; and what is to be remembered.

    Of several ids that lead to one device that of its strongest name stays, and an id is given to
    one device alone; the others are remembered as what it was (see `current_id`). An address leads
    to an id only while that id has no other name: the next device there is not the one before.
    """
    keyed = {given for name, given in known.items() if not name.startswith((_AT, _WAS))}
    given: dict[int, DeviceId] = {}
    taken: set[DeviceId] = set()
    all_of_them = list(devices)
    for names_of in (_key_names, _place_names):
        for at, device in enumerate(all_of_them):
            for name in names_of(device):
                found = known.get(name)
                by_place = name.startswith(_AT)
                if at in given or found is None or found in taken or (by_place and found in keyed):
                    continue
                given[at] = found
                taken.add(found)
    named: list[NamedDevice] = []
    remembered: dict[str, DeviceId] = {}
    for at, device in enumerate(all_of_them):
        its_id = given.get(at) or DeviceId(random_id())
        named.append(NamedDevice(its_id, device))
        for name in device.names:
            remembered.setdefault(name, its_id)
        if all(remembered[name] != its_id for name in device.names):
            # All its keys lead to another: a copied MAC. Where it is has to name it.
            for name in _place_names(device):
                remembered.setdefault(name, its_id)
    return named, _parts_of(named, known, keyed) | remembered


def _parts_of(
    named: list[NamedDevice], known: Mapping[str, DeviceId], keyed: set[DeviceId]
) -> dict[str, DeviceId]:
    """Ids of devices that are part of another from now on, as names of that."""
    present = {each.id for each in named}
    found: dict[str, DeviceId] = {}
    for each in named:
        before = {known[name] for name in each.device.names if name in known}
        places = {known[name] for name in _place_names(each.device) if name in known}
        for gone in sorted((before | (places - keyed)) - present):
            found.setdefault(f"{_WAS}{gone}", each.id)
    return found


def current_id(wanted: DeviceId, present: Container[DeviceId],
               known: Mapping[str, DeviceId]) -> DeviceId | None:  # fmt: skip
    """The device that an id leads to today, which may have become one with another since; None
    where it leads nowhere."""
    passed: set[DeviceId] = set()
    at: DeviceId | None = wanted
    while at is not None and at not in present:
        passed.add(at)
        at = known.get(f"{_WAS}{at}")
        if at in passed:
            return None
    return at


def _key_names(device: Device) -> list[str]:
    return [str(key) for key in sorted(device.keys)]


def _place_names(device: Device) -> list[str]:
    return sorted(device.places)
