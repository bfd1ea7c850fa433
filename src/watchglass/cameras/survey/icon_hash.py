"""The two hashes by which favicons are known: MD5, and murmur3 over the base64 text."""

from __future__ import annotations

import base64
import hashlib
import struct

_MASK = 0xFFFFFFFF
_ICON_HASH = "md5"
"""A name for a known file, not a protection."""


def md5_of(icon: bytes) -> str:
    return hashlib.new(_ICON_HASH, icon).hexdigest()


def mmh3_of(icon: bytes) -> int:
    """As scanners of the Internet have it: of the base64 text in lines of 76, signed 32 bits."""
    return murmur3(base64.encodebytes(icon))


def murmur3(data: bytes) -> int:
    """MurmurHash3 x86 32, seed 0, as a signed number."""
    state = 0
    whole = len(data) & ~3
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        state ^= _mixed(word)
        state = ((state << 13 | state >> 19) & _MASK) * 5 + 0xE6546B64 & _MASK
    if len(data) & 3:
        state ^= _mixed(int.from_bytes(data[whole:], "little"))
    state ^= len(data)
    state = (state ^ state >> 16) * 0x85EBCA6B & _MASK
    state = (state ^ state >> 13) * 0xC2B2AE35 & _MASK
    state ^= state >> 16
    return state - (1 << 32) if state >> 31 else state


def _mixed(word: int) -> int:
    word = word * 0xCC9E2D51 & _MASK
    return (word << 15 | word >> 17) * 0x1B873593 & _MASK
