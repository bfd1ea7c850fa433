"""What one client takes: packets under headers of its own, by TCP or UDP, and never waited for."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.live.restreaming.channel import Picture
from watchglass.live.restreaming.description import CLOCK_RATE
from watchglass.media.serving.packetize import RtpSender

MOST_WAITING_BYTES = 4 << 20
_REPORT_NS = 5 * NS_PER_S
_CNAME = b"watchglass"
_INTERLEAVED_BYTES = 4


@dataclass(slots=True)
class Datagrams:
    """A way by UDP: our pair of sockets, and where the client hears."""

    rtp: socket.socket
    rtcp: socket.socket
    client: str
    ports: tuple[int, int]


@dataclass(slots=True)
class Session:
    """``put`` sends a picture, or leaves it out up to the next key frame where the client does not
    keep up; ``sent`` and ``left_out`` are told how many."""

    transport: asyncio.WriteTransport
    channel_number: int
    datagrams: Datagrams | None
    payload_type: int
    sent: Callable[[int], None]
    left_out: Callable[[int], None]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    playing: bool = False
    stuck: int = 0
    """Pictures left out one after another."""
    _sender: RtpSender = field(init=False)
    _whole: bool = False
    _reported_ns: int = 0

    def __post_init__(self) -> None:
        self._sender = RtpSender(
            self.payload_type, CLOCK_RATE, self.channel_number, secrets.randbits(32),
            secrets.randbits(16),
        )  # fmt: skip

    @property
    def ssrc(self) -> int:
        return self._sender.ssrc

    @property
    def sequence(self) -> int:
        return self._sender.sequence

    def put(self, picture: Picture) -> None:
        if not self.playing:
            return
        waiting = self.transport.get_write_buffer_size()
        if picture.is_key:
            self._whole = waiting <= MOST_WAITING_BYTES // 4
        elif waiting > MOST_WAITING_BYTES:
            self._whole = False
        if not self._whole:
            self.stuck += 1
            self.left_out(1)
            return
        self.stuck = 0
        packets = b"".join(self._sender.packets(picture.payloads, picture.timestamp))
        if abs(picture.wall_ns - self._reported_ns) >= _REPORT_NS:
            self._reported_ns = picture.wall_ns
            report = self._sender.sender_report(picture.timestamp, picture.wall_ns, _CNAME)
            packets = report + packets
        self._send(packets)
        self.sent(1)

    def _send(self, packets: bytes) -> None:
        way = self.datagrams
        if way is None:
            self.transport.write(packets)
            return
        at = 0
        while at < len(packets):
            end = at + _INTERLEAVED_BYTES + int.from_bytes(packets[at + 2 : at + 4], "big")
            is_report = packets[at + 1] != self.channel_number
            own, port = (way.rtcp, way.ports[1]) if is_report else (way.rtp, way.ports[0])
            # What the system does not take is lost, as on any network.
            with suppress(OSError):
                own.sendto(packets[at + _INTERLEAVED_BYTES : end], (way.client, port))
            at = end
