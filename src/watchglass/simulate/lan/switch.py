"""The wire between who looks and the devices: a switch of our own between two TAP devices.

The devices' kernel has all addresses on one interface; here each gets its MAC. ARP for them is
answered here, a closed port says so or keeps still as its device does, and every frame from the
looking side is kept if somebody wants it.
"""

import fcntl
import os
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Sequence

from watchglass.simulate.lan.device import Device

_TUNSETIFF = 0x400454CA
_IFF_TAP, _IFF_NO_PI = 0x0002, 0x1000
_FRAME_BYTES = 65_536
_IP, _ARP = b"\x08\x00", b"\x08\x06"
_TCP = 6
_SYN = 0x02
_RST_ACK = 0x14

Kept = Callable[[bytes], None]


def open_tap(name: str) -> int:
    """A TAP device in the namespace of the thread that calls."""
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _TUNSETIFF, struct.pack("16sH14x", name.encode(), _IFF_TAP | _IFF_NO_PI))
    except OSError:
        os.close(fd)
        raise
    return fd


class Switch:
    """Carries frames until it is closed. ``keep`` is given each frame from the looking side."""

    def __init__(
        self, looking: int, devices_side: int, devices_mac: bytes, devices: Sequence[Device],
        keep: Kept | None = None,
    ) -> None:  # fmt: skip
        self._looking = looking
        self._devices_side = devices_side
        self._devices_mac = devices_mac
        self._by_ip = {socket.inet_aton(each.address): each for each in devices}
        self._macs = {ip: bytes.fromhex(each.mac.replace(":", ""))
                      for ip, each in self._by_ip.items()}  # fmt: skip
        self._open_ports = {ip: frozenset(port.number for port in each.ports)
                            for ip, each in self._by_ip.items()}  # fmt: skip
        self._keep = keep
        self._ending, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, name="switch", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        os.write(self._end, b"x")
        self._thread.join()
        for fd in (self._ending, self._end):
            os.close(fd)

    def _run(self) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(self._looking, selectors.EVENT_READ, self._from_looking)
            ready.register(self._devices_side, selectors.EVENT_READ, self._from_devices)
            ready.register(self._ending, selectors.EVENT_READ, None)
            while True:
                for key, _ in ready.select():
                    if key.data is None:
                        return
                    self._drain(key.fd, key.data)

    @staticmethod
    def _drain(fd: int, carry: Callable[[bytes], None]) -> None:
        for _ in range(64):
            try:
                carry(os.read(fd, _FRAME_BYTES))
            except BlockingIOError:
                return

    # --- from who looks ---------------------------------------------------------------------

    def _from_looking(self, frame: bytes) -> None:
        if self._keep is not None:
            self._keep(frame)
        kind = frame[12:14]
        if kind == _ARP:
            self._answer_arp(frame)
        elif kind == _IP and frame[0] & 1:
            self._send(self._devices_side, frame)
        elif kind == _IP:
            self._to_device(frame)

    def _answer_arp(self, frame: bytes) -> None:
        wanted, asks = frame[38:42], frame[20:22] == b"\x00\x01"
        device = self._by_ip.get(wanted)
        if not asks or device is None or not device.hears_arp:
            return
        mac = self._macs[wanted]
        reply = frame[6:12] + mac + _ARP + frame[14:20] + b"\x00\x02" + mac + wanted + frame[22:32]
        self._send(self._looking, reply.ljust(60, b"\0"))

    def _to_device(self, frame: bytes) -> None:
        to = frame[30:34]
        device = self._by_ip.get(to)
        if device is None or not device.hears_arp:
            return
        if frame[23] == _TCP and not self._port_is_open(frame, to):
            if device.refuses:
                self._send(self._looking, _reset(frame))
            return
        self._send(self._devices_side, self._devices_mac + frame[6:])

    def _port_is_open(self, frame: bytes, to: bytes) -> bool:
        port = int.from_bytes(frame[_tcp_at(frame) + 2 :][:2], "big")
        return port in self._open_ports[to]

    # --- from the devices -------------------------------------------------------------------

    def _from_devices(self, frame: bytes) -> None:
        """With the MAC of the device whose address it comes from."""
        mac = self._macs.get(frame[26:30])
        if frame[12:14] == _IP and mac is not None:
            self._send(self._looking, frame[:6] + mac + frame[12:])

    @staticmethod
    def _send(fd: int, frame: bytes) -> None:
        try:
            os.write(fd, frame)
        except (BlockingIOError, OSError):
            return  # a full queue drops, as a switch does


def _tcp_at(frame: bytes) -> int:
    return 14 + (frame[14] & 0x0F) * 4


def _reset(frame: bytes) -> bytes:
    """The RST that a closed port answers to a SYN."""
    at = _tcp_at(frame)
    source, target, sequence = frame[at : at + 2], frame[at + 2 : at + 4], frame[at + 4 : at + 8]
    acknowledged = (int.from_bytes(sequence, "big") + 1 & 0xFFFF_FFFF).to_bytes(4, "big")
    tcp = target + source + bytes(4) + acknowledged + bytes((0x50, _RST_ACK)) + bytes(6)
    ends = frame[30:34] + frame[26:30]
    summed = checksum(ends + bytes((0, _TCP)) + len(tcp).to_bytes(2, "big") + tcp)
    tcp = tcp[:16] + summed.to_bytes(2, "big") + tcp[18:]
    head = (
        b"\x45\0" + (20 + len(tcp)).to_bytes(2, "big") + bytes(4) + bytes((64, _TCP, 0, 0)) + ends
    )
    head = head[:10] + checksum(head).to_bytes(2, "big") + head[12:]
    return frame[6:12] + frame[0:6] + _IP + head + tcp


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + b"\0" if len(data) % 2 else data
    total: int = sum(struct.unpack(f">{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
