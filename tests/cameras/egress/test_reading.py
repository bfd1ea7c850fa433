"""Egress as firewalls, resolvers and routers write it down, and what is dropped unread of it."""

import ipaddress
import struct
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.cameras.egress.capture import NoCaptureError
from watchglass.cameras.egress.lines import time_of
from watchglass.cameras.egress_worker import EgressReader
from watchglass.model.egress import Bound, EgressOrder, EgressRead, EgressSource, PeerContact

NOW_NS = 1_795_821_400 * 10**9
DAY_NS = 86_400 * 10**9
MAC, PUPIL = "44:19:b6:00:00:04", "10.0.0.77"
CAMERA = "10.0.0.4"


def reader(from_ns: int = NOW_NS - DAY_NS, to_ns: int = NOW_NS + DAY_NS) -> EgressReader:
    return EgressReader(EgressOrder(
        at_ns=NOW_NS, bounds=(Bound(CAMERA, from_ns, to_ns, MAC), Bound("fd00::4", 0, NOW_NS, MAC)),
    ))  # fmt: skip


def read(data: bytes | str, pieces: int = 1 << 16) -> EgressRead:
    whole = data.encode() if isinstance(data, str) else data
    one = reader()
    for at in range(0, len(whole), pieces):
        one.feed(whole[at : at + pieces])
    one.end()
    return one.gathered.take()


def only(told: EgressRead) -> PeerContact:
    (contact,) = told.contacts
    return contact


STAMP = "[1795821360.146143]"
LINES = {
    "conntrack -E": f"{STAMP}\t    [NEW] tcp      6 120 SYN_SENT src={{who}} dst=203.0.113.9 "
    "sport=53034 dport=443 [UNREPLIED] src=203.0.113.9 dst=192.0.2.1 sport=443 dport=53034",
    "conntrack -L": "tcp      6 431999 ESTABLISHED src={who} dst=203.0.113.9 sport=53034 dport=443 "
    "packets=6 bytes=338 src=203.0.113.9 dst={who} sport=443 dport=53034 packets=6 bytes=921 "
    "[ASSURED] mark=0 use=1",
    "nf_conntrack": "ipv4     2 tcp      6 431999 ESTABLISHED src={who} dst=203.0.113.9 "
    "sport=53034 dport=443 src=203.0.113.9 dst={who} sport=443 dport=53034 [ASSURED] mark=0 use=2",
    "nftables": "Nov 27 23:16:00 gate kernel: [ 4711.1] watchglass-drop IN=cam0 OUT=wan "
    "MAC=aa:bb:cc:dd:ee:ff:44:19:b6:00:00:04:08:00 SRC={who} DST=203.0.113.9 LEN=60 TOS=0x00 "
    "PREC=0x00 TTL=63 ID=1 DF PROTO=TCP SPT=53034 DPT=443 WINDOW=64240 RES=0x00 SYN URGP=0",
    "ufw": "2026-11-27T23:16:00.146143+00:00 gate kernel: [UFW BLOCK] IN=eth1 OUT=eth0 SRC={who} "
    "DST=203.0.113.9 LEN=60 PROTO=TCP SPT=53034 DPT=443",
    "filterlog": "<134>1 2026-11-27T23:16:00+00:00 opnsense filterlog 82 - [meta sequenceId=\"1\"] "
    "filterlog[82]: 9,,,02f4bab,igb1,match,block,in,4,0x0,,64,0,0,DF,6,tcp,60,{who},203.0.113.9,"
    "53034,443,0,S,1,,64240,,mss",
    "mikrotik": "Nov 27 23:16:00 router firewall,info watchglass-drop forward: in:bridge "
    "out:ether1, connection-state:new src-mac 44:19:b6:00:00:04, proto TCP (SYN), "
    "{who}:53034->203.0.113.9:443, len 60",
}  # fmt: skip
NAMES = {
    "dnsmasq": "Nov 27 23:16:00 dnsmasq[17]: query[A] www.hik-connect.com from {who}",
    "dnsmasq extra": "Nov 27 23:16:00 dnsmasq[17]: 12 {who}/46407 query[A] www.hik-connect.com "
    "from {who}",
    "unbound": "[1795821360] unbound[99:0] info: {who} www.hik-connect.com. A IN",
    "unbound tagged": "[1795821360] unbound[99:0] query: {who} www.hik-connect.com. A IN",
    "unbound syslog": "Nov 27 23:16:00 gate unbound: [99:0] info: {who} www.hik-connect.com. A IN",
}


@pytest.mark.parametrize("form", LINES)
def test_a_firewall_says_whom_a_camera_talked_to(form: str) -> None:
    contact = only(read(LINES[form].format(who=CAMERA)))
    assert (contact.mac, contact.peer, contact.port, contact.protocol) == (
        MAC, "203.0.113.9", 443, "tcp",
    )  # fmt: skip
    assert contact.times == 1
    assert contact.refused == (0 if "conntrack" in form else 1)


@pytest.mark.parametrize("form", NAMES)
def test_a_resolver_says_what_a_camera_asked_for(form: str) -> None:
    contact = only(read(NAMES[form].format(who=CAMERA)))
    assert (contact.name, contact.peer, contact.protocol) == ("www.hik-connect.com", "", "dns")


@pytest.mark.parametrize("form", [*LINES, *NAMES])
@pytest.mark.parametrize("whose", [PUPIL, "192.0.2.1", "fe80::1", "not-an-address", "10.0.0.40"])
def test_what_no_camera_sent_is_dropped_unread(form: str, whose: str) -> None:
    told = read((LINES | NAMES)[form].format(who=whose))
    assert (told.contacts, told.names, told.records) == ((), (), 0)
    assert told.others + told.unknown == 1  # MikroTik writes no bare IPv6 address
    assert b"203.0.113.9" not in msgspec.json.encode(told)
    assert b"hik-connect" not in msgspec.json.encode(told)


def test_of_the_answers_to_others_none_is_read() -> None:
    log = "\n".join([
        f"Nov 27 23:16:00 dnsmasq[17]: query[A] private.example from {PUPIL}",
        "Nov 27 23:16:00 dnsmasq[17]: reply private.example is 203.0.113.66",
        NAMES["dnsmasq"].format(who=CAMERA),
        "Nov 27 23:16:00 dnsmasq[17]: forwarded www.hik-connect.com to 192.0.2.53",
        "Nov 27 23:16:00 dnsmasq[17]: reply www.hik-connect.com is <CNAME>",
        "Nov 27 23:16:00 dnsmasq[17]: reply edge.cdn.example is 203.0.113.9",
        "Nov 27 23:16:00 dnsmasq[17]: reply edge.cdn.example is 203.0.113.10",
        f"Nov 27 23:16:00 dnsmasq[17]: query[A] other.example from {PUPIL}",
        "Nov 27 23:16:00 dnsmasq[17]: reply other.example is 203.0.113.67",
    ])  # fmt: skip
    told = read(log)
    assert {(each.peer, each.name) for each in told.names} == {
        ("203.0.113.9", "www.hik-connect.com"), ("203.0.113.10", "www.hik-connect.com"),
    }  # fmt: skip
    assert "private" not in repr(told)
    assert "other.example" not in repr(told)


def test_a_blocked_name_is_told_as_refused() -> None:
    told = read("\n".join([
        NAMES["dnsmasq"].format(who=CAMERA),
        "Nov 27 23:16:00 dnsmasq[17]: gravity blocked www.hik-connect.com is 0.0.0.0",
    ]))  # fmt: skip
    assert (only(told).refused, told.names) == (1, ())


def test_an_address_is_a_cameras_only_while_it_is_bound() -> None:
    line = (LINES["conntrack -E"].format(who=CAMERA) + "\n").encode()
    at_ns = 1_795_821_360_146_143_000
    for from_ns, to_ns, records in (
        (at_ns, at_ns, 1), (at_ns + 1, at_ns + 9, 0), (at_ns - 9, at_ns - 1, 0),
    ):  # fmt: skip
        one = reader(from_ns, to_ns)
        one.feed(line)
        assert one.gathered.take().records == records


def test_events_of_one_connection_are_one_time_with_the_bytes_of_its_end() -> None:
    new = LINES["conntrack -E"].format(who=CAMERA)
    update = new.replace("[NEW]", "[UPDATE]").replace(" [UNREPLIED]", "")
    end = (
        f"{STAMP}\t[DESTROY] tcp      6 CLOSE src={CAMERA} dst=203.0.113.9 sport=53034 dport=443 "
        f"packets=6 bytes=338 src=203.0.113.9 dst={CAMERA} sport=443 dport=53034 packets=6 "
        "bytes=921 [ASSURED]"
    )
    contact = only(read(f"{new}\n{update}\n{update}\n{end}"))
    assert (contact.times, contact.sent_bytes, contact.received_bytes) == (1, 338, 921)
    assert only(read(end)).times == 1


def test_a_syslog_line_is_of_the_latest_such_day() -> None:
    assert time_of("Dec 31 23:59:59 gate kernel: x", NOW_NS) < NOW_NS
    assert abs(time_of("Nov 27 23:16:00 gate kernel: x", NOW_NS) - NOW_NS) < 2 * DAY_NS
    assert time_of("Feb 31 00:00:00 gate", NOW_NS) == NOW_NS
    assert time_of("nothing", NOW_NS) == NOW_NS


@given(st.binary(max_size=400), st.integers(1, 50))
def test_no_bytes_break_the_reader(data: bytes, pieces: int) -> None:
    try:
        told = read(data, pieces)
    except NoCaptureError:
        return
    assert all(each.mac == MAC for each in told.contacts)


@given(
    st.lists(
        st.sampled_from([*LINES.values(), *NAMES.values()]).flatmap(
            lambda line: st.sampled_from([CAMERA, PUPIL]).map(lambda who: line.format(who=who))
        ),
        max_size=30,
    ),
    st.integers(1, 200),
)
def test_how_lines_are_cut_into_pieces_changes_nothing(lines: list[str], pieces: int) -> None:
    data = "\n".join(lines)
    assert read(data, pieces) == read(data)
    mine = sum(f"{CAMERA} " in line or f"{CAMERA}:" in line or f"{CAMERA}," in line
               or line.endswith(CAMERA) for line in lines)  # fmt: skip
    assert read(data).records == mine
    assert read(data).others == len(lines) - mine


# --- flows ----------------------------------------------------------------------------------------


def _four(address: str) -> bytes:
    return ipaddress.IPv4Address(address).packed


def five(source: str, port_from: int = 53034, port: int = 443, count: int = 1) -> bytes:
    head = struct.pack(">HHIIIIBBH", 5, count, 10_000, 1_795_821_360, 0, 1, 0, 0, 0)
    record = _four(source) + _four("203.0.113.9") + bytes(4) + struct.pack(
        ">HHIIIIHHBBBBHHBBH", 1, 2, 7, 338, 8_000, 9_000, port_from, port, 0, 2, 6, 0, 0, 0, 24, 24,
        0,
    )  # fmt: skip
    return head + record * count


def ipfix(source: str, *, own: bool = False, cut: int = 0) -> bytes:
    fields = [(8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (1, 8), (153, 8)]
    template = struct.pack(">HH", 256, len(fields) + own)
    template += b"".join(struct.pack(">HH", *each) for each in fields)
    if own:
        template += struct.pack(">HHI", 0x8001, 0xFFFF, 29305)
    record = _four(source) + _four("203.0.113.9") + struct.pack(
        ">HHBQQ", 53034, 443, 6, 338, 1_795_821_360_000
    )  # fmt: skip
    record += b"\x03abc" * own
    sets = struct.pack(">HH", 2, 4 + len(template)) + template
    sets += struct.pack(">HH", 256, 4 + len(record)) + record
    whole = struct.pack(">HHIII", 10, 16 + len(sets), 1_795_821_360, 0, 0) + sets
    return whole[: len(whole) - cut] if cut else whole


@pytest.mark.parametrize("make", [five, ipfix, lambda who: ipfix(who, own=True)])
def test_flows_of_cameras_are_read_and_of_others_not(make: Callable[[str], bytes]) -> None:
    one = reader()
    one.flow(make(CAMERA), "192.0.2.1")
    contact = only(one.gathered.take())
    assert (contact.peer, contact.port, contact.protocol, contact.sent_bytes, contact.source) == (
        "203.0.113.9", 443, "tcp", 338, EgressSource.FLOW,
    )  # fmt: skip
    one = reader()
    one.flow(make(PUPIL), "192.0.2.1")
    told = one.gathered.take()
    assert (told.contacts, told.others) == ((), 1)


def test_what_a_camera_answers_is_no_contact_of_its_own() -> None:
    one = reader()
    one.flow(five(CAMERA, 554, 40_000), "192.0.2.1")
    assert one.gathered.take().contacts == ()


def test_a_template_holds_for_its_own_exporter() -> None:
    whole = ipfix(CAMERA)
    template = whole[16 : 16 + struct.unpack_from(">H", whole, 18)[0]]
    data = whole[16 + len(template) :]
    only_data = struct.pack(">HHIII", 10, 16 + len(data), 1_795_821_360, 0, 0) + data
    one = reader()
    one.flow(only_data, "192.0.2.1")
    assert one.gathered.take().unknown == 1
    one.flow(whole, "192.0.2.1")
    one.flow(only_data, "192.0.2.1")
    one.flow(only_data, "192.0.2.2")
    told = one.gathered.take()
    assert (only(told).times, told.unknown) == (2, 1)


@given(st.data())
def test_a_damaged_datagram_harms_nobody(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([five(CAMERA), ipfix(CAMERA, own=True)])))
    for _ in range(data.draw(st.integers(0, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    one = reader()
    one.flow(bytes(whole[: data.draw(st.integers(0, len(whole)))]), "192.0.2.1")
    assert all(each.mac == MAC for each in one.gathered.take().contacts)


# --- captures -------------------------------------------------------------------------------------


def packet(source: str, to: str, port_from: int, port: int, body: bytes = b"", flags: int = 2,
           protocol: int = 6, vlan: bool = False) -> bytes:  # fmt: skip
    if protocol == 6:
        inner = struct.pack(">HHIIBBHHH", port_from, port, 0, 0, 0x50, flags, 0, 0, 0) + body
    else:
        inner = struct.pack(">HHHH", port_from, port, 8 + len(body), 0) + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(inner), 0, 0, 64, protocol, 0)
    tag = b"\x81\x00\x00\x0a" if vlan else b""
    return bytes(12) + tag + b"\x08\x00" + head + _four(source) + _four(to) + inner


def question(name: str, number: int = 7, answer: str = "") -> bytes:
    labels = b"".join(bytes([len(each)]) + each.encode() for each in name.split(".")) + b"\0"
    head = struct.pack(">HHHHHH", number, 0x8180 if answer else 0x100, 1, bool(answer), 0, 0)
    body = head + labels + b"\0\1\0\1"
    return (
        body + b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + _four(answer) if answer else body
    )


def pcap(*packets: bytes, order: str = "<", nanos: bool = False) -> bytes:
    magic = 0xA1B23C4D if nanos else 0xA1B2C3D4
    whole = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for each in packets:
        whole += struct.pack(f"{order}IIII", 1_795_821_360, 0, len(each), len(each)) + each
    return whole


def pcapng(*packets: bytes) -> bytes:
    def block(kind: int, body: bytes) -> bytes:
        body += bytes(-len(body) % 4)
        size = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + size + body + size

    whole = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    whole += block(1, struct.pack("<HHI", 1, 0, 0))
    ticks = 1_795_821_360_000_000
    for each in packets:
        whole += block(6, struct.pack("<IIIII", 0, ticks >> 32, ticks & 0xFFFFFFFF, len(each),
                                      len(each)) + each)  # fmt: skip
    return whole


TALK = (
    packet(CAMERA, "10.0.0.1", 40_000, 53, question("www.hik-connect.com"), protocol=17),
    packet("10.0.0.1", CAMERA, 53, 40_000, question("www.hik-connect.com", answer="203.0.113.9"),
           protocol=17),
    packet(CAMERA, "203.0.113.9", 40_001, 443, vlan=True),
    packet("203.0.113.9", CAMERA, 443, 40_001, flags=0x12),
    packet(CAMERA, "203.0.113.9", 40_001, 443, b"secret", flags=0x10),
    packet(PUPIL, "203.0.113.66", 40_002, 443),
    packet(PUPIL, "10.0.0.1", 40_003, 53, question("private.example"), protocol=17),
    packet("10.0.0.1", PUPIL, 53, 40_003, question("private.example", answer="203.0.113.66"),
           protocol=17),
    packet(CAMERA, PUPIL, 554, 50_000, b"video", flags=0x10),
    packet(CAMERA, PUPIL, 8899, 50_000, flags=0x12),
)  # fmt: skip


@pytest.mark.parametrize("made", [
    pcap(*TALK), pcap(*TALK, order=">"), pcap(*TALK, nanos=True), pcapng(*TALK),
])  # fmt: skip
@pytest.mark.parametrize("pieces", [7, 1 << 16])
def test_a_capture_tells_of_cameras_alone(made: bytes, pieces: int) -> None:
    told = read(made, pieces)
    found = {(each.peer, each.name, each.port): each for each in told.contacts}
    assert set(found) == {
        ("10.0.0.1", "", 53), ("", "www.hik-connect.com", 53), ("203.0.113.9", "", 443),
    }  # fmt: skip
    assert found["203.0.113.9", "", 443].times == 1
    assert found["203.0.113.9", "", 443].sent_bytes == len(TALK[2]) + len(TALK[4])
    assert [(each.peer, each.name) for each in told.names] == [
        ("203.0.113.9", "www.hik-connect.com")
    ]
    said = msgspec.json.encode(told)
    for never in (b"203.0.113.66", b"private", b"secret", PUPIL.encode(), b"video"):
        assert never not in said


def test_what_is_no_capture_further_on_says_so() -> None:
    with pytest.raises(NoCaptureError, match="longer than any"):
        read(pcap(TALK[0]) + b"\xff" * 64)


@settings(max_examples=200)
@given(st.data())
def test_a_damaged_capture_harms_nobody(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([pcap(*TALK), pcapng(*TALK)])))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(4, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        told = read(bytes(whole), data.draw(st.integers(1, 500)))
    except NoCaptureError:
        return
    assert all(each.mac == MAC for each in told.contacts)
