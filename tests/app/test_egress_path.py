"""Egress and containment the whole way, with real dnsmasq, conntrack, nft and softflowd in network
namespaces: what a camera sends is written down, taken in, judged and told; the rules that follow
keep it in, and it goes on being recorded."""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.app.running import wait_until
from tests.trust.seeing import see
from watchglass.app.cli.program import run
from watchglass.app.first_contacts import first_contacts
from watchglass.app.fleet import egress_store, trust_store
from watchglass.app.ground import Ground, ground
from watchglass.config.settings import read_settings
from watchglass.model.egress import EgressSource

pytestmark = pytest.mark.full
LAN = Path(__file__).parent / "lan_of_cameras.sh"
CAMERA, DESK = "44:19:b6:00:00:04", "00:11:22:33:44:55"
_NEEDED = ("unshare", "ip", "nft", "dnsmasq", "conntrack", "tcpdump", "softflowd", "logger", "ss")

_ASKS = """
import socket, struct, sys
name, peer = sys.argv[1:3]
asks = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); asks.settimeout(5)
labels = b"".join(bytes([len(x)]) + x.encode() for x in name.split("."))
head = struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0)
asks.sendto(head + labels + b"\\0\\0\\1\\0\\1", ("10.20.30.1", 53))
asks.recv(512)
talks = socket.create_connection((peer, 80), 5); talks.send(b"GET / HTTP/1.0\\r\\n\\r\\n")
while talks.recv(4096): pass
"""

_WATCHED = r"""
nft add table inet t
nft 'add chain inet t f { type filter hook forward priority 0; }'
nft 'add rule inet t f ct state new,established,related counter accept'
within out "$PYTHON" -m http.server 80 --bind 9.9.9.9 >/dev/null 2>&1 & served=$!
dnsmasq --no-daemon --no-resolv --no-hosts --log-queries --log-facility=$OUT/dns.log \
    --address=/dev.hik-connect.com/9.9.9.9 --address=/private.example.com/9.9.9.9 \
    --listen-address=10.20.30.1 --bind-interfaces --pid-file= >/dev/null 2>&1 & named=$!
echo 1 >/proc/sys/net/netfilter/nf_conntrack_acct
conntrack -E -o timestamp >$OUT/conntrack.log 2>/dev/null & tracked=$!
tcpdump -i lan -U -w $OUT/lan.pcap >/dev/null 2>&1 & captured=$!
for _ in $(seq 100); do
    sleep 0.1
    if [[ -s $OUT/lan.pcap && -s $OUT/dns.log ]] && within out "$PYTHON" -c \
        'import socket; socket.create_connection(("9.9.9.9", 80), 1)' 2>/dev/null; then break; fi
done
within cam "$PYTHON" -c "$ASKS" dev.hik-connect.com 9.9.9.9
within desk "$PYTHON" -c "$ASKS" private.example.com 9.9.9.9
sleep 1
conntrack -D -p tcp >/dev/null 2>&1 || true
sleep 0.5
kill $served $named $tracked $captured
wait || true
chmod a+r $OUT/*
"""

_CONTAINED = r"""
stream() { within rec "$PYTHON" -c "$READS" "$URL" "$@"; }
reaches() { within "$1" "$PYTHON" -c \
    'import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1.5)' \
    "$2" "$3" 2>/dev/null && echo yes || echo no; }
within out "$PYTHON" -m http.server 80 --bind 9.9.9.9 >/dev/null 2>&1 & served=$!
within rec "$PYTHON" -m http.server 80 --bind 10.20.40.5 >/dev/null 2>&1 & pushed=$!
mkfifo $OUT/in
within cam "$PYTHON" -m watchglass.simulate --host 10.20.30.4 --port 8554 --seconds 2 --no-sound \
    --width 320 --height 180 --fps 10 <$OUT/in >$OUT/camera 2>/dev/null & simulated=$!
exec 7>$OUT/in
for _ in $(seq 300); do [[ -s $OUT/camera ]] && break; sleep 0.1; done
URL=$("$PYTHON" -c 'import json, sys
print(json.loads(open(sys.argv[1]).readline())["cameras"][0]["main"])' $OUT/camera)
for _ in $(seq 50); do [[ $(reaches cam 9.9.9.9 80) == yes ]] && break; sleep 0.1; done
echo "before cloud $(reaches cam 9.9.9.9 80) viewer $(reaches out 10.20.30.4 8554)"
stream $OUT/frames & recorded=$!
for _ in $(seq 100); do [[ -s $OUT/frames ]] && break; sleep 0.1; done
nft -f $RULES
wc -c <$OUT/frames >$OUT/frames_before
echo "after cloud $(reaches cam 9.9.9.9 80) viewer $(reaches out 10.20.30.4 8554)"
echo "recorder $(reaches cam 10.20.40.5 80) desk $(reaches desk 9.9.9.9 80)"
ip -n cam addr add 10.20.30.99/24 dev eth0
ip -n cam route replace default via 10.20.30.1 src 10.20.30.99
echo "other address $(reaches cam 9.9.9.9 80)"
ip -n cam route replace default via 10.20.30.1 src 10.20.30.4
wait $recorded
wc -c <$OUT/frames >$OUT/frames_after
exec 7>&-
kill $served $pushed $simulated 2>/dev/null || true
"""

_READS = """
import av, sys
with av.open(sys.argv[1], options={"rtsp_transport": "tcp"}, timeout=5) as source, \\
        open(sys.argv[2], "wb", buffering=0) as out:
    for packet in source.demux(video=0):
        if packet.pts is not None and packet.pts * packet.time_base > 7:
            break
        out.write(b"x")
"""


_SENT = r"""
ip netns exec rec "$PYTHON" -m watchglass.app serve >$OUT/recorder.log 2>&1 & recorder=$!
for port in 80 81 82; do
    within out "$PYTHON" -m http.server $port --bind 9.9.9.9 >/dev/null 2>&1 &
done
tcpdump --immediate-mode -i lan -U -w $OUT/lan.pcap >/dev/null 2>&1 & captured=$!
listens() { [[ $(within rec ss -Hlnut | grep -c -e :5140 -e :2055) -ge 3 ]]; }
serves() { [[ $(within out ss -Hlnt | grep -c 9.9.9.9) -ge 3 ]]; }
ready() { listens && serves && [[ -e $OUT/lan.pcap ]]; }
for _ in $(seq 600); do if ready; then break; fi; sleep 0.1; done
log() { # log PEER SOURCE HOW...: a firewall's line, as the router's own kernel would have it sent
    local line="egress IN=lan OUT=o0 SRC=$2 DST=$1 LEN=60 PROTO=TCP SPT=5 DPT=443"
    logger --server 10.20.40.5 --port 5140 "${@:3}" --tag kernel --priority kern.info -- "$line"
}
all() { # all PEERS SOURCE
    log $1.1 $2 --udp --rfc3164
    log $1.2 $2 --udp --rfc5424
    log $1.3 $2 --tcp --rfc3164
    log $1.4 $2 --tcp --rfc5424
    log $1.5 $2 --tcp --rfc5424 --octet-count
}
all 9.9.8 10.20.30.4
all 9.9.7 10.20.30.7
for port in 80 81 82; do
    for who in cam desk; do
        within $who "$PYTHON" -c 'import socket, sys
talks = socket.create_connection(("9.9.9.9", int(sys.argv[1])), 5)
talks.send(b"GET / HTTP/1.0\r\n\r\n")
while talks.recv(4096): pass' $port
    done
done
sleep 0.5
kill $captured
n=0
for version in 5 9 10; do
    softflowd -r $OUT/lan.pcap -n 10.20.40.5:2055 -v $version "tcp port 8$((n++))" >/dev/null 2>&1
done
for _ in $(seq 600); do if [[ -e $OUT/seen ]]; then break; fi; sleep 0.1; done
kill $recorder
wait $recorder
"""


@pytest.fixture(scope="module")
def on(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """A folder in which both were scanned: one answers as a Hikvision camera does."""
    return scanned(tmp_path_factory.mktemp("data"))


def scanned(folder: Path) -> Ground:
    for each in _NEEDED:
        if shutil.which(each) is None:
            pytest.skip(f"{each} is not installed")
    made = ground(read_settings({"data": folder}))
    now_ns = made.clock.wall_ns()
    with trust_store(made) as store:
        store.add_observations([
            *see("sadp answer sadp", "http server App-webs/", "sadp model DS-2CD2032F-I",
                 "import_csv name Front door", f"neighbour mac {CAMERA}",
                 address="10.20.30.4", mac=CAMERA, at_ns=now_ns),
            *see(f"neighbour mac {DESK}", address="10.20.30.7", mac=DESK, at_ns=now_ns),
        ])  # fmt: skip
    return made


def in_lan(script: str, out: Path, **more: str) -> str:
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "OUT": str(out), "PYTHON": sys.executable,
        "PYTHONPATH": ":".join(sys.path), **more,
    }  # fmt: skip
    done = subprocess.run(
        # What a script leaves running ends with its namespace of processes.
        ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c",
         LAN.read_text() + script),
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    if "Operation not permitted" in done.stderr or "unshare failed" in done.stderr:
        pytest.skip("this machine lets us make no network namespaces")
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def written(on: Ground, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a router, a name server and a capture wrote of one camera and one desk."""
    out = tmp_path_factory.mktemp("written")
    out.chmod(0o777)
    in_lan(_WATCHED, out, ASKS=_ASKS)
    return out


def told(capsys: pytest.CaptureFixture[str], on: Ground, *words: str) -> Any:
    capsys.readouterr()
    assert run(["--data", str(on.settings.data), "trust", *words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_what_a_camera_sent_is_taken_in_and_judged(
    on: Ground, written: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("dns.log", "conntrack.log", "lan.pcap"):
        taken = told(capsys, on, "egress", str(written / name))
        assert taken["records"] >= 1, name
        assert taken["dropped_unread"] >= 1, name  # the desk's
        assert taken["cameras"] == 1
        assert told(capsys, on, "egress", str(written / name))["taken_before"]
    (device,) = told(capsys, on, "egress")
    assert device["macs"] == [CAMERA]
    assert device["words"] == "It reached a maker's cloud (dev.hik-connect.com)."
    cloud = device["peers"][0]
    assert (cloud["peer"], cloud["port"], cloud["kind"]) == ("dev.hik-connect.com", 80, "cloud")
    assert cloud["sent_bytes"] > 100
    assert {"capture", "conntrack"} <= set(cloud["sources"])
    with egress_store(on) as store:
        kept = repr((store.contacts(), store.names()))
        first = first_contacts(on, store)
        again = first_contacts(on, store)
    for never in (DESK, "10.20.30.7", "private.example.com"):
        assert never not in kept
    assert len(first) == 1
    assert "dev.hik-connect.com for the first time: Hikvision: its cloud" in first[0]
    assert again == []


@pytest.mark.parametrize("version", ["5", "9", "10"])
def test_flows_of_softflowd_say_the_same(on: Ground, written: Path, version: str) -> None:
    from watchglass.app.egress import bounds_now
    from watchglass.cameras.egress_worker import EgressReader
    from watchglass.model.egress import EgressOrder

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        one.settimeout(5)
        to = f"127.0.0.1:{one.getsockname()[1]}"
        subprocess.run(
            ("softflowd", "-r", str(written / "lan.pcap"), "-n", to, "-v", version),
            check=True, capture_output=True,
        )  # fmt: skip
        reader = EgressReader(EgressOrder(at_ns=on.clock.wall_ns(), bounds=bounds_now(on)))
        reader.flow(*_received(one))
        one.settimeout(0.2)
        try:
            while True:
                reader.flow(*_received(one))
        except TimeoutError:
            pass
    read = reader.gathered.take()
    assert {each.mac for each in read.contacts} == {CAMERA}
    assert ("9.9.9.9", 80, "tcp") in {(c.peer, c.port, c.protocol) for c in read.contacts}
    assert "10.20.30.7" not in repr(read.contacts)


def _received(one: socket.socket) -> tuple[bytes, str]:
    datagram, sender = one.recvfrom(9000)
    return datagram, sender[0]


def test_a_recorder_listens_to_a_router_of_the_lan(tmp_path: Path) -> None:
    """Lines of the real ``logger``, by UDP and TCP, in both forms; flows of the real ``softflowd``,
    in each version, of connections that a camera and a desk made."""
    with (
        tempfile.TemporaryDirectory(prefix="wg-", dir="/tmp") as folder,
        ThreadPoolExecutor() as own,
    ):
        of = scanned(Path(folder) / "d")
        tmp_path.chmod(0o777)
        ran = own.submit(
            in_lan, _SENT, tmp_path, WATCHGLASS_DATA=f"{folder}/d", WATCHGLASS_PORT="0",
            WATCHGLASS_ANALYSIS="false", WATCHGLASS_FLOOR_BYTES="64MiB",
            WATCHGLASS_BALLAST_BYTES="1MiB", WATCHGLASS_EGRESS_SYSLOG="10.20.40.5:5140",
            WATCHGLASS_EGRESS_FLOWS="10.20.40.5:2055",
        )  # fmt: skip
        wanted = {(EgressSource.FIREWALL, f"9.9.8.{number}", 443) for number in range(1, 6)}
        wanted |= {(EgressSource.FLOW, "9.9.9.9", port) for port in (80, 81, 82)}

        def found() -> set[tuple[EgressSource, str, int]]:
            with egress_store(of) as store:
                return {(each.source, each.peer, each.port) for each in store.contacts()}

        try:
            wait_until(lambda: ran.done() or wanted <= found(), 90.0)
        finally:
            (tmp_path / "seen").touch()
        ran.result(60)
        assert wanted <= found(), (tmp_path / "recorder.log").read_text()
        with egress_store(of) as store:
            kept = repr((store.contacts(), store.names()))
        for never in (DESK, "10.20.30.7", "9.9.7."):
            assert never not in kept


def test_contained_it_is_recorded_and_reaches_nobody_else(
    on: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "cameras.nft"
    made = told(capsys, on, "contain", "Front door", "--recorder", "10.20.40.5", "--resolver",
                "10.20.30.1", "--out", str(rules))  # fmt: skip
    assert any("Hik-Connect" in each for each in made["breaks"])
    shown = in_lan(_CONTAINED, tmp_path, RULES=str(rules), READS=_READS)
    assert "before cloud yes viewer yes" in shown
    assert "after cloud no viewer no" in shown
    assert "recorder yes desk yes" in shown
    assert "other address no" in shown
    before = int((tmp_path / "frames_before").read_text())
    after = int((tmp_path / "frames_after").read_text())
    assert after >= 60  # of 70 in seven seconds, over one connection
    assert after > before
    told_applied(capsys, on)


def told_applied(capsys: pytest.CaptureFixture[str], on: Ground) -> None:
    assert run(["--data", str(on.settings.data), "trust", "contain", "Front door",
                "--applied"]) == 0  # fmt: skip
    capsys.readouterr()
    (device,) = told(capsys, on, "egress")
    assert "stated to be in force since" in device["contained"]["words"]
    assert "not known" in device["contained"]["words"]
