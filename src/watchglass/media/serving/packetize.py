"""RTP (RFC 3550), and payloads of H.264 (RFC 6184), H.265 (RFC 7798), JPEG (RFC 2435), AAC (3640).

A frame is cut into payloads once; each client then gets them under headers of its own, because
sequence numbers and SSRC belong to a session.
"""

import struct
from collections.abc import Sequence
from typing import Literal

VideoCodecName = Literal["h264", "h265", "mjpeg"]

Payload = tuple[bytes, bytes | memoryview]
"""Prefix (payload header, fragmentation header) and body; together one RTP payload."""

MAX_PAYLOAD_BYTES = 1400
MOST_AAC_BYTES = (1 << 13) - 1
NTP_EPOCH_OFFSET_S = 2_208_988_800

_INTERLEAVED_RTP = struct.Struct(">BBHBBHII")
_RTP_HEADER_BYTES = 12
_H264_STAP_A, _H264_FU_A = 24, 28
_H265_AP, _H265_FU = 48, 49


def video_payloads(
    nals: Sequence[bytes | memoryview],
    codec: VideoCodecName,
    max_bytes: int = MAX_PAYLOAD_BYTES,
    aggregate: bool = False,
) -> list[Payload]:
    """Cut an access unit; `aggregate` joins small neighbours (STAP-A, AP), as some cameras do."""
    if codec == "mjpeg":
        return jpeg_payloads(bytes(nals[0]), max_bytes)
    header_bytes = 1 if codec == "h264" else 2
    if aggregate:
        return _aggregated(nals, codec, max_bytes)
    payloads: list[Payload] = []
    for nal in nals:
        if len(nal) <= max_bytes:
            payloads.append((b"", nal))
        else:
            payloads += _fragments(nal, header_bytes, max_bytes)
    return payloads


def _fragments(nal: bytes | memoryview, header_bytes: int, max_bytes: int) -> list[Payload]:
    """FU-A (header_bytes 1) or FU (2): payload header, one byte S E type, then the body."""
    if header_bytes == 1:
        head = bytes([nal[0] & 0xE0 | _H264_FU_A])
        kind = nal[0] & 0x1F
    else:
        head = bytes([nal[0] & 0x81 | _H265_FU << 1, nal[1]])
        kind = (nal[0] >> 1) & 0x3F
    step = max_bytes - header_bytes - 1
    first, middle, last = (head + bytes([flags | kind]) for flags in (0x80, 0, 0x40))
    end = len(nal)
    payloads: list[Payload] = [
        (middle, nal[at : at + step]) for at in range(header_bytes, end, step)
    ]
    payloads[0] = (first, payloads[0][1])
    payloads[-1] = (last, payloads[-1][1])
    return payloads


def _aggregated(
    nals: Sequence[bytes | memoryview], codec: VideoCodecName, max_bytes: int
) -> list[Payload]:
    header_bytes = 1 if codec == "h264" else 2
    payloads: list[Payload] = []
    group: list[bytes | memoryview] = []
    group_bytes = header_bytes
    for nal in nals:
        if group and group_bytes + 2 + len(nal) > max_bytes:
            payloads += _close_group(group, codec)
            group, group_bytes = [], header_bytes
        if header_bytes + 2 + len(nal) > max_bytes:
            payloads += video_payloads([nal], codec, max_bytes)
        else:
            group.append(nal)
            group_bytes += 2 + len(nal)
    return payloads + _close_group(group, codec)


def _close_group(group: list[bytes | memoryview], codec: VideoCodecName) -> list[Payload]:
    if len(group) < 2:
        return [(b"", nal) for nal in group]
    if codec == "h264":
        head = bytes([max(nal[0] & 0x60 for nal in group) | _H264_STAP_A])
    else:
        head = bytes([_H265_AP << 1, 1])
    body = b"".join(part for nal in group for part in (len(nal).to_bytes(2, "big"), nal))
    return [(head, body)]


def jpeg_payloads(picture: bytes, max_bytes: int = MAX_PAYLOAD_BYTES) -> list[Payload]:
    """A baseline JPEG of colours at half width, with its tables in the first packet (Q 255)."""
    segments, scan_at = _segments(picture)
    frame = segments[0xC0][0]
    # In blocks of 8, the last of them perhaps not full.
    rows, columns = ((side + 7) // 8 for side in struct.unpack_from(">HH", frame, 1))
    kind = 1 if frame[7] == 0x22 else 0
    # A segment holds one or more tables, each behind a byte that numbers it.
    whole = b"".join(segments[0xDB])
    tables = b"".join(whole[at + 1 : at + 65] for at in range(0, len(whole), 65))
    first = struct.pack(">BBH", 0, 0, len(tables)) + tables
    restarts = b""
    if 0xDD in segments:
        kind |= 0x40
        restarts = segments[0xDD][0] + b"\xff\xff"
    scan = memoryview(picture)[scan_at : len(picture) - 2]
    payloads: list[Payload] = []
    at = 0
    while at < len(scan):
        head = struct.pack(">IBBBB", at, kind, 255, columns, rows) + restarts
        if not at:
            head += first
        body = scan[at : at + max_bytes - len(head)]
        payloads.append((head, body))
        at += len(body)
    return payloads


def _segments(picture: bytes) -> tuple[dict[int, list[bytes]], int]:
    """Payloads of a JPEG's marker segments up to the scan, by marker; where the scan begins."""
    segments: dict[int, list[bytes]] = {}
    at, marker = 2, 0
    while marker != 0xDA:
        marker, size = picture[at + 1], int.from_bytes(picture[at + 2 : at + 4], "big")
        segments.setdefault(marker, []).append(picture[at + 4 : at + 2 + size])
        at += 2 + size
    return segments, at


def aac_payload(access_unit: bytes) -> Payload:
    """AAC-hbr: length of the AU headers in bits, one header of 13 bits size and 3 bits index."""
    return (16).to_bytes(2, "big") + (len(access_unit) << 3).to_bytes(2, "big"), access_unit


def aac_payloads(access_unit: bytes, max_bytes: int = MAX_PAYLOAD_BYTES) -> list[Payload]:
    """The same, cut into fragments where it is long; each names the whole size. Empty for one that
    is longer than 13 bits can say."""
    if not 0 < len(access_unit) <= MOST_AAC_BYTES:
        return []
    head, whole = aac_payload(access_unit)
    step = max_bytes - len(head)
    return [(head, whole[at : at + step]) for at in range(0, len(whole), step)]


class RtpSender:
    """Headers of one track of one session, interleaved into RTSP (RFC 2326, 10.12)."""

    def __init__(
        self, payload_type: int, clock_rate: int, channel: int, ssrc: int, sequence: int
    ) -> None:
        self.clock_rate = clock_rate
        self.sequence = sequence & 0xFFFF
        self.ssrc = ssrc
        self._payload_type = payload_type
        self._channel = channel
        self._packets = 0
        self._octets = 0

    def packets(self, payloads: Sequence[Payload], timestamp: int) -> list[bytes | memoryview]:
        """Buffers to write one after another; the last packet has the marker bit."""
        pack = _INTERLEAVED_RTP.pack
        out: list[bytes | memoryview] = []
        sequence, octets = self.sequence, 0
        last = len(payloads) - 1
        for at, (prefix, body) in enumerate(payloads):
            size = len(prefix) + len(body)
            marker = 0x80 if at == last else 0
            out += (
                pack(
                    0x24,
                    self._channel,
                    size + _RTP_HEADER_BYTES,
                    0x80,
                    marker | self._payload_type,
                    sequence,
                    timestamp,
                    self.ssrc,
                ),
                prefix,
                body,
            )
            sequence = (sequence + 1) & 0xFFFF
            octets += size
        self.sequence = sequence
        self._packets += len(payloads)
        self._octets += octets
        return out

    def sender_report(self, timestamp: int, wall_ns: int, cname: bytes) -> bytes:
        """SR and SDES with CNAME, interleaved on the odd channel; `wall_ns` is UTC."""
        seconds, nanoseconds = divmod(wall_ns, 1_000_000_000)
        fraction = (nanoseconds << 32) // 1_000_000_000
        item = bytes([1, len(cname)]) + cname
        # Chunks end with at least one zero byte, at a multiple of 32 bits.
        chunk = self.ssrc.to_bytes(4, "big") + item
        chunk += bytes(4 - len(chunk) % 4)
        report = struct.pack(
            ">BBHIIIIII",
            0x80,
            200,
            6,
            self.ssrc,
            (seconds + NTP_EPOCH_OFFSET_S) & 0xFFFFFFFF,
            fraction,
            timestamp,
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        description = struct.pack(">BBH", 0x81, 202, len(chunk) // 4) + chunk
        size = len(report) + len(description)
        return struct.pack(">BBH", 0x24, self._channel + 1, size) + report + description
