"""RTSP 1.0 messages (RFC 2326): what we ask, and what a camera answers or asks."""

import re
from dataclasses import dataclass

from watchglass.base.errors import StreamInvalidError

MOST_HEAD_BYTES = 64 << 10
MOST_BODY_BYTES = 256 << 10
MOST_HEADERS = 256

_STATUS_LINE = re.compile(r"RTSP/\d\.\d +(\d{3})(?: .*)?")
_REQUEST_LINE = re.compile(r"([A-Z_]{2,32}) +(\S{1,4096}) +RTSP/\d\.\d")
_HEAD_STARTS = (b"RTSP/", b"OPTIONS ", b"GET_PARAMETER ", b"SET_PARAMETER ", b"ANNOUNCE ",
                b"REDIRECT ", b"TEARDOWN ", b"PAUSE ", b"PLAY_NOTIFY ")  # fmt: skip
_LONGEST_START = max(map(len, _HEAD_STARTS))


@dataclass(frozen=True, slots=True)
class Message:
    """A response (``status``) or a request of the camera's (``method``); the other one is empty.

    Names of ``headers`` are in lower case; one that is sent twice is there twice.
    """

    status: int
    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first value of a header; empty when it is missing."""
        return next((value for found, value in self.headers if found == name), "")

    def all_headers(self, name: str) -> list[str]:
        return [value for found, value in self.headers if found == name]

    @property
    def cseq(self) -> int | None:
        """The number of the request it answers; None where a camera left it out."""
        value = self.header("cseq")
        return int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None

    @property
    def body_bytes(self) -> int:
        """The announced length; StreamInvalidError for one that is no length, or too much."""
        value = self.header("content-length") or "0"
        if not (value.isascii() and value.isdigit()) or len(value) > 9:
            raise StreamInvalidError("The camera names an impossible length for its answer.")
        if int(value) > MOST_BODY_BYTES:
            raise StreamInvalidError("The camera's answer is far too long.")
        return int(value)


def may_begin_message(data: bytes) -> bool:
    """Whether these first bytes (as many as there are yet) can be those of a message."""
    begin = data[:_LONGEST_START]
    return any(
        begin.startswith(start) if len(begin) >= len(start) else start.startswith(begin)
        for start in _HEAD_STARTS
    )


def parse_head(head: bytes) -> Message:
    """Start line and headers, without the empty line; StreamInvalidError when it is no RTSP."""
    if len(head) > MOST_HEAD_BYTES:
        raise StreamInvalidError("The camera's answer has an endless head.")
    first, *lines = head.decode("utf-8", "replace").replace("\r", "\n").split("\n")
    if len(lines) > 2 * MOST_HEADERS:
        raise StreamInvalidError("The camera's answer has too many header lines.")
    headers = []
    for line in filter(None, lines):
        name, colon, value = line.partition(":")
        if colon:
            headers.append((name.strip().lower(), value.strip()))
    if status := _STATUS_LINE.fullmatch(first.strip()):
        return Message(int(status[1]), "", tuple(headers))
    if request := _REQUEST_LINE.fullmatch(first.strip()):
        return Message(0, request[1], tuple(headers))
    raise StreamInvalidError("What answers does not speak RTSP: check port and path.")


def format_request(method: str, url: str, cseq: int, headers: list[tuple[str, str]]) -> bytes:
    """A request without a body. None of the texts may hold a line's end."""
    lines = [f"{method} {url} RTSP/1.0", f"CSeq: {cseq}", "User-Agent: Watchglass"]
    lines += [f"{name}: {value}" for name, value in headers]
    return _encoded(lines)


def format_answer(request: Message) -> bytes:
    """What we answer to a camera that asks: yes to signs of life, and to nothing else."""
    known = request.method in ("OPTIONS", "GET_PARAMETER", "SET_PARAMETER")
    status = "200 OK" if known else "501 Not Implemented"
    return _encoded([f"RTSP/1.0 {status}", f"CSeq: {request.cseq or 0}"])


def _encoded(lines: list[str]) -> bytes:
    assert not any("\r" in line or "\n" in line for line in lines)
    return "\r\n".join([*lines, "", ""]).encode()
