"""Certificates, hashes of icons, HTTP answers, neighbours, leases: each with its broken twin."""

import base64
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches.trust import certificates, favicons
from watchglass.base.clock import SimulatedClock
from watchglass.cameras.survey import icon_hash
from watchglass.cameras.survey.certificate import CertificateError, names_of
from watchglass.cameras.survey.digest import answer_challenge
from watchglass.cameras.survey.http_reading import (
    WholeAnswer,
    page_facts,
    read_response,
)
from watchglass.cameras.survey.logins import dahua_channels, equal_lines, isapi_channels
from watchglass.cameras.survey.neighbours import (
    FRESH_NS,
    Lease,
    Neighbours,
    parse_arp,
    parse_leases,
)
from watchglass.cameras.survey.seen import Fact
from watchglass.cameras.survey.xml_reading import read_xml

# --- certificates ---------------------------------------------------------------------------------


def _der(subject: tuple[tuple[str, str], ...]) -> bytes:
    made = certificates.Certificates(1).of(subject)
    return ssl.PEM_cert_to_DER_cert(made.certificate_pem)


def test_a_subject_is_read_as_rfc_4514_writes_it() -> None:
    names = names_of(_der(certificates.HIKVISION))
    assert names.subject == "CN=www.hikvision.com,OU=DVRNVR,O=HIKVISION"
    assert names.issuer == names.subject
    assert len(names.fingerprint) == 64


def test_a_comma_in_a_name_makes_no_part_of_its_own() -> None:
    assert names_of(_der((("CN", "x,O=HIKVISION"),))).subject == "CN=x\\,O=HIKVISION"


def test_a_cut_certificate_is_none() -> None:
    der = _der(certificates.DAHUA)
    for size in range(0, 150, 7):
        with pytest.raises(CertificateError):
            names_of(der[:size])


@given(st.binary(max_size=400))
def test_noise_is_no_certificate(noise: bytes) -> None:
    try:
        names_of(b"\x30\x82" + noise)
    except CertificateError:
        return


# --- icons ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "known"),
    [(b"", 0), (b"hello", 613153351), (b"hello, world", 345750399), (b"\0\0\0\0", 593689054)],
)
def test_murmur3_has_the_published_values(data: bytes, known: int) -> None:
    assert icon_hash.murmur3(data) == known


def test_the_icon_that_was_worked_out_has_the_known_hash() -> None:
    assert icon_hash.mmh3_of(favicons.HIKVISION_ICON) == favicons.KNOWN
    assert icon_hash.mmh3_of(favicons.HIKVISION_ICON + b"x") != favicons.KNOWN


@given(st.binary(max_size=300))
def test_the_hash_is_that_of_another_writer(data: bytes) -> None:
    assert icon_hash.murmur3(data) == _murmur3_by_the_book(data)


def _murmur3_by_the_book(data: bytes) -> int:
    """The reference in C, followed line by line."""
    h, mask = 0, 0xFFFFFFFF

    def rotl(x: int, r: int) -> int:
        return ((x << r) | (x >> (32 - r))) & mask

    for i in range(len(data) // 4):
        k = int.from_bytes(data[4 * i : 4 * i + 4], "little")
        k = rotl(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
        h = (rotl(h ^ k, 13) * 5 + 0xE6546B64) & mask
    tail, k = data[len(data) // 4 * 4 :], 0
    for i in reversed(range(len(tail))):
        k ^= tail[i] << (8 * i)
    h ^= rotl(k * 0xCC9E2D51 & mask, 15) * 0x1B873593 & mask
    h ^= len(data)
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        h = (h ^ (h >> shift)) * factor & mask
    h ^= h >> 16
    return h - (1 << 32) if h & 0x80000000 else h


# --- HTTP -----------------------------------------------------------------------------------------


def test_a_page_tells_server_realm_title_and_where_it_leads() -> None:
    page = (
        b"HTTP/1.1 401 Unauthorized\r\nServer: App-webs/\r\nWWW-Authenticate: Digest qop=auth,"
        b' realm="Login to 3E05", nonce="1"\r\nWWW-Authenticate: Basic realm="device"\r\n\r\n'
        b'<html><TITLE>\n Web  </title><script>window.location.href = "/doc/page/login.asp?_=1"'
    )
    response = read_response(page)
    assert response is not None
    assert page_facts(response, "/") == [
        Fact("status", "401 /"), Fact("server", "App-webs/"), Fact("realm", "Login to 3E05"),
        Fact("realm", "device"), Fact("title", "Web"), Fact("page", "/doc/page/login.asp"),
    ]  # fmt: skip


def test_a_redirect_is_noted_without_its_host_and_goes_nowhere() -> None:
    response = read_response(
        b"HTTP/1.0 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\n\r\n"
    )
    assert response is not None
    assert Fact("page", "/latest/meta-data") in page_facts(response, "/")


def test_chunks_are_put_together_and_a_lying_one_is_cut() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = read_response(head + b"4\r\nabcd\r\n3;x=1\r\nefg\r\n0\r\n\r\n")
    assert whole is not None
    assert (whole.body, whole.complete) == (b"abcdefg", True)
    lying = read_response(head + b"ffffffff\r\nabcd")
    assert lying is not None
    assert (lying.body, lying.complete) == (b"abcd", False)


def test_nobody_waits_for_four_gigabytes() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 4294967296\r\n\r\n"
    assert WholeAnswer(1000).whole(head)
    response = read_response(head + b"x" * 1000)
    assert response is not None
    assert not response.complete


def test_a_head_without_end_has_one() -> None:
    assert WholeAnswer(1000).whole(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000)


@given(st.binary(max_size=300))
def test_no_answer_raises(noise: bytes) -> None:
    response = read_response(b"HTTP/1.1 200 OK\r\n" + noise)
    if response is not None:
        page_facts(response, "/")


# --- digest ---------------------------------------------------------------------------------------


def test_digest_is_that_of_rfc_2617() -> None:
    challenge = (
        'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    told = answer_challenge(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert told is not None
    # The RFC's example without qop, worked out with its formula.
    assert 'response="670fd8c2df070c60b045671b8b24ff02"' in told
    assert "Circle" not in told


@pytest.mark.parametrize("challenge", ['Basic realm="x"', "Digest", "NTLM", 'Digest realm="x"',
                                       'Digest realm="x", nonce="1", algorithm=MD4'])  # fmt: skip
def test_nothing_else_is_answered(challenge: str) -> None:
    assert answer_challenge(challenge, "GET", "/", "admin", "secret") is None


def test_a_realm_makes_no_line_of_its_own() -> None:
    told = answer_challenge('Digest realm="x\\\r\nEvil: 1", nonce="2"', "GET", "/", "u", "p")
    assert told is None or "\n" not in told


# --- neighbours and leases ------------------------------------------------------------------------

ARP = """IP address       HW type     Flags       HW address            Mask     Device
10.77.0.5        0x1         0x2         BC:AD:28:01:02:03     *        eth0
10.77.0.6        0x1         0x0         00:00:00:00:00:00     *        eth0
"""
DNSMASQ = """1700000000 bc:ad:28:01:02:03 10.77.0.5 gate-cam 01:bc:ad:28:01:02:03
1700000001 06-3c:ef:8c:01:02:03 10.77.0.6 * *
duid 00:01:00:01:2a
"""
ISC = """# comment
lease 10.77.0.5 {
  starts 4 2026/10/01 10:00:00;
  hardware ethernet bc:ad:28:00:00:01;
}
lease 10.77.0.5 {
  hardware ethernet bc:ad:28:01:02:03;
  client-hostname "gate-cam";
}
"""
KEA = """address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state
10.77.0.5,bc:ad:28:01:02:03,,3600,1700000000,1,0,0,gate-cam,0
10.77.0.7,bc:ad:28:01:02:04,,3600,1700000000,1,0,0,,1
"""


def test_neighbours_that_have_answered() -> None:
    assert parse_arp(ARP) == {"10.77.0.5": "bc:ad:28:01:02:03"}


@pytest.mark.parametrize("text", [DNSMASQ, ISC, KEA])
def test_leases_of_three_servers(text: str) -> None:
    assert Lease("10.77.0.5", "bc:ad:28:01:02:03", "gate-cam") in parse_leases(text)


def test_leases_keep_what_holds() -> None:
    assert [each.mac for each in parse_leases(DNSMASQ)] == [
        "bc:ad:28:01:02:03",
        "3c:ef:8c:01:02:03",
    ]
    assert len(parse_leases(ISC)) == 1
    assert len(parse_leases(KEA)) == 1


def test_what_is_no_lease_file_is_refused() -> None:
    with pytest.raises(ValueError, match="no leases"):
        parse_leases("root:x:0:0:root:/root:/bin/sh\n")


@given(st.text(max_size=200))
def test_no_lease_file_breaks_the_reader(text: str) -> None:
    for head in (DNSMASQ, ISC, KEA):
        parse_leases(head + text)


# --- a recorder's channels ------------------------------------------------------------------------


def test_channels_are_counted_not_believed() -> None:
    root = read_xml(
        b'<InputProxyChannelList size="99" xmlns="urn:x"><InputProxyChannel><id>3</id>'
        b"<name>Gym</name><sourceInputPortDescriptor><ipAddress>192.168.254.4</ipAddress>"
        b"<userName>admin</userName><password>hunter2</password><model>DS-2CD</model>"
        b"</sourceInputPortDescriptor></InputProxyChannel>"
        b"<InputProxyChannel><id>x</id></InputProxyChannel></InputProxyChannelList>"
    )
    found = isapi_channels(root)
    assert {fact.channel for fact in found} == {3}
    assert Fact("channel_address", "192.168.254.4", "recorder_channel", 3) in found
    assert not any("hunter2" in fact.value or "admin" in fact.value for fact in found)


def test_passwords_in_a_dahua_recorders_settings_are_passed_over() -> None:
    at = "table.RemoteDevice.uuid:System_CONFIG_NETCAMERA_INFO_"
    body = "\r\n".join(
        (f"{at}0.Address=10.1.1.9", f"{at}0.Password=hunter2", f"{at}0.UserName=admin",
         f"{at}0.DeviceType=IPC-HDW", f"{at}0.Name=Gym", f"{at}1.Address=192.168.0.0")
    ).encode()  # fmt: skip
    found = dahua_channels(body)
    assert {(fact.signal, fact.value, fact.channel) for fact in found} == {
        ("channel_address", "10.1.1.9", 1), ("model", "IPC-HDW", 1), ("name", "Gym", 1),
    }  # fmt: skip
    assert equal_lines(b"vendor=General\r\nversion=2.8,build:2021\r\n")["vendor"] == "General"


def test_icons_text_is_what_scanners_hash() -> None:
    icon = bytes(range(200))
    assert icon_hash.mmh3_of(icon) == icon_hash.murmur3(base64.encodebytes(icon))


def test_a_long_neighbour_table_is_read_to_its_end_and_again(tmp_path: Path) -> None:
    table = tmp_path / "arp"
    lines = [f"10.1.{n // 250}.{n % 250} 0x1 0x2 02:00:00:00:{n // 256:02x}:{n % 256:02x} * eth0"
             for n in range(900)]  # fmt: skip
    table.write_text("head\n" + "\n".join(lines[:800]) + "\n")
    clock = SimulatedClock()
    known = Neighbours(clock.monotonic_ns, str(table))
    assert known.mac("10.1.3.49") == "02:00:00:00:03:1f"
    assert known.mac("10.1.3.149") == ""
    table.write_text("head\n" + "\n".join(lines[800:]) + "\n")
    assert known.mac("10.1.3.149") == ""  # what was read is young enough
    clock.advance(FRESH_NS)
    assert known.mac("10.1.3.149") == "02:00:00:00:03:83"
    assert known.mac("10.1.3.49") == "02:00:00:00:03:1f"  # forgotten by the kernel, not by us
    known.close()


def test_a_system_without_the_table_has_no_neighbours(tmp_path: Path) -> None:
    assert Neighbours(SimulatedClock().monotonic_ns, str(tmp_path / "none")).mac("10.1.0.1") == ""
