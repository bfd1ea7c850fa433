"""Logs in without giving the password away: HTTP digest, and WS-Security's for ONVIF.

Basic is never answered: it would hand the password to whatever sits at that address.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from typing import Dict, Optional

_ONVIF_HASH = "sha1"
"""The one that WS-Security's UsernameToken knows."""
_PARAMETER = re.compile(r'([A-Za-z-]{1,32})\s*=\s*(?:"((?:[^"\\]|\\.){0,1024})"|([^\s,]{0,256}))')


def answer_challenge(
    challenge: str, method: str, uri: str, user: str, password: str
) -> Optional[str]:
    """The Authorization for a digest challenge; None for another scheme or algorithm."""
    scheme, _, rest = challenge.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    told: Dict[str, str] = {
        match.group(1).lower(): match.group(2) if match.group(2) is not None else match.group(3)
        for match in _PARAMETER.finditer(rest[:4096])
    }
    algorithm = told.get("algorithm", "MD5")
    hasher = {"md5": "md5", "sha-256": "sha256"}.get(algorithm.lower())
    if hasher is None or "realm" not in told or "nonce" not in told:
        return None

    def digest(words: str) -> str:
        return hashlib.new(hasher or "md5", words.encode("utf-8")).hexdigest()

    secret = digest("%s:%s:%s" % (user, told["realm"], password))
    asked = digest("%s:%s" % (method, uri))
    fields = [("username", user), ("realm", told["realm"]), ("nonce", told["nonce"]), ("uri", uri)]
    line = ", ".join('%s="%s"' % (name, _quoted(value)) for name, value in fields)
    if "auth" in [each.strip() for each in told.get("qop", "").split(",")]:
        cnonce = secrets.token_hex(8)
        answer = digest("%s:%s:00000001:%s:auth:%s" % (secret, told["nonce"], cnonce, asked))
        line += ', qop=auth, nc=00000001, cnonce="%s"' % cnonce
    else:
        answer = digest("%s:%s:%s" % (secret, told["nonce"], asked))
    line += ', response="%s", algorithm=%s' % (answer, algorithm)
    if "opaque" in told:
        line += ', opaque="%s"' % _quoted(told["opaque"])
    return "Digest " + line.encode("ascii", "replace").decode("ascii")


def _quoted(value: str) -> str:
    """No line of our own making in a header, whatever the realm holds."""
    return "".join(sign for sign in value if sign.isprintable())


def ws_security(user: str, password: str, created: str) -> str:
    """A UsernameToken; ``created`` in the device's time, 2026-11-03T09:12:44Z."""
    nonce = secrets.token_bytes(16)
    packed = nonce + created.encode("ascii") + password.encode("utf-8")
    answer = base64.b64encode(hashlib.new(_ONVIF_HASH, packed).digest()).decode("ascii")
    space = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
    return (
        '<Security s:mustUnderstand="1" xmlns="%swssecurity-secext-1.0.xsd"><UsernameToken>'
        '<Username>%s</Username><Password Type="%susername-token-profile-1.0#PasswordDigest">%s'
        '</Password><Nonce>%s</Nonce><Created xmlns="%swssecurity-utility-1.0.xsd">%s</Created>'
        "</UsernameToken></Security>"
    ) % (space, _escaped(user), space, answer, base64.b64encode(nonce).decode("ascii"), space,
         created)  # fmt: skip


def _escaped(value: str) -> str:
    return value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
