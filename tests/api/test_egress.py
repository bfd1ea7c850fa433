"""Logs and captures given on the page: read by the fenced worker, and nothing is kept of what no
camera sent, on disk or in an answer."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running, running
from tests.cameras.egress.test_reading import packet, pcap
from tests.trust.seeing import HIK_MAC, see
from watchglass.access.right import CAMERA_ACTIONS, Action, Role
from watchglass.store.egress import EgressStore

EGRESS = "/api/v1/trust/egress"
DESK = "00:11:22:33:44:55"
LINE = "<13>kernel: egress IN=lan OUT=wan SRC={} DST={} LEN=60 PROTO=TCP SPT=5 DPT=443\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Browser]]:
    """A camera at 10.20.30.4, and a desk beside it."""
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    with running(recorded) as (at, browser):
        now_ns = recorded.site.clock.wall_ns()
        assert at.of.trust is not None
        at.of.trust.add_observations([
            *see("sadp answer sadp", "sadp model DS-2CD2032F-I", f"neighbour mac {HIK_MAC}",
                 address="10.20.30.4", mac=HIK_MAC, at_ns=now_ns),
            *see(f"neighbour mac {DESK}", address="10.20.30.7", mac=DESK, at_ns=now_ns),
        ])  # fmt: skip
        yield at, browser


def given(browser: Browser, content: bytes, **params: str) -> tuple[int, dict[str, object]]:
    headers = browser.headers() | {"Origin": browser.origin, "X-Watchglass": "1"}
    answer = browser.http.post(EGRESS, headers=headers, params=params, content=content, timeout=60)
    return answer.status_code, answer.json()


def contacts(at: Running) -> str:
    store = EgressStore(at.of.recorded.site.state / "site.db")
    try:
        return repr((store.contacts(), store.names()))
    finally:
        store.close()


def left(at: Running) -> list[Path]:
    return list(at.of.ports.devices.egress.folder.glob("egress-*"))


def test_a_log_and_a_capture_are_taken_in_once(served: tuple[Running, Browser]) -> None:
    at, browser = served
    log = LINE.format("10.20.30.4", "9.9.9.1") + 3 * LINE.format("10.20.30.7", "9.9.9.66")
    status, told = given(browser, log.encode(), name="kern.log")
    assert status == 200, told
    assert told == {
        "records": 1, "cameras": 1, "new_contacts": 1, "dropped_unread": 3, "unknown": 0,
        "beyond": 0, "taken_before": False,
    }  # fmt: skip
    assert given(browser, log.encode(), name="other.log")[1]["taken_before"]
    capture = pcap(packet("10.20.30.7", "9.9.9.66", 5, 443))
    status, told = given(browser, capture)
    assert (status, told["records"], told["dropped_unread"]) == (200, 0, 1)
    kept = contacts(at)
    assert "9.9.9.1" in kept
    for never in (DESK, "10.20.30.7", "9.9.9.66"):
        assert never not in kept
    assert left(at) == []
    assert any("kern.log" in each.detail for each in at.of.acts)


def test_what_cannot_be_is_refused_and_leaves_nothing(served: tuple[Running, Browser]) -> None:
    at, browser = served
    status, told = given(browser, b"")
    assert status in (400, 422), told
    cut = pcap(packet("10.20.30.4", "9.9.9.2", 5, 443))[:24] + b"\xff" * 40
    status, told = given(browser, cut)
    assert status in (400, 422), told
    assert "capture" in str(told["detail"])
    stated = {"Origin": browser.origin, "X-Watchglass": "1", "Content-Length": str(65 << 20)}
    with closing(HTTPConnection(browser.origin.removeprefix("http://"))) as bare:
        bare.request("POST", EGRESS, headers=browser.headers() | stated)
        assert bare.getresponse().status == 413
    assert left(at) == []
    for number in range(2):
        (at.of.ports.devices.egress.folder / f"egress-{number}").write_bytes(b"x")
    assert given(browser, b"x\n")[0] == 409
    for each in left(at):
        each.unlink()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_it_takes_the_right_to_state_things_of_devices(
    served: tuple[Running, Browser], role: Role
) -> None:
    at, _ = served
    site = frozenset({Action.SEE_FLEET}) if role is Role.OPERATOR else frozenset()
    browser = arrived(at, Person(f"logs {role}", role, frozenset(CAMERA_ACTIONS), site=site))
    assert given(browser, b"x\n")[0] == 403
    assert browser.get(EGRESS).status_code == (200 if site else 403)
    browser.http.close()
