"""Where a scan may go, and where it does not."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watchglass.cameras.survey.targets import Allowed, TargetError, hosts, target


@pytest.mark.parametrize(
    "cidr", ["10.1.0.0/16", "192.168.7.0/24", "172.31.255.0/24", "169.254.1.0/24", "192.168.7.9"]
)
def test_a_private_network_is_looked_at(cidr: str) -> None:
    assert target(cidr).network == ipaddress.ip_network(cidr)


@pytest.mark.parametrize(
    "cidr",
    ["8.8.8.0/24", "172.32.0.0/24", "192.167.0.0/24", "203.0.113.7", "9.255.255.0/23",
     "169.253.0.0/24", "100.128.0.0/24"],
)  # fmt: skip
def test_a_public_network_only_if_it_is_stated_to_be_ours(cidr: str) -> None:
    with pytest.raises(TargetError, match="--mine"):
        target(cidr)
    assert target(cidr, ours=True)


@pytest.mark.parametrize(
    "cidr", ["127.0.0.1", "127.0.0.0/8", "224.0.0.0/24", "240.0.0.0/24", "0.0.0.0/0", "10.0.0.0/8",
             "126.0.0.0/7", "fd00::/64", "::1", "nonsense", "10.0.0.0/33", "", "10.0.0.1/24/7"],
)  # fmt: skip
def test_these_never(cidr: str) -> None:
    with pytest.raises(TargetError):
        target(cidr, ours=True)


def test_this_machine_only_where_that_is_allowed_by_name() -> None:
    assert target("127.0.5.0/24", loopback=True)


def test_clouds_tell_their_secrets_to_nobody_here() -> None:
    named = [target("169.254.0.0/16"), target("100.100.100.0/24")]
    allowed = Allowed(named)
    assert "169.254.169.254" not in allowed
    assert "100.100.100.200" not in allowed
    assert "100.100.100.201" in allowed
    assert "169.254.169.254" not in set(hosts(named))


@given(st.integers(0, 2**32 - 1))
def test_nothing_outside_the_named_networks_is_allowed(value: int) -> None:
    ip = ipaddress.IPv4Address(value)
    inside = ip in ipaddress.ip_network("10.7.0.0/22")
    assert (str(ip) in Allowed([target("10.7.0.0/22")])) == inside


@pytest.mark.parametrize(
    "text", ["10.7.0.1 ", "10.7.1", "010.7.0.1", "evil.example", "::ffff:a07:1"]
)
def test_only_plain_addresses_are_allowed(text: str) -> None:
    assert text not in Allowed([target("10.7.0.0/22")])


def test_each_address_once_and_none_of_those_done() -> None:
    named = [target("10.7.0.0/29"), target("10.7.0.4/30"), target("10.7.0.9")]
    found = list(hosts(named, frozenset({"10.7.0.2"})))
    assert found == ["10.7.0.1", "10.7.0.3", "10.7.0.4", "10.7.0.5", "10.7.0.6", "10.7.0.9"]
