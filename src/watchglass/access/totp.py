"""Codes that change each half minute, as authenticator apps make them (RFC 6238, SHA-1)."""

import base64
import hmac
from hashlib import sha1
from urllib.parse import quote, urlencode

from watchglass.base.clock import NS_PER_S

SECRET_BYTES = 20
STEP_NS = 30 * NS_PER_S
_DIGITS = 6
_AROUND = 1
"""Steps before and after: phones' clocks are a little off, and people type slowly."""


def step_at(wall_ns: int) -> int:
    """The number of the half minute that a moment (UTC) is in."""
    return wall_ns // STEP_NS


def code_of(secret: bytes, step: int) -> str:
    """The code of a half minute (RFC 4226, 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), sha1).digest()
    at = digest[-1] & 0x0F
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**_DIGITS).zfill(_DIGITS)


def step_of(secret: bytes, code: str, wall_ns: int) -> int | None:
    """Of which half minute, now or next to it, a code is; None for one of none."""
    now = step_at(wall_ns)
    found = None
    for step in range(now - _AROUND, now + _AROUND + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), code.encode()):
            found = step
    return found


def is_code(text: str) -> bool:
    return len(text) == _DIGITS and text.isascii() and text.isdecimal()


def secret_text(secret: bytes) -> str:
    """As people type it: groups of four letters."""
    text = base64.b32encode(secret).decode()
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def uri(secret: bytes, name: str, issuer: str) -> str:
    """What authenticator apps read from a QR code."""
    label = quote(f"{issuer}:{name}", safe="")
    fields = {"secret": base64.b32encode(secret).decode(), "issuer": issuer}
    return f"otpauth://totp/{label}?{urlencode(fields, quote_via=quote)}"
