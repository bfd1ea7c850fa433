"""What leaves: captured on a wire of simulated devices, every frame held against the table."""

import csv
import socket
import struct
import sys
from importlib.resources import files
from ipaddress import ip_network
from pathlib import Path

import pytest

from benches.trust.fleet import NETWORK, PASSWORD, SCANNER, USER, fleet
from tests.cameras.survey.wire import ALLOWED, WITH_LOGIN, Judged, judge
from watchglass.base.ids import ScanId
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.cameras.survey import questions
from watchglass.model.coverage import Network
from watchglass.model.observation import Observation, Source
from watchglass.model.scan import Covered, Login, Observed, ScanEnded, ScanOrder
from watchglass.simulate.lan.capture import frames
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

_SCAN = ScanId("0" * 32)
_NAMED = "10.77.0.0/26"


def _safety() -> dict[str, str]:
    table = files("watchglass.trust").joinpath("data/discovery_fingerprints.csv")
    rows = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    return {row["id"]: row["safety"] for row in rows}


def test_every_question_is_of_a_row_that_allows_it() -> None:
    safety = _safety()
    asked = [question.row for question in questions.datagrams()]
    asked += [
        each.row
        for each in vars(questions).values()
        if isinstance(each, questions.TcpQuestion) and each.safety != questions.WITH_LOGIN
    ]
    assert len(asked) >= 19
    for row in asked:
        assert safety[row] in ALLOWED, row
    assert {safety["isapi-dev"], safety["onvif-dev"]} <= WITH_LOGIN


def test_what_must_never_be_sent_is_not_in_the_code() -> None:
    """Nor anything that writes, resets or wakes a device."""
    assert not [row for row, words in _safety().items() if "NEVER" in words or "NOT USE" in words]
    folder = files("watchglass.cameras").joinpath("survey")
    code = "".join(
        each.read_text(encoding="utf-8") for each in folder.iterdir() if each.name.endswith(".py")
    )
    forbidden = (
        "?auth=", "&auth=", "webCapsConfig", "web_caps", "<Types>update", "<Types>reset",
        "getcode", "<Types>activate", "PUT ", "DELETE ", "setConfig", "action=set", "SetSystem",
    )  # fmt: skip
    assert [word for word in forbidden if word in code] == []


def _frame(to: str, port: int, data: bytes, protocol: int = 17) -> bytes:
    body = struct.pack(">HH", 40_000, port)
    body += struct.pack(">HH", 8 + len(data), 0) if protocol == 17 else (
        bytes(8) + b"\x50\x18" + bytes(6)
    )  # fmt: skip
    size = (20 + len(body) + len(data)).to_bytes(2, "big")
    head = b"\x45\0" + size + bytes(5) + bytes((protocol, 0, 0))
    ends = socket.inet_aton("10.77.15.250") + socket.inet_aton(to)
    return bytes(12) + b"\x08\0" + head + ends + body + data


_HEAD = b"Host: x\r\n\r\n"
_FORBIDDEN = {
    "sadp update": _frame("239.255.255.250", 37020, b"<Probe><Types>update</Types></Probe>"),
    "backdoor": _frame("10.77.0.1", 80, b"GET /?auth=YWRtaW46MTEK HTTP/1.1\r\n" + _HEAD, 6),
    "caps": _frame("10.77.0.1", 80, b"GET /web_caps/webCapsConfig HTTP/1.1\r\n" + _HEAD, 6),
    "basic": _frame("10.77.0.1", 80, b"GET /ISAPI/System/deviceInfo HTTP/1.1\r\n"
                    b"Authorization: Basic YTpi\r\n\r\n", 6),
    "describe more": _frame("10.77.0.1", 554, b"SETUP rtsp://10.77.0.1:554/ RTSP/1.0\r\n\r\n", 6),
    "speaks first": _frame("10.77.0.1", 23, b"root\r\n", 6),
    "another port": _frame("10.77.0.1", 37777, b"", 6),
    "elsewhere": _frame("169.254.169.254", 80, b"", 6),
    "unknown datagram": _frame("10.77.0.1", 161, b"public"),
    "ping": _frame("10.77.0.1", 0, b"", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(_FORBIDDEN))
def test_the_judge_sees_a_breach(name: str) -> None:
    assert judge([_FORBIDDEN[name]], frozenset({"10.77.0.1"})).breaches


def _scan(folder: Path, logins: tuple[Login, ...]) -> tuple[Judged, list[Observation], list[str]]:
    """A scan of a small fleet: what left, what was seen, and how it ended."""
    seen: list[Observation] = []
    ends: list[str] = []
    capture = folder / "sent.pcap"
    order = ScanOrder(
        scan=_SCAN, networks=(Network(cidr=_NAMED),), doors=tuple(Source), logins=logins,
        rate_per_s=500, parallel=64, timeout_s=1.0,
    )  # fmt: skip
    made = fleet(60)
    try:
        with Lan(made.devices, network=str(NETWORK), looker=SCANNER, capture=capture) as lan:
            for message in RunningScan(order, command=(*lan.enter, *COMMAND)):
                match message:
                    case Observed(observations):
                        seen += observations
                    case Covered(coverage):
                        ends.append(f"{coverage.asked} asked")
                        assert coverage.asked == coverage.answered + coverage.silent
                    case ScanEnded(stopped, error):
                        ends.append(error or ("stopped" if stopped else "whole"))
    except NoNetworkError as error:
        pytest.skip(str(error))
    return judge(frames(capture), frozenset(map(str, ip_network(_NAMED)))), seen, ends


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_without_a_login_nothing_leaves_but_what_the_table_allows(tmp_path: Path) -> None:
    found, seen, ends = _scan(tmp_path, ())
    assert found.breaches == []
    # Of a part of a larger network the last address is a device like others.
    assert ends == ["63 asked", "whole"]
    assert {_safety()[row] for row in found.rows} <= ALLOWED
    assert {"sadp", "dhip", "wsd", "ssdp", "http-server", "rtsp-server", "tls-subject",
            "telnet-192", "hik-ctl"} <= found.rows  # fmt: skip
    assert found.connections > 50
    sources = {each.source for each in seen}
    assert {Source.SADP, Source.DHIP, Source.WS_DISCOVERY, Source.HTTP, Source.RTSP,
            Source.NEIGHBOUR} <= sources  # fmt: skip


@pytest.mark.full
@pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's")
def test_with_a_login_only_what_reads_is_added(tmp_path: Path) -> None:
    found, seen, _ = _scan(tmp_path, (Login(USER, PASSWORD),))
    assert found.breaches == []
    assert {_safety()[row] for row in found.rows} <= ALLOWED | WITH_LOGIN
    assert "isapi-dev" in found.rows
    assert any(each.source is Source.ISAPI and each.value == "hikvision" for each in seen)
    assert not any(PASSWORD in each.value for each in seen)
