"""Firmware versions and holes: order, ranges, and what is not known."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.model.device import DeviceKind
from watchglass.trust.fact import AffectedFirmware
from watchglass.trust.facts import read_facts
from watchglass.trust.firmware import (
    Firmware,
    Position,
    place,
    read_build,
    read_date,
    read_firmware,
)
from watchglass.trust.hole import HoleFinding, HoleJudge, HoleState
from watchglass.trust.verdict import Certainty, Making, OriginVerdict

FACTS = read_facts()
JUDGE = HoleJudge(FACTS)


@dataclass(frozen=True)
class Device:
    kind: DeviceKind
    models: tuple[str, ...]
    firmware: Firmware


def hole(
    cve: str,
    origin: str,
    model: str = "",
    firmware: str = "",
    *,
    built: str = "",
    kind: DeviceKind = DeviceKind.CAMERA,
    making: Making = Making.OWN,
    certainty: Certainty = Certainty.CERTAIN,
) -> HoleFinding:
    device = Device(kind, (model,) if model else (), read_firmware(firmware, built))
    verdict = OriginVerdict(
        origin if certainty is not Certainty.UNKNOWN else "", 0.99, certainty, making,
        hint=origin if certainty is Certainty.UNKNOWN else "",
    )  # fmt: skip
    return next(each for each in JUDGE.of_device(device, verdict) if each.hole.cve == cve)


# --- versions -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers", "built"),
    [
        ("V5.4.0 build 160530", (5, 4), date(2016, 5, 30)),
        ("V5.5.52 build_171227", (5, 5, 52), date(2017, 12, 27)),
        ("2.800.0000000.29.R.210630", (2, 800, 0, 29), date(2021, 6, 30)),
        ("2.400.0000.14.R.20170713", (2, 400, 0, 14), date(2017, 7, 13)),
        ("2.622.0000000.10.R, build: 2019-06-12", (2, 622, 0, 10), date(2019, 6, 12)),
        ("B6103.16.10.B25.201218", (6103, 16, 10), date(2020, 12, 18)),
        ("11.2.68", (11, 2, 68), None),
        ("2.3.8-8", (2, 3, 8, 8), None),
        ("", (), None),
        ("build 999999", (999999,), None),
    ],
)
def test_versions_as_devices_write_them(
    text: str, numbers: tuple[int, ...], built: date | None
) -> None:
    found = read_firmware(text)
    assert (found.build, found.numbers[: len(numbers)]) == (built, numbers)


def test_a_date_that_is_written_apart() -> None:
    for text in ("build 210628", "20210628", "2021-06-28", "210628", "2021.06.28"):
        assert read_date(text) == date(2021, 6, 28), text
    assert read_date("999999") is None
    assert read_build("build 991332") is None


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=250))
def test_any_text_is_read(text: str) -> None:
    found = read_firmware(text, text)
    assert len(found.numbers) <= 8
    assert read_firmware(text, text) == found


def below(version: str) -> AffectedFirmware:
    return AffectedFirmware("CVE-2021-33044", ("*",), "", None, "", None, version, "", None,
                            False, "test", "sourced")  # fmt: skip


VERSIONS = st.lists(st.integers(0, 40), min_size=1, max_size=5).map(
    lambda parts: ".".join(map(str, parts))
)


@given(VERSIONS, VERSIONS)
def test_versions_are_ordered_one_way(one: str, other: str) -> None:
    first, second = read_firmware(one).numbers, read_firmware(other).numbers
    if first and second:
        is_below = place(read_firmware(one), below(other)) is Position.INSIDE
        is_above = place(read_firmware(other), below(one)) is Position.INSIDE
        assert is_below + is_above + (first == second) == 1


@given(VERSIONS, VERSIONS, VERSIONS)
def test_what_is_below_what_is_below_is_below(one: str, two: str, three: str) -> None:
    def inside(version: str, end: str) -> bool:
        return place(read_firmware(version), below(end)) is Position.INSIDE

    if inside(one, two) and inside(two, three):
        assert inside(one, three)


@given(VERSIONS)
def test_zeros_at_the_end_change_nothing(version: str) -> None:
    assert read_firmware(version).numbers == read_firmware(version + ".0.0").numbers


# --- holes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "firmware", "state"),
    [
        ("DS-2CD2032F-I", "V5.4.0 build 160401", HoleState.AFFECTED),
        ("DS-2CD2032F-I", "V5.4.0 build 160530", HoleState.AFFECTED),
        ("DS-2CD2032F-I", "V5.4.0 build 160601", HoleState.NOT_AFFECTED),
        ("DS-2CD2032F-I", "V5.4.5 build 170123", HoleState.NOT_AFFECTED),
        ("DS-2CD2032F-I", "V5.1.0 build 140101", HoleState.NOT_AFFECTED),
        ("DS-2CD2032F-I", "V5.3.0 build 190101", HoleState.POSSIBLY),
        ("DS-2CD2032F-I", "V5.3.0", HoleState.POSSIBLY),
        ("DS-2CD2032F-I", "", HoleState.POSSIBLY),
        ("DS-2CD2143G0-I", "V5.4.0 build 160401", HoleState.NOT_AFFECTED),
    ],
)
def test_a_hole_by_series_version_and_build(model: str, firmware: str, state: HoleState) -> None:
    found = hole("CVE-2017-7921", "hikvision", model, firmware)
    assert found.state is state, found.reason
    assert found.reason


def test_the_hole_of_2021_is_not_in_all_models_and_goes_by_build() -> None:
    for built, state in (("210101", HoleState.POSSIBLY), ("210701", HoleState.NOT_AFFECTED)):
        found = hole("CVE-2021-36260", "hikvision", "DS-2CD2143G0-I", f"V5.6.0 build {built}")
        assert found.state is state
    assert hole("CVE-2021-36260", "hikvision").hole.products.endswith("not all")


@pytest.mark.parametrize(
    ("model", "firmware", "state"),
    [
        ("IPC-HX5442", "2.820.0000000.18.R.210701", HoleState.AFFECTED),
        ("IPC-HX5442", "2.820.0000000.18.R.210705", HoleState.NOT_AFFECTED),
        ("IPC-HX5442", "2.800.0000000.8.R.200807", HoleState.AFFECTED),
        ("IPC-HX5442", "2.840.0000000.5.R.211130", HoleState.NOT_AFFECTED),
        ("IPC-HX5442", "2.840.0000000.5.R.200101", HoleState.POSSIBLY),
        ("VTO-6521", "4.300.0000004.0.R.210714", HoleState.AFFECTED),
    ],
)
def test_a_hole_by_a_version_that_carries_its_date(
    model: str, firmware: str, state: HoleState
) -> None:
    kind = DeviceKind.DOOR_STATION if model.startswith("VTO") else DeviceKind.CAMERA
    found = hole("CVE-2021-33044", "dahua", model, firmware, kind=kind)
    assert found.state is state, found.reason
    assert "R.2107" in found.fixed


def test_a_relabel_without_its_original_model_is_possible_at_most() -> None:
    for firmware, state in (
        ("V5.4.0 build 160401", HoleState.POSSIBLY),
        ("", HoleState.POSSIBLY),
        ("V5.7.0 build 200101", HoleState.NOT_AFFECTED),
    ):
        found = hole("CVE-2017-7921", "hikvision", "C800", firmware, making=Making.RELABEL)
        assert found.state is state, found.reason
        assert "label hides" in found.reason


def test_a_suspected_maker_is_possible_at_most_and_an_unknown_one_cannot_be_told() -> None:
    fields = ("CVE-2017-7921", "hikvision", "DS-2CD2032F-I", "V5.4.0 build 160401")
    assert hole(*fields, certainty=Certainty.SUSPECTED).state is HoleState.POSSIBLY
    assert hole(*fields, certainty=Certainty.UNKNOWN).state is HoleState.CANNOT_TELL


def test_a_hole_in_recorders_is_in_no_camera() -> None:
    assert hole("CVE-2023-28808", "hikvision").state is HoleState.NOT_AFFECTED
    recorder = hole("CVE-2023-28808", "hikvision", "DS-A71024R", "2.3.8-8",
                    kind=DeviceKind.RECORDER)  # fmt: skip
    assert recorder.state is HoleState.AFFECTED


def test_whether_it_is_exploited_comes_with_the_day_of_the_snapshot() -> None:
    told = hole("CVE-2017-7921", "hikvision").exploited_words
    assert "since 2026-03-05" in told
    assert "snapshot of" in told
    assert "on 2025-08-25" in hole("CVE-2022-30563", "dahua", "IPC-HDBW2231").exploited_words


def test_no_program_on_a_server_is_held_against_a_device() -> None:
    device = Device(DeviceKind.CAMERA, ("M3045",), read_firmware("9.80.1"))
    verdict = OriginVerdict("axis", 0.99, Certainty.CERTAIN, Making.OWN)
    found = {each.hole.cve: each.state for each in JUDGE.of_device(device, verdict)}
    assert "CVE-2025-30023" not in found
    assert found["CVE-2025-9524"] is HoleState.AFFECTED
