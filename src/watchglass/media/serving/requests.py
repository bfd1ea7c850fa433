"""RTSP 1.0 messages (RFC 2326): requests as they arrive, responses as they leave."""

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

MAX_HEAD_BYTES = 16_384
MAX_BODY_BYTES = 65_536

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Stream Not Found",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    503: "Service Unavailable",
}


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    url: str
    headers: dict[str, str]
    """Names in lower case."""

    @property
    def path(self) -> str:
        """Path of the URL without slashes at the ends: camera/stream, perhaps /trackID=N; empty
        for what is no URL."""
        try:
            return unquote(urlsplit(self.url).path).strip("/")
        except ValueError:
            return ""


class Malformed(Exception):
    """What came in is no RTSP; the connection cannot go on."""


@dataclass(slots=True)
class RequestParser:
    """Bytes of a connection in, requests out; interleaved packets of the client are left out."""

    _buffer: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> list[Request]:
        self._buffer += data
        requests = []
        while (request := self._next()) is not None:
            requests.append(request)
        return requests

    def _next(self) -> Request | None:
        while self._buffer[:1] == b"$":
            if len(self._buffer) < 4:
                return None
            end = 4 + int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < end:
                return None
            del self._buffer[:end]
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            if len(self._buffer) > MAX_HEAD_BYTES:
                raise Malformed("no end of the request's head")
            return None
        request = _parse_head(self._buffer[:head_end].decode("utf-8", "replace"))
        length = request.headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > 9:
            raise Malformed("Content-Length is no number")
        if int(length) > MAX_BODY_BYTES:
            raise Malformed("the request is too long")
        end = head_end + 4 + int(length)
        if len(self._buffer) < end:
            return None
        del self._buffer[:end]
        return request


def _parse_head(head: str) -> Request:
    first, *lines = head.lstrip("\r\n").split("\r\n")
    match first.split(" "):
        case [method, url, version] if version.startswith("RTSP/"):
            pass
        case _:
            raise Malformed(f"no request line: {first[:80]!r}")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return Request(method, url, headers)


def format_response(
    status: int, request: Request, headers: dict[str, str] | None = None, body: str = ""
) -> bytes:
    lines = [f"RTSP/1.0 {status} {_REASONS[status]}", f"CSeq: {request.headers.get('cseq', '0')}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body.encode())}")
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()
