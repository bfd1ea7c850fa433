"""Which addresses may be a camera's.

An address comes from a person, a file of 700 lines or a camera's own answer, and we go there from
inside the network. So it is taken apart here, once: no user name in what is stored, nothing that a
library further down could read as an option, and no way to the recorder itself, to cloud metadata
or to groups of hosts, unless the operator allowed that host by name.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from watchglass.base.errors import CameraUnreachableError, RefusedError
from watchglass.base.secret import Secret
from watchglass.model.camera import Credentials

MOST_URL_CHARS = 1024
MOST_HOST_CHARS = 253
MOST_USER_CHARS = 64
MOST_PASSWORD_CHARS = 128

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "onvif": 80, "onvifs": 443}
_RTSP = frozenset({"rtsp", "rtsps"})

# libavformat takes these words out of a query as options of its own.
_QUERY_OPTIONS = frozenset({"udp", "multicast", "tcp", "http", "https", "listen", "filter_src"})

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?:(?P<info>[^/?#]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]*)"
    r"(?::(?P<port>[0-9]{0,8}))?"
    r"(?P<path>/[^?#]*)?"
    r"(?P<query>\?[^#]*)?"
)
_PRINTABLE = re.compile(r"[!-~]*")
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")

_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in ("169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254")
)

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], list[str]]


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """A camera's address taken apart and found in order; the host is not yet looked up.

    ``host`` is lower case, and without brackets for IPv6. ``tail`` is path and query, as written.
    """

    scheme: str
    host: str
    port: int
    tail: str

    @property
    def url(self) -> str:
        """What is stored: always without user name and password."""
        return self.url_at(self.host)

    def url_at(self, host: str) -> str:
        """The same with another host in it, such as the address that was checked."""
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        shown = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{shown}{port}{self.tail}"


@dataclass(frozen=True, slots=True)
class CheckedAddress:
    """Where a connection may go: the URL with the looked-up IP address for its host.

    Connecting by this URL, and by no other, is what keeps a name server from sending us elsewhere
    after the check. ``host`` is what the operator wrote, to be shown.
    """

    url: str
    ip: str
    port: int
    host: str
    name_url: str = field(repr=False)


def is_rtsp(url: str) -> bool:
    """Whether an address is that of a camera in the network."""
    return url[:8].lower().startswith(("rtsp:", "rtsps:"))


def split_url(
    url: str, schemes: Collection[str] = _RTSP
) -> tuple[CameraAddress, Credentials | None]:
    """Take a camera's URL apart; RefusedError says what is wrong with it.

    User name and password are percent-decoded; they are in the second result alone.
    """
    match = _match(url)
    scheme = match["scheme"].lower()
    if scheme not in schemes:
        raise RefusedError("A camera's address begins with rtsp:// or rtsps://.")
    host = _host(match["host"])
    port = _port(match["port"], scheme)
    query = match["query"] or ""
    if not _QUERY_OPTIONS.isdisjoint(re.split("[?&]", query)):
        raise RefusedError("The camera's address has a word after its ? that is not allowed there.")
    tail = (match["path"] or "/") + query
    return CameraAddress(scheme, host, port, tail), _credentials(match["info"])


def is_same_host(url: str, other: str) -> bool:
    """Whether two addresses, of whatever kind, name the same host, port and scheme."""
    parts = [re.fullmatch(r"([^:/?#]+)://([^/?#]*).*", each, re.DOTALL) for each in (url, other)]
    first, second = ((each[1].lower(), each[2].lower()) if each else None for each in parts)
    return first is not None and first == second


def _match(url: str) -> re.Match[str]:
    if len(url) > MOST_URL_CHARS:
        raise RefusedError(f"A camera's address has at most {MOST_URL_CHARS} characters.")
    if not _PRINTABLE.fullmatch(url) or "\\" in url:
        raise RefusedError(
            "A camera's address has no spaces, accents or control characters: write others"
            " in %-form, as in %20."
        )
    match = _URL.fullmatch(url)
    if match is None:
        raise RefusedError("This is no camera address: it looks like rtsp://192.168.1.20/stream.")
    return match


def _host(text: str) -> str:
    if not text:
        raise RefusedError("The camera's address names no host.")
    if text.startswith("["):
        try:
            return str(ipaddress.IPv6Address(text[1:-1]))
        except ValueError:
            raise RefusedError("The camera's IPv6 address is not written correctly.") from None
    host = text.lower().removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return str(_ipv4(labels))
    if len(host) > MOST_HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise RefusedError("The camera's host name is not written correctly.")
    return host


def _ipv4(labels: list[str]) -> ipaddress.IPv4Address:
    """An IPv4 address in any form that inet_aton takes: 127.1, 0x7f.1, 017700000001, 2130706433.

    What looks like a number to the system's resolver must look like one here, or the check and the
    connection would mean different hosts.
    """
    wrong = RefusedError("The camera's IP address is not written correctly.")
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) for label in labels):
        raise wrong
    try:
        numbers = [_number(label) for label in labels]
    except ValueError:
        raise wrong from None
    *front, last = numbers
    if any(number > 255 for number in front) or last >= 256 ** (4 - len(front)):
        raise wrong
    value = last
    for index, number in enumerate(front):
        value |= number << (24 - 8 * index)
    return ipaddress.IPv4Address(value)


def _number(label: str) -> int:
    if label[:2] in ("0x", "0X"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if label.startswith("0") else int(label)


def _port(text: str | None, scheme: str) -> int:
    if not text:
        return DEFAULT_PORTS[scheme]
    port = int(text)
    if not 1 <= port <= 65_535:
        raise RefusedError("The port in the camera's address is a number from 1 to 65535.")
    return port


def _credentials(info: str | None) -> Credentials | None:
    if not info:
        return None
    user, _, password = info.partition(":")
    return check_credentials(_decoded(user), _decoded(password))


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise RefusedError("User name or password in the address is not UTF-8.") from None


def check_credentials(user: str, password: str) -> Credentials:
    """User name and password as cameras take them; RefusedError says what is wrong."""
    if len(user) > MOST_USER_CHARS or len(password) > MOST_PASSWORD_CHARS:
        raise RefusedError("User name or password is too long for a camera.")
    if not (user + password).isprintable():
        raise RefusedError("User name or password has control characters in it.")
    if ":" in user:
        raise RefusedError("A camera's user name has no colon.")
    return Credentials(user, Secret(password))


# --- where it leads -------------------------------------------------------------------------------


def system_resolver(host: str, port: int) -> list[str]:
    """IP addresses of a name, as the system's resolver gives them. Blocks."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]).partition("%")[0] for entry in found]


@dataclass(frozen=True, slots=True)
class AddressRules:
    """What the operator allows beyond the rules; see `resolve`."""

    allow: frozenset[str] = frozenset()
    own_ports: frozenset[int] = frozenset()
    resolver: Resolver = system_resolver
    folder: str = ""
    """Where files that are played have to lie."""


def resolve(
    address: CameraAddress,
    allow: Iterable[str] = (),
    *,
    own_ports: frozenset[int] = frozenset(),
    resolver: Resolver = system_resolver,
) -> CheckedAddress:
    """Look the host up and check each IP address that it has; to be done before each connection.

    ``allow`` names hosts or IP addresses that the operator lets in although a rule forbids them.
    ``own_ports`` are those that we listen on, closed on this machine whatever is allowed.
    RefusedError when any of its addresses is forbidden (one good one among them is no excuse);
    CameraUnreachableError when the name is unknown.
    """
    try:
        literal = ipaddress.ip_address(address.host)
        texts = [str(literal)]
    except ValueError:
        texts = _looked_up(address, resolver)
    allowed = {name.lower() for name in allow}
    for text in texts:
        _check_ip(address, ipaddress.ip_address(text), allowed, own_ports)
    return CheckedAddress(
        address.url_at(texts[0]), texts[0], address.port, address.host, address.url
    )


def _looked_up(address: CameraAddress, resolver: Resolver) -> list[str]:
    unknown = CameraUnreachableError(
        f"The name {address.host} is not known: check its spelling, or use the IP address."
    )
    try:
        texts = resolver(address.host, address.port)
    except (OSError, UnicodeError):
        raise unknown from None
    if not texts:
        raise unknown
    return texts


def _check_ip(
    address: CameraAddress, ip: IpAddress, allowed: set[str], own_ports: frozenset[int]
) -> None:
    inner = inner_ip(ip)
    if address.port in own_ports and (inner.is_unspecified or is_this_machine(inner)):
        raise RefusedError(f"{address.host} on port {address.port} is this recorder itself.")
    what = forbidden(inner)
    if what is not None and allowed.isdisjoint({address.host, str(ip), str(inner)}):
        raise RefusedError(
            f"{address.host} is {what} and not a camera's address; if it really is one,"
            " the operator must allow it by name."
        )


def is_this_machine(ip: IpAddress) -> bool:
    """Whether an interface of this machine has that address: only then it can be bound."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(ip), 0))
    except OSError:
        return False
    return True


def inner_ip(ip: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 address carries (mapped, NAT64, 6to4, ...), or itself."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    value = int(ip)
    if value >> 32 == 0x0064_FF9B << 64 or (value >> 32 == 0 and value > 0xFFFF):
        return ipaddress.IPv4Address(value & 0xFFFF_FFFF)
    return ip


def forbidden(ip: IpAddress) -> str | None:
    """What an address is that no camera has; None for one that may be a camera's."""
    if ip in _METADATA:
        return "a cloud's metadata service"
    if ip.is_loopback:
        return "this machine"
    if ip.is_unspecified or (isinstance(ip, ipaddress.IPv4Address) and int(ip) >> 24 == 0):
        return "no address"
    if ip.is_multicast:
        return "a group of hosts"
    if isinstance(ip, ipaddress.IPv4Address) and int(ip) >= 0xF000_0000:
        return "a broadcast or reserved address"
    return None
