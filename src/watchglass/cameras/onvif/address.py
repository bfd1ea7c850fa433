"""Where an ONVIF device is, and what becomes of the addresses that it tells.

A device tells of its services and streams by URL. It may sit behind NAT and not know it, and it may
mean harm. So nothing of such a URL is believed but its path, and its port where it names the host
that was reached: whatever a device says, we go to the device alone.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from watchglass.base.errors import RefusedError
from watchglass.cameras.address import CameraAddress, split_url
from watchglass.model.camera import Credentials

SCHEMES = {"onvif": "http", "onvifs": "https"}
SERVICE = "/onvif/device_service"
_MOST_TOLD_CHARS = 1024
_PLAIN_TAIL = re.compile(r"[!-~]*")


def is_onvif(url: str) -> bool:
    """Whether an address is an ONVIF device's."""
    return url[:9].lower().startswith(("onvif:", "onvifs:"))


def split_onvif(url: str) -> tuple[CameraAddress, Credentials | None]:
    """Take onvif://HOST:PORT apart; RefusedError. A path is left out: devices have but one."""
    address, login = split_url(url, SCHEMES)
    return CameraAddress(address.scheme, address.host, address.port, ""), login


@dataclass(frozen=True, slots=True)
class Reached:
    """The device as it was reached: ``ip`` checked, ``name`` as it was written."""

    scheme: str
    ip: str
    port: int
    name: str

    @property
    def service(self) -> str:
        """URL of the device service."""
        return self.url(self.scheme, self.port, SERVICE)

    def url(self, scheme: str, port: int, tail: str) -> str:
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{scheme}://{host}:{port}{tail}"

    def corrected(self, told: str) -> str:
        """A URL of http or https that the device told, so that it leads to the device; its service
        for what is no such URL."""
        try:
            parts = urlsplit(told[:_MOST_TOLD_CHARS])
            port = parts.port
        except ValueError:
            return self.service
        tail = parts.path + (f"?{parts.query}" if parts.query else "")
        if not _PLAIN_TAIL.fullmatch(tail) or not tail.startswith("/"):
            return self.service
        if parts.scheme not in ("http", "https") or not self.is_named(parts.hostname or ""):
            return self.url(self.scheme, self.port, tail)
        return self.url(parts.scheme, port or {"http": 80, "https": 443}[parts.scheme], tail)

    def is_named(self, host: str) -> bool:
        """Whether the device means itself as we reached it."""
        return host.lower().strip("[]") in (self.ip, self.name)


def reached(url: str, name: str) -> Reached:
    """Of a URL whose host is an IP address that was checked."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    return Reached(parts.scheme, parts.hostname, parts.port, name)


def stream_address(told: str, host: str) -> CameraAddress:
    """Where a stream is recorded from: what the device told, at the host that was reached.

    RefusedError for what is no RTSP address. A user name in it is dropped.
    """
    # Some tell passwords with an @ in them; what counts is behind the last.
    scheme, separator, rest = told.strip().partition("://")
    place, slash, path = rest.partition("/")
    plain = f"{scheme}{separator}{place.rpartition('@')[2]}{slash}{path}"
    try:
        address, _ = split_url(plain)
    except RefusedError as error:
        raise RefusedError(
            f"The camera tells an address for its stream that cannot be used: {error.sentence}"
        ) from None
    return CameraAddress(address.scheme, host, address.port, address.tail)
