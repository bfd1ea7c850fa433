"""A small RTSP client on a plain socket: what arrives, byte for byte."""

import re
import socket
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from watchglass.simulate import digest
from watchglass.simulate.digest import Credentials


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class RtpPacket:
    channel: int
    marker: bool
    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


class RtspClient:
    def __init__(self, url: str, timeout_s: float = 5) -> None:
        parts = urlsplit(url)
        self.url = f"rtsp://{parts.hostname}:{parts.port}{parts.path}"
        self._login = (parts.username or "", parts.password or "")
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout_s)
        self._buffer = b""
        self._cseq = 0
        self._challenge: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._socket.close()

    def request(self, method: str, path: str = "", **headers: str) -> Response:
        """One exchange; answers a digest challenge once."""
        response = self._exchange(method, path, headers)
        if response.status == 401 and not self._challenge:
            value = response.headers["www-authenticate"]
            self._challenge = dict(re.findall(r'(\w+)="([^"]*)"', value))
            response = self._exchange(method, path, headers)
        return response

    def _exchange(self, method: str, path: str, headers: dict[str, str]) -> Response:
        self._cseq += 1
        url = self.url + path
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._cseq}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self._challenge:
            lines.append("Authorization: " + self._authorization(method, url))
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode())
        return self._response()

    def _authorization(self, method: str, url: str) -> str:
        login = Credentials(*self._login, qop="qop" in self._challenge)
        fields = {"uri": url, "nc": "00000001", "cnonce": "abc", "qop": "auth"}
        nonce = self._challenge["nonce"]
        fields["response"] = digest.response(login, nonce, method, fields)
        fields |= {"username": login.user, "realm": self._challenge["realm"], "nonce": nonce}
        return "Digest " + ", ".join(f'{name}="{value}"' for name, value in fields.items())

    def play(self, sound: bool = False) -> Response:
        assert self.request("DESCRIBE").status == 200
        transport = "RTP/AVP/TCP;unicast;interleaved={}"
        assert self.request("SETUP", "/trackID=0", Transport=transport.format("0-1")).status == 200
        if sound:
            answer = self.request("SETUP", "/trackID=1", Transport=transport.format("2-3"))
            assert answer.status == 200
        return self.request("PLAY")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """Whatever comes next; empty when the server has closed."""
        return self._socket.recv(65536)

    def set_timeout(self, timeout_s: float) -> None:
        self._socket.settimeout(timeout_s)

    def interleaved(self) -> tuple[int, bytes]:
        """(channel, packet)."""
        head = self._take(4)
        assert head[:1] == b"$", head
        return head[1], self._take(int.from_bytes(head[2:4], "big"))

    def rtp(self, channel: int = 0) -> RtpPacket:
        """The next RTP packet on a channel; others are passed over."""
        while True:
            got, data = self.interleaved()
            if got == channel:
                return RtpPacket(
                    got,
                    bool(data[1] & 0x80),
                    data[1] & 0x7F,
                    int.from_bytes(data[2:4], "big"),
                    int.from_bytes(data[4:8], "big"),
                    int.from_bytes(data[8:12], "big"),
                    data[12:],
                )

    def access_unit(self) -> list[RtpPacket]:
        """The RTP packets up to and with the next marker on channel 0."""
        packets = [self.rtp()]
        while not packets[-1].marker:
            packets.append(self.rtp())
        return packets

    def _response(self) -> Response:
        while True:
            if not self._buffer:
                self._fill()
            if self._buffer[:1] != b"$":
                break
            self.interleaved()
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (ln.partition(":") for ln in lines)
        }
        body = self._take(int(headers.get("content-length", "0")))
        return Response(int(first.split()[1]), headers, body.decode())

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        data, self._buffer = self._buffer[:count], self._buffer[count:]
        return data

    def _fill(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self._buffer += data
