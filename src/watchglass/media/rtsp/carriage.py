"""How a session's media come: on the RTSP connection itself, or beside it."""

import re
from dataclasses import dataclass
from typing import Protocol

from watchglass.media.rtsp import refusal
from watchglass.media.rtsp.connection import Connection
from watchglass.media.rtsp.framing import Framing

_INTERLEAVED = re.compile(r"interleaved\s*=\s*(\d{1,3})(?:\s*-\s*(\d{1,3}))?(?!\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels of one medium in the carriage's framing."""

    rtp: int
    rtcp: int


class Carriage(Protocol):
    """Used by the session's thread alone. OSError and CameraError come out of it."""

    framing: Framing
    """Where media come out, each packet on its channel."""

    def offer(self, clock_rate: int) -> str:
        """The Transport header of the next SETUP, of a medium with this clock."""
        ...

    def accept(self, transport: str) -> Channels:
        """What the camera answered to it; `refusal.TransportRefused` when it is not that."""
        ...

    def receive(self, *, more_is_coming: bool) -> int:
        """See `Connection.receive`; what came is in ``framing``'s room."""
        ...

    def close(self) -> None:
        """Give back what it holds beside the connection."""
        ...


class Interleaved:
    """RTP between the messages of the connection (RFC 2326, 10.12), tunnelled or not."""

    def __init__(self, connection: Connection, host: str) -> None:
        self.framing = connection.framing
        self.receive = connection.receive
        self._host = host
        self._wanted = Channels(-2, -1)

    def offer(self, clock_rate: int) -> str:
        """See `Carriage.offer`."""
        rtp = self._wanted.rtp + 2
        self._wanted = Channels(rtp, rtp + 1)
        return f"RTP/AVP/TCP;unicast;interleaved={rtp}-{rtp + 1}"

    def accept(self, transport: str) -> Channels:
        """See `Carriage.accept`."""
        if transport and "TCP" not in transport.upper():
            raise refusal.no_transport(self._host)
        match = _INTERLEAVED.search(transport)
        if match is None:
            if "interleaved" in transport:
                raise refusal.no_rtsp(self._host)
            return self._wanted
        rtp = int(match[1])
        rtcp = int(match[2]) if match[2] else rtp + 1
        taken = self.framing.channels
        if rtp > 255 or rtcp > 255 or rtp == rtcp or taken[rtp] or taken[rtcp]:
            raise refusal.no_rtsp(self._host)
        return Channels(rtp, rtcp)

    def close(self) -> None:
        """Nothing is held beside the connection."""
