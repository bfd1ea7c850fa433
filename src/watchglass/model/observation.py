"""Observations: what was seen of a device, where, when and through which door.

An observation is one short text that one door gave: a ``Server`` header, a line of an SDP, a name
in a discovery answer, a cell of an inventory. It says nothing about what it means; that is judged
later, and the same observations always lead to the same judgement.

Where it belongs is told by its *contact*: ``(scan, collector, address, channel)``, or the MAC where
there is no address. All that one contact gave is of one device at that moment. An address means
nothing beyond its contact: another scan may find another device there, and two schools behind two
collectors may both have 192.168.1.10.

How to make them:

- Make each with `observe`, which bounds and escapes the text. Text of devices is hostile.
- One text per observation, under the narrowest `Signal`. ``port`` is the port that answered, 0
  where there is none. ``mac`` is set on every observation whose answer or neighbour entry tells it,
  not only on ``Signal.MAC``.
- An answer in a maker's own discovery protocol is one ``ANSWER`` (``value``: the id of its row in
  the fingerprint table, such as ``sadp`` or ``vivotek-udp``), and one observation for each field in
  it that a signal names (``MODEL``, ``SERIAL``, ``FIRMWARE``, ``MAC``, …). Its source is the
  protocol's own (``SADP``, ``DHIP``), or ``MAKER_DISCOVERY``.
- HTTP: ``SERVER``, ``REALM``, ``TITLE``, ``STATUS`` (``"401 /ISAPI/System/deviceInfo"``), favicon
  hashes, and ``PAGE`` for the path that a redirect or the page itself leads to.
- RTSP: ``SERVER``, ``REALM``, ``RTSP_PATH`` (path and query of ``Content-Base``, without host), and
  ``SDP``, one observation for each line that is not about coding (``s=``, ``i=``, ``e=``, ``u=``,
  ``o=``, ``m=application``, and each ``a=`` but ``rtpmap``, ``fmtp``, ``range``, ``control``).
- An import is a scan too: it has a scan id, and its rows are contacts.
- A recorder's channel is a contact of its own: ``channel`` is its number, ``address`` and ``mac``
  are the recorder's. Its own values (``MODEL``, ``MAC`` as *value*, …) are those of the camera.
  ``CHANNEL_ADDRESS`` is the address that the recorder has for it.
"""

import re
from enum import StrEnum

import msgspec

from watchglass.base.ids import CollectorId, ScanId

MOST_VALUE_CHARS = 1024
"""Of one observation; a value that was longer ends with ``…``."""
MOST_OBSERVATIONS = 256
"""Of one contact; a device that says more is cut off there."""


class Source(StrEnum):
    """The door through which something was seen."""

    NEIGHBOUR = "neighbour"
    DHCP_LEASE = "dhcp_lease"
    WS_DISCOVERY = "ws_discovery"
    SADP = "sadp"
    DHIP = "dhip"
    MAKER_DISCOVERY = "maker_discovery"
    MDNS = "mdns"
    SSDP = "ssdp"
    HTTP = "http"
    RTSP = "rtsp"
    TLS = "tls"
    ONVIF = "onvif"
    ISAPI = "isapi"
    FAVICON = "favicon"
    GREETING = "greeting"
    """What a plain TCP or Telnet port says first."""
    IMPORT_NMAP = "import_nmap"
    IMPORT_SWITCH = "import_switch"
    IMPORT_CSV = "import_csv"
    OWN_CAMERA = "own_camera"
    """A camera that this recorder records, and what its stream told."""
    RECORDER_CHANNEL = "recorder_channel"
    COLLECTOR = "collector"
    """What a collector says of itself; what it found carries its real door and its id."""


class Signal(StrEnum):
    """What the text is."""

    # Who it is
    MAC = "mac"
    """``aa:bb:cc:dd:ee:ff``."""
    SERIAL = "serial"
    UUID = "uuid"
    """ONVIF's endpoint reference or UPnP's UDN, without ``urn:uuid:`` and ``uuid:``."""
    TLS_FINGERPRINT = "tls_fingerprint"
    """SHA-256 of the certificate in hexadecimal. Firmware often ships one certificate to many."""
    HOST_NAME = "host_name"
    CAMERA_ID = "camera_id"
    """This recorder's own id of it."""

    # What it says it is
    MANUFACTURER = "manufacturer"
    MODEL = "model"
    HARDWARE = "hardware"
    FIRMWARE = "firmware"
    FIRMWARE_DATE = "firmware_date"
    """The build date, as the device writes it."""
    DEVICE_TYPE = "device_type"
    """A field that tells the kind of device, as it was sent."""
    OEM_CODE = "oem_code"
    ACTIVATED = "activated"
    """``yes`` or ``no``: whether a password was ever set."""
    CHANNELS = "channels"
    """How many a recorder says it has."""
    CHANNEL_ADDRESS = "channel_address"

    # How it answers
    ANSWER = "answer"
    OPEN_PORT = "open_port"
    """``80/tcp``."""
    SERVICE = "service"
    """What a port scanner's own tables made of a port."""
    BANNER = "banner"
    """A greeting: text, or ``hex:`` and hexadecimal digits for bytes that are none."""
    SERVER = "server"
    REALM = "realm"
    TITLE = "title"
    PAGE = "page"
    STATUS = "status"
    FAVICON_MMH3 = "favicon_mmh3"
    """As a signed 32-bit decimal number."""
    FAVICON_MD5 = "favicon_md5"
    TLS_SUBJECT = "tls_subject"
    """RFC 4514, as Python's ssl and cryptography write it: ``CN=…,OU=…,O=…``."""
    TLS_ISSUER = "tls_issuer"
    RTSP_PATH = "rtsp_path"
    SDP = "sdp"
    ONVIF_SCOPE = "onvif_scope"
    """One whole scope, percent-decoded."""
    MDNS_SERVICE = "mdns_service"

    # What people wrote of it
    LABEL = "label"
    """The brand on the box or in an inventory."""
    NAME = "name"
    PLACE = "place"
    SWITCH_PORT = "switch_port"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """One text from one door. Make it with `observe`.

    ``at_ns`` is UTC. ``address`` is an IP address in its shortest form, empty where only a MAC is
    known (a switch's table); ``mac`` is ``aa:bb:cc:dd:ee:ff`` or empty. ``collector`` is empty for
    what this machine saw itself. ``channel`` is set only for a channel of the recorder at
    ``address``.
    """

    at_ns: int
    source: Source
    signal: Signal
    value: str
    scan: ScanId
    address: str = ""
    port: int = 0
    mac: str = ""
    channel: int | None = None
    collector: CollectorId = CollectorId("")


_MAC = re.compile(r"[0-9a-f]{12}")
_BETWEEN = re.compile(r"[:.\-\s]")


def observe(
    source: Source,
    signal: Signal,
    value: str,
    *,
    at_ns: int,
    scan: ScanId,
    address: str = "",
    port: int = 0,
    mac: str = "",
    channel: int | None = None,
    collector: CollectorId = CollectorId(""),  # noqa: B008 - a str
) -> Observation:
    """An observation whose texts are bounded and printable. A MAC that is none becomes empty."""
    text = clean_mac(value) or bounded(value) if signal is Signal.MAC else bounded(value)
    return Observation(
        at_ns=at_ns, source=source, signal=signal, value=text, scan=scan,
        address=bounded(address, 64), port=port, mac=clean_mac(mac), channel=channel,
        collector=collector,
    )  # fmt: skip


def bounded(text: str, most: int = MOST_VALUE_CHARS) -> str:
    """``text`` on one line, at most ``most`` characters, with all that does not print escaped.

    Control characters and marks that turn the direction of writing come out as ``\\u202e``: they
    can still be seen, and do nothing.
    """
    cut = text[: most + 1].strip()
    shown = "".join(sign if sign.isprintable() else _escaped(sign) for sign in cut)
    return shown if len(shown) <= most and len(text) <= most else shown[: most - 1] + "…"


def _escaped(sign: str) -> str:
    return " " if sign in "\t\r\n" else sign.encode("unicode_escape", "surrogatepass").decode()


def clean_mac(text: str) -> str:
    """``aa:bb:cc:dd:ee:ff`` of what a device or a switch writes; empty for what is no MAC."""
    digits = _BETWEEN.sub("", text[:32].strip().lower())
    if not _MAC.fullmatch(digits) or digits in ("0" * 12, "f" * 12):
        return ""
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2))
