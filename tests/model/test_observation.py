"""Text of devices is bounded and cannot act; the same device's MAC is always written alike."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from watchglass.base.ids import ScanId
from watchglass.model.observation import (
    MOST_VALUE_CHARS,
    Observation,
    Signal,
    Source,
    bounded,
    clean_mac,
    observe,
)

SCAN = ScanId("0" * 32)


def seen(signal: Signal, value: str, mac: str = "") -> Observation:
    return observe(Source.HTTP, signal, value, at_ns=1, scan=SCAN, address="192.0.2.7", mac=mac)


@given(st.text(max_size=3000))
def test_text_is_bounded_and_printable(text: str) -> None:
    shown = bounded(text)
    assert len(shown) <= MOST_VALUE_CHARS
    assert shown.isprintable()


@given(st.text(max_size=200))
def test_bounding_what_is_bounded_changes_nothing(text: str) -> None:
    assert bounded(bounded(text)) == bounded(text)


def test_marks_that_turn_writing_round_are_shown_and_not_obeyed() -> None:
    assert bounded("DS-\u202egpj.exe") == "DS-\\u202egpj.exe"
    assert bounded("a\x00b\x1b[31m") == "a\\x00b\\x1b[31m"
    assert bounded("two\r\nlines") == "two  lines"
    assert bounded("\ud800") == "\\ud800"


def test_a_long_text_says_that_it_was_cut() -> None:
    assert seen(Signal.MODEL, "x" * 5000).value == "x" * (MOST_VALUE_CHARS - 1) + "…"
    assert seen(Signal.MODEL, "x" * MOST_VALUE_CHARS).value == "x" * MOST_VALUE_CHARS


@given(st.binary(min_size=6, max_size=6), st.sampled_from([":", "-", "", " "]))
def test_a_mac_is_written_one_way(mac: bytes, between: str) -> None:
    written = clean_mac(mac.hex(between).upper() if between else mac.hex().upper())
    assert written in ("", mac.hex(":"))
    assert (written == "") == (mac in (bytes(6), b"\xff" * 6))


def test_what_is_no_mac_is_none() -> None:
    for text in ("", "00:00:00:00:00:00", "ff-ff-ff-ff-ff-ff", "44:19:b6", "zz:19:b6:00:00:00"):
        assert clean_mac(text) == ""
    assert clean_mac("4419.b6AB.cdef") == "44:19:b6:ab:cd:ef"
    assert seen(Signal.MAC, "44-19-B6-AB-CD-EF").value == "44:19:b6:ab:cd:ef"
    assert seen(Signal.MAC, "<script>").value == "<script>"


def test_an_observation_comes_back_as_it_was() -> None:
    made = seen(Signal.SERVER, "App-webs/", mac="4419b6abcdef")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Observation) == made
