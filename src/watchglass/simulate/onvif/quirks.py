"""What real devices do beside the standard."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

SLOW_BYTES_PER_S: Final = 4.0


class Hostile(StrEnum):
    """What a device answers that means harm, or does not care."""

    NONE = ""
    ENTITIES = "entities"
    """A billion laughs."""
    OUTSIDE = "outside"
    """An entity that names a file of whoever reads it."""
    DEEP = "deep"
    MANY = "many"
    ENDLESS = "endless"
    SLOW = "slow"
    NO_XML = "no_xml"
    CUT = "cut"
    REDIRECT = "redirect"
    """To the metadata service of a cloud."""
    TEXTS = "texts"
    """Control characters, markup and much of it where names are expected."""
    ELSEWHERE = "elsewhere"
    """All its URLs lead to other hosts, and to other schemes."""


@dataclass(frozen=True, slots=True)
class Quirks:
    """Of one device. ``hostile`` answers the operation ``hostile_at``, or every one."""

    advertised: str = ""
    """HOST or HOST:PORT in every URL it tells: it does not know that it is behind NAT."""
    clock_offset_s: float = 0.0
    most_skew_s: float = 30.0
    """Between its clock and the time in a UsernameToken."""
    http_digest: bool = False
    """Asks for HTTP digest, and takes no UsernameToken."""
    media2: bool = True
    get_services: bool = True
    ptz: bool = True
    events: bool = True
    snapshot: bool = True
    masks: bool = True
    rectangle_masks: bool = False
    broken_relative_time: bool = False
    """Takes PT60S for one second."""
    ignores_move_timeout: bool = False
    """A move goes on until Stop, whatever its Timeout says."""
    hostile: Hostile = Hostile.NONE
    hostile_at: str = ""


def hostile_body(kind: Hostile) -> bytes:
    """The whole answer; SLOW and ENDLESS begin with it."""
    match kind:
        case Hostile.ENTITIES:
            rows = "".join(
                f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10)
            )  # fmt: skip
            return (
                f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{rows}]><x>&e9;</x>'.encode()
            )
        case Hostile.OUTSIDE:
            return (
                b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                b"<x>&e;</x>"
            )
        case Hostile.DEEP:
            return b"<a>" * 20_000 + b"</a>" * 20_000
        case Hostile.MANY:
            return b"<a>" + b"<b/>" * 60_000 + b"</a>"
        case Hostile.NO_XML:
            return b"\x00\xff" * 512
        case Hostile.CUT:
            return b'<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-env'
        case _:
            return b'<?xml version="1.0"?><a>'
