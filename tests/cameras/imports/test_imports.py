"""Port scans, switches' tables and inventories: as people have them, and broken."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benches.trust.fleet import NETWORK, SCANNER, fleet
from watchglass.base.errors import UsageError
from watchglass.base.ids import ScanId
from watchglass.cameras.import_worker import messages_of, run_import
from watchglass.cameras.imports.inventory import read_inventory
from watchglass.cameras.imports.nmap import read_nmap
from watchglass.cameras.imports.row import ImportFailedError
from watchglass.cameras.imports.switch_table import read_switch_table
from watchglass.cameras.survey.seen import Fact
from watchglass.model.observation import Signal, Source
from watchglass.model.scan import Covered, ImportKind, ImportOrder, Observed
from watchglass.simulate.lan.device import Device
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

# --- nmap -----------------------------------------------------------------------------------------

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE nmaprun>\n<nmaprun scanner="nmap">'
HOST = """<host><status state="up" reason="arp-response"/>
<address addr="10.77.0.5" addrtype="ipv4"/>
<address addr="BC:AD:28:01:02:03" addrtype="mac" vendor="Hangzhou Hikvision"/>
<hostnames><hostname name="gate.lan" type="PTR"/></hostnames>
<ports><port protocol="tcp" portid="80"><state state="open"/>
<service name="http" product="Hikvision camera httpd" devicetype="webcam"/>
<script id="http-title" output="Login"><elem key="title">Login</elem></script>
<script id="http-server-header" output="App-webs/"><elem>App-webs/</elem></script>
<script id="http-auth" output="&#xa;HTTP/1.1 401&#xa;  Digest realm=Login to 3E05"/></port>
<port protocol="tcp" portid="443"><state state="open"/><service name="https"/>
<script id="ssl-cert" output="x"><table key="subject">
<elem key="commonName">www.hikvision.com</elem>
<elem key="organizationName">HIKVISION</elem></table>
<table key="issuer"><elem key="commonName">other</elem></table></script></port>
<port protocol="tcp" portid="8000"><state state="filtered"/><service name="http-alt"/></port>
</ports></host>"""
GONE = '<host><status state="down"/><address addr="10.77.0.6" addrtype="ipv4"/></host>'
NOTHING = '<host><status state="up"/><address addr="10.77.0.7" addrtype="ipv4"/></host>'


def test_a_host_of_nmap() -> None:
    found = read_nmap((HEAD + HOST + GONE + NOTHING + "</nmaprun>").encode())
    assert len(found.rows) == 1
    assert found.passed_over == 2
    row = found.rows[0]
    assert (row.address, row.mac) == ("10.77.0.5", "BC:AD:28:01:02:03")
    assert row.ports[Fact("title", "Login")] == 80
    assert {
        Fact("host_name", "gate.lan"), Fact("open_port", "80/tcp"), Fact("open_port", "443/tcp"),
        Fact("service", "Hikvision camera httpd [webcam]"), Fact("server", "App-webs/"),
        Fact("realm", "Login to 3E05"), Fact("tls_subject", "CN=www.hikvision.com,O=HIKVISION"),
    } <= set(row.facts)  # fmt: skip
    assert not any(fact.value == "8000/tcp" for fact in row.facts)


@pytest.mark.parametrize(
    "text",
    [HEAD + HOST, "<nmaprun>" + "<a>" * 40, "<html/>", "", "\0",
     HEAD.replace("<!DOCTYPE nmaprun>", '<!DOCTYPE nmaprun [<!ENTITY a "b">]>') + "</nmaprun>",
     HEAD.replace("<!DOCTYPE nmaprun>", '<!DOCTYPE nmaprun SYSTEM "file:///etc/passwd">')],
)  # fmt: skip
def test_what_is_not_nmaps_whole_is_refused(text: str) -> None:
    with pytest.raises(ImportFailedError):
        read_nmap(text.encode())


@given(st.integers(0, len(HOST)), st.text(max_size=20))
def test_no_xml_breaks_the_reader(at: int, noise: str) -> None:
    try:
        read_nmap((HEAD + HOST[:at] + noise + HOST[at:] + "</nmaprun>").encode())
    except ImportFailedError:
        return


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_real_nmap_of_simulated_devices(tmp_path: Path) -> None:
    if shutil.which("nmap") is None:
        pytest.skip("nmap is not installed")
    speaking = [each for each in fleet(60).devices if any(p.number == 80 for p in each.ports)]
    wanted: list[Device] = [each for each in speaking if b"App-webs" in str(each.ports).encode()
                            or b"Hikvision-Webs" in str(each.ports).encode()][:2]  # fmt: skip
    assert wanted
    output = tmp_path / "n.xml"
    try:
        with Lan(wanted, network=str(NETWORK), looker=SCANNER) as lan:
            subprocess.run(
                [*lan.enter, "nmap", "-n", "-sV", "-p", "80", "--script", "http-server-header",
                 "-oX", str(output), *(each.address for each in wanted)],
                check=True, capture_output=True, timeout=100,
            )  # fmt: skip
    except NoNetworkError as error:
        pytest.skip(str(error))
    found = read_nmap(output.read_bytes())
    assert {row.address for row in found.rows} == {each.address for each in wanted}
    assert {row.mac.lower() for row in found.rows} == {each.mac for each in wanted}
    assert any("Hikvision" in f.value for row in found.rows for f in row.facts
               if f.signal == "service")  # fmt: skip


# --- switches -------------------------------------------------------------------------------------

CISCO = """          Mac Address Table
-------------------------------------------
Vlan    Mac Address       Type        Ports
----    -----------       --------    -----
 All    0100.0ccc.cccc    STATIC      CPU
  10    bcad.2801.0203    DYNAMIC     Gi1/0/5
  20    3cef.8c01.0203    DYNAMIC     Po1
Total Mac Addresses for this criterion: 3
"""
HP = """ Status and Counters - Port Address Table

  MAC Address       Port   VLAN
  ----------------- ------ ----
  bcad28-010203     5      10
  3cef8c-010203     A7     20
"""
ARUBA = """MAC age-time            : 300 seconds
MAC Address          VLAN     Type                      Port
--------------------------------------------------------------
bc:ad:28:01:02:03    10       dynamic                   1/1/5
3c:ef:8c:01:02:03    20       dynamic                   lag3
"""
MIKROTIK = """Flags: L - local, E - external
#      MAC-ADDRESS       VID ON-INTERFACE BRIDGE
0   L  AA:BB:CC:00:00:01   1 ether1       bridge1
1      BC:AD:28:01:02:03  10 ether5       bridge1
2      3C:EF:8C:01:02:03  20 sfp-sfpplus1 bridge1
"""
CISCO_ARP = """Protocol  Address          Age (min)  Hardware Addr   Type   Interface
Internet  10.77.0.5               3   bcad.2801.0203  ARPA   Vlan10
"""


@pytest.mark.parametrize(
    ("text", "ports"),
    [(CISCO, ["Gi1/0/5", "Po1"]), (HP, ["5", "A7"]), (ARUBA, ["1/1/5", "lag3"]),
     (MIKROTIK, ["ether1", "ether5", "sfp-sfpplus1"])],
    ids=["cisco", "hp", "aruba", "mikrotik"],
)  # fmt: skip
def test_tables_of_four_makers(text: str, ports: list[str]) -> None:
    rows = read_switch_table(text).rows
    assert [fact.value for row in rows for fact in row.facts if fact.signal == "switch_port"] == (
        ports
    )
    assert "bcad28010203" in {row.mac.lower().translate({58: "", 45: "", 46: ""}) for row in rows}


def test_an_arp_table_tells_the_address_too() -> None:
    row = read_switch_table(CISCO_ARP).rows[0]
    assert row.address == "10.77.0.5"
    assert not any(fact.value == "Vlan10" for fact in row.facts)


@given(st.text(max_size=300))
def test_no_table_breaks_the_reader(text: str) -> None:
    try:
        read_switch_table(text)
    except ImportFailedError:
        return


# --- inventories ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["IP;Hersteller;Modell;Ort\n10.77.0.5;ANNKE;C800;Turnhalle\n",
     '\ufeff"Camera","IP Address","Brand","Location"\n"Gym","10.77.0.5","ANNKE","East, wing"\n',
     "ip\tmac\tmake\r\n10.77.0.5\tBC-AD-28-01-02-03\tANNKE\r\n"],
)  # fmt: skip
def test_inventories_in_the_words_people_use(text: str) -> None:
    row = read_inventory(text).rows[0]
    assert row.address == "10.77.0.5"
    assert Fact("label", "ANNKE") in row.facts


def test_a_line_without_address_is_counted_and_a_formula_is_text() -> None:
    found = read_inventory('ip,name\n,broken\n10.77.0.5,"=HYPERLINK(""x"")"\nnonsense,y\n')
    assert found.passed_over == 2
    assert found.rows[0].facts == (Fact("name", '=HYPERLINK("x")'),)


def test_a_table_without_addresses_is_refused() -> None:
    with pytest.raises(ImportFailedError, match="'ip' or 'mac'"):
        read_inventory("colour,size\nred,3\n")


@given(st.text(max_size=200))
def test_no_inventory_breaks_the_reader(text: str) -> None:
    try:
        read_inventory("ip,mac,name\n" + text)
    except ImportFailedError:
        return


# --- the process that reads -----------------------------------------------------------------------


def _order(kind: ImportKind) -> ImportOrder:
    return ImportOrder(scan=ScanId("5" * 32), kind=kind, at_ns=7, place="School 7")


def test_an_import_is_a_scan_of_its_rows() -> None:
    told = list(messages_of(_order(ImportKind.CSV), b"ip,brand\n10.77.0.5,ANNKE\n10.77.0.6,\n"))
    seen = [each for message in told if isinstance(message, Observed)
            for each in message.observations]  # fmt: skip
    assert [(each.address, each.source, each.signal, each.value) for each in seen] == [
        ("10.77.0.5", Source.IMPORT_CSV, Signal.LABEL, "ANNKE")
    ]
    covered = next(message.coverage for message in told if isinstance(message, Covered))
    assert (covered.cidr, covered.place, covered.asked) == ("", "School 7", 2)


@pytest.mark.full
def test_the_reading_process_tells_what_is_wrong_and_reads_what_is_right() -> None:
    with pytest.raises(UsageError, match="not nmap's"):
        run_import(_order(ImportKind.NMAP), b"<html/>")
    messages = run_import(_order(ImportKind.SWITCH), CISCO.encode())
    assert any(isinstance(message, Observed) and message.observations for message in messages)
