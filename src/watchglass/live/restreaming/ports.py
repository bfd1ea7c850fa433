"""Where restreams are served: sockets that are opened before the fence goes up."""

import ipaddress
import socket
from contextlib import suppress

from watchglass.base.errors import ConfigError

_ATTEMPTS = 32
_SEND_BYTES = 1 << 20


class Ports:
    """Of one address: the listening socket, and a pair for RTP and RTCP that all clients by UDP
    share. ConfigError where it is taken, or no address of this machine."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.listener.bind((host, port))
            self.port: int = self.listener.getsockname()[1]
            self.rtp, self.rtcp = _pair(family, host)
        except OSError as error:
            self.listener.close()
            raise ConfigError(
                f"Relays cannot be served at {host}:{port} ({error.strerror or error}): give this"
                " machine that address, end what has the port, or remove the relay and make it"
                " elsewhere."
            ) from error
        for each in (self.listener, self.rtp, self.rtcp):
            each.setblocking(False)

    @property
    def server_ports(self) -> str:
        return f"{self.rtp.getsockname()[1]}-{self.rtcp.getsockname()[1]}"

    def close(self) -> None:
        for each in (self.listener, self.rtp, self.rtcp):
            each.close()


def _pair(family: int, host: str) -> tuple[socket.socket, socket.socket]:
    """An even port and the one above it (RFC 3550, 11)."""
    for _ in range(_ATTEMPTS):
        first = socket.socket(family, socket.SOCK_DGRAM)
        second = socket.socket(family, socket.SOCK_DGRAM)
        with suppress(OSError, OverflowError):
            first.bind((host, 0))
            number = first.getsockname()[1]
            if number % 2 == 0:
                second.bind((host, number + 1))
                first.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BYTES)
                return first, second
        first.close()
        second.close()
    raise OSError("no pair of ports is free")
