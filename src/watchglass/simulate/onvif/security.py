"""Who a device lets in: WS-Security's UsernameToken by digest, or HTTP digest."""

import base64
import hashlib
import hmac
from collections import OrderedDict
from datetime import UTC, datetime
from typing import Final
from xml.etree import ElementTree as ET

from watchglass.base.clock import NS_PER_S
from watchglass.simulate.digest import Credentials
from watchglass.simulate.onvif.envelope import Fault, first

_REMEMBERED: Final = 4096
_PASSWORD_DIGEST: Final = "#PasswordDigest"  # noqa: S105 - the name of a form, no password


class TokenCheck:
    """Of one device: it remembers the nonces that it saw."""

    def __init__(self, credentials: Credentials, most_skew_s: float) -> None:
        self._credentials = credentials
        self._most_skew_s = most_skew_s
        self._nonces: OrderedDict[bytes, None] = OrderedDict()

    def check(self, security: ET.Element | None, device_ns: int) -> None:
        """Fault NotAuthorized unless the token is fresh by the device's clock, new, and right."""
        refused = Fault("NotAuthorized", "Sender not authorized")
        if security is None:
            raise refused
        told = {name: first(security, name) for name in
                ("Username", "Password", "Nonce", "Created")}  # fmt: skip
        texts = {name: (each.text or "").strip() for name, each in told.items()
                 if each is not None}  # fmt: skip
        if len(texts) < len(told):
            raise refused
        password = told["Password"]
        assert password is not None
        if not password.get("Type", "").endswith(_PASSWORD_DIGEST):
            raise refused
        nonce = base64.b64decode(texts["Nonce"])
        created = texts["Created"]
        packed = nonce + created.encode() + self._credentials.password.encode()
        expected = base64.b64encode(hashlib.sha1(packed, usedforsecurity=False).digest())
        right = hmac.compare_digest(expected, texts["Password"].encode())
        fresh = abs(_ns(created) - device_ns) <= self._most_skew_s * NS_PER_S
        if not (right and fresh and texts["Username"] == self._credentials.user):
            raise refused
        if nonce in self._nonces:
            raise refused
        self._nonces[nonce] = None
        while len(self._nonces) > _REMEMBERED:
            self._nonces.popitem(last=False)


def _ns(created: str) -> int:
    try:
        when = datetime.fromisoformat(created)
    except ValueError:
        raise Fault("NotAuthorized", "Created is no time") from None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return round(when.timestamp() * NS_PER_S)
