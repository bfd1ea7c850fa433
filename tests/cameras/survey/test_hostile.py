"""Devices that try to harm whoever asks them: bounded, told, harmless."""

import random
import sys
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from benches.trust import fleet_hostile
from benches.trust.certificates import Certificates
from benches.trust.fleet import NETWORK, SCANNER
from tests.cameras.survey.wire import judge
from watchglass.base import landlock
from watchglass.base.ids import ScanId
from watchglass.cameras.scan import COMMAND, RunningScan
from watchglass.cameras.survey.datagrams import MOST_ANSWERS_OF_ADDRESS
from watchglass.cameras.survey.seen import MOST_SEEN_OF_ADDRESS
from watchglass.model.coverage import Network
from watchglass.model.observation import MOST_VALUE_CHARS, Observation, Signal, Source
from watchglass.model.scan import Observed, ScanEnded, ScanOrder
from watchglass.simulate.lan.capture import frames
from watchglass.simulate.lan.network import Network as Lan
from watchglass.simulate.lan.network import NoNetworkError

pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(sys.platform != "linux", reason="network namespaces are Linux's"),
]
_LONGEST_S = 60.0
_MOST_MB = 120


def _peak_mb(pid: int | None) -> float:
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0.0
    found = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(found[0].split()[1]) / 1024 if found else 0.0


def test_nine_hostile_devices_harm_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if landlock.abi():
        # Whole fences, or the process does not run: it has to do with what they leave.
        monkeypatch.setenv("WATCHGLASS_FENCES", "require")
    chance, certificates = random.Random(9), Certificates(9)
    made = [
        fleet_hostile.hostile(kind, chance, f"10.77.0.{10 + at}", certificates).build()
        for at, kind in enumerate(fleet_hostile.KINDS)
    ]
    at = {kind: f"10.77.0.{10 + n}" for n, kind in enumerate(fleet_hostile.KINDS)}
    networks = tuple(Network(cidr=cidr) for cidr in ("10.77.0.8/29", "10.77.0.16/30"))
    order = ScanOrder(
        scan=ScanId("9" * 32), networks=networks,
        doors=tuple(Source), rate_per_s=500, parallel=32, timeout_s=1.0,
    )  # fmt: skip
    seen: list[Observation] = []
    ended: list[ScanEnded] = []
    peak_mb = 0.0
    capture = tmp_path / "sent.pcap"
    began_s = time.monotonic()
    try:
        with Lan([device for device, _ in made], network=str(NETWORK), looker=SCANNER,
                 capture=capture) as lan:  # fmt: skip
            running = RunningScan(order, command=(*lan.enter, *COMMAND))
            for message in running:
                peak_mb = max(peak_mb, _peak_mb(running.pid))
                if isinstance(message, Observed):
                    seen += message.observations
                if isinstance(message, ScanEnded):
                    ended.append(message)
    except NoNetworkError as error:
        pytest.skip(str(error))

    # It came to its end, alive, soon and small.
    assert ended == [ScanEnded()]
    assert running.left_out == []
    assert time.monotonic() - began_s < _LONGEST_S
    assert 0 < peak_mb < _MOST_MB

    # Nobody was led anywhere: not by a redirect, and not by a description elsewhere.
    inside = frozenset(str(ip) for each in networks for ip in ip_network(each.cidr))
    assert judge(frames(capture), inside).breaches == []

    # What they said is short, printable, and of the address that said it.
    assert all(len(each.value) <= MOST_VALUE_CHARS for each in seen)
    assert all(each.value.isprintable() for each in seen)
    assert {each.address for each in seen} <= set(at.values())
    for address in at.values():
        assert sum(each.address == address for each in seen) <= MOST_SEEN_OF_ADDRESS

    # Bombs are no answers; one who says he is many is believed in nothing, and that is told.
    told = {(each.address, each.signal, each.value) for each in seen}
    answers = {address for address, signal, _ in told if signal is Signal.ANSWER}
    assert answers <= {at["redirect"]}
    many = f"{MOST_ANSWERS_OF_ADDRESS} different devices in answers to sadp"
    assert (at["flood"], Signal.STATUS, many) in told
    # The redirect is noted, the 4 GB icon is not hashed.
    assert (at["redirect"], Signal.PAGE, "/latest/meta-data/") in told
    assert not any(signal is Signal.FAVICON_MMH3 for _, signal, _ in told)
