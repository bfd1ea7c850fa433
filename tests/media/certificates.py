"""Certificates made by openssl: a key's fingerprint is then known from another hand than ours."""

import base64
import hashlib
import subprocess
from pathlib import Path


def make_certificate(path: Path, *names: str, days: int = 30, ca: Path | None = None) -> str:
    """Key and certificate in one PEM file, self-signed or by ``ca``; the key's fingerprint."""
    key, request = path.with_suffix(".key"), path.with_suffix(".crt")
    subject = ["-subj", "/CN=IP Camera"]
    if names:
        subject += ["-addext", "subjectAltName=" + ",".join(names)]
    signer = ["-CA", str(ca), "-CAkey", str(ca)] if ca is not None else []
    _openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key), "-out", str(request),
        "-days", str(days), *signer, *subject,
    )  # fmt: skip
    path.write_bytes(key.read_bytes() + request.read_bytes())
    public = _openssl("x509", "-in", str(request), "-noout", "-pubkey")
    der = _openssl("pkey", "-pubin", "-outform", "der", given=public)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def _openssl(*arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(["openssl", *arguments], input=given, capture_output=True, check=True)
    return done.stdout
