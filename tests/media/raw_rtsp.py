"""RTSP servers of a few lines over real sockets, each as wrong as its test wants it."""

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

Talk = Callable[[socket.socket], None]


class RawServer:
    """Listens on a free port of 127.0.0.1 and lets ``talk`` have each connection in a thread.

    ``connections`` counts them, ``received`` is all bytes that came.
    """

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections = 0
        self.ending = threading.Event()
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._main = threading.Thread(target=self._accept, daemon=True)
        self._main.start()

    @property
    def url(self) -> str:
        return f"rtsp://127.0.0.1:{self.port}/main"

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self._talk(connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ending.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._main.join(5)
        for thread in self._threads:
            thread.join(5)


def read_request(connection: socket.socket) -> tuple[str, dict[str, str]]:
    """The next request's method and headers; interleaved packets from the client are skipped."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise ConnectionError
        if byte == b"$" and not data:
            header = connection.recv(3, socket.MSG_WAITALL)
            connection.recv(int.from_bytes(header[1:], "big"), socket.MSG_WAITALL)
            continue
        data += byte
    first, *lines = data.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    return first.split(" ")[0], headers


def answer(cseq: str, status: str = "200 OK", extra: str = "", body: bytes = b"") -> bytes:
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    return f"RTSP/1.0 {status}\r\nCSeq: {cseq}\r\n{extra}{length}\r\n".encode("latin-1") + body


def camera_talk(
    sdp: bytes,
    media: Callable[[socket.socket], None] | None = None,
    setups: list[str] | None = None,
) -> Talk:
    """A camera with this SDP that plays what ``media`` sends after PLAY."""

    def talk(connection: socket.socket) -> None:
        channel = 0
        while True:
            method, headers = read_request(connection)
            cseq = headers.get("cseq", "0")
            if method == "DESCRIBE":
                connection.sendall(
                    answer(cseq, extra="Content-Type: application/sdp\r\n", body=sdp)
                )
            elif method == "SETUP":
                if setups is not None:
                    setups.append(headers.get("transport", ""))
                transport = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
                channel += 2
                connection.sendall(
                    answer(cseq, extra=f"Transport: {transport}\r\nSession: 1234;timeout=60\r\n")
                )
            elif method == "PLAY":
                connection.sendall(answer(cseq, extra="Session: 1234\r\n"))
                if media is not None:
                    media(connection)
            else:
                connection.sendall(answer(cseq, extra="Public: DESCRIBE, SETUP, PLAY\r\n"))

    return talk


def rtp(
    payload: bytes, sequence: int, timestamp: int, *, marker: bool, channel: int = 0, kind: int = 96
) -> bytes:
    """One RTP packet, interleaved (RFC 2326, 10.12)."""
    header = bytes([0x80, kind | (0x80 if marker else 0)])
    header += (sequence & 0xFFFF).to_bytes(2, "big") + (timestamp & 0xFFFF_FFFF).to_bytes(4, "big")
    packet = header + b"\x11\x22\x33\x44" + payload
    return b"$" + bytes([channel]) + len(packet).to_bytes(2, "big") + packet


def frame_packets(nals: Sequence[bytes], sequence: int, timestamp: int) -> tuple[bytes, int]:
    """An access unit of H.264 as RTP (FU-A where needed), and the next sequence number."""
    out = b""
    for index, nal in enumerate(nals):
        last_nal = index == len(nals) - 1
        if len(nal) <= 1400:
            out += rtp(nal, sequence, timestamp, marker=last_nal)
            sequence += 1
            continue
        pieces = [nal[at : at + 1400] for at in range(1, len(nal), 1400)]
        for number, piece in enumerate(pieces):
            start, end = number == 0, number == len(pieces) - 1
            fu = bytes([nal[0] & 0xE0 | 28, nal[0] & 0x1F | start << 7 | end << 6])
            out += rtp(fu + piece, sequence, timestamp, marker=last_nal and end)
            sequence += 1
    return out, sequence
