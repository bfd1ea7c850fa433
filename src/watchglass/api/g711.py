"""G.711 on its way to the browser, which decodes it by a table: raw payload in small records.

A record is ``time (8) ‖ length (4) ‖ payload``, big-endian: ``time`` counts in samples since
the start of the file, as the ``tfdt`` of the picture does in its ticks: both share ``offset_ms``.
A record ends where the next sample does not follow at once.
"""

import struct
from collections.abc import Iterable

from watchglass.recording.fragment import decode_fragment

_RECORD = struct.Struct(">QI")


def g711_records(fragments: bytes, lengths: Iterable[int], channels: int) -> bytes:
    """The records of sound fragments that lie one after the other in ``fragments``."""
    pieces: list[bytes] = []
    waiting: list[bytes] = []
    began = ends = -1
    at = 0
    for length in lengths:
        fragment = decode_fragment(fragments, at)
        time = fragment.decode_time
        for sample, offset in zip(fragment.samples, fragment.offsets, strict=True):
            if time != ends:
                pieces += _record(began, waiting)
                began, waiting = time, []
            waiting.append(fragments[offset : offset + sample.data_bytes])
            ends = time + sample.data_bytes // max(1, channels)
            time += sample.duration
        at += length
    return b"".join([*pieces, *_record(began, waiting)])


def _record(began: int, waiting: list[bytes]) -> list[bytes]:
    payload = b"".join(waiting)
    return [_RECORD.pack(began, len(payload)), payload] if payload else []
