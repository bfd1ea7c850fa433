"""Containment as it is written; that it holds is shown in tests/app/test_egress_path.py."""

import csv
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.trust.seeing import AT_NS, HIK_MAC, see
from watchglass.base.errors import UsageError
from watchglass.model.egress import Needs
from watchglass.store.egress import EgressStore
from watchglass.store.trust import TrustStore
from watchglass.trust.contain.forms import contained_text
from watchglass.trust.contain.plan import (
    ContainForm,
    ContainPlan,
    check_needs,
    make_plan,
    what_breaks,
)
from watchglass.trust.facts import read_facts
from watchglass.trust.fleet import judge_fleet
from watchglass.trust.report.document import DocDevice

GOLDEN = Path(__file__).parent / "golden"
NEEDS = Needs(recorders=("10.20.0.5", "fd00:20::5"), resolvers=("10.20.0.53",),
              clocks=("10.20.0.53",))  # fmt: skip
MADE, PROGRAM = "2026-11-27 12:00:00 UTC", "watchglass test"
EVIL = 'x"; drop table; --> </content> =cmd()'


@pytest.fixture
def devices(tmp_path: Path) -> tuple[DocDevice, ...]:
    store, egress = TrustStore(tmp_path / "site.db"), EgressStore(tmp_path / "site.db")
    store.add_observations([
        *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
             f"import_csv name {EVIL}", "import_switch switch_port Gi1/0/4", mac=HIK_MAC),
        *see("mdns mdns_service _axis-video._tcp.local", "onvif manufacturer AXIS",
             address="fd00::6", mac="00:40:8c:00:00:01"),
    ])  # fmt: skip
    fleet = judge_fleet(store, read_facts(), AT_NS, egress=egress)
    return fleet.document(PROGRAM).devices


@pytest.fixture
def plan(devices: tuple[DocDevice, ...]) -> ContainPlan:
    return make_plan(devices, NEEDS, MADE, PROGRAM)


@pytest.mark.parametrize("form", [ContainForm.MIKROTIK, ContainForm.OPNSENSE, ContainForm.NFTABLES])
def test_rules_are_as_they_were_looked_at(plan: ContainPlan, form: ContainForm) -> None:
    text = contained_text(plan, form)
    assert text == (GOLDEN / f"contain.{form.value}").read_text()
    assert "drop table" not in text
    if form is not ContainForm.NFTABLES:
        assert "Not tried on a device" in text
    if form is ContainForm.OPNSENSE:
        root = ET.fromstring(text)
        assert len(root.findall("filter/rule")) == 7


def test_the_list_by_port_is_for_people_and_spreadsheets(plan: ContainPlan) -> None:
    rows = list(csv.DictReader(contained_text(plan, ContainForm.PORTS).splitlines()))
    assert {each["switch_port"] for each in rows} == {"Gi1/0/4", "not known"}


def test_what_will_break_is_told(devices: tuple[DocDevice, ...]) -> None:
    told = " ".join(what_breaks(devices, NEEDS))
    assert "Hik-Connect app" in told
    assert "Firmware" in told
    assert "clocks will drift" not in told
    assert "clocks will drift" in " ".join(what_breaks(devices, Needs(recorders=("10.0.0.9",))))


def test_nobody_is_kept_from_the_recorder_by_mistake(devices: tuple[DocDevice, ...]) -> None:
    with pytest.raises(UsageError, match="name the recorder"):
        make_plan(devices, Needs(), MADE, PROGRAM)
    with pytest.raises(UsageError, match="named as a recorder"):
        make_plan(devices, Needs(recorders=("10.0.0.5",)), MADE, PROGRAM)
    for wrong in ("0.0.0.0/0", "::/0", "x; flush ruleset", ""):
        with pytest.raises(UsageError):
            check_needs(Needs(recorders=(wrong,)))
    assert check_needs(Needs(recorders=(" 10.0.0.5 ", "10.0.1.9/24"))).recorders == (
        "10.0.0.5", "10.0.1.0/24",
    )  # fmt: skip


@pytest.mark.parametrize("needs", [NEEDS, Needs(recorders=("10.20.0.0/24",))])
def test_nft_takes_the_rules(devices: tuple[DocDevice, ...], needs: Needs, tmp_path: Path) -> None:
    if shutil.which("nft") is None or shutil.which("unshare") is None:
        pytest.skip("nft or unshare is not installed")
    file = tmp_path / "cameras.nft"
    file.write_text(contained_text(make_plan(devices, needs, MADE, PROGRAM), ContainForm.NFTABLES))
    checked = subprocess.run(
        ("unshare", "--net", "nft", "-c", "-f", str(file)),
        capture_output=True,
        text=True,
        check=False,
    )
    if "Operation not permitted" in checked.stderr:
        pytest.skip("this machine lets us make no network namespace")
    assert checked.returncode == 0, checked.stderr
