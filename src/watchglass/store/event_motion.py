"""Motion density: how much moved in each second, and sums of it for any zoom of the timeline.

Three levels of rows, each value of a row being a part of it: of a minute its seconds, of an hour
its minutes, of a day its hours. A value is the most that moved (a 255th of the picture, never 0
where anything did) and, above seconds, in how many seconds something moved. A day without motion
has no row at all.
"""

import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import MotionSeen
from watchglass.store.event_keyed import Keyed
from watchglass.store.event_tables import MOTION

SECOND, MINUTE, HOUR, DAY = 1, 60, 3600, 86400
_UNITS = (SECOND, MINUTE, HOUR)
_ROWS = (MINUTE, HOUR, DAY)
_MOST = 255
_VALUE = struct.Struct("<BH")
_LONGEST_S = 3600
_KEYED = Keyed(MOTION, "camera", "level", "at_s")
_ONE = sa.select(MOTION.c["values"]).where(
    *(MOTION.c[name] == sa.bindparam(name) for name in ("camera", "level", "at_s"))
)


@dataclass(frozen=True, slots=True)
class Density:
    """From ``from_ns`` for one bucket: the most that moved at once, from 0 to 1, and for how many
    seconds something did."""

    from_ns: int
    peak: float
    moving_s: int


def put_motion(connection: sa.Connection, seen: Iterable[MotionSeen]) -> None:
    """Add to what is there. The same told twice changes nothing."""
    seconds: dict[tuple[CameraId, int], dict[int, int]] = {}
    for each in seen:
        value = max(1, round(min(1.0, max(0.0, each.amount)) * _MOST))
        if each.amount <= 0:
            continue
        first, last = each.from_ns // NS_PER_S, max(each.from_ns, each.to_ns - 1) // NS_PER_S
        for at_s in range(first, min(last, first + _LONGEST_S) + 1):
            of_row = seconds.setdefault((each.camera, at_s - at_s % MINUTE), {})
            of_row[at_s % MINUTE] = max(of_row.get(at_s % MINUTE, 0), value)
    rows: list[dict[str, object]] = []
    hours: dict[tuple[CameraId, int], dict[int, tuple[int, int]]] = {}
    for (camera, minute_s), new in seconds.items():
        values = bytearray(_row(connection, camera, 0, minute_s) or bytes(MINUTE))
        for at, value in new.items():
            values[at] = max(values[at], value)
        rows.append(_as_row(camera, 0, minute_s, bytes(values)))
        summed = max(values), sum(1 for each in values if each)
        hours.setdefault((camera, minute_s - minute_s % HOUR), {})[minute_s % HOUR // MINUTE] = (
            summed
        )
    days: dict[tuple[CameraId, int], dict[int, tuple[int, int]]] = {}
    for (camera, hour_s), minutes in hours.items():
        row, known = _summed(connection, camera, 1, hour_s, HOUR // MINUTE, minutes)
        rows.append(row)
        days.setdefault((camera, hour_s - hour_s % DAY), {})[hour_s % DAY // HOUR] = known
    for (camera, day_s), of_day in days.items():
        rows.append(_summed(connection, camera, 2, day_s, DAY // HOUR, of_day)[0])
    _KEYED.put(connection, rows)


def forget_motion(connection: sa.Connection, camera: CameraId, from_ns: int, to_ns: int) -> None:
    """Nothing moved in a span (UTC ns, whole seconds), as far as anybody can tell any more."""
    first_s, last_s = from_ns // NS_PER_S, -(-to_ns // NS_PER_S)
    known = connection.execute(
        sa.select(MOTION.c.at_s, MOTION.c["values"]).where(
            MOTION.c.camera == camera, MOTION.c.level == 0,
            MOTION.c.at_s > first_s - MINUTE, MOTION.c.at_s < last_s,
        )
    ).all()  # fmt: skip
    rows: list[dict[str, object]] = []
    hours: dict[int, dict[int, tuple[int, int]]] = {}
    for minute_s, blob in known:
        values = bytes(
            0 if first_s <= minute_s + at < last_s else each for at, each in enumerate(blob)
        )
        rows.append(_as_row(camera, 0, minute_s, values))
        summed = max(values), sum(1 for each in values if each)
        hours.setdefault(minute_s - minute_s % HOUR, {})[minute_s % HOUR // MINUTE] = summed
    days: dict[int, dict[int, tuple[int, int]]] = {}
    for hour_s, minutes in hours.items():
        row, whole = _summed(connection, camera, 1, hour_s, HOUR // MINUTE, minutes)
        rows.append(row)
        days.setdefault(hour_s - hour_s % DAY, {})[hour_s % DAY // HOUR] = whole
    for day_s, of_day in days.items():
        rows.append(_summed(connection, camera, 2, day_s, DAY // HOUR, of_day)[0])
    _KEYED.put(connection, rows)


def density(
    connection: sa.Connection, camera: CameraId, from_ns: int, to_ns: int, bucket_s: int
) -> list[Density]:
    """Buckets in which something moved, in order: those of the span (UTC ns), each of ``bucket_s``
    (at least 1) counted from 1970. A bucket is summed from the coarsest level that divides it."""
    level = max(n for n, unit in enumerate(_UNITS) if bucket_s % unit == 0)
    unit, row_s = _UNITS[level], _ROWS[level]
    first_s = from_ns // NS_PER_S // bucket_s * bucket_s
    last_s = -(-to_ns // NS_PER_S)
    rows = connection.execute(
        sa.select(MOTION.c.at_s, MOTION.c["values"])
        .where(
            MOTION.c.camera == camera, MOTION.c.level == level,
            MOTION.c.at_s > first_s - row_s, MOTION.c.at_s < last_s,
        )
        .order_by(MOTION.c.at_s)
    )  # fmt: skip
    found: dict[int, tuple[int, int]] = {}
    for at_s, blob in rows:
        for number, (peak, moving) in enumerate(_values(level, blob)):
            begin_s = at_s + number * unit
            if peak and first_s <= begin_s < last_s:
                bucket = begin_s // bucket_s * bucket_s
                before = found.get(bucket, (0, 0))
                found[bucket] = max(before[0], peak), before[1] + moving
    return [
        Density(at_s * NS_PER_S, peak / _MOST, moving) for at_s, (peak, moving) in found.items()
    ]


def bucket_for(from_ns: int, to_ns: int, most: int) -> int:
    """Of how many seconds a bucket is, so that at most so many fill the span: a number of seconds,
    of minutes or of hours, of which a minute, an hour or a day is made up."""
    least_s = max(1, math.ceil((to_ns - from_ns) / NS_PER_S / max(1, most)))
    for each in _STEPS:
        if each >= least_s:
            return each
    return math.ceil(least_s / DAY) * DAY


_STEPS = (
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
)  # fmt: skip


def _summed(
    connection: sa.Connection, camera: CameraId, level: int, at_s: int, parts: int,
    new: Mapping[int, tuple[int, int]],
) -> tuple[dict[str, object], tuple[int, int]]:  # fmt: skip
    """The row as it is to be, and what it comes to."""
    blob = _row(connection, camera, level, at_s) or bytes(parts * _VALUE.size)
    values = list(_VALUE.iter_unpack(blob))
    for at, value in new.items():
        values[at] = value
    row = _as_row(camera, level, at_s, b"".join(_VALUE.pack(*each) for each in values))
    return row, (max(each[0] for each in values), sum(each[1] for each in values))


def _values(level: int, blob: bytes) -> Iterable[tuple[int, int]]:
    if level == 0:
        return ((each, min(each, 1)) for each in blob)
    return ((peak, moving) for peak, moving in _VALUE.iter_unpack(blob))


def _row(connection: sa.Connection, camera: CameraId, level: int, at_s: int) -> bytes | None:
    one = {"camera": camera, "level": level, "at_s": at_s}
    found: bytes | None = connection.scalar(_ONE, one)
    return found


def _as_row(camera: CameraId, level: int, at_s: int, blob: bytes) -> dict[str, object]:
    return {"camera": camera, "level": level, "at_s": at_s, "values": blob}
