"""A recorder that listens for what firewalls, name servers and routers note of cameras: by UDP and
TCP, with real senders; what no known camera sent is dropped unread."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from benches._harness import RunningRecorder
from tests.app.running import call, free_port, json_of, wait_until
from tests.cameras.egress.test_reading import packet, pcap
from tests.trust.seeing import see
from watchglass.app.fleet import egress_store, trust_store
from watchglass.app.ground import Ground, ground
from watchglass.config.settings import read_settings
from watchglass.model.egress import EgressSource, PeerContact

pytestmark = pytest.mark.full
CAMERA, DESK = "44:19:b6:00:00:04", "00:11:22:33:44:55"
STUCK_S = 6
LINE = "<13>kernel: [1.2] egress IN=lan OUT=wan SRC={} DST={} LEN=60 PROTO=TCP SPT=5 DPT=443"


class Listening:
    """A recorder, and where it listens."""

    def __init__(self, folder: Path) -> None:
        self.on: Ground = ground(read_settings({"data": folder / "d"}))
        now_ns = self.on.clock.wall_ns()
        with trust_store(self.on) as store:
            store.add_observations([
                *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
                     f"neighbour mac {CAMERA}", address="10.20.30.4", mac=CAMERA, at_ns=now_ns),
                *see(f"neighbour mac {DESK}", address="10.20.30.7", mac=DESK, at_ns=now_ns),
            ])  # fmt: skip
        self.syslog, self.flows = free_port(), free_port()
        self.recorder = RunningRecorder(
            folder / "d", WATCHGLASS_ANALYSIS="false", WATCHGLASS_PAGE="false",
            WATCHGLASS_STUCK_S=str(STUCK_S),
            WATCHGLASS_EGRESS_SYSLOG=str(self.syslog),
            WATCHGLASS_EGRESS_FLOWS=f"127.0.0.1:{self.flows}",
        )  # fmt: skip
        try:
            wait_until(lambda: "egress-worker" in self.recorder.processes(), 90.0)
        except BaseException:
            self.recorder.stop()
            raise

    def contacts(self) -> list[PeerContact]:
        with egress_store(self.on) as store:
            return store.contacts()

    def peers(self, source: EgressSource) -> set[str]:
        return {each.peer for each in self.contacts() if each.source is source}


@pytest.fixture(scope="module")
def listening() -> Iterator[Listening]:
    with tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder:
        made = Listening(Path(folder))
        try:
            yield made
        finally:
            made.recorder.stop()


def by_udp(port: int, text: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(text.encode(), ("127.0.0.1", port))


def test_logs_by_udp_and_tcp_and_flows(listening: Listening, tmp_path: Path) -> None:
    by_udp(listening.syslog, LINE.format("10.20.30.4", "9.9.9.1"))
    by_udp(listening.syslog, LINE.format("10.20.30.7", "9.9.9.66"))
    with socket.create_connection(("127.0.0.1", listening.syslog)) as one:
        counted = LINE.format("10.20.30.4", "9.9.9.2").encode()
        one.sendall(b"%d %s" % (len(counted), counted[:30]))
        one.sendall(counted[30:] + (LINE.format("10.20.30.7", "9.9.9.66") + "\n").encode())
        one.sendall((LINE.format("10.20.30.4", "9.9.9.3") + "\n").encode())
    wait_until(lambda: listening.peers(EgressSource.FIREWALL) >= {"9.9.9.1", "9.9.9.2", "9.9.9.3"})
    if shutil.which("softflowd"):
        seen = tmp_path / "seen.pcap"
        seen.write_bytes(pcap(
            packet("10.20.30.4", "9.9.9.4", 40000, 443),
            packet("10.20.30.7", "9.9.9.66", 40000, 443),
        ))  # fmt: skip
        subprocess.run(
            ("softflowd", "-r", str(seen), "-n", f"127.0.0.1:{listening.flows}", "-v", "10"),
            check=True, capture_output=True,
        )  # fmt: skip
        wait_until(lambda: "9.9.9.4" in listening.peers(EgressSource.FLOW))
    kept = repr(listening.contacts())
    for never in (DESK, "10.20.30.7", "9.9.9.66"):
        assert never not in kept
    with egress_store(listening.on) as store:
        assert DESK not in repr(store.names())
    shown = call("--data", str(listening.recorder.data), "doctor", "--numbers", "--json").stdout
    assert "watchglass_egress_dropped_unread_total" in shown


def test_it_dies_and_another_listens_at_the_same_port(listening: Listening) -> None:
    pid = listening.recorder.processes()["egress-worker"].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: listening.recorder.processes()["egress-worker"].pid not in (0, pid))
    by_udp(listening.syslog, LINE.format("10.20.30.4", "9.9.9.5"))
    wait_until(lambda: "9.9.9.5" in listening.peers(EgressSource.FIREWALL))
    status = listening.recorder.processes()["egress-worker"]
    wait_until(lambda: bool(listening.recorder.processes()["egress-worker"].fence))
    assert status.restarts == 1


def test_who_hangs_is_started_again(listening: Listening) -> None:
    """It says that it is at work, as the events-worker does, which no camera needs either."""
    recorder = listening.recorder
    stopped = {name: recorder.processes()[name].pid for name in ("egress-worker", "events-worker")}
    for pid in stopped.values():
        os.kill(pid, signal.SIGSTOP)
    wait_until(
        lambda: all(
            recorder.processes()[name].pid not in (0, pid) for name, pid in stopped.items()
        ),
        90.0,
    )
    wait_until(lambda: "egress-worker has done nothing" in recorder.log())
    by_udp(listening.syslog, LINE.format("10.20.30.4", "9.9.9.8"))
    wait_until(lambda: "9.9.9.8" in listening.peers(EgressSource.FIREWALL))


def test_a_camera_that_is_seen_later_is_one_from_then_on(listening: Listening) -> None:
    later = "44:19:b6:00:00:05"
    by_udp(listening.syslog, LINE.format("10.20.30.5", "9.9.9.6"))
    with trust_store(listening.on) as store:
        store.add_observations([
            *see("sadp answer sadp", "sadp model DS-2CD2032F-I", f"neighbour mac {later}",
                 address="10.20.30.5", mac=later, at_ns=listening.on.clock.wall_ns()),
        ])  # fmt: skip

    def told() -> bool:
        by_udp(listening.syslog, LINE.format("10.20.30.5", "9.9.9.7"))
        return "9.9.9.7" in listening.peers(EgressSource.FIREWALL)

    wait_until(told, 100.0)
    assert "9.9.9.6" not in listening.peers(EgressSource.FIREWALL)
    assert json_of("--data", str(listening.recorder.data), "trust", "egress")
