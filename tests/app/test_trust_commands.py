"""``watchglass trust`` on a folder where no camera was ever added and no recorder runs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.trust.seeing import AXIS_MAC, HIK_MAC, see
from watchglass.app.cli.program import run
from watchglass.store.trust import TrustStore


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    store = TrustStore(tmp_path / "state" / "site.db")
    store.add_observations(
        [
            *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
                 "sadp firmware V5.4.0 build 160401", "import_csv name Front door", mac=HIK_MAC),
            *see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
                 address="10.0.0.6", mac=AXIS_MAC),
        ]
    )  # fmt: skip
    store.close()
    return tmp_path


def told(capsys: pytest.CaptureFixture[str], data: Path, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(["--data", str(data), *words]) == code
    shown = capsys.readouterr()
    assert not re.search(r"\b(compliant|safe)\b", shown.out + shown.err, re.IGNORECASE)
    return shown.out + shown.err


def as_json(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> Any:
    return json.loads(told(capsys, data, *words, "--json"))


def test_an_empty_folder_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "trust scan" in told(capsys, tmp_path, "trust", "devices")
    assert as_json(capsys, tmp_path, "trust", "devices") == []
    assert as_json(capsys, tmp_path, "trust", "scans") == []


def test_devices_and_one_of_them(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    devices = as_json(capsys, data, "trust", "devices")
    assert {each["origin"] for each in devices} == {"hikvision", "axis"}
    assert len(as_json(capsys, data, "trust", "devices", "--listed")) == 1
    assert len(as_json(capsys, data, "trust", "devices", "--origin", "axis")) == 1
    by_id = {each["origin"]: each["id"] for each in devices}
    for name in (by_id["hikvision"][:8], "10.0.0.5", HIK_MAC.upper(), "Front door"):
        shown = told(capsys, data, "trust", "explain", name)
        assert "Label unknown, origin Hikvision" in shown
        assert "sadp 10.0.0.5" in shown
    whole = told(capsys, data, "trust", "explain", "Front door", "--all")
    assert "Rules that do not apply:" in whole
    assert "neither buying nor using" in whole
    again = as_json(capsys, data, "trust", "devices")
    assert [each["id"] for each in again] == [each["id"] for each in devices]
    assert "No device" in told(capsys, data, "trust", "explain", "10.9.9.9", code=3)


@pytest.mark.full
def test_what_is_stated_settles_rules(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "country" in told(capsys, data, "trust", "rules")
    told(capsys, data, "trust", "profile", "--country", "us", "--organisation", "public_school",
         "--federal-grants", "yes", "--purposes", "public_safety")  # fmt: skip

    def outcome() -> str:
        found = as_json(capsys, data, "trust", "explain", "Front door")["rules"]
        return str(next(each["outcome"] for each in found if each["rule"] == "us-ndaa889-b1"))

    assert outcome() == "may_apply"
    told(capsys, data, "trust", "purchase", "Front door", "--bought", "2021-03", "--money",
         "federal_award", "--document", "invoice 4711")  # fmt: skip
    assert outcome() == "applies"
    assert "applies" not in {
        each["outcome"] for device in as_json(
            capsys, data, "trust", "rules", "--on", "2020-01-01")["devices"]
        for each in device["rules"]
    }  # fmt: skip


def test_purchases_of_many_from_a_file(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bought.csv"
    path.write_text("device,bought,money,purpose,document\n10.0.0.5,2019,own,,a\n10.0.0.6,,,,\n")
    assert "2 devices" in told(capsys, data, "trust", "purchase", "--from", str(path))
    path.write_text("device,bought,money,purpose,document\n10.0.0.5,2019,own,,b\n10.9.9.9,,,,\n")
    told(capsys, data, "trust", "purchase", "--from", str(path), code=3)
    found = as_json(capsys, data, "trust", "explain", "10.0.0.5")["purchase"]
    assert found["document"] == "a"


@pytest.mark.parametrize(
    "words",
    [
        ("trust", "devices", "--on", "2026-07"),
        ("trust", "profile", "--country", "USA"),
        ("trust", "profile", "--federal-grants", "maybe"),
        ("trust", "purchase"),
        ("trust", "facts", "update"),
        ("trust", "scans", "--forget", "abcd"),
    ],
)
def test_what_cannot_be_is_a_sentence(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert "Traceback" not in told(capsys, data, *words, code=2)


def test_a_report_is_written_checked_and_compared(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "report"
    made = as_json(capsys, data, "trust", "report", "--out", str(out))
    assert made["devices"] == 2
    page = str(out / "report.html")
    assert "Unknown signer" in told(capsys, data, "verify", page)
    known = ("verify", page, "--fingerprint", made["fingerprint"])
    assert "Unknown signer" not in told(capsys, data, *known)
    assert as_json(capsys, data, *known)["standing"] == "intact"
    told(capsys, data, "trust", "report", "--out", str(out), code=2)
    new = tmp_path / "new"
    again = as_json(capsys, data, "trust", "report", "--out", str(new), "--compare", str(out))
    assert again["changes"] == 0
    (out / "devices.csv").write_bytes(b"changed")
    assert "devices.csv was changed" in told(capsys, data, "verify", page, code=40)
    told(capsys, data, "verify", str(tmp_path / "none.html"), code=3)


def test_facts_are_shown_with_their_age_and_replaced(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = as_json(capsys, data, "trust", "facts")
    ages = {each["name"]: each["age_days"] for each in shown["tables"]}
    assert ages["oui_prefixes"] > 0
    path = tmp_path / "support.csv"
    path.write_text(
        "origin_key,model,end_of_sale,end_of_support,spares_until,source,verification,confidence,"
        "as_of\nhikvision,DS-2CD2032F*,2017,2022-12,,a letter,sourced,high,2026-11-01\n"
    )
    told(capsys, data, "trust", "facts", "update", str(path))
    device = as_json(capsys, data, "trust", "explain", "Front door")
    assert device["support"] == {
        "end_of_sale": "2017", "end_of_support": "2022-12", "spares_until": "unknown",
    }  # fmt: skip
    assert any("ended support 2022-12" in step["reason"] for step in device["to_do"])
    told(capsys, data, "trust", "facts", "reset", "support")
    assert as_json(capsys, data, "trust", "explain", "Front door")["support"]["end_of_sale"] == (
        "unknown"
    )
