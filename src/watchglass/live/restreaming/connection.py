"""One RTSP connection of another system (RFC 2326): requests in, answers and packets out."""

import asyncio
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from watchglass.live.restreaming.channel import Channel
from watchglass.live.restreaming.description import CLOCK_RATE, CONTROL, SOUND_CONTROL
from watchglass.live.restreaming.gate import challenge, may_take
from watchglass.live.restreaming.ports import Ports
from watchglass.live.restreaming.session import Datagrams, Outgoing, Session
from watchglass.live.restreaming.sound_channel import SoundChannel
from watchglass.media.serving.requests import Malformed, Request, RequestParser, format_response
from watchglass.model.restream import Restream

METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"
TIMEOUT_S = 60
_FIRST_PICTURE_S = 10.0
_SOUND_TOLD_S = 2.0
"""After the first picture: a run says at once what it sounds like."""
_MOST_REFUSED = 8
_MOST_STUCK = 3000
_READ_BYTES = 16_384
_INTERLEAVED = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})")
_CLIENT_PORTS = re.compile(r"client_port=(\d{1,5})-(\d{1,5})")


class House(Protocol):
    """What a connection asks of the server."""

    def find(self, ports: Ports, path: str) -> Restream | None: ...

    def channel(self, restream: Restream) -> Channel: ...

    def sound(self, restream: Restream) -> SoundChannel: ...

    def release(self, restream: Restream) -> None: ...

    def count(self, *, sent: int = 0, left_out: int = 0, refused: int = 0) -> None: ...

    def fetched(self, session: str, restream: Restream, peer: str, *, over: bool) -> None: ...


class Connection:
    """``serve`` is its whole life."""

    def __init__(
        self,
        house: House,
        ports: Ports,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        now_s: Callable[[], float],
    ) -> None:
        self.restream: Restream | None = None
        self._house = house
        self._ports = ports
        self._reader = reader
        self._writer = writer
        self._now_s = now_s
        self._peer = str(writer.get_extra_info("peername")[0])
        self._heard_s = now_s()
        self._refused = 0
        self._nonce = secrets.token_hex(16)
        self._parser = RequestParser()
        self._channel: Channel | None = None
        self._sound: SoundChannel | None = None
        self._session: Session | None = None

    async def serve(self) -> None:
        with suppress(OSError, Malformed):
            while data := await self._reader.read(_READ_BYTES):
                self._heard_s = self._now_s()
                for request in self._parser.feed(data):
                    answer = await self._answer(request)
                    self._writer.write(answer)
                    if self._refused > _MOST_REFUSED:
                        return
                    if request.method == "PLAY":
                        self._begin()

    def close(self) -> None:
        """Its session is over, and so is the connection."""
        self._end_session()
        if self.restream is not None and self._channel is not None:
            self._house.release(self.restream)
            self._channel = self._sound = None
        self._writer.transport.abort()

    def heard(self, address: str, port: int) -> None:
        """A receiver's report came from there."""
        for track in self._session.tracks if self._session is not None else ():
            way = track.datagrams
            if way is not None and (way.client, way.ports[1]) == (address, port):
                self._heard_s = self._now_s()

    def abort_if_silent(self) -> None:
        session = self._session
        by_tcp = (
            session is not None
            and session.playing
            and all(each.datagrams is None for each in session.tracks)
        )
        # By TCP who reads is there; by UDP only who says so.
        silent = not by_tcp and self._now_s() - self._heard_s > 2 * TIMEOUT_S
        if silent or (session is not None and session.stuck > _MOST_STUCK):
            self._writer.transport.abort()

    # --- requests ----------------------------------------------------------------------------

    async def _answer(self, request: Request) -> bytes:
        if request.method == "OPTIONS":
            return format_response(200, request, {"Public": METHODS})
        path, _, track = request.path.partition("/trackID=")
        restream = self._house.find(self._ports, path)
        header = request.headers.get("authorization", "")
        # Which paths there are is not told to who may take none.
        if restream is None or not may_take(restream, self._nonce, request.method, header):
            if header:
                self._refused += 1
                self._house.count(refused=1)
            return format_response(401, request, {"WWW-Authenticate": challenge(self._nonce)})
        if self.restream is not None and self.restream.id != restream.id:
            return format_response(455, request)
        self.restream = restream
        match request.method:
            case "DESCRIBE":
                return await self._describe(restream, request)
            case "SETUP":
                return await self._set_up(restream, request, track)
            case "PLAY":
                return self._play(request)
            case "GET_PARAMETER" | "SET_PARAMETER":
                return format_response(200, request, self._session_header())
            case "TEARDOWN":
                self._end_session()
                return format_response(200, request)
        return format_response(501, request, {"Public": METHODS})

    async def _describe(self, restream: Restream, request: Request) -> bytes:
        described = await self._open(restream).ready(_FIRST_PICTURE_S)
        if described is None:
            return format_response(503, request)
        sound = await self._hear(restream).ready(_SOUND_TOLD_S) if restream.sound else None
        base = request.url.rstrip("/") + "/"
        headers = {"Content-Base": base, "Content-Type": "application/sdp"}
        return format_response(200, request, headers, described.sdp(self._ports.host, sound))

    async def _set_up(self, restream: Restream, request: Request, track: str) -> bytes:
        session = self._session
        is_sound = track == SOUND_CONTROL.partition("=")[2]
        taken = session is not None and (session.sound if is_sound else session.video) is not None
        if taken or (session is not None and session.playing):
            return format_response(455, request)
        described = await self._open(restream).ready(_FIRST_PICTURE_S)
        if described is None:
            return format_response(503, request)
        kind, clock_rate = described.payload_type, CLOCK_RATE
        if is_sound:
            sound = await self._hear(restream).ready(_SOUND_TOLD_S) if restream.sound else None
            if sound is None:
                return format_response(404, request)
            kind, clock_rate = sound.payload_type, sound.sample_rate
        asked = request.headers.get("transport", "")
        channel, way = 2 if is_sound else 0, None
        if "RTP/AVP/TCP" in asked:
            numbers = _INTERLEAVED.search(asked)
            channel = int(numbers[1]) if numbers else channel
            told = f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"
        else:
            found = _CLIENT_PORTS.search(asked)
            theirs = (int(found[1]), int(found[2])) if found else (0, 0)
            if "multicast" in asked or not all(1024 <= each <= 65_535 for each in theirs):
                return format_response(461, request)
            # To who asked alone, so that nobody else can be sent what they did not ask for.
            way = Datagrams(self._ports.rtp, self._ports.rtcp, self._peer, theirs)
            told = (
                f"RTP/AVP;unicast;client_port={theirs[0]}-{theirs[1]};"
                f"server_port={self._ports.server_ports}"
            )
        if channel > 254:
            return format_response(461, request)
        if session is None:
            house = self._house
            session = self._session = Session(
                self._writer.transport, lambda count: house.count(sent=count),
                lambda count: house.count(left_out=count),
            )  # fmt: skip
        outgoing = Outgoing(kind, clock_rate, channel, way)
        if is_sound:
            session.sound = outgoing
        else:
            session.video = outgoing
        told = f"{told};ssrc={outgoing.sender.ssrc:08X}"
        return format_response(200, request, {"Transport": told, **self._session_header()})

    def _play(self, request: Request) -> bytes:
        session = self._session
        if session is None:
            return format_response(454, request)
        url = request.url.rstrip("/")
        tracks = ((CONTROL, session.video), (SOUND_CONTROL, session.sound))
        info = ",".join(
            f"url={url}/{control};seq={each.sender.sequence}"
            for control, each in tracks
            if each is not None
        )
        headers = self._session_header() | {"Range": "npt=now-", "RTP-Info": info}
        return format_response(200, request, headers)

    def _begin(self) -> None:
        """Noted before the first picture goes."""
        session, channel = self._session, self._channel
        if session is None or session.playing or channel is None or self.restream is None:
            return
        self._house.fetched(session.id, self.restream, self._peer, over=False)
        session.playing = True
        if session.sound is not None and self._sound is not None:
            self._sound.add(session)
        channel.add(session)

    def _end_session(self) -> None:
        session, self._session = self._session, None
        if session is None or self._channel is None:
            return
        self._channel.remove(session)
        if self._sound is not None:
            self._sound.remove(session)
        if session.playing and self.restream is not None:
            self._house.fetched(session.id, self.restream, self._peer, over=True)

    def _open(self, restream: Restream) -> Channel:
        if self._channel is None:
            self._channel = self._house.channel(restream)
        return self._channel

    def _hear(self, restream: Restream) -> SoundChannel:
        """Of a stream that was opened."""
        if self._sound is None:
            self._sound = self._house.sound(restream)
        return self._sound

    def _session_header(self) -> dict[str, str]:
        if self._session is None:
            return {}
        return {"Session": f"{self._session.id};timeout={TIMEOUT_S}"}
