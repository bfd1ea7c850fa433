"""The fleet as a store holds it: places of networks, and purchases of devices that became one."""

from pathlib import Path

import pytest

from tests.trust.seeing import AT_NS, HIK_MAC, SCAN, see
from watchglass.base.ids import DeviceId, ScanId
from watchglass.model.coverage import Coverage
from watchglass.model.observation import Observation
from watchglass.model.purchase import Money, Purchase
from watchglass.store.trust import TrustStore
from watchglass.trust.contact import contacts_of
from watchglass.trust.facts import Facts, read_facts
from watchglass.trust.fleet import judge_fleet
from watchglass.trust.places import Places

TWO = ScanId("2" * 32)


@pytest.fixture(scope="module")
def facts() -> Facts:
    return read_facts()


def covered(cidr: str, place: str, scan: str = SCAN) -> Coverage:
    return Coverage(
        scan=ScanId(scan), cidr=cidr, place=place, started_ns=0, ended_ns=1, asked=1, answered=1,
        silent=0, refused=0, doors=(),
    )  # fmt: skip


def places(coverage: list[Coverage], *seen: Observation) -> tuple[str, ...]:
    return Places(coverage).of(contacts_of(seen))


def test_a_device_is_where_its_network_is_said_to_be() -> None:
    here = see("http status 200 /")
    wide, narrow = covered("10.0.0.0/16", "Town"), covered("10.0.0.0/24", "School 7")
    assert places([wide], *here) == ("Town",)
    assert places([wide, narrow], *here) == ("School 7",)
    assert places([covered("10.0.0.0/24", "")], *here) == ()
    assert places([covered("10.9.0.0/24", "Elsewhere")], *here) == ()
    assert places([covered("10.0.0.0/24", "Another look", TWO)], *here) == ()
    assert places([covered("", "An inventory")], *here) == ()
    assert places([narrow], *see("http status 200 /", address="gate.example")) == ()
    moved = see("http status 200 /", scan=TWO, address="10.4.0.5", at_ns=AT_NS + 9)
    assert places([narrow, covered("10.4.0.0/16", "School 9", TWO)], *here, *moved) == (
        "School 9", "School 7",
    )  # fmt: skip


def test_a_purchase_outlives_its_devices_becoming_one(tmp_path: Path, facts: Facts) -> None:
    store = TrustStore(tmp_path / "site.db")
    serial = "onvif serial AAAA1111"
    store.add_observations(see(serial))
    store.add_observations(see("http status 200 /", address="10.0.0.6", mac=HIK_MAC))
    first = judge_fleet(store, facts, AT_NS)
    assert len(first.judgements) == 2
    for number, each in enumerate(first.judgements):
        store.put_purchase(Purchase(
            device=each.id, bought=f"201{number}", money=Money.OWN, document=f"invoice {number}",
            noted_ns=number,
        ))  # fmt: skip
    store.put_purchase(Purchase(device=DeviceId("f" * 32), document="of nothing we know"))
    store.add_observations(see(serial, scan=TWO, address="10.0.0.6", mac=HIK_MAC))
    for _ in range(2):
        (judged,) = judge_fleet(store, facts, AT_NS).judgements
        assert judged.purchase is not None
        assert judged.purchase.device == judged.id
        assert judged.purchase.document == "invoice 1"
    (now,) = {each.id for each in judge_fleet(store, facts, AT_NS).judgements}
    # What names no document does not take the place of what does.
    store.put_purchase(Purchase(device=now, bought="2024", noted_ns=9))
    (judged,) = judge_fleet(store, facts, AT_NS).judgements
    assert judged.purchase is not None
    assert judged.purchase.document.startswith("invoice")
    store.close()
