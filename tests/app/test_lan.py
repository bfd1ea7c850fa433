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
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.app.page_certificate import PageInNetwork
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import ConfigError
from watchglass.config.settings import Settings, read_settings

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
    assert found["renewed"]["served"] == found["renewed"]["wanted"]
    assert len(set(found["renewed"]["served"])) == 2


def test_the_page_has_another_certificate_before_the_one_it_made_ends(tmp_path: Path) -> None:
    clock = SimulatedClock()
    settings = Settings(tmp_path, tmp_path / "media", lan=True, hosts=frozenset({"cam.example"}))
    layout = Layout(tmp_path / "state")
    layout.state.mkdir()
    page = PageInNetwork(Ground(settings, layout, Disk(), clock))
    assert (page.renewed(), page.certificate()) == ("", None)
    page.begin()
    first = page.now
    assert first is not None
    seen = page.certificate()
    assert seen is not None
    assert 396 * DAY_NS < seen.left_ns < 398 * DAY_NS
    clock.advance(300 * DAY_NS)
    assert page.renewed() == ""
    clock.advance(40 * DAY_NS)
    told = page.renewed()
    assert "browsers ask once more" in told
    assert page.now is not None
    assert page.now.page.fingerprint in told
    assert page.now.hosts == first.hosts
    assert page.renewed() == ""


def test_a_certificate_that_was_brought_is_taken_up_when_it_is_whole(tmp_path: Path) -> None:
    clock = SimulatedClock()
    given = tmp_path / "given"
    first = own_certificate(given, ("cam.example",), Disk(), clock)
    settings = Settings(
        tmp_path, tmp_path / "media", lan=True, certificate=first.certificate,
        certificate_key=first.key,
    )  # fmt: skip
    page = PageInNetwork(Ground(settings, Layout(tmp_path / "state"), Disk(), clock))
    page.begin()
    clock.advance(390 * DAY_NS)
    seen = page.certificate()
    assert seen is not None
    assert 6 * DAY_NS < seen.left_ns <= 7 * DAY_NS
    assert "Renew it" in seen.remedy
    assert page.renewed() == ""
    key = first.key.read_bytes()
    second = own_certificate(given, ("cam.example",), Disk(), clock)
    new_key = second.key.read_bytes()
    second.key.write_bytes(key)  # the certificate is there, and its key is not yet
    clock.advance(20 * NS_PER_S)
    assert page.renewed() == ""
    second.key.write_bytes(new_key)
    clock.advance(20 * NS_PER_S)
    assert "new certificate" in page.renewed()
    seen = page.certificate()
    assert seen is not None
    assert seen.left_ns > 390 * DAY_NS


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
