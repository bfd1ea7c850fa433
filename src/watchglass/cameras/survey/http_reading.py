"""Reads an HTTP or RTSP answer: what of it came, however it is broken off."""

from __future__ import annotations

import re
from typing import List, NamedTuple, Optional, Tuple
from urllib.parse import urlsplit

from .connections import Enough
from .seen import Fact, Facts, facts, text

MOST_HEAD_BYTES = 16 * 1024
MOST_PAGE_BYTES = 64 * 1024
MOST_ICON_BYTES = 256 * 1024
_MOST_HEADERS = 128


class Response(NamedTuple):
    """``complete``: all came that was announced, or nothing was announced."""

    status: int
    headers: Tuple[Tuple[str, str], ...]
    body: bytes
    complete: bool

    def all(self, name: str) -> List[str]:
        return [value for each, value in self.headers if each == name]

    def header(self, name: str) -> str:
        return next(iter(self.all(name)), "")


_STATUS = re.compile(rb"(?:HTTP|RTSP)/1\.[01] +(-?[0-9]{1,3})")


def read_response(data: bytes) -> Optional[Response]:
    """None where it is no answer of that kind."""
    match = _STATUS.match(data)
    if match is None:
        return None
    head, ended, rest = data.partition(b"\r\n\r\n")
    if not ended:
        head, ended, rest = data.partition(b"\n\n")
    headers = []
    for line in head[:MOST_HEAD_BYTES].splitlines()[1 : _MOST_HEADERS + 1]:
        name, colon, value = line.partition(b":")
        if colon:
            headers.append((text(name, 64).strip().lower(), text(value).strip()))
    whole = Response(int(match.group(1)), tuple(headers), rest, bool(ended))
    if whole.header("transfer-encoding").lower() == "chunked":
        body, done = _unchunked(rest)
        return whole._replace(body=body, complete=done)
    size = announced(whole)
    if size is None:
        return whole
    return whole._replace(body=rest[:size], complete=len(rest) >= size)


def announced(response: Response) -> Optional[int]:
    """Its Content-Length, where it is a number."""
    length = response.header("content-length")
    return int(length) if re.fullmatch("[0-9]{1,15}", length) else None


def _unchunked(data: bytes) -> Tuple[bytes, bool]:
    body, at = b"", 0
    while True:
        end = data.find(b"\r\n", at)
        digits = data[at:end].partition(b";")[0].strip() if end >= 0 else b""
        if not re.fullmatch(b"[0-9A-Fa-f]{1,8}", digits):
            return body, False
        size = int(digits, 16)
        at = end + 2
        body += data[at : at + size]
        if size == 0 or at + size + 2 > len(data):
            return body, size == 0
        at += size + 2


class WholeAnswer(Enough):
    """As much as was announced; no more waiting for one that announces more than is read."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes

    def whole(self, data: bytes) -> bool:
        if b"\r\n\r\n" not in data and b"\n\n" not in data:
            return len(data) > MOST_HEAD_BYTES
        response = read_response(data)
        if response is None:
            return False
        size = announced(response)
        if size is not None and size > self._most:
            return True
        chunked = response.header("transfer-encoding").lower() == "chunked"
        return response.complete and (size is not None or chunked)


class WholeRtsp(Enough):
    """RTSP announces a body or has none."""

    def whole(self, data: bytes) -> bool:
        response = read_response(data)
        return response is not None and response.complete


# --- what it tells --------------------------------------------------------------------------------

_REALM = re.compile(r'realm\s*=\s*"((?:[^"\\]|\\.){0,512})"', re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]{0,64}>\s*(.{0,1024}?)\s*</title", re.IGNORECASE | re.DOTALL)
_LEADS = re.compile(
    rb"""(?:location(?:\.href|\.replace)?\s*[=(]\s*|url\s*=\s*)["']?"""
    rb"""((?:https?://[^/"'\s]{1,128})?/?[A-Za-z0-9_][^"'\s>;)?]{0,200})""",
    re.IGNORECASE,
)


def page_facts(response: Response, path: str) -> Facts:
    """Of a page: status, server, realms, title, and where it leads. Nothing of it is followed."""
    found = [Fact("status", "%d %s" % (response.status, path))]
    found += facts(server=response.header("server"))
    found += realm_facts(response)
    title = _TITLE.search(response.body)
    if title:
        found += facts(title=text(title.group(1)))
    leads = response.header("location") or _leads(response.body)
    if leads:
        found += facts(page=_path(leads))
    return found


def realm_facts(response: Response) -> Facts:
    found: Facts = []
    for challenge in response.all("www-authenticate")[:4]:
        realm = _REALM.search(challenge)
        if realm:
            found += facts(realm=realm.group(1))
    return found


def _leads(body: bytes) -> str:
    match = _LEADS.search(body)
    return text(match.group(1), 256) if match else ""


def _path(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.path if parts.path.startswith("/") else "/" + parts.path
