"""An anchor stamped by an authority (RFC 3161), checked offline as docs/evidence.md says."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT
from tests.evidence.test_bundle import eventful
from watchglass.evidence.verify import check_bundle, verdict

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
GUIDE = CHECKOUT / "docs" / "evidence.md"
AUTHORITY = """
[req]
distinguished_name = dn
x509_extensions = ca
prompt = no
[dn]
CN = A time stamping authority
[ca]
basicConstraints = critical,CA:true
[tsa_cert]
extendedKeyUsage = critical,timeStamping
[tsa]
default_tsa = own
[own]
serial = ./serial
crypto_device = builtin
signer_cert = ./tsa.pem
signer_key = ./tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


def run(folder: Path, command: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        shlex.split(command), cwd=folder, capture_output=True, text=True, check=False
    )


def an_authority(folder: Path) -> None:
    """A real one, with a root of its own, made by openssl."""
    (folder / "tsa.cnf").write_text(AUTHORITY)
    (folder / "serial").write_text("01\n")
    for command in (
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out authority.pem -days 3650"
        " -config tsa.cnf",
        "openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -config tsa.cnf",
        "openssl x509 -req -in tsa.csr -CA authority.pem -CAkey ca.key -CAcreateserial"
        " -out tsa.pem -days 3650 -extfile tsa.cnf -extensions tsa_cert",
    ):
        made = run(folder, command)
        assert made.returncode == 0, made.stderr


def told(name: str) -> str:
    """The command of the guide that begins so."""
    return next(
        line.strip() for line in GUIDE.read_text().splitlines() if line.strip().startswith(name)
    )


def test_a_stamp_holds_for_the_anchor_and_for_nothing_else(tmp_path: Path) -> None:
    site, start = eventful(tmp_path)
    bundle = site.export(start, site.now_ns)
    heads = sorted((site.site.state / "ledger" / site.camera / "heads").glob("*.jsonl"))
    anchor = heads[-1].read_bytes().splitlines()[-1] + b"\n"
    folder = tmp_path / "stamped"
    folder.mkdir()
    (folder / "2026-11-27.jsonl").write_bytes(anchor)
    an_authority(folder)
    assert run(folder, told("openssl ts -query")).returncode == 0
    reply = (
        "openssl ts -reply -queryfile query.tsq -config tsa.cnf -section own -out 2026-11-27.tsr"
    )
    assert run(folder, reply).returncode == 0
    assert "Verification: OK" in run(folder, told("openssl ts -verify")).stdout
    check = check_bundle(str(bundle.path), bundle.made.fingerprint, [anchor])
    assert set(verdict(check).values()) == {"yes"}
    (folder / "2026-11-27.jsonl").write_bytes(anchor + b"\n")
    assert run(folder, told("openssl ts -verify")).returncode != 0
