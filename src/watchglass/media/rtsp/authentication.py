"""Proving to a camera who we are: Digest (RFC 7616, RFC 2617) and, if need be, Basic (RFC 7617).

Basic gives the password away to whoever can listen; it is used only where the camera offers
nothing else, for then there is no other way to see its pictures. Cameras with MD5 are the rule, so
MD5 is taken when SHA-256 is not offered.
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watchglass.base.errors import AuthFailedError
from watchglass.model.camera import Credentials

_MOST_FIELD_CHARS = 2048
_FIELD = re.compile(r'([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(r"(?:^|[,\s])(digest|basic)(?=\s|$)", re.IGNORECASE)
_ALGORITHMS: dict[str, str] = {"": "md5", "MD5": "md5", "SHA-256": "sha256"}


@dataclass(frozen=True, slots=True)
class Challenge:
    """One offer of a camera. ``algorithm`` is as the camera writes it; empty where it does not."""

    is_digest: bool
    realm: str = ""
    nonce: str = ""
    opaque: str | None = None
    algorithm: str = ""
    qop: bool = False
    stale: bool = False

    @property
    def strength(self) -> int:
        if not self.is_digest:
            return 0
        return 2 if self.algorithm.upper().startswith("SHA-256") else 1


def parse_challenges(values: Iterable[str]) -> list[Challenge]:
    """The offers of WWW-Authenticate headers that we can take up, the strongest first."""
    found = []
    for value in values:
        value = value[: 4 * _MOST_FIELD_CHARS]
        marks = list(_SCHEME.finditer(_without_quoted(value)))
        ends = [mark.start() for mark in marks[1:]] + [len(value)]
        for mark, end in zip(marks, ends, strict=False):
            rest = value[mark.end() : end]
            challenge = _digest(rest) if mark[1].lower() == "digest" else Challenge(False)
            if challenge is not None:
                found.append(challenge)
    return sorted(found, key=lambda each: -each.strength)


def _without_quoted(value: str) -> str:
    """The same text with what stands in quotes blanked out: a realm may be called "Basic"."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda match: "_" * len(match[0]), value)


def _digest(text: str) -> Challenge | None:
    fields: dict[str, str] = {}
    for name, quoted, plain in _FIELD.findall(text):
        fields.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else plain)
    if any(len(value) > _MOST_FIELD_CHARS for value in fields.values()):
        return None
    algorithm = fields.get("algorithm", "")
    if algorithm.upper().removesuffix("-SESS") not in _ALGORITHMS or "nonce" not in fields:
        return None
    kinds = {kind.strip().lower() for kind in fields.get("qop", "").split(",") if kind.strip()}
    if kinds and "auth" not in kinds:
        return None
    return Challenge(
        True, fields.get("realm", ""), fields["nonce"], fields.get("opaque"), algorithm,
        bool(kinds), fields.get("stale", "").lower() == "true",
    )  # fmt: skip


class Authentication:
    """Answers a camera's challenges for one connection. Neither password nor answer ever prints."""

    def __init__(
        self,
        credentials: Credentials | None,
        new_cnonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        user = "" if credentials is None else credentials.user
        if ":" in user or not user.isprintable():
            # RFC 7617 forbids it, and Digest cannot tell where the name ends.
            raise AuthFailedError("A camera's user name has no colon or line end: check it.")
        self._credentials = credentials
        self._new_cnonce = new_cnonce
        self._challenge: Challenge | None = None
        self._count = 0

    def take(self, values: Iterable[str]) -> bool:
        """Take up a challenge; whether asking again may help.

        It does not when there is no password, no offer we know, or when what we just answered was
        refused; a nonce that only grew old (``stale``, or another one than we used) is answered
        once more by the caller.
        """
        offers = parse_challenges(values)
        if self._credentials is None or not offers:
            return False
        before, self._challenge = self._challenge, offers[0]
        self._count = 0
        return before is None or (offers[0].is_digest and offers[0].nonce != before.nonce)

    def header(self, method: str, url: str) -> list[tuple[str, str]]:
        """The Authorization header of a request; none before the first challenge."""
        if self._challenge is None or self._credentials is None:
            return []
        user, password = self._credentials.user, self._credentials.password.reveal()
        if not self._challenge.is_digest:
            token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
            return [("Authorization", f"Basic {token}")]
        return [("Authorization", self._digest(self._challenge, method, url, user, password))]

    def _digest(self, asked: Challenge, method: str, url: str, user: str, password: str) -> str:
        name = asked.algorithm.upper()
        algorithm = _ALGORITHMS[name.removesuffix("-SESS")]

        def hashed(*parts: str) -> str:
            # MD5 is what the camera asked for, not what we would choose.
            text = ":".join(parts).encode()
            return hashlib.new(algorithm, text, usedforsecurity=False).hexdigest()

        self._count += 1
        cnonce, count = self._new_cnonce(), f"{self._count:08x}"
        secret = hashed(user, asked.realm, password)
        if name.endswith("-SESS"):
            secret = hashed(secret, asked.nonce, cnonce)
        request = hashed(method, url)
        middle = (asked.nonce, count, cnonce, "auth") if asked.qop else (asked.nonce,)
        fields = [
            f"username={_quoted(user)}", f"realm={_quoted(asked.realm)}",
            f"nonce={_quoted(asked.nonce)}", f"uri={_quoted(url)}",
            f"response={_quoted(hashed(secret, *middle, request))}",
        ]  # fmt: skip
        if asked.algorithm:
            fields.append(f"algorithm={asked.algorithm}")
        if asked.opaque is not None:
            fields.append(f"opaque={_quoted(asked.opaque)}")
        if asked.qop:
            fields.append(f"qop=auth, nc={count}")
        if asked.qop or name.endswith("-SESS"):
            fields.append(f"cnonce={_quoted(cnonce)}")
        return "Digest " + ", ".join(fields)


def _quoted(text: str) -> str:
    return '"' + re.sub(r'(["\\])', r"\\\1", text) + '"'
