"""Whose an address was, and when."""

from tests.trust.seeing import AT_NS, see
from watchglass.base.ids import CollectorId
from watchglass.model.observation import Observation
from watchglass.trust.bounds import HELD_NS, JOINED_NS, bounds_of

CAMERA, PUPIL = "bc:ad:28:00:00:01", "00:11:22:33:44:55"
DAY_NS = HELD_NS


def sighting(mac: str, days: float, address: str = "10.0.0.4", door: str = "neighbour",
             collector: str = "") -> list[Observation]:  # fmt: skip
    return see(f"{door} mac {mac}", address=address, mac=mac, collector=collector,
               at_ns=AT_NS + round(days * DAY_NS))  # fmt: skip


def spans(*seen: list[Observation]) -> list[tuple[float, float]]:
    found = bounds_of([one for each in seen for one in each], frozenset({CAMERA}))
    assert all(each.mac == CAMERA for each in found)
    return [((each.from_ns - AT_NS) / DAY_NS, (each.to_ns - AT_NS) / DAY_NS) for each in found]


def test_a_sighting_binds_for_a_day_before_and_after() -> None:
    assert spans(sighting(CAMERA, 0)) == [(-1, 1)]
    assert spans(sighting(CAMERA, 0, door="dhcp_lease")) == [(-1, 1)]


def test_two_sightings_bind_what_lies_between_them_but_not_for_weeks() -> None:
    assert JOINED_NS == 7 * DAY_NS
    assert spans(sighting(CAMERA, 0), sighting(CAMERA, 6)) == [(-1, 7)]
    assert spans(sighting(CAMERA, 0), sighting(CAMERA, 9)) == [(-1, 1), (8, 10)]


def test_between_two_devices_an_address_is_nobodys() -> None:
    assert spans(sighting(CAMERA, 0), sighting(PUPIL, 0.5)) == [(-1, 0)]
    assert spans(sighting(PUPIL, -0.5), sighting(CAMERA, 0)) == [(0, 1)]
    assert spans(sighting(CAMERA, 0), sighting(PUPIL, 1), sighting(CAMERA, 2)) == [(-1, 0), (2, 3)]
    assert spans(sighting(PUPIL, 0)) == []


def test_only_leases_and_neighbours_bind() -> None:
    said = see("http server App-webs/", address="10.0.0.4", mac=CAMERA)
    assert spans(said) == []


def test_a_collectors_network_is_another() -> None:
    seen = sighting(CAMERA, 0, collector="c" * 32)
    cameras = frozenset({CAMERA})
    assert bounds_of(seen, cameras) == ()
    assert len(bounds_of(seen, cameras, CollectorId("c" * 32))) == 1
