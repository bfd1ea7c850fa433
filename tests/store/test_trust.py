"""What was seen is kept once, comes back as it was, and needs no camera."""

from pathlib import Path

import pytest

from tests.trust.seeing import AT_NS, HIK_MAC, SCAN, see
from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import DeviceId, ScanId
from watchglass.model.coverage import Coverage, ScanEntry, ScanKind
from watchglass.model.observation import Source
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.store.site import SiteStore
from watchglass.store.trust import TrustStore
from watchglass.store.vault import Vault

SEEN = see("sadp answer sadp", "http server App-webs/", "sadp model DS-\u202e2CD", mac=HIK_MAC)


@pytest.fixture
def store(tmp_path: Path) -> TrustStore:
    return TrustStore(tmp_path / "site.db")


def test_observations_come_back_and_a_second_telling_adds_nothing(store: TrustStore) -> None:
    assert store.add_observations(SEEN) == 3
    assert store.add_observations(reversed(SEEN)) == 0
    later = see("sadp answer sadp", mac=HIK_MAC, at_ns=AT_NS + 5)
    assert store.add_observations(later) == 0
    assert set(store.observations()) == set(SEEN)
    other = see("sadp answer sadp", scan="b" * 32, channel=3)
    assert store.add_observations([*other, *other]) == 1
    assert store.observations(ScanId("b" * 32)) == other


def test_more_than_one_batch(store: TrustStore) -> None:
    many = see(*(f"http title page {n}" for n in range(1203)))
    assert store.add_observations(many) == 1203
    assert len(store.observations()) == 1203


def test_a_scan_is_forgotten_with_all_it_saw(store: TrustStore) -> None:
    store.put_scan(ScanEntry(scan=SCAN, kind=ScanKind.SCAN, started_ns=1))
    store.put_scan(ScanEntry(scan=SCAN, kind=ScanKind.SCAN, started_ns=1, ended_ns=9))
    store.add_observations(SEEN)
    store.put_coverage(coverage(3))
    assert [each.ended_ns for each in store.scans()] == [9]
    store.forget_scan(SCAN)
    assert not store.observations()
    assert not store.coverage()
    with pytest.raises(NotFoundError):
        store.forget_scan(SCAN)


def coverage(answered: int) -> Coverage:
    return Coverage(
        scan=SCAN, cidr="10.0.0.0/24", place="Main building", started_ns=1, ended_ns=2, asked=254,
        answered=answered, silent=254 - answered, refused=0, doors=(Source.SADP, Source.HTTP),
    )  # fmt: skip


def test_coverage_told_again_replaces_what_was_told(store: TrustStore) -> None:
    store.put_coverage(coverage(3))
    store.put_coverage(coverage(4))
    assert store.coverage() == [coverage(4)]


def test_what_people_state_is_kept(store: TrustStore) -> None:
    assert store.profile() == SiteProfile()
    profile = SiteProfile(country="US", organisation=Organisation.PUBLIC_SCHOOL,
                          purposes=(Purpose.PUBLIC_SAFETY,))  # fmt: skip
    store.set_profile(profile)
    assert store.profile() == profile
    purchase = Purchase(device=DeviceId("1" * 32), bought="2021", money=Money.OWN, document="x")
    store.put_purchase(purchase)
    store.put_purchase(purchase)
    assert store.purchases() == [purchase]


def test_names_go_on_leading_where_they_did(store: TrustStore) -> None:
    store.remember_devices({"mac:a": DeviceId("1" * 32), "mac:b": DeviceId("2" * 32)})
    store.remember_devices({"mac:b": DeviceId("3" * 32)})
    known = store.device_names()
    assert known == {"mac:a": "1" * 32, "mac:b": "3" * 32}
    other = {"mac:a": DeviceId("4" * 32)}
    assert not store.remember_devices(other, {}), "somebody has named devices since"
    assert store.device_names() == known
    assert store.remember_devices(other, known)


def test_it_shares_the_sites_database(tmp_path: Path) -> None:
    path = tmp_path / "site.db"
    site = SiteStore(path, Vault(tmp_path / "vault.key", Disk()), SimulatedClock())
    trust = TrustStore(path)
    trust.add_observations(SEEN)
    site.set_setting("x", "y")
    again = TrustStore(path)
    assert len(again.observations()) == 3
    for each in (site, trust, again):
        each.close()
