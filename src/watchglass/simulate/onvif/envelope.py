"""SOAP 1.2 as devices read and write it."""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
DEVICE: Final = "http://www.onvif.org/ver10/device/wsdl"
MEDIA: Final = "http://www.onvif.org/ver10/media/wsdl"
MEDIA2: Final = "http://www.onvif.org/ver20/media/wsdl"
PTZ: Final = "http://www.onvif.org/ver20/ptz/wsdl"
EVENTS: Final = "http://www.onvif.org/ver10/events/wsdl"
NOTIFICATION: Final = "http://docs.oasis-open.org/wsn/b-2"

_PREFIXES: Final = {
    "s": SOAP,
    "tds": DEVICE,
    "trt": MEDIA,
    "tr2": MEDIA2,
    "tptz": PTZ,
    "tev": EVENTS,
    "wsnt": NOTIFICATION,
    "wsa": "http://www.w3.org/2005/08/addressing",
    "tt": "http://www.onvif.org/ver10/schema",
    "tns1": "http://www.onvif.org/ver10/topics",
    "ter": "http://www.onvif.org/ver10/error",
}
_NAMESPACES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _PREFIXES.items())
_TAG = re.compile(r"(?:\{(?P<space>[^}]*)\})?(?P<name>.*)")


class Fault(Exception):
    """What a device refuses. ``subcode`` is ONVIF's, as NotAuthorized."""

    def __init__(self, subcode: str, reason: str, *, sender: bool = True) -> None:
        super().__init__(reason)
        self.subcode = subcode
        self.reason = reason
        self.sender = sender

    def body(self) -> str:
        code = "Sender" if self.sender else "Receiver"
        return (
            f"<s:Fault><s:Code><s:Value>s:{code}</s:Value><s:Subcode><s:Value>ter:{self.subcode}"
            f"</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang=\"en\">"
            f"{escape(self.reason)}</s:Text></s:Reason></s:Fault>"
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """An operation that was asked for, and the header's security."""

    space: str
    operation: str
    body: ET.Element
    security: ET.Element | None

    def text(self, name: str, default: str = "") -> str:
        """The text of the first element of that local name below."""
        found = first(self.body, name)
        return (found.text or default).strip() if found is not None else default


def first(element: ET.Element, name: str) -> ET.Element | None:
    """The first element of that local name below, whatever its namespace."""
    return next((each for each in element.iter() if local(each.tag)[1] == name), None)


def local(tag: str) -> tuple[str, str]:
    """Namespace and local name."""
    match = _TAG.fullmatch(tag)
    assert match is not None
    return match["space"] or "", match["name"]


def read(data: bytes) -> Call:
    """The call in an envelope; Fault for anything else."""
    if b"<!DOCTYPE" in data:
        raise Fault("WellFormed", "no DTD is taken")
    try:
        root = ET.fromstring(data)  # noqa: S314 - refused above: no DTD, so no entities
    except ET.ParseError as error:
        raise Fault("WellFormed", str(error)) from None
    body = root.find(f"{{{SOAP}}}Body")
    if body is None or not len(body):
        raise Fault("WellFormed", "an envelope without a body")
    header = root.find(f"{{{SOAP}}}Header")
    security = first(header, "Security") if header is not None else None
    space, operation = local(body[0].tag)
    return Call(space, operation, body[0], security)


def envelope(body: str) -> bytes:
    """``body`` uses the prefixes above."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {_NAMESPACES}><s:Header/>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()
