"""Readers of discovery answers, on answers that were written apart from them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches.trust import answers
from watchglass.cameras.survey.answers_standard import ssdp_location, upnp_description
from watchglass.cameras.survey.datagrams import READERS
from watchglass.cameras.survey.seen import Fact
from watchglass.cameras.survey.xml_reading import XmlError, read_xml

MAC, AT = "bc:ad:28:01:02:03", "10.1.2.3"
WORKING: dict[str, bytes] = {
    "sadp": answers.sadp(
        kind="138752", description="TVB-5401", serial="TVB-5401-0120", mac=MAC, address=AT,
        firmware="V5.5.82 build 190120", activated=False, channels=8,
    ),
    "dhip": answers.dhip(
        kind="IP8M-2496EW", device_class="IPC", serial="AMC0001", version="2.800", mac=MAC,
        vendor="Amcrest", address=AT,
    ),
    "dahua-old": answers.dahua_old(kind="IPC-HDW2431", mac=MAC, address=AT),
    "wsd": answers.ws_discovery(
        uuid="4d454930-0000-1000-8000-bcad28010203", address=AT,
        scopes=("onvif://www.onvif.org/name/Gym%20east", "onvif://www.onvif.org/hardware/C800",
                "onvif://www.onvif.org/manufacturer/ANNKE"),
    ),
    "ssdp": answers.ssdp(server="Linux UPnP/1.0", location=f"http://{AT}:49152/d.xml", uuid="ab-1"),
    "axis-mdns": answers.mdns(
        service="_axis-video._tcp.local", name="AXIS P3245", host="axis-1.local", address=AT
    ),
    "hanwha-udp": answers.hanwha(kind="XNV-6080", mac=MAC, address=AT),
    "bosch-udp": answers.bosch_xml(name="NBE-5503", serial="044", mac=MAC, address=AT),
    "panasonic-udp": answers.i_pro(kind="WV-S2136L", mac=MAC, address=AT),
    "sony-udp": answers.sony(kind="SNC-VB770", serial="100", mac=MAC, address=AT),
    "vivotek-udp": answers.vivotek(kind="FD9167-HT", mac=MAC, address=AT),
    "ubnt-udp": answers.ubiquiti(kind="UVC G3", mac=MAC, address=AT, firmware="v4.23.8"),
}  # fmt: skip

SAYS: dict[str, dict[str, str]] = {
    "sadp": {"model": "TVB-5401", "firmware": "V5.5.82 build 190120", "activated": "no",
             "channels": "8", "serial": "TVB-5401-0120", "mac": "bc-ad-28-01-02-03"},
    "dhip": {"model": "IP8M-2496EW", "manufacturer": "Amcrest", "mac": MAC, "device_type": "IPC"},
    "dahua-old": {"model": "IPC-HDW2431", "mac": MAC},
    "wsd": {"name": "Gym east", "hardware": "C800", "manufacturer": "ANNKE",
            "uuid": "4d454930-0000-1000-8000-bcad28010203"},
    "ssdp": {"server": "Linux UPnP/1.0", "uuid": "ab-1"},
    "axis-mdns": {"mdns_service": "_axis-video._tcp.local", "name": "AXIS P3245",
                  "host_name": "axis-1.local"},
    "hanwha-udp": {"model": "XNV-6080", "mac": MAC.upper()},
    "bosch-udp": {"model": "NBE-5503", "serial": "044"},
    "panasonic-udp": {"model": "WV-S2136L", "mac": MAC},
    "sony-udp": {"model": "SNC-VB770", "serial": "100"},
    "vivotek-udp": {"model": "FD9167-HT", "mac": MAC},
    "ubnt-udp": {"model": "UVC G3", "mac": MAC, "firmware": "v4.23.8"},
}  # fmt: skip


@pytest.mark.parametrize("row", sorted(WORKING))
def test_an_answer_is_read(row: str) -> None:
    found = READERS[row](WORKING[row])
    assert found[0] == Fact("answer", row)
    told = {fact.signal: fact.value for fact in found}
    assert told.items() >= SAYS[row].items()


@pytest.mark.parametrize("row", sorted(WORKING))
def test_every_reader_knows_only_its_own(row: str) -> None:
    for other, data in WORKING.items():
        if other != row:
            assert not any(fact.signal == "answer" for fact in READERS[row](data)), other


@pytest.mark.parametrize("row", sorted(WORKING))
def test_no_cut_or_changed_answer_raises(row: str) -> None:
    whole = WORKING[row]
    for size in range(len(whole)):
        READERS[row](whole[:size])
    for at in range(0, len(whole), 3):
        READERS[row](whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :])


@given(st.sampled_from(sorted(READERS)), st.binary(max_size=600), st.integers(0, 80))
def test_no_noise_raises(row: str, noise: bytes, kept: int) -> None:
    READERS[row](WORKING.get(row, b"")[:kept] + noise)


def test_a_question_of_our_own_is_no_answer() -> None:
    from watchglass.cameras.survey.questions import datagrams

    for question in datagrams():
        assert READERS[question.row](question.data) == []


def test_a_name_that_points_at_itself_ends() -> None:
    loop = bytes.fromhex("000084000000000100000000") + b"\xc0\x0c" + bytes(8) + b"\x00\x02\xc0\x0c"
    assert READERS["axis-mdns"](loop) == []


def test_deep_json_is_nothing() -> None:
    deep = WORKING["dhip"][:32] + b'{"method":"client.notifyDevInfo","params":' + b"[" * 50_000
    assert READERS["dhip"](deep) == []


BOMBS = {
    "entities": b'<!DOCTYPE b [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><ProbeMatch>&b;</ProbeMatch>',
    "outside": b'<!DOCTYPE b SYSTEM "http://10.0.0.1/x"><ProbeMatch/>',
    "deep": b"<ProbeMatch>" + b"<a>" * 40 + b"</a>" * 40 + b"</ProbeMatch>",
    "many": b"<ProbeMatch>" + b"<a/>" * 6000 + b"</ProbeMatch>",
    "long": b"<ProbeMatch><a>" + b"x" * 300_000 + b"</a></ProbeMatch>",
    "encoding": b'<?xml version="1.0" encoding="no-such"?><ProbeMatch/>',
}


@pytest.mark.parametrize("bomb", sorted(BOMBS))
def test_a_bomb_is_no_xml(bomb: str) -> None:
    with pytest.raises(XmlError):
        read_xml(BOMBS[bomb])
    assert READERS["sadp"](BOMBS[bomb]) == []


def test_text_of_an_element_has_an_end() -> None:
    assert len(read_xml(b"<a>" + b"x&#10;" * 20_000 + b"</a>").text) < 10_000


@pytest.mark.parametrize(
    "location",
    ["http://10.9.9.9/d.xml", "http://10.1.2.3@10.9.9.9/d.xml", "https://10.1.2.3/d.xml",
     "file:///etc/passwd", "http://10.1.2.3:99999/d", "http://10.1.2.3/d.xml?reboot=1", "//x"],
)  # fmt: skip
def test_a_description_elsewhere_is_not_fetched(location: str) -> None:
    assert ssdp_location(answers.ssdp(server="x", location=location, uuid="a"), AT) is None


def test_a_description_at_the_device_is() -> None:
    assert ssdp_location(WORKING["ssdp"], AT) == (49152, "/d.xml")


def test_a_description_is_read() -> None:
    told = upnp_description(
        answers.upnp_description(
            manufacturer="VIVOTEK", model="FD9167", name="Gate", serial="0002D1", uuid="ab-12"
        )
    )
    assert Fact("manufacturer", "VIVOTEK") in told
    assert Fact("uuid", "ab-12") in told
