"""A simulated device on a network: which ports it opens, and what it answers there.

Cameras of `simulate.fleet` send pictures; these send what a scan asks for, byte by byte as it was
written down: answers to discovery, pages, greetings, certificates. What a device *is* stands
nowhere in here.
"""

from enum import StrEnum

import msgspec


class Speech(StrEnum):
    """What a port speaks."""

    HTTP = "http"
    RTSP = "rtsp"
    GREETING = "greeting"
    ELSEWHERE = "elsewhere"
    """Another process in the network answers there, such as simulated cameras that send pictures.
    """


class Manner(StrEnum):
    """How a port behaves; all but the first are what a scan must survive."""

    NORMAL = "normal"
    ENDLESS = "endless"
    """After its answer it sends for ever, as fast as it is read."""
    DRIP = "drip"
    """A byte of its answer every two seconds."""
    MUTE = "mute"
    """It accepts, and says nothing."""


class Certificate(msgspec.Struct, frozen=True):
    """What a TLS port shows: certificate and key, both PEM. Firmware ships one to many devices."""

    certificate_pem: str
    key_pem: str


class Answer(msgspec.Struct, frozen=True):
    """A whole answer, head and body. ``guarded``: only with the device's user and password."""

    data: bytes
    guarded: bool = False


class Port(msgspec.Struct, frozen=True, kw_only=True):
    """A TCP port. ``answers`` by path for HTTP, by method for RTSP, ``*`` for the rest.

    ``realm`` is that of its digest login; answers that are guarded need it.
    """

    number: int
    speaks: Speech
    answers: dict[str, Answer] = {}
    realm: str = ""
    manner: Manner = Manner.NORMAL
    certificate: Certificate | None = None


class Discovered(msgspec.Struct, frozen=True, kw_only=True):
    """Its answers to one discovery protocol; ``protocol`` is the id of a row of the facts.

    ``to_group``: sent to the group that was asked, as some do, and not to who asked. ``port``
    is where it goes when not back to the port that asked.
    """

    protocol: str
    data: tuple[bytes, ...]
    to_group: bool = False
    port: int = 0


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A device at its address. ``hears_arp`` false: nobody learns its MAC, nothing reaches it.

    ``refuses``: its closed ports say so (RST); otherwise they keep still.
    """

    address: str
    mac: str
    ports: tuple[Port, ...] = ()
    discovery: tuple[Discovered, ...] = ()
    user: str = ""
    password: str = ""
    hears_arp: bool = True
    refuses: bool = True
