"""Who may take a restream: digest (RFC 2617, MD5, as old systems know it) or basic."""

import base64
import binascii
import hashlib
import hmac
import re

from watchglass.model.restream import REALM, Restream, secret_of

_FIELD = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')
_MOST_HEADER = 4096


def challenge(nonce: str) -> str:
    """Value of WWW-Authenticate. Digest alone is asked for, so that nobody sends the token as it
    is who need not; basic is taken from those that know no other."""
    return f'Digest realm="{REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"'


def may_take(restream: Restream, nonce: str, method: str, header: str) -> bool:
    """Whether a value of Authorization opens this restream."""
    scheme, _, rest = header[:_MOST_HEADER].partition(" ")
    if scheme.lower() == "basic":
        return _basic(restream, rest.strip())
    return scheme.lower() == "digest" and _digest(restream, nonce, method, rest)


def _basic(restream: Restream, coded: str) -> bool:
    try:
        user, _, token = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    given = secret_of(user, token)
    return user == restream.user and hmac.compare_digest(given, restream.secret)


def _digest(restream: Restream, nonce: str, method: str, rest: str) -> bool:
    fields = {name.lower(): quoted or plain for name, quoted, plain in _FIELD.findall(rest)}
    if fields.get("username") != restream.user or fields.get("nonce") != nonce:
        return False
    asked = _md5(f"{method}:{fields.get('uri', '')}")
    middle = nonce
    if qop := fields.get("qop"):
        middle = f"{nonce}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:{qop}"
    expected = _md5(f"{restream.secret}:{middle}:{asked}")
    return hmac.compare_digest(expected.encode(), fields.get("response", "").encode())


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
