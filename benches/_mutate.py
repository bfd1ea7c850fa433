"""Ways to spoil what lies on disk: bytes, boxes of a media file, lines of a ledger.

Structure is kept on purpose most of the time, and what would be refused at the door (sizes,
checksums, roots, numbers of lines) is mended again, so that the code behind the door is reached.
"""

import json
import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from watchglass.recording.boxes import BOX_HEADER_BYTES
from watchglass.recording.fileheader import HEADER_BOX_BYTES, decode_header
from watchglass.recording.footer import Entry, decode_footer, encode_footer, file_root
from watchglass.recording.fragment import FRAGMENT_TYPE, Check
from watchglass.recording.merkle import leaf_hash

Mutator = Callable[[random.Random, bytes, bytes], bytes]
"""Chance, a sample, and another one of the same kind to take parts of."""

MOST_BYTES = 1 << 19
_NUMBERS = (
    0, 1, 2, 7, 8, 15, 16, 23, 24, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0x8000000000000000, (1 << 64) - 1,
)  # fmt: skip
_CONTAINERS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf", b"dinf", b"udta"}
)
_CHECK_AT = 88
_SMALL_MOST = 64


# --- bytes ----------------------------------------------------------------------------------------


def spoil_bytes(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """A few changes anywhere."""
    spoilt = bytearray(data)
    for _ in range(_few(chance)):
        _spoil_once(chance, spoilt, other)
    return bytes(spoilt[:MOST_BYTES])


def _few(chance: random.Random) -> int:
    return min(8, 1 + int(chance.expovariate(0.8)))


def _spoil_once(chance: random.Random, data: bytearray, other: bytes) -> None:
    at = chance.randrange(len(data) + 1)
    length = min(len(data) - at, 1 + int(chance.expovariate(0.05)))
    match chance.randrange(8):
        case 0 if length:
            data[at] ^= 1 << chance.randrange(8)
        case 1:
            width = chance.choice((1, 2, 4, 8))
            value = chance.choice(_NUMBERS) + chance.choice((-1, 0, 0, 0, 1))
            data[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "big")
        case 2:
            del data[at : at + length]
        case 3:
            data[at:at] = data[at : at + length]
        case 4:
            del data[at:]
        case 5:  # as a file system loses them: the length stays
            data[at : at + length] = bytes(length)
        case 6:
            begin = chance.randrange(len(other) + 1)
            data[at : at + length] = other[begin : begin + length]
        case _:
            data[at:at] = chance.randbytes(min(length, _SMALL_MOST))


# --- packets and texts ----------------------------------------------------------------------------

_SEPARATORS = (b"\r\n", b";", b"=", b" ", b",", b"/", b":")


def spoil_packets(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Packets that lie behind each other, each behind its length in two bytes."""
    packets, others = _packets(data), _packets(other)
    for _ in range(_few(chance)):
        if not packets:
            packets += others
            continue
        at = chance.randrange(len(packets))
        match chance.randrange(6):
            case 0:
                del packets[at]
            case 1 if len(packets) < _SMALL_MOST:
                packets.insert(at, chance.choice(others or packets))
            case 2:
                to = chance.randrange(len(packets))
                packets[at], packets[to] = packets[to], packets[at]
            case 3:  # the header: kind, number, time, source
                packet = bytearray(packets[at])
                width = chance.choice((1, 2, 4))
                begin = chance.choice((0, 1, 2, 4, 8))
                value = chance.choice(_NUMBERS) % (1 << 8 * width)
                packet[begin : begin + width] = value.to_bytes(width, "big")
                packets[at] = bytes(packet)
            case _:
                packets[at] = spoil_bytes(chance, packets[at], other)
    spoilt = b"".join(len(each[:65_535]).to_bytes(2, "big") + each[:65_535] for each in packets)
    return spoilt[:MOST_BYTES]


def _packets(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 2 <= len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        found.append(data[at + 2 : end])
        at = end
    return found


def spoil_text(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Pieces between separators of a text: doubled, swapped, made long, made numbers."""
    separator = chance.choice(_SEPARATORS)
    pieces, others = data.split(separator), other.split(separator)
    for _ in range(_few(chance)):
        at = chance.randrange(len(pieces))
        match chance.randrange(6):
            case 0 if len(pieces) > 1:
                del pieces[at]
                continue
            case 1:
                pieces.insert(at, chance.choice(others))
            case 2:
                to = chance.randrange(len(pieces))
                pieces[at], pieces[to] = pieces[to], pieces[at]
            case 3:
                pieces[at] = str(chance.choice(_NUMBERS) * chance.choice((-1, 1))).encode()
            case 4:
                times = chance.choice((2, 50, 2000))
                pieces[at] = pieces[at][: MOST_BYTES // times] * times
            case _:
                pieces[at] = spoil_bytes(chance, pieces[at], other)
    return separator.join(pieces)[:MOST_BYTES]


# --- boxes ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Node:
    """A box: its type, and either boxes inside or bytes. ``size`` lies, where it is not None."""

    kind: bytes
    inside: "list[_Node]"
    payload: bytes
    size: int | None = None

    def bytes(self) -> bytes:
        content = b"".join(node.bytes() for node in self.inside) + self.payload
        size = BOX_HEADER_BYTES + len(content) if self.size is None else self.size
        return struct.pack(">I4s", size & 0xFFFFFFFF, self.kind) + content


def spoil_boxes(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """Changes of the tree of boxes, sizes and checks mended after most of them."""
    nodes, rest = _parsed(data)
    for _ in range(_few(chance)):
        _spoil_tree(chance, nodes, other)
    spoilt = (b"".join(node.bytes() for node in nodes) + rest)[:MOST_BYTES]
    if chance.random() < 0.2:
        spoilt = spoil_bytes(chance, spoilt, other)
    return mended(spoilt) if chance.random() < 0.8 else spoilt


def _parsed(data: bytes) -> tuple[list[_Node], bytes]:
    nodes: list[_Node] = []
    at = 0
    while len(data) - at >= BOX_HEADER_BYTES:
        size, kind = struct.unpack_from(">I4s", data, at)
        if not BOX_HEADER_BYTES <= size <= len(data) - at:
            break
        payload = data[at + BOX_HEADER_BYTES : at + size]
        inside, rest = _parsed(payload) if kind in _CONTAINERS else ([], payload)
        nodes.append(_Node(kind, inside, rest))
        at += size
    return nodes, data[at:]


def _lists(nodes: list[_Node]) -> list[list[_Node]]:
    found = [nodes]
    for node in nodes:
        if node.inside:
            found += _lists(node.inside)
    return found


def _spoil_tree(chance: random.Random, nodes: list[_Node], other: bytes) -> None:
    brothers = chance.choice([each for each in _lists(nodes) if each] or [nodes])
    if not brothers:
        nodes += _parsed(other)[0]
        return
    at = chance.randrange(len(brothers))
    node = brothers[at]
    match chance.randrange(8):
        case 0:
            del brothers[at]
        case 1 if len(brothers) < _SMALL_MOST:
            brothers.insert(chance.randrange(len(brothers) + 1), node)
        case 2:
            to = chance.randrange(len(brothers))
            brothers[at], brothers[to] = brothers[to], brothers[at]
        case 3:
            kinds = [each.kind for each in brothers] + [
                b"free",
                b"uuid",
                b"mdat",
                b"moof",
                b"\0\0\0\0",
            ]
            brothers[at] = replace(node, kind=chance.choice(kinds))
        case 4:
            size = chance.choice(_NUMBERS) & 0xFFFFFFFF
            brothers[at] = replace(node, size=size)
        case 5:
            brothers[at] = replace(
                node, payload=node.payload[: chance.randrange(len(node.payload) + 1)]
            )
        case _:
            payload = bytearray(node.payload)
            for _ in range(_few(chance)):
                _set_number(chance, payload)
            brothers[at] = replace(node, payload=bytes(payload))


def _set_number(chance: random.Random, payload: bytearray) -> None:
    """Where numbers lie: at the beginning of a box, mostly, and on four bytes."""
    if not payload:
        return
    reach = min(len(payload), chance.choice((16, 128, len(payload))))
    at = chance.randrange(reach) & ~3
    width = chance.choice((1, 2, 4, 4, 8))
    value = chance.choice(_NUMBERS) + chance.choice((-1, 0, 0, 1))
    payload[at : at + width] = (value % (1 << 8 * width)).to_bytes(width, "big")


def mended(data: bytes) -> bytes:
    """Each fragment with the check of its bytes as they are now."""
    out = bytearray(data)
    mark = b"uuid" + FRAGMENT_TYPE
    starts = []
    at = data.find(mark)
    while at >= 0:
        starts.append(at - 4)
        at = data.find(mark, at + 1)
    for start, next_ in pairwise([*starts, len(data)]):
        end = min(next_, _end_of_fragment(data, start))
        if start >= 0 and end - start > _CHECK_AT + 4:
            check = Check()
            check.update(bytes(out[start:end]))
            out[start + _CHECK_AT : start + _CHECK_AT + 4] = struct.pack(">I", check.value)
    return bytes(out)


def _end_of_fragment(data: bytes, start: int) -> int:
    at = max(0, start)
    for _ in range(3):
        if len(data) - at < BOX_HEADER_BYTES:
            break
        at += int.from_bytes(data[at : at + 4], "big")
    return at


# --- footers --------------------------------------------------------------------------------------


def spoil_footer(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """A closed file whose footer says something else, with a root that fits what it says."""
    found = _closed(data)
    if found is None:
        return spoil_boxes(chance, data, other)
    header_bytes, offset, listed = found
    entries = list(listed)
    for _ in range(_few(chance)):
        _spoil_entry(chance, entries)
    leaf = leaf_hash(data[:header_bytes])
    told = chance.choice((header_bytes, header_bytes, header_bytes, offset, 0))
    lies_at = chance.choice((offset, offset, offset, offset + 1, 0))
    try:
        footer = encode_footer(told, leaf, entries, file_root(leaf, entries), lies_at)
    except ValueError:
        return spoil_bytes(chance, data, other)
    spoilt = data[:offset] + footer
    return spoil_bytes(chance, spoilt, other) if chance.random() < 0.2 else spoilt


def _closed(data: bytes) -> tuple[int, int, tuple[Entry, ...]] | None:
    if len(data) < HEADER_BOX_BYTES or data[-4:] != b"WGft":
        return None
    offset = int.from_bytes(data[-12:-4], "big")
    try:
        info, header_bytes = decode_header(data)
        return (
            header_bytes,
            offset,
            decode_footer(data[offset:], info.first_fragment, offset).entries,
        )
    except Exception:  # noqa: BLE001 - a sample that was spoilt before
        return None


def _spoil_entry(chance: random.Random, entries: list[Entry]) -> None:
    if not entries or chance.random() < 0.1:
        if entries:
            entries.pop(chance.randrange(len(entries)))
        return
    at = chance.randrange(len(entries))
    number = chance.choice(_NUMBERS)
    small = number & 0xFFFFFFFF
    entry = entries[at]
    match chance.randrange(8):
        case 0:
            entry = replace(entry, offset=number)
        case 1:
            entry = replace(entry, length=small)
        case 2:
            entry = replace(entry, flags=number & 0xFF)
        case 3:
            entry = replace(entry, media_time=number)
        case 4:
            entry = replace(entry, duration=small, samples=chance.choice(_NUMBERS) & 0xFFFFFFFF)
        case 5:
            entry = replace(entry, wall_ns=number - (1 << 63))
        case 6:
            entry = replace(entry, offset=0, length=0, flags=0x80)
        case _:
            entries.append(entry)
    entries[at] = entry


# --- lines ----------------------------------------------------------------------------------------

_VALUES: Sequence[Any] = (
    None, True, False, 0, -1, 1, 2**53, 1.5, 1e308, "", "0", "-1", "00", "1e9", "٣",
    str((1 << 63) - 1), str(1 << 63), str(-(1 << 63)), str(10**19), "9" * 20, "x" * 300, "\u0000",
    "\ud7ff\uffff", "../../etc", [], [None], [[]], {}, {"": {}}, "main", "sub", "site", "media",
    "retention", "0" * 32, "f" * 64, "zz" * 16, "h264", "stalled",
)  # fmt: skip


def spoil_lines(chance: random.Random, data: bytes, other: bytes) -> bytes:
    """A ledger or heads whose lines say something else, numbered on again for the most part."""
    lines = data.split(b"\n")[:-1]
    others = other.split(b"\n")[:-1]
    for _ in range(_few(chance)):
        _spoil_line(chance, lines, others)
    if chance.random() < 0.7:
        lines = _numbered(lines)
    spoilt = b"".join(line + b"\n" for line in lines)
    return spoil_bytes(chance, spoilt, other) if chance.random() < 0.15 else spoilt[:MOST_BYTES]


def _spoil_line(chance: random.Random, lines: list[bytes], others: list[bytes]) -> None:
    if not lines:
        lines += others
        return
    at = chance.randrange(len(lines))
    match chance.randrange(10):
        case 0:
            del lines[at]
        case 1:
            lines.insert(chance.randrange(len(lines) + 1), lines[at])
        case 2:
            to = chance.randrange(len(lines))
            lines[at], lines[to] = lines[to], lines[at]
        case 3 if others:
            lines[at] = chance.choice(others)
        case _:
            lines[at] = _other_value(chance, lines[at], chance.choice(lines))


def _other_value(chance: random.Random, line: bytes, another: bytes) -> bytes:
    fields, source = _object(line), _object(another)
    if fields is None:
        return line
    name = chance.choice(sorted(fields) or ["v"])
    match chance.randrange(6):
        case 0:
            fields.pop(name, None)
        case 1 if source:
            taken = chance.choice(sorted(source))
            fields[chance.choice((name, taken))] = source[taken]
        case 2 if isinstance(fields.get(name), str) and str(fields[name]).lstrip("-").isdecimal():
            by = chance.choice((-1, 1, 10**9, -(10**9), 3600 * 10**9, -(10**18)))
            fields[name] = str(int(str(fields[name])) + by)
        case 3 if source:
            fields["type"] = source.get("type")
        case _:
            fields[name] = chance.choice(_VALUES)
    return _text(fields)


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _numbered(lines: list[bytes]) -> list[bytes]:
    out = []
    for number, line in enumerate(lines):
        fields = _object(line)
        if fields is not None and "n" in fields:
            fields["n"] = str(number)
            line = _text(fields)
        out.append(line)
    return out


def _text(fields: dict[str, Any]) -> bytes:
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text.encode("utf-8", "surrogatepass")
