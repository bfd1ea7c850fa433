"""Identity: one device through many doors, two devices behind one copied id, in any order."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trust.seeing import AXIS_MAC, DAHUA_MAC, HIK_MAC, see
from watchglass.base.ids import DeviceId
from watchglass.model.device import DeviceKind
from watchglass.model.observation import Observation
from watchglass.trust.contact import contacts_of
from watchglass.trust.identity import (
    Device,
    current_id,
    devices_of,
    keys_of,
    name_devices,
)
from watchglass.trust.kind import kind_of

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
UUID = "7a3c1f00-1111-2222-3333-bcad28000001"


def found(*groups: list[Observation]) -> list[Device]:
    return devices_of(contacts_of([each for group in groups for each in group]))


def addresses(devices: list[Device]) -> list[list[str]]:
    return sorted(sorted({each.key.address for each in one.contacts}) for one in devices)


def test_one_device_after_a_change_of_address() -> None:
    for key in ("sadp serial DS-2CD2143G0-I20190101AAWR12345", f"ws_discovery uuid {UUID}"):
        devices = found(see(key, scan=ONE, address="10.0.0.5"),
                        see(key, scan=TWO, address="10.0.9.7"))  # fmt: skip
        assert addresses(devices) == [["10.0.0.5", "10.0.9.7"]]
    devices = found(
        see("http status 200 /", scan=ONE, mac=HIK_MAC),
        see("http status 200 /", scan=TWO, address="10.0.9.7", mac=HIK_MAC),
    )
    assert len(devices) == 1


def test_an_address_that_is_given_to_another_device_is_two_devices() -> None:
    assert len(found(see("http status 200 /", scan=ONE, mac=HIK_MAC),
                     see("http status 200 /", scan=TWO, mac=DAHUA_MAC))) == 2  # fmt: skip


def test_one_address_at_two_schools_is_two_devices() -> None:
    assert len(found(see("http status 200 /", collector="c1"),
                     see("http status 200 /", collector="c2"))) == 2  # fmt: skip


def test_two_network_ports_are_one_device() -> None:
    what = ("onvif serial 5C0123456789", f"ws_discovery uuid {UUID}")
    devices = found(see(*what, mac=HIK_MAC), see(*what, address="10.0.0.6", mac=AXIS_MAC))
    assert len(devices) == 1


def test_a_uuid_that_many_came_with_joins_nobody() -> None:
    devices = found(*(
        see(f"ws_discovery uuid {UUID}", f"neighbour mac 00:40:8c:00:00:{n:02x}",
            address=f"10.0.0.{n}")
        for n in range(1, 40)
    ))  # fmt: skip
    assert len(devices) == 39


def test_a_forged_mac_stays_apart_when_serials_differ() -> None:
    assert (
        len(
            found(
                see("onvif serial AAAA1111", mac=HIK_MAC),
                see("onvif serial BBBB2222", address="10.0.0.6", mac=HIK_MAC),
            )
        )
        == 2
    )
    assert len(found(see("onvif model X1", mac=HIK_MAC),
                     see("onvif model Y2", address="10.0.0.6", mac=HIK_MAC))) == 2  # fmt: skip


def test_what_shares_a_key_with_two_belongs_to_the_closer_one() -> None:
    first = see("onvif serial AAAA1111", f"ws_discovery uuid {UUID}", mac=HIK_MAC)
    second = see("onvif serial BBBB2222", f"ws_discovery uuid {UUID}", address="10.0.0.6",
                 mac=DAHUA_MAC)  # fmt: skip
    later = see(f"ws_discovery uuid {UUID}", scan=TWO, address="10.0.0.7", mac=DAHUA_MAC)
    assert addresses(found(first, second, later)) == [["10.0.0.5"], ["10.0.0.6", "10.0.0.7"]]


def test_ids_that_many_share_by_accident_are_no_keys() -> None:
    for what in ("onvif serial 123456", "onvif serial 0000000000", "onvif serial unknown",
                 "onvif serial 12", "ws_discovery uuid 00000000-0000-0000-0000-000000000000",
                 "ws_discovery uuid nonsense", "sadp mac ff:ff:ff:ff:ff:ff"):  # fmt: skip
        (contact,) = contacts_of(see(what))
        assert not keys_of(contact), what


def test_a_router_that_answers_for_others_gives_them_no_mac() -> None:
    devices = found(*(
        see(f"neighbour mac {HIK_MAC}", "http status 200 /", address=f"10.0.5.{n}", mac=HIK_MAC)
        for n in range(1, 6)
    ))  # fmt: skip
    assert len(devices) == 5


def test_a_contact_without_keys_is_what_was_at_its_address() -> None:
    keyed = see("http status 200 /", scan=ONE, mac=HIK_MAC)
    bare = see("rtsp server x", scan=TWO)
    assert len(found(keyed, bare)) == 1
    other = see("http status 200 /", scan=THREE, mac=DAHUA_MAC)
    assert len(found(keyed, other, bare)) == 3


def test_channels_of_a_recorder_are_devices_of_their_own() -> None:
    recorder = see("isapi model DS-7616NI", "isapi channels 16", mac=HIK_MAC)
    channels = [see(f"recorder_channel name Door {n}", mac=HIK_MAC, channel=n) for n in (1, 2)]
    devices = found(recorder, *channels)
    assert len(devices) == 3
    kinds = sorted(kind_of(each.contacts) for each in devices)
    assert kinds == [DeviceKind.CAMERA, DeviceKind.CAMERA, DeviceKind.RECORDER]


@st.composite
def worlds(draw: st.DrawFn) -> list[Observation]:
    """Contacts that share few keys, as honest and as forged devices do."""
    seen: list[Observation] = []
    for scan in draw(st.lists(st.sampled_from([ONE, TWO, THREE]), min_size=1, max_size=6)):
        address = draw(st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3"]))
        mac = draw(st.sampled_from(["", HIK_MAC, DAHUA_MAC]))
        what = ["http status 200 /"]
        for key in draw(st.sets(st.sampled_from(
            ["onvif serial AAAA1111", "onvif serial BBBB2222", f"ws_discovery uuid {UUID}",
             "onvif model X1", "onvif model Y2"]), max_size=3)):  # fmt: skip
            what += [key]
        seen += see(*what, scan=scan, address=address, mac=mac)
    return seen


@settings(max_examples=40, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_changes_who_is_who(
    seen: list[Observation], order: random.Random
) -> None:
    shuffled = [*seen, *seen]
    order.shuffle(shuffled)
    devices = devices_of(contacts_of(seen))
    assert devices_of(contacts_of(shuffled)) == devices
    contacts = contacts_of(seen)
    assert sorted(each.key for one in devices for each in one.contacts) == [
        each.key for each in contacts
    ]


@settings(max_examples=40, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_names_last_and_are_given_once(seen: list[Observation], order: random.Random) -> None:
    devices = devices_of(contacts_of(seen))
    named, known = name_devices(devices, {})
    assert len({each.id for each in named}) == len(devices)
    order.shuffle(devices)
    again, _ = name_devices(devices, known)
    firm = {each.device: each.id for each in named}
    # Where two share every name, either may be called the first.
    names = [each.device.names for each in named]
    for each in again:
        if names.count(each.device.names) == 1:
            assert each.id == firm[each.device] or len(set(each.device.names) & {
                name for other in names if other != each.device.names for name in other
            })  # fmt: skip


def test_the_next_device_at_an_address_is_not_the_one_before() -> None:
    first, known = name_devices(found(see("http status 200 /", mac=HIK_MAC)), {})
    second, _ = name_devices(found(see("http status 200 /", scan=TWO, mac=DAHUA_MAC)), known)
    assert first[0].id != second[0].id


def test_a_device_keeps_its_id_once_it_tells_a_key() -> None:
    first, known = name_devices(found(see("http status 200 /")), {})
    second, _ = name_devices(found(see("http status 200 /", scan=TWO, mac=HIK_MAC)), known)
    assert first[0].id == second[0].id


def test_a_device_whose_only_key_is_copied_keeps_its_id() -> None:
    devices = found(see("onvif model X1", mac=HIK_MAC),
                    see("onvif model Y2", address="10.0.0.6", mac=HIK_MAC))  # fmt: skip
    first, known = name_devices(devices, {})
    second, _ = name_devices(devices, known)
    assert len({each.id for each in first}) == 2
    assert [each.id for each in first] == [each.id for each in second]


def test_an_id_that_became_part_of_another_leads_there() -> None:
    serial = "onvif serial AAAA1111"
    apart = found(see(serial), see("http status 200 /", address="10.0.0.6", mac=HIK_MAC))
    first, known = name_devices(apart, {})
    before = {each.id for each in first}
    assert len(before) == 2
    for one in before:
        assert current_id(one, before, known) == one
    joined = found(see(serial), see("http status 200 /", address="10.0.0.6", mac=HIK_MAC),
                   see(serial, scan=TWO, address="10.0.0.6", mac=HIK_MAC))  # fmt: skip
    assert len(joined) == 1
    second, names = name_devices(joined, known)
    known |= names
    (now,) = second
    assert now.id in before
    for one in before:
        assert current_id(one, {now.id}, known) == now.id
    # It does not come back to life, and a third look changes nothing.
    third, names = name_devices(joined, known)
    assert [each.id for each in third] == [now.id]
    assert current_id(min(before - {now.id}), {now.id}, known | names) == now.id
    nobody = DeviceId("f" * 32)
    assert current_id(nobody, {now.id}, known) is None


def test_ids_that_lead_in_a_circle_lead_nowhere() -> None:
    one, two = DeviceId("1" * 32), DeviceId("2" * 32)
    known = {f"was:{one}": two, f"was:{two}": one}
    assert current_id(one, set(), known) is None
    assert current_id(one, {two}, known) == two
