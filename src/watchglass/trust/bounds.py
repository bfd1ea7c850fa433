"""Which address was which camera's, and when: told by leases and neighbour tables alone.

A sighting binds an address to the MAC that had it for a day before and after. Two sightings of the
same MAC there, a week apart at most, bind all between them; where the next sighting is of another
MAC nobody knows when it changed hands, and what lies between them is nobody's.
"""

from collections import defaultdict
from collections.abc import Iterable

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CollectorId
from watchglass.model.device import DeviceKind
from watchglass.model.egress import Bound
from watchglass.model.observation import Observation, Signal, Source
from watchglass.trust.judgement import Judgement

HELD_NS = 86_400 * NS_PER_S
JOINED_NS = 7 * HELD_NS
_TELLS = frozenset({Source.NEIGHBOUR, Source.DHCP_LEASE})
_CAMERA_DOORS = frozenset({
    Source.SADP, Source.DHIP, Source.MAKER_DISCOVERY, Source.ONVIF, Source.ISAPI, Source.RTSP,
    Source.OWN_CAMERA,
})  # fmt: skip


def is_camera(judgement: Judgement) -> bool:
    """Whether a device is a camera, or a recorder or door station, by what it says and answers."""
    return judgement.subject.kind is not DeviceKind.UNKNOWN or any(
        seen.source in _CAMERA_DOORS or seen.signal is Signal.ONVIF_SCOPE
        for contact in judgement.device.contacts for seen in contact.observations
    )  # fmt: skip


def camera_macs(judgements: Iterable[Judgement]) -> frozenset[str]:
    return frozenset(
        mac for each in judgements if is_camera(each)
        for contact in each.device.contacts for mac in contact.macs
    )  # fmt: skip


def bounds_of(
    observations: Iterable[Observation],
    cameras: frozenset[str],
    collector: CollectorId = CollectorId(""),  # noqa: B008 - a str
) -> tuple[Bound, ...]:
    """When addresses were cameras', in the network of one collector (empty: this machine's)."""
    seen: dict[str, set[tuple[int, str]]] = defaultdict(set)
    for each in observations:
        mac = each.mac or (each.value if each.signal is Signal.MAC else "")
        if each.source in _TELLS and each.address and mac and each.collector == collector:
            seen[each.address].add((each.at_ns, mac))
    found: list[Bound] = []
    for address, sightings in seen.items():
        found += _of_address(address, sorted(sightings), cameras)
    return tuple(sorted(found))


def _of_address(
    address: str, sightings: list[tuple[int, str]], cameras: frozenset[str]
) -> list[Bound]:
    found: list[Bound] = []
    for at, (at_ns, mac) in enumerate(sightings):
        if mac not in cameras:
            continue
        from_ns, to_ns = at_ns - HELD_NS, at_ns + HELD_NS
        if at:
            before_ns, before = sightings[at - 1]
            if before != mac:
                from_ns = at_ns
            elif at_ns - before_ns <= JOINED_NS:
                from_ns = before_ns
        if at + 1 < len(sightings):
            after_ns, after = sightings[at + 1]
            if after != mac:
                to_ns = at_ns
            elif after_ns - at_ns <= JOINED_NS:
                to_ns = after_ns
        last = found[-1] if found else None
        if last is not None and last.mac == mac and last.to_ns >= from_ns:
            found[-1] = Bound(address, last.from_ns, max(last.to_ns, to_ns), mac)
        else:
            found.append(Bound(address, from_ns, to_ns, mac))
    return found
