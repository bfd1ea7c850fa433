"""The fingerprint of a camera's public key: what an operator compares, and what is stored.

Written as OpenSSH writes one, ``SHA256:`` and base64 without padding, over the key as certificates
hold it (SubjectPublicKeyInfo, DER). It outlives a certificate that is renewed for the same key.
"""

import base64
import binascii
import hashlib
import re

_PREFIX = "SHA256:"
_HASH_BYTES = 32
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}:?){31}[0-9A-Fa-f]{2}")


def fingerprint_of(public_key: bytes) -> str:
    """The fingerprint of a SubjectPublicKeyInfo."""
    return _written(hashlib.sha256(public_key).digest())


def read_fingerprint(text: str) -> str | None:
    """A fingerprint as a person gives it, also in hexadecimal; None for what is none."""
    text = text.strip()
    if _HEX.fullmatch(text):
        return _written(bytes.fromhex(text.replace(":", "")))
    body = text.removeprefix(_PREFIX).rstrip("=")
    try:
        digest = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return _written(digest) if len(digest) == _HASH_BYTES else None


def _written(digest: bytes) -> str:
    return _PREFIX + base64.b64encode(digest).decode("ascii").rstrip("=")
