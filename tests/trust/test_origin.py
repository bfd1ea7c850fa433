"""Brand and origin: what is said, how surely, and above all what is not said."""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trust.seeing import (
    AXIS_MAC,
    CHIP_MAC,
    DAHUA_MAC,
    HIK_MAC,
    LT_MAC,
    REOLINK_MAC,
    SCAN,
    see,
)
from watchglass.model.observation import Observation, Signal, Source, observe
from watchglass.trust.contact import contacts_of
from watchglass.trust.facts import read_facts
from watchglass.trust.fusion import PRIOR, Sign, added, chances
from watchglass.trust.origin import OriginJudge
from watchglass.trust.verdict import Certainty, Judged, Making

FACTS = read_facts()
JUDGE = OriginJudge(FACTS)


def judged(seen: Sequence[Observation], asked: Sequence[Source] = ()) -> Judged:
    return JUDGE.judge(contacts_of(seen), asked)


def verdict(seen: Sequence[Observation]) -> tuple[str, str]:
    found = judged(seen).origin
    return found.origin, found.certainty.value


HIK = (
    "sadp answer sadp", "http server DNVRS-Webs", "ws_discovery onvif_scope "
    "onvif://www.onvif.org/name/HIKVISION DS-2CD2143G0-I",
)  # fmt: skip


def test_one_sign_alone_says_what_its_weight_says() -> None:
    for weight in (0.3, 0.5, 0.75, 0.9):
        found = chances({"one": added([Sign("web", weight)])})
        assert found["one"] == pytest.approx(weight, abs=0.001)
    assert chances({"one": 0.0})["one"] == pytest.approx(PRIOR, abs=0.001)


def test_copies_of_one_page_count_once() -> None:
    page = [Sign("web", 0.85), Sign("web", 0.75), Sign("web", 0.7)]
    assert added(page) == added(page[:1])


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0.01, 0.99)), max_size=8))
def test_adding_signs_does_not_depend_on_their_order(signs: list[tuple[str, float]]) -> None:
    made = [Sign(family, weight) for family, weight in signs]
    assert added(made) == pytest.approx(added(reversed(made)))
    assert added([*made, Sign("d", 0.5)]) >= added(made)


# --- what is told ---------------------------------------------------------------------------------


def test_a_maker_under_its_own_name() -> None:
    found = judged(see(*HIK, mac=HIK_MAC))
    assert found.origin.origin == "hikvision"
    assert found.origin.certainty is Certainty.CERTAIN
    assert found.origin.making is Making.OWN
    assert found.brand.brand is not None
    assert found.brand.brand.name == "Hikvision"


def test_a_relabel_is_told_by_what_answers_behind_the_label() -> None:
    found = judged(
        see(
            "sadp answer sadp", "http server App-webs/", "onvif manufacturer Annke",
            "neighbour mac bc:ad:28:00:00:01",
        )
    )  # fmt: skip
    assert found.brand.brand is not None
    assert found.brand.brand.name == "Annke"
    assert (found.origin.origin, found.origin.making) == ("hikvision", Making.RELABEL)
    assert found.origin.certainty is Certainty.CERTAIN
    told = " ".join(reason.sentence for reason in found.origin.reasons)
    assert "SADP" in told
    assert "Annke sells devices that Hikvision makes" in told


def test_the_box_says_one_brand_and_the_device_another() -> None:
    found = judged(see("import_csv label LTS", "onvif manufacturer HIKVISION", *HIK, mac=LT_MAC))
    assert found.brand.brand is not None
    assert found.brand.brand.name == "LTS"
    assert found.brand.others == ("Hikvision",)
    assert found.origin.making is Making.RELABEL


def test_a_maker_of_no_table_is_a_brand_and_no_origin() -> None:
    found = judged(
        see("onvif manufacturer Foobar Vision", "ws_discovery manufacturer Foobar Vision")
    )
    assert found.brand.brand is not None
    assert (found.brand.brand.name, found.brand.brand.is_known) == ("Foobar Vision", False)
    assert found.origin.certainty is Certainty.UNKNOWN
    assert found.origin.origin == ""


def test_a_name_in_free_text_is_no_label_where_a_field_names_the_maker() -> None:
    found = judged(see("mdns mdns_service _axis-video._tcp.local", "ws_discovery manufacturer AXIS",
                       "ws_discovery onvif_scope onvif://www.onvif.org/name/Dahua IPC-HFW1",
                       "http title Dahua", mac=AXIS_MAC))  # fmt: skip
    assert found.brand.brand is not None
    assert (found.brand.brand.name, found.brand.others) == ("Axis", ("Dahua",))
    assert (found.origin.origin, found.origin.making) == ("axis", Making.OWN)


def test_a_device_that_names_another_maker_is_nobodys_for_certain() -> None:
    seen = see(*HIK[:2], "sadp model DS-2CD2143G0-I", mac=HIK_MAC)
    assert judged(seen).origin.certainty is Certainty.CERTAIN
    found = judged([*seen, *see("onvif manufacturer AXIS", mac=HIK_MAC)]).origin
    assert (found.origin, found.certainty) == ("hikvision", Certainty.SUSPECTED)
    assert any("manufacturer Axis" in reason.sentence for reason in found.against)


@pytest.mark.parametrize(
    ("name", "brand"),
    [
        ("HIKVISION DS-2CD2143G0-I", "Hikvision"),
        ("AMCREST-IP5M-T1179EW", "Amcrest"),
        ("UNIVIEW", "Uniview"),
        ("Axis Network Camera", "Axis"),
        ("Old Hikvision lobby", None),
        ("was Dahua, replaced 2024", None),
        ("Hikvision replacement project", None),
        ("Dahua replaced by this camera", None),
        ("Ring road 4", None),
        ("Lobby", None),
    ],
)
def test_a_name_that_people_gave_is_no_label(name: str, brand: str | None) -> None:
    found = judged(see(f"ws_discovery onvif_scope onvif://www.onvif.org/name/{name}")).brand
    assert (found.brand.name if found.brand is not None else None) == brand


@pytest.mark.parametrize(
    ("title", "brand"),
    [("LTS", "LTS"), (" lt  security ", "LTS"), ("LTS DVR", None), ("LTS at the gate", None),
     ("Index of LTS", None), ("ONVIF", None)],
)  # fmt: skip
def test_a_page_that_is_called_by_a_brand_alone_carries_it(title: str, brand: str | None) -> None:
    found = judged(see(*HIK[:2], f"http title {title}", mac=HIK_MAC))
    assert (found.brand.brand.name if found.brand.brand is not None else None) == brand
    if brand is not None:
        assert found.brand.certainty is Certainty.SUSPECTED
        assert (found.origin.origin, found.origin.making) == ("hikvision", Making.RELABEL)


@pytest.mark.parametrize("name", ["Hikvision", "Dahua", "LTS", "Lorex"])
def test_a_page_alone_makes_nobody_listed(name: str) -> None:
    for mac in (CHIP_MAC, ""):
        found = judged(see(f"http title {name}", mac=mac)).origin
        assert (found.origin, found.certainty) == ("", Certainty.UNKNOWN)


def test_one_makers_label_on_anothers_device_is_no_relabel() -> None:
    found = judged(see("import_csv label Dahua", "mdns mdns_service _axis-video._tcp.local",
                       "onvif manufacturer AXIS", mac=AXIS_MAC)).origin  # fmt: skip
    assert (found.origin, found.making) == ("axis", Making.UNKNOWN)


@pytest.mark.parametrize("word", ["ONVIF", "IPCAM", "Network Camera", "H.264", "0", "  "])
def test_a_word_that_names_nobody_is_no_brand(word: str) -> None:
    assert judged(see(f"onvif manufacturer {word}")).brand.brand is None


# --- what is not told -----------------------------------------------------------------------------


def test_nothing_seen_is_unknown() -> None:
    assert verdict(see("http status 200 /")) == ("", "unknown")
    assert verdict([]) == ("", "unknown")


def test_a_mac_alone_is_a_hint_and_no_origin() -> None:
    for mac, origin in ((HIK_MAC, "hikvision"), (DAHUA_MAC, "dahua"), (REOLINK_MAC, "reolink")):
        found = judged(see("neighbour mac " + mac)).origin
        assert (found.origin, found.certainty, found.hint) == ("", Certainty.UNKNOWN, origin)
    assert verdict(see("neighbour mac " + LT_MAC)) == ("", "unknown")
    forged = see(f"neighbour mac {HIK_MAC}", "mdns mdns_service _axis-video._tcp.local",
                 "onvif manufacturer AXIS")  # fmt: skip
    assert judged(forged).origin.certainty is not Certainty.CERTAIN


def test_a_chip_makes_nobody_listed() -> None:
    found = judged(see("onvif manufacturer Foobar", "http server Boa/0.94", mac=CHIP_MAC)).origin
    assert found.certainty is Certainty.UNKNOWN
    assert found.hint == ""
    assert found.chips == ("HiSilicon",)


SURFACE = (
    "http server DNVRS-Webs", "http realm Hikvision", "favicon favicon_mmh3 999357577",
    "rtsp realm Hikvision", "rtsp rtsp_path /Streaming/Channels/101",
    "rtsp sdp s=Media Presentation",
    "rtsp sdp a=Media_header:MEDIAINFO=494D4B4801010000",
    "onvif model DS-2CD2143G0-I", "onvif firmware V5.5.0 build 170725",
)  # fmt: skip


def test_what_can_be_copied_never_makes_a_listed_maker_certain() -> None:
    assert verdict(see(*SURFACE)) == ("hikvision", "suspected")
    assert verdict(see(*SURFACE, "onvif manufacturer HIKVISION")) == ("hikvision", "suspected")


def test_a_copy_with_another_makers_mac_is_a_clone() -> None:
    found = judged(see(*SURFACE, mac=REOLINK_MAC)).origin
    assert (found.making, found.imitates) == (Making.CLONE, "hikvision")
    assert found.origin != "hikvision"


def test_a_look_alike_label_is_a_clone() -> None:
    found = judged(see(*SURFACE[:3], "onvif manufacturer GW Security")).origin
    assert (found.making, found.imitates, found.origin) == (Making.CLONE, "hikvision", "")


def test_a_relabel_with_the_sellers_mac_is_no_clone() -> None:
    found = judged(see(*SURFACE, "onvif manufacturer LTS", mac=LT_MAC)).origin
    assert (found.making, found.origin) == (Making.RELABEL, "hikvision")


def test_two_makers_at_once_is_a_contradiction_and_unknown() -> None:
    found = judged(see("sadp answer sadp", "dhip answer dhip")).origin
    assert found.certainty is Certainty.UNKNOWN
    found = judged(see(*HIK, "dhip answer dhip", mac=HIK_MAC)).origin
    assert found.certainty is not Certainty.CERTAIN
    assert any("DHIP" in reason.sentence for reason in found.against)


def test_what_all_media_of_a_kind_carry_names_nobody() -> None:
    mediainfo = "rtsp sdp a=Media_header:MEDIAINFO=494D4B48010100000400050000"
    assert verdict(see(mediainfo, "rtsp sdp s=RTSP/RTP stream from anjvision ipcamera")) == (
        "", "unknown",
    )  # fmt: skip
    assert verdict(see("rtsp rtsp_path /H264?channel=1&subtype=0&unicast=true&proto=Onvif")) == (
        "", "unknown",
    )  # fmt: skip


def test_silence_of_a_makers_own_discovery_is_told_and_not_counted() -> None:
    seen = see("http server DNVRS-Webs", "ws_discovery uuid 5")
    open_case = judged(seen).origin
    asked = judged(seen, [Source.SADP]).origin
    assert asked.confidence == open_case.confidence
    assert any("SADP" in reason.sentence for reason in asked.against)
    unreached = judged(see("http server DNVRS-Webs"), [Source.SADP]).origin
    assert not unreached.against


def test_a_brand_of_several_makers_leads_to_none_by_its_label() -> None:
    for brand in ("Bosch", "Honeywell", "Speco", "Panasonic", "Swann"):
        found = judged(see(f"onvif manufacturer {brand}", f"ws_discovery manufacturer {brand}"))
        assert found.origin.origin in ("", "bosch"), brand
        # That some of Honeywell's are Dahua's is sure enough for a hint.
        assert found.origin.hint in (("dahua",) if brand == "Honeywell" else ("", "bosch")), brand


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                *SURFACE,
                *HIK,
                "dhip answer dhip",
                "onvif manufacturer Axis",
                "mdns mdns_service _axis-video._tcp.local",
            ]
        ),
        unique=True,
    ),
    st.sampled_from(["", HIK_MAC, AXIS_MAC, CHIP_MAC, REOLINK_MAC]),
    st.randoms(),
)
def test_no_listed_maker_is_certain_without_a_sign_that_is_not_copied(
    what: list[str], mac: str, random: object
) -> None:  # fmt: skip
    seen = see(*what, mac=mac)
    found = judged(seen).origin
    assert found == judged(list(reversed(seen))).origin
    if found.certainty is Certainty.CERTAIN and found.origin in FACTS.listed:
        assert any(r.evidence is not None and r.evidence.fingerprint.hard for r in found.reasons)
    assert 0.0 <= found.confidence < 1.0


# --- what real devices answered -------------------------------------------------------------------

EXPECTED = {"hikvision_describe": "hikvision", "dahua_describe_h264_aac_onvif": "dahua",
            "dahua_describe_h265_pcma": "dahua", "tplink_sdp": "tp-link"}  # fmt: skip
_NOT_CODING = re.compile(r"[sieuo]=|m=application|a=(?!rtpmap|fmtp|range|control)")


def answered(text: str) -> list[Observation]:
    found = []
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        url = urlsplit(value.strip())
        whole = f"{url.path}?{url.query}" if url.query else url.path
        match name:
            case "Server":
                signal, shown = Signal.SERVER, value
            case "Content-Base":
                signal, shown = Signal.RTSP_PATH, whole
            case _ if _NOT_CODING.match(line):
                signal, shown = Signal.SDP, line
            case _:
                continue
        found.append(observe(Source.RTSP, signal, shown, at_ns=1, scan=SCAN, address="10.0.0.9"))
    return found


def test_real_rtsp_answers_are_told_right_or_not_at_all(shared_dir: Path) -> None:
    paths = [*shared_dir.glob("testdata/rtsp/*_describe*.txt"),
             *shared_dir.glob("testdata/rtsp/*_sdp.txt")]  # fmt: skip
    assert len(paths) >= 12
    for path in paths:
        found = judged(answered(path.read_text(encoding="utf-8", errors="replace"))).origin
        assert found.origin == EXPECTED.get(path.stem, ""), path.stem
