"""RTP over UDP (RFC 2326, 10.4): for cameras that do not send on the RTSP connection.

Each packet is laid into the framing as if it had come interleaved, so what is behind the framing is
the same for all transports. Packets of any other address than the camera's are left out; lost ones
are holes, as ever.
"""

import os
import re
import secrets
import select
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass, field

from watchglass.media.rtsp import refusal
from watchglass.media.rtsp.carriage import Channels
from watchglass.media.rtsp.connection import TICK_S, Connection
from watchglass.media.rtsp.framing import Framing
from watchglass.media.rtsp.reception import Reception
from watchglass.media.rtsp.reorder import Reorder

_SERVER_PORT = re.compile(r"server_port\s*=\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?(?!\d)", re.IGNORECASE)
_HEADER = struct.Struct(">BBHII")
_FRAME_BYTES = 4
_MOST_BYTES = 65_535
_RECEIVE_BUFFER_BYTES = 4 << 20
# SO_RCVBUFFORCE of Linux, which Python does not name.
_RCVBUFFORCE = 33
_GATHER_S = 0.003
_HOLDING_S = 0.02
_PORT_TRIES = 64
_FIRST_REPORT_NS = 2_500_000_000
_REPORT_NS = 5_000_000_000
# What opens the way through a firewall that lets answers in: an RTP packet of no content.
_PUNCH = b"\x80" + bytes(11)


@dataclass(slots=True)
class _Ports:
    """The two sockets of one medium."""

    rtp: socket.socket
    rtcp: socket.socket
    channels: Channels
    reception: Reception
    reorder: Reorder = field(default_factory=Reorder)
    camera_rtcp: int = 0


class Datagrams:
    """A `carriage.Carriage`. ``foreign`` counts what came from others than the camera."""

    def __init__(self, connection: Connection, host: str) -> None:
        self.framing = Framing()
        self.foreign = 0
        self._connection = connection
        self._host = host
        self._media: list[_Ports] = []
        self._poll = select.poll()
        self._by_fd: dict[int, tuple[_Ports, bool]] = {}
        self._peer = ""
        self._room = self.framing.room()
        self._filled = 0
        self._inside_picture = False
        self._ssrc = secrets.randbits(32)
        self._name = secrets.token_hex(8).encode()
        self._report_ns = 0

    # --- setting up -------------------------------------------------------------------------------

    def offer(self, clock_rate: int) -> str:
        """See `Carriage.offer`."""
        if not self._media:
            self._poll.register(self._connection.fileno(), select.POLLIN)
            self._peer = self._connection.peer()
        rtp, rtcp = self._bound()
        number = 2 * len(self._media)
        ports = _Ports(rtp, rtcp, Channels(number, number + 1), Reception(clock_rate))
        self._media.append(ports)
        for made, is_rtp in ((rtp, True), (rtcp, False)):
            self._by_fd[made.fileno()] = (ports, is_rtp)
            self._poll.register(made.fileno(), select.POLLIN)
        port = rtp.getsockname()[1]
        return f"RTP/AVP;unicast;client_port={port}-{port + 1}"

    def _bound(self) -> tuple[socket.socket, socket.socket]:
        """Two sockets on an even port and the one behind it, where the camera sees us."""
        family, where = self._connection.local()
        for _ in range(_PORT_TRIES):
            rtp = socket.socket(family, socket.SOCK_DGRAM)
            rtcp = socket.socket(family, socket.SOCK_DGRAM)
            with suppress(OSError):
                rtp.bind((where[0], 0, *where[2:]))
                port = rtp.getsockname()[1]
                if port % 2 == 0:
                    rtcp.bind((where[0], port + 1, *where[2:]))
                    rtp.setblocking(False)
                    rtcp.setblocking(False)
                    _widen(rtp)
                    return rtp, rtcp
            rtp.close()
            rtcp.close()
        raise OSError("no two ports side by side are free")

    def accept(self, transport: str) -> Channels:
        """See `Carriage.accept`."""
        said = transport.upper()
        if "TCP" in said or "MULTICAST" in said:
            raise refusal.no_transport(self._host)
        ports = self._media[-1]
        match = _SERVER_PORT.search(transport)
        if match is not None:
            rtp = int(match[1])
            ports.camera_rtcp = int(match[2]) if match[2] else rtp + 1
            self._send(ports.rtp, _PUNCH, rtp)
            self._send(ports.rtcp, self._report_of(ports, 0), ports.camera_rtcp)
        return ports.channels

    def close(self) -> None:
        """See `Carriage.close`."""
        for ports in self._media:
            ports.rtp.close()
            ports.rtcp.close()
        self._media.clear()

    # --- receiving --------------------------------------------------------------------------------

    def receive(self, *, more_is_coming: bool) -> int:
        """See `Carriage.receive`."""
        if not self._media:
            self._read_connection()
            return 0
        if self._inside_picture:
            # The rest of a picture is on its way: one waking up for it, not one a packet.
            time.sleep(_GATHER_S)
        self._room = self.framing.room()
        self._filled = 0
        holding = any(each.reorder.holds or each.reorder.ready for each in self._media)
        found = self._poll.poll(1000 * (_HOLDING_S if holding else TICK_S))
        now_ns = time.monotonic_ns()
        for descriptor, _ in found:
            ports = self._by_fd.get(descriptor)
            if ports is None:
                self._read_connection()
            elif ports[1]:
                self._drain(ports[0], now_ns)
            else:
                self._drain_reports(ports[0], now_ns)
        for each in self._media:
            each.reorder.tend(now_ns)
            self._lay_ready(each)
        self._report(now_ns)
        return self._filled

    def _read_connection(self) -> None:
        """Answers and questions of the camera; it has no media here."""
        size = self._connection.receive(more_is_coming=False)
        if size:
            self._connection.framing.parse(size)

    def _drain(self, ports: _Ports, now_ns: int) -> None:
        """All RTP that is there, as far as there is room."""
        made, reorder, room = ports.rtp, ports.reorder, self._room
        channel, take = ports.channels.rtp, ports.reception.take
        while len(room) - self._filled > _MOST_BYTES + _FRAME_BYTES:
            begin = self._filled + _FRAME_BYTES
            try:
                size, sender = made.recvfrom_into(room[begin:], _MOST_BYTES)
            except OSError:
                # Nothing more; or the camera's system said that nobody is there, which shows soon.
                return
            if sender[0] != self._peer:
                self.foreign += 1
                continue
            if size < _HEADER.size or room[begin] >> 6 != 2:
                continue
            _, second, sequence, timestamp, ssrc = _HEADER.unpack_from(room, begin)
            take(sequence, timestamp, ssrc, now_ns)
            self._inside_picture = second < 0x80
            if reorder.is_next(sequence, ssrc):
                self._lay_frame(channel, size)
            else:
                reorder.put(bytes(room[begin : begin + size]), sequence, ssrc, now_ns)
                self._lay_ready(ports)

    def _lay_frame(self, channel: int, size: int) -> None:
        """Make the bytes that lie behind the frame's place a frame."""
        at = self._filled
        self._room[at : at + _FRAME_BYTES] = bytes((0x24, channel, size >> 8, size & 0xFF))
        self._filled = at + _FRAME_BYTES + size

    def _lay_ready(self, ports: _Ports) -> None:
        ready = ports.reorder.ready
        while ready and len(self._room) - self._filled >= _FRAME_BYTES + len(ready[0]):
            self._lay(ports.channels.rtp, ready.popleft())

    def _lay(self, channel: int, packet: bytes) -> None:
        begin = self._filled + _FRAME_BYTES
        self._room[begin : begin + len(packet)] = packet
        self._lay_frame(channel, len(packet))

    def _drain_reports(self, ports: _Ports, now_ns: int) -> None:
        while len(self._room) - self._filled > _MOST_BYTES + _FRAME_BYTES:
            try:
                packet, sender = ports.rtcp.recvfrom(_MOST_BYTES)
            except OSError:
                return
            if sender[0] != self._peer:
                self.foreign += 1
                continue
            ports.camera_rtcp = ports.camera_rtcp or sender[1]
            ports.reception.take_report(packet, now_ns)
            self._lay(ports.channels.rtcp, packet)

    # --- receiver reports -------------------------------------------------------------------------

    def _report(self, now_ns: int) -> None:
        """Cameras end sessions whose receiver they do not hear of."""
        if not self._report_ns:
            self._report_ns = now_ns + _FIRST_REPORT_NS
        if now_ns < self._report_ns:
            return
        self._report_ns = now_ns + _REPORT_NS
        for ports in self._media:
            if ports.camera_rtcp:
                self._send(ports.rtcp, self._report_of(ports, now_ns), ports.camera_rtcp)

    def _report_of(self, ports: _Ports, now_ns: int) -> bytes:
        return ports.reception.report(self._ssrc, self._name, now_ns)

    def _send(self, made: socket.socket, packet: bytes, port: int) -> None:
        _, where = self._connection.local()
        with suppress(OSError):
            if 0 < port < 1 << 16:
                made.sendto(packet, (self._peer, port, *where[2:]))


def _widen(made: socket.socket) -> None:
    """Room for a whole key frame; beyond what the system allows (net.core.rmem_max) as root."""
    if os.geteuid() == 0:
        with suppress(OSError):
            made.setsockopt(socket.SOL_SOCKET, _RCVBUFFORCE, _RECEIVE_BUFFER_BYTES)
            return
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
