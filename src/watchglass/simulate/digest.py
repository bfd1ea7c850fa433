"""Digest authentication (RFC 2617) with MD5, as cameras ask for it."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

REALM = "Watchglass camera"

_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Credentials:
    user: str
    password: str
    qop: bool = False
    """Ask for qop=auth; older cameras do not."""


def new_nonce() -> str:
    return secrets.token_hex(16)


def challenge(credentials: Credentials, nonce: str) -> str:
    """Value of WWW-Authenticate."""
    qop = ', qop="auth"' if credentials.qop else ""
    return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5{qop}'


def is_authorised(credentials: Credentials, nonce: str, method: str, header: str | None) -> bool:
    """Whether a value of Authorization answers the challenge for this method."""
    if header is None or not header.lower().startswith("digest "):
        return False
    fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(header)}
    if fields.get("username") != credentials.user or fields.get("nonce") != nonce:
        return False
    expected = response(credentials, nonce, method, fields)
    return hmac.compare_digest(expected, fields.get("response", ""))


def response(credentials: Credentials, nonce: str, method: str, fields: dict[str, str]) -> str:
    """The response field for a request; `fields` gives uri and, with qop, nc and cnonce."""
    secret = _md5(f"{credentials.user}:{REALM}:{credentials.password}")
    request = _md5(f"{method}:{fields.get('uri', '')}")
    if not credentials.qop:
        return _md5(f"{secret}:{nonce}:{request}")
    counted = f"{fields.get('nc', '')}:{fields.get('cnonce', '')}:{fields.get('qop', '')}"
    return _md5(f"{secret}:{nonce}:{counted}:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
