"""One RTSP connection (RFC 2326): requests in, responses and interleaved media out."""

import asyncio
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from watchglass.media.serving.requests import Malformed, Request, RequestParser, format_response
from watchglass.simulate import digest, sdp
from watchglass.simulate.digest import Credentials
from watchglass.simulate.session import Session
from watchglass.simulate.stream import Stream
from watchglass.simulate.wire import DatagramWire, StreamWire, Wire

METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"

_INTERLEAVED = re.compile(r"interleaved=(\d+)-(\d+)")
_CLIENT_PORTS = re.compile(r"client_port=(\d{1,5})-(\d{1,5})")
TransportName = Literal["tcp", "udp", "http"]
TRANSPORTS: Final[tuple[TransportName, ...]] = ("tcp", "udp", "http")


@dataclass(frozen=True, slots=True)
class Settings:
    credentials: Credentials | None = None
    send_limit_bytes: int = 4 << 20
    transports: frozenset[TransportName] = frozenset(TRANSPORTS)
    """Those that are not refused with 461, or closed to HTTP."""
    session_timeout_s: float = 60.0
    """A session whose client has said nothing for so long is ended; told in the Session header."""


class RtspConnection(asyncio.Protocol):
    def __init__(
        self,
        client_id: int,
        find: Callable[[str], tuple[Stream, str] | None],
        settings: Settings,
        closed: Callable[["RtspConnection"], None],
    ) -> None:
        """`find` answers a path with its stream and track ("" for the whole stream)."""
        self.tunnelled = False
        self._client_id = client_id
        self._find = find
        self._settings = settings
        self._closed = closed
        self._nonce = digest.new_nonce()
        self._parser = RequestParser()
        self._session: Session | None = None
        self._wire: StreamWire | None = None
        self._client = "127.0.0.1"
        self._address = "127.0.0.1"
        self._heard_s = time.monotonic()
        self._methods: dict[str, Callable[[Stream, str, Request], bytes]] = {
            "OPTIONS": self._options,
            "DESCRIBE": self._describe,
            "SETUP": self._set_up,
            "PLAY": self._play,
            "GET_PARAMETER": self._parameter,
            "SET_PARAMETER": self._parameter,
            "TEARDOWN": self._tear_down,
        }

    # asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._wire = StreamWire(transport, self._settings.send_limit_bytes)
        self._address = transport.get_extra_info("sockname")[0]
        self._client = transport.get_extra_info("peername")[0]

    def data_received(self, data: bytes) -> None:
        self._heard_s = time.monotonic()
        try:
            requests = self._parser.feed(data)
        except Malformed:
            self.abort()
            return
        for request in requests:
            self._handle(request)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_session()
        self._closed(self)

    def abort(self) -> None:
        if self._wire is not None:
            self._wire.abort()

    def abort_if_silent(self) -> None:
        """End a session whose client sends neither requests nor receiver reports."""
        playing = self._session is not None and self._session.playing
        # Twice the time told: RFC 2326 leaves the server free to be generous, and all are.
        if playing and time.monotonic() - self._heard_s > 2 * self._settings.session_timeout_s:
            self.abort()

    # Requests

    def _handle(self, request: Request) -> None:
        assert self._wire is not None
        found = self._find(request.path)
        if found is None:
            known = request.method == "OPTIONS"
            headers = {"Public": METHODS} if known else None
            self._wire.send([format_response(200 if known else 404, request, headers)])
            return
        stream, track = found
        if stream.faults.offline:
            self.abort()
        elif stream.faults.garbage:
            self._wire.send([b"\x00\xffHTTP/0.1 \r\n" + os.urandom(256) + b"\r\n\r\n"])
        elif stream.faults.refuse or not self._is_authorised(request):
            self._wire.send([self._unauthorised(request)])
        elif (method := self._methods.get(request.method)) is None:
            self._wire.send([format_response(501, request, {"Public": METHODS})])
        else:
            self._wire.send([method(stream, track, request)])
            if request.method == "PLAY" and self._session is not None:
                stream.begin(self._session)

    def _is_authorised(self, request: Request) -> bool:
        credentials = self._settings.credentials
        if credentials is None or request.method == "OPTIONS":
            return True
        header = request.headers.get("authorization")
        return digest.is_authorised(credentials, self._nonce, request.method, header)

    def _unauthorised(self, request: Request) -> bytes:
        credentials = self._settings.credentials or Credentials("", "")
        value = digest.challenge(credentials, self._nonce)
        return format_response(401, request, {"WWW-Authenticate": value})

    def _options(self, stream: Stream, track: str, request: Request) -> bytes:
        return format_response(200, request, {"Public": METHODS})

    def _describe(self, stream: Stream, track: str, request: Request) -> bytes:
        announcement = sdp.Announcement(
            parameter_sets=not stream.faults.no_sprop,
            encoding=stream.faults.unsupported or None,
        )
        headers = {
            "Content-Base": request.url.rstrip("/") + "/",
            "Content-Type": "application/sdp",
        }
        body = sdp.describe(stream.loop, self._address, announcement)
        return format_response(200, request, headers, body)

    def _set_up(self, stream: Stream, track: str, request: Request) -> bytes:
        asked = request.headers.get("transport", "")
        way: TransportName = "tcp" if "RTP/AVP/TCP" in asked else "udp"
        # Through a tunnel media is interleaved too, even where a plain connection has none.
        allowed = "http" if self.tunnelled else way
        ports = _CLIENT_PORTS.search(asked)
        if allowed not in self._settings.transports or (way == "udp" and ports is None):
            return format_response(461, request)
        if self._session is None:
            self._session = Session(self._client_id, stream, self._wire_for(way, stream))
        elif self._session.stream is not stream or self._session.playing:
            return format_response(455, request)
        numbers = _INTERLEAVED.search(asked)
        first = int(numbers[1]) if numbers else (0 if track == sdp.VIDEO_CONTROL else 2)
        if first > 254:
            return format_response(461, request)
        ssrc = self._session.set_up(track, first)
        if ssrc is None:
            return format_response(404, request)
        answer = f"RTP/AVP/TCP;unicast;interleaved={first}-{first + 1};ssrc={ssrc:08X}"
        if isinstance(wire := self._session.wire, DatagramWire) and ports is not None:
            theirs = int(ports[1]), int(ports[2])
            ours = wire.add(first, theirs)
            answer = (
                f"RTP/AVP;unicast;client_port={theirs[0]}-{theirs[1]};"
                f"server_port={ours[0]}-{ours[1]};ssrc={ssrc:08X}"
            )
        return format_response(200, request, {"Transport": answer, **self._session_header()})

    def _wire_for(self, way: TransportName, stream: Stream) -> Wire:
        if way == "tcp":
            return self._require_wire()
        return DatagramWire(self._address, self._client, self.abort, lambda: stream.faults.disorder)

    def _play(self, stream: Stream, track: str, request: Request) -> bytes:
        session = self._session
        if session is None or not session.is_set_up:
            return format_response(454, request)
        headers = self._session_header()
        if not session.playing:
            headers |= {"Range": "npt=0.000-", "RTP-Info": session.play(request.url)}
        return format_response(200, request, headers)

    def _parameter(self, stream: Stream, track: str, request: Request) -> bytes:
        return format_response(200, request, self._session_header())

    def _tear_down(self, stream: Stream, track: str, request: Request) -> bytes:
        if self._session is None:
            return format_response(454, request)
        self._end_session()
        return format_response(200, request)

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is None:
            return
        session.end()
        if isinstance(session.wire, DatagramWire):
            session.stream.counters.receiver_reports += session.wire.reports
            session.wire.close()

    def _session_header(self) -> dict[str, str]:
        if self._session is None:
            return {}
        timeout_s = round(self._settings.session_timeout_s)
        return {"Session": f"{self._session.session_id};timeout={timeout_s}"}

    def _require_wire(self) -> StreamWire:
        assert self._wire is not None
        return self._wire
