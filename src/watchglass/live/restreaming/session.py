"""What one client takes: packets under headers of its own, by TCP or UDP, and never waited for."""

import asyncio
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import RunId
from watchglass.live.restreaming.channel import Picture
from watchglass.live.restreaming.sound_channel import Sound
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


class Outgoing:
    """One track of a session, on its way out. ``channel`` is of RTSP's interleaved packets, where
    it has no ``datagrams``."""

    __slots__ = ("_reported_ns", "channel", "datagrams", "sender")

    def __init__(
        self, payload_type: int, clock_rate: int, channel: int, datagrams: Datagrams | None
    ) -> None:
        self.channel = channel
        self.datagrams = datagrams
        self.sender = RtpSender(
            payload_type, clock_rate, channel, secrets.randbits(32), secrets.randbits(16)
        )
        self._reported_ns = 0

    def report_is_due(self, wall_ns: int) -> bool:
        return abs(wall_ns - self._reported_ns) >= _REPORT_NS

    def report(self, timestamp: int, wall_ns: int) -> bytes:
        """What was at ``wall_ns`` (UTC) has that timestamp."""
        self._reported_ns = wall_ns
        return self.sender.sender_report(timestamp, wall_ns, _CNAME)

    def send(self, transport: asyncio.WriteTransport, packets: bytes) -> None:
        way = self.datagrams
        if way is None:
            transport.write(packets)
            return
        at = 0
        while at < len(packets):
            end = at + _INTERLEAVED_BYTES + int.from_bytes(packets[at + 2 : at + 4], "big")
            is_report = packets[at + 1] != self.channel
            own, port = (way.rtcp, way.ports[1]) if is_report else (way.rtp, way.ports[0])
            # What the system does not take is lost, as on any network.
            with suppress(OSError):
                own.sendto(packets[at + _INTERLEAVED_BYTES : end], (way.client, port))
            at = end


@dataclass(frozen=True, slots=True)
class _Mark:
    """What the picture's newest report said: when a moment of a run was."""

    run: RunId
    shown_ns: int
    wall_ns: int


@dataclass(slots=True)
class Session:
    """``put`` sends a picture, or leaves it out up to the next key frame where the client does not
    keep up; ``sent`` and ``left_out`` are told how many. Sound goes out between pictures that do.
    """

    transport: asyncio.WriteTransport
    sent: Callable[[int], None]
    left_out: Callable[[int], None]
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    playing: bool = False
    stuck: int = 0
    """Pictures left out one after another."""
    video: Outgoing | None = None
    sound: Outgoing | None = None
    _whole: bool = False
    _mark: _Mark | None = None

    @property
    def tracks(self) -> list[Outgoing]:
        return [each for each in (self.video, self.sound) if each is not None]

    def put(self, picture: Picture) -> None:
        video = self.video
        if not self.playing or video is None:
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
        packets = b"".join(video.sender.packets(picture.payloads, picture.timestamp))
        new_run = self._mark is None or self._mark.run != picture.run
        if new_run or video.report_is_due(picture.wall_ns):
            self._mark = _Mark(picture.run, picture.shown_ns, picture.wall_ns)
            packets = video.report(picture.timestamp, picture.wall_ns) + packets
        video.send(self.transport, packets)
        self.sent(1)

    def put_sound(self, sound: Sound) -> None:
        """By itself, or once pictures of its run go out: then both are told on one clock, so that
        who plays them can put them side by side."""
        track = self.sound
        if not self.playing or track is None:
            return
        wall_ns = sound.wall_ns
        if self.video is not None:
            mark = self._mark
            if not self._whole or mark is None or mark.run != sound.run:
                return
            wall_ns = mark.wall_ns + sound.heard_ns - mark.shown_ns
        elif self.transport.get_write_buffer_size() > MOST_WAITING_BYTES:
            self.stuck += 1
            self.left_out(1)
            return
        self.stuck = 0
        packets = b"".join(track.sender.packets(sound.payloads, sound.timestamp))
        if track.report_is_due(wall_ns):
            packets = track.report(sound.timestamp, wall_ns) + packets
        track.send(self.transport, packets)
