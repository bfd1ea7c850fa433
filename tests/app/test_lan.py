"""``serve --lan``: encrypted, for names that are ours, with a certificate to be compared."""

import datetime as dt
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from watchglass.access.certificate import given_certificate, own_certificate
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import ConfigError
from watchglass.config.settings import read_settings

_ALONE = (
    'ip link set lo up && ip addr add 192.0.2.7/24 dev lo && exec "$0" -m tests.app.lan_client "$1"'
)
DAY_NS = 86400 * NS_PER_S


@pytest.mark.full
@pytest.mark.timeout(240)
def test_in_a_network_nothing_goes_in_clear(data: Path) -> None:
    """In a network namespace, where the machine's only neighbour is itself."""
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        pytest.skip("no unshare and ip: 'apt-get install util-linux iproute2'")
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no right to make a network namespace")
    done = subprocess.run(
        ["unshare", "-rn", "sh", "-c", _ALONE, sys.executable, str(data)],
        cwd=CHECKOUT, capture_output=True, text=True, timeout=220, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["link"] == "https://192.0.2.7:8443/"
    shown = found["own"]["fingerprint"]
    assert ":".join(shown[at : at + 2] for at in range(0, 64, 2)) in found["said"]
    assert (found["own"]["status"], found["named"]["status"]) == (200, 200)
    assert (found["foreign"]["status"], found["bare"]["status"]) == (421, 421)
    assert found["own"]["version"] in ("TLSv1.2", "TLSv1.3")
    # No browser keeps that promise with a certificate that nobody signed.
    assert found["own"]["strict"] is None
    assert "HTTP/" not in found["clear"]
    assert found["trusted"] == {
        "192.0.2.7": "yes", "cam.example": "yes", "x.example": "CERTIFICATE_VERIFY_FAILED"
    }  # fmt: skip
    assert found["mode"] == "0o600"
    assert found["loopback"].startswith("HTTP/1.1 421")
    assert found["elsewhere"] == "ConnectionRefusedError"


def test_the_certificate_stays_until_it_is_near_its_end(tmp_path: Path) -> None:
    clock = SimulatedClock()
    names = ("cam.local", "192.0.2.7", "fd00::7")
    first = own_certificate(tmp_path, names, Disk(), clock)
    assert own_certificate(tmp_path, names[:2], Disk(), clock) == first
    clock.advance(300 * DAY_NS)
    assert own_certificate(tmp_path, names, Disk(), clock) == first
    clock.advance(40 * DAY_NS)
    second = own_certificate(tmp_path, names, Disk(), clock)
    assert second.fingerprint != first.fingerprint
    assert second.ends - first.ends > dt.timedelta(days=300)
    third = own_certificate(tmp_path, (*names, "other.local"), Disk(), clock)
    assert third.fingerprint != second.fingerprint
    assert given_certificate(third.certificate, third.key).fingerprint == third.fingerprint


@pytest.mark.parametrize("broken", ["certificate", "key", "both"])
def test_what_is_broken_is_made_anew_or_refused(tmp_path: Path, broken: str) -> None:
    clock = SimulatedClock()
    first = own_certificate(tmp_path, ("a.local",), Disk(), clock)
    if broken in ("certificate", "both"):
        first.certificate.write_bytes(first.certificate.read_bytes()[:100])
    if broken == "both":
        first.key.unlink()
    if broken == "key":
        first.key.write_bytes(b"")
    with pytest.raises(ConfigError, match="PEM"):
        given_certificate(first.certificate, first.key)
    second = own_certificate(tmp_path, ("a.local",), Disk(), clock)
    assert given_certificate(second.certificate, second.key) == second


def test_a_certificate_without_its_key_is_no_setting() -> None:
    with pytest.raises(ConfigError, match="go together"):
        read_settings({"certificate": "/tmp/a.pem"})
