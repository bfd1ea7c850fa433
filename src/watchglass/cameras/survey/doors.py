"""The doors of one device that are open to everybody, from its page to its greeting."""

from __future__ import annotations

from typing import List, NamedTuple, Tuple

from . import icon_hash, questions
from .answers_standard import upnp_description
from .certificate import CertificateError, names_of
from .connections import Closed, Connections, Enough, NoConnectionError
from .http_reading import (
    MOST_HEAD_BYTES,
    MOST_ICON_BYTES,
    MOST_PAGE_BYTES,
    Response,
    WholeAnswer,
    WholeRtsp,
    page_facts,
    read_response,
    realm_facts,
)
from .questions import TcpQuestion
from .seen import Fact, Facts, banner, facts, text

_MOST_GREETING_BYTES = 256
_MOST_SDP_LINES = 64
_CODING = ("a=rtpmap", "a=fmtp", "a=range", "a=control")


class Visit(NamedTuple):
    """What one port gave. ``how`` is None where it took the call."""

    port: int
    how: "Closed | None"
    source: str = ""
    facts: Tuple[Fact, ...] = ()

    @property
    def opened(self) -> bool:
        return self.how is None


def _visit(port: int, source: str, found: Facts) -> Visit:
    return Visit(port, None, source, (Fact("open_port", "%d/tcp" % port), *found))


async def page(ask: Connections, address: str) -> Visit:
    """One GET of the first page."""
    return await _got(ask, address, questions.PAGE.ports[0], "/")


async def _got(ask: Connections, address: str, port: int, path: str) -> Visit:
    try:
        response = await fetch(ask, address, port, path, MOST_PAGE_BYTES)
    except NoConnectionError as error:
        return Visit(port, error.how)
    return _visit(port, "http", page_facts(response, path) if response is not None else [])


async def fetch(
    ask: Connections, address: str, port: int, path: str, most_bytes: int
) -> "Response | None":
    """One GET; None for what is no HTTP. NoConnectionError."""
    exchange = await ask.ask(
        address, port, (questions.http_get(address, path),), most_bytes + MOST_HEAD_BYTES,
        WholeAnswer(most_bytes),
    )  # fmt: skip
    return read_response(exchange.first)


async def icon(ask: Connections, address: str) -> Visit:
    """The picture that browsers show; hashed if all of it came and it is one."""
    port = questions.ICON.ports[0]
    try:
        response = await fetch(ask, address, port, "/favicon.ico", MOST_ICON_BYTES)
    except NoConnectionError as error:
        return Visit(port, error.how)
    found: Facts = []
    if response is not None and response.status == 200 and _is_icon(response):
        found = facts(
            favicon_mmh3=str(icon_hash.mmh3_of(response.body)),
            favicon_md5=icon_hash.md5_of(response.body),
        )
    return Visit(port, None, "favicon", tuple(found))


def _is_icon(response: Response) -> bool:
    body = response.body
    return bool(body) and response.complete and body.lstrip()[:1] != b"<"


async def description(ask: Connections, address: str, port: int, path: str) -> Visit:
    """UPnP's description, from where the device's own answer said it lies."""
    if not questions.description_path(path):
        return Visit(port, Closed.SILENT)
    try:
        response = await fetch(ask, address, port, path, MOST_PAGE_BYTES)
    except NoConnectionError as error:
        return Visit(port, error.how)
    found = upnp_description(response.body) if response is not None else []
    return Visit(port, None, "ssdp", tuple(found))


async def stream(ask: Connections, address: str) -> Visit:
    """RTSP: OPTIONS, then DESCRIBE, on one connection, or on two where the first is closed."""
    port = questions.RTSP.ports[0]
    both = tuple(questions.rtsp(name, address, n) for n, name in ((1, "OPTIONS"), (2, "DESCRIBE")))
    try:
        told = await ask.ask(address, port, both, MOST_PAGE_BYTES, WholeRtsp())
        answers = list(told.answers)
        if len(answers) == 1 and read_response(answers[0]) is not None:
            again = await ask.ask(address, port, both[1:], MOST_PAGE_BYTES, WholeRtsp())
            answers += again.answers
    except NoConnectionError as error:
        return Visit(port, error.how)
    found: Facts = []
    for name, data in zip(("OPTIONS", "DESCRIBE"), answers):
        response = read_response(data)
        if response is not None:
            found += [Fact("status", "%d %s" % (response.status, name))]
            found += facts(server=response.header("server")) + realm_facts(response)
            found += described(response)
    return _visit(port, "rtsp", list(dict.fromkeys(found)))


def described(response: Response) -> Facts:
    """The path of its stream, and the lines of its SDP that are not about coding."""
    found: Facts = []
    base = response.header("content-base")
    if base:
        # Host and user are not wanted: the path alone tells the firmware.
        path = base.partition("://")[2].partition("/")[2]
        found += facts(rtsp_path="/" + path)
    if not response.body.lstrip().startswith(b"v=0"):
        return found
    for line in text(response.body, 32_768).splitlines()[:_MOST_SDP_LINES]:
        plain = line.strip()
        kept = plain[:2] in ("s=", "i=", "e=", "u=", "o=") or plain.startswith("m=application")
        if kept or (plain.startswith("a=") and not plain.startswith(_CODING)):
            found += facts(sdp=plain)
    return found


async def certificate(ask: Connections, address: str) -> Visit:
    """TLS: a handshake and no word more."""
    port = questions.TLS.ports[0]
    try:
        shown = await _handshake(ask, address, port)
    except NoConnectionError as error:
        return Visit(port, error.how)
    try:
        names = names_of(shown)
    except CertificateError:
        return _visit(port, "tls", [])
    return _visit(port, "tls", facts(
        tls_subject=names.subject, tls_issuer=names.issuer, tls_fingerprint=names.fingerprint,
    ))  # fmt: skip


async def _handshake(ask: Connections, address: str, port: int) -> bytes:
    exchange = await ask.ask(address, port, (), 0, secure=True)
    return exchange.certificate or b""


async def greeting(ask: Connections, address: str, question: TcpQuestion) -> Visit:
    """What a port says when called; nothing is said to it."""
    port = question.ports[0]
    try:
        exchange = await ask.ask(address, port, (), _MOST_GREETING_BYTES, _Line())
    except NoConnectionError as error:
        return Visit(port, error.how)
    plain = _without_telnet(exchange.first) if question is questions.TELNET else exchange.first
    return _visit(port, "greeting", facts(banner=banner(plain)) if plain else [])


class _Line(Enough):
    def whole(self, data: bytes) -> bool:
        return len(data) >= 16 and (b"\n" in data or data[:3] == b"\0\0\0" or data[-2:] == b": ")


def _without_telnet(data: bytes) -> bytes:
    """Without Telnet's own commands: three bytes each, from 0xff."""
    plain, at = bytearray(), 0
    while at < len(data):
        if data[at] == 0xFF:
            at += 3
        else:
            plain.append(data[at])
            at += 1
    return bytes(plain).strip(b"\r\n\0 ")


def ports() -> List[int]:
    """Every port at which a device is called."""
    asked = (questions.PAGE, questions.TLS, questions.RTSP, questions.TELNET, questions.CONTROL)
    return [question.ports[0] for question in asked]
