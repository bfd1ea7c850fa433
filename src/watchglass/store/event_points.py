"""Points of tracks as bytes: small, and exact to what a tracker knows.

A time is kept to the microsecond, a box to a 65535th of the picture, a confidence to a 255th.
"""

import struct
from collections.abc import Iterable, Sequence

from watchglass.model.detection import Box
from watchglass.model.object_track import TrackPoint

_POINT = struct.Struct("<I4HBB")
_BEGIN = struct.Struct("<q")
_STEP_NS = 1000
_LONGEST = 2**32 - 1
_PART = 65535
_SURE = 255
POINT_BYTES = _POINT.size


def pack(points: Sequence[TrackPoint]) -> list[bytes]:
    """Points in order, as few blobs as hold them: one for each 71 minutes."""
    blobs: list[bytearray] = []
    begin_ns = 0
    for point in points:
        after = (point.at_ns - begin_ns) // _STEP_NS
        if not blobs or not 0 <= after <= _LONGEST:
            # To a whole microsecond, so that what is packed again stays as it is.
            begin_ns, after = point.at_ns - point.at_ns % _STEP_NS, 0
            blobs.append(bytearray(_BEGIN.pack(begin_ns)))
        box = point.box
        blobs[-1] += _POINT.pack(
            after, _part(box.x0), _part(box.y0), _part(box.x1), _part(box.y1),
            round(min(1.0, max(0.0, point.confidence)) * _SURE), point.seen,
        )  # fmt: skip
    return [bytes(each) for each in blobs]


def unpack(blob: bytes) -> tuple[TrackPoint, ...]:
    """The points; ValueError for bytes that are none."""
    if len(blob) < _BEGIN.size or (len(blob) - _BEGIN.size) % _POINT.size:
        raise ValueError("not a whole number of points")
    (begin_ns,) = _BEGIN.unpack_from(blob)
    return tuple(
        TrackPoint(
            begin_ns + after * _STEP_NS,
            Box(x0 / _PART, y0 / _PART, x1 / _PART, y1 / _PART),
            sure / _SURE,
            bool(seen),
        )
        for after, x0, y0, x1, y1, sure, seen in _POINT.iter_unpack(blob[_BEGIN.size :])
    )


def packed_again(blobs: Iterable[bytes]) -> list[bytes]:
    """What ``pack`` makes of the points of several blobs, in order, without making a point of any:
    one is 290 bytes of Python's and 14 of these, and a track may go on for hours."""
    found: list[bytearray] = []
    begin = 0
    for blob in blobs:
        first = begins_ns(blob) // _STEP_NS
        for after, *rest in _POINT.iter_unpack(memoryview(blob)[_BEGIN.size :]):
            at = first + after
            if not found or not 0 <= at - begin <= _LONGEST:
                begin = at
                found.append(bytearray(_BEGIN.pack(begin * _STEP_NS)))
            found[-1] += _POINT.pack(at - begin, *rest)
    return [bytes(each) for each in found]


def begins_ns(blob: bytes) -> int:
    """The time of its first point."""
    begin_ns: int = _BEGIN.unpack_from(blob)[0]
    return begin_ns


def as_kept(points: Sequence[TrackPoint]) -> tuple[TrackPoint, ...]:
    """The points as they come back from where they are kept."""
    return tuple(point for blob in pack(points) for point in unpack(blob))


def thinned(points: Sequence[TrackPoint], most: int) -> tuple[TrackPoint, ...]:
    """At most so many, evenly, the first and the last among them."""
    if len(points) <= most:
        return tuple(points)
    step = (len(points) - 1) / (most - 1)
    return tuple(points[round(each * step)] for each in range(most))


def bounds(points: Iterable[TrackPoint]) -> Box | None:
    """The box around all of them; None for none."""
    boxes = [each.box for each in points]
    if not boxes:
        return None
    return Box(
        min(each.x0 for each in boxes), min(each.y0 for each in boxes),
        max(each.x1 for each in boxes), max(each.y1 for each in boxes),
    )  # fmt: skip


def _part(value: float) -> int:
    return round(min(1.0, max(0.0, value)) * _PART)
