"""The socket that the page is served at: on loopback, or encrypted in all networks."""

import socket
import ssl
from collections.abc import Iterable

from watchglass.base.errors import AlreadyRunningError
from watchglass.model.assignment import ApiStart

_BACKLOG = 128
_HTTPS_PORT = 443
_UNSENT_BYTES = 64 * 1024


def page_listener(port: int, *, lan: bool) -> socket.socket:
    """A socket on loopback, or with ``lan`` on all networks; AlreadyRunningError when somebody has
    the port."""
    # With the protocol named: only then does asyncio switch Nagle's algorithm off, which would hold
    # the body of each answer back for 40 ms.
    both = lan and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if both:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Else the kernel takes up to 4 MB for whoever is slow: 10 s of live pictures that nobody can
    # leave out any more, so that a slow viewer would see the past and not the next key frame.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES)
    try:
        listener.bind((("::" if both else "0.0.0.0") if lan else "127.0.0.1", port))  # noqa: S104 - asked for, and encrypted
    except OSError as error:
        listener.close()
        raise AlreadyRunningError(
            f"Port {port} is taken ({error.strerror}): stop what uses it, or choose another with "
            "--port."
        ) from error
    listener.listen(_BACKLOG)
    return listener


def page_tls(start: ApiStart) -> ssl.SSLContext | None:
    """The certificate, read before the fence is there; None on loopback alone."""
    if not start.lan:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(start.certificate, start.key)
    return context


def page_hosts(port: int, more: Iterable[str]) -> frozenset[str]:
    """As browsers write them; a port that its scheme implies is left out."""
    names = {
        "127.0.0.1",
        "localhost",
        "[::1]",
        *(f"[{each}]" if ":" in each else each for each in more),
    }
    with_port = {f"{name}:{port}" for name in names}
    return frozenset(with_port | names if port == _HTTPS_PORT else with_port)
