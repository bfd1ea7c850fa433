"""A weekly schedule of pauses, by the clock on the wall of its place.

A camera is paused whenever that clock shows a time inside one of the schedule's spans. So a time
that is skipped in spring pauses nothing, and one that comes twice in autumn pauses twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import msgspec

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError

MOST_SPANS = 50
DAY_MIN = 24 * 60
_DAYS_AHEAD = 9
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)


class WeeklySpan(msgspec.Struct, frozen=True):
    """``days`` 0 is Monday; minutes of the day, ``to_min`` excluded. One that ends before it begins
    goes on into the next day."""

    days: tuple[int, ...]
    from_min: int
    to_min: int


class PauseSchedule(msgspec.Struct, frozen=True):
    """``zone`` is the IANA name of a time zone. ``skip_until_ns`` (UTC): somebody resumed the
    camera inside a span, and what is left of that is not paused."""

    zone: str
    spans: tuple[WeeklySpan, ...]
    reason: str
    by: str = ""
    skip_until_ns: int = 0


def checked_schedule(schedule: PauseSchedule) -> PauseSchedule:
    """The same; UsageError says what is wrong with it."""
    zone_of(schedule.zone)
    if not schedule.reason.strip():
        raise UsageError("A schedule of pauses needs a reason: it stands beside each of them.")
    if not 1 <= len(schedule.spans) <= MOST_SPANS:
        raise UsageError(f"A schedule has 1 to {MOST_SPANS} spans.")
    check_spans(schedule.spans)
    return schedule


def check_spans(spans: Sequence[WeeklySpan]) -> None:
    """UsageError for spans that are none."""
    if len(spans) > MOST_SPANS:
        raise UsageError(f"A schedule has at most {MOST_SPANS} spans.")
    for span in spans:
        if not span.days or not set(span.days) <= set(range(7)):
            raise UsageError("A span of a schedule needs a day or more, Monday to Sunday.")
        if not (0 <= span.from_min < DAY_MIN and 0 <= span.to_min <= DAY_MIN):
            raise UsageError("The times of a span lie between 00:00 and 24:00.")
        if span.from_min == span.to_min:
            raise UsageError(
                "A span that begins and ends at the same time is none: for a whole day give "
                "00:00-24:00."
            )


def zone_of(name: str) -> tzinfo:
    """A time zone by its IANA name; UsageError for one that is not known."""
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (KeyError, ValueError, OSError) as error:
        raise UsageError(
            f"No time zone has the name {name[:60]!r}: give one such as Europe/Vienna."
        ) from error


def is_paused(schedule: PauseSchedule, at_ns: int) -> bool:
    """Whether the clock of the place shows a time inside a span."""
    return shows(schedule.spans, zone_of(schedule.zone), at_ns)


def paused_until(schedule: PauseSchedule, at_ns: int) -> int | None:
    """UTC ns at which the pause of ``at_ns`` ends; None when there is none then.

    A schedule that is never off ends its pause after nine days, and begins another.
    """
    if not is_paused(schedule, at_ns):
        return None
    moments = _moments(schedule, at_ns)
    found = next((each for each in moments if not is_paused(schedule, each)), None)
    return found if found is not None else at_ns + _DAYS_AHEAD * DAY_MIN * 60 * NS_PER_S


def next_pause(schedule: PauseSchedule, at_ns: int) -> int | None:
    """UTC ns of the first pause that begins after ``at_ns``; None within nine days."""
    paused = is_paused(schedule, at_ns)
    for moment in _moments(schedule, at_ns):
        before, paused = paused, is_paused(schedule, moment)
        if paused and not before:
            return moment
    return None


def shows(spans: Iterable[WeeklySpan], zone: tzinfo, at_ns: int) -> bool:
    """Whether the clock of the zone shows a time inside one of the spans."""
    local = _local(at_ns, zone)
    minute = local.hour * 60 + local.minute
    today, yesterday = local.weekday(), (local.weekday() - 1) % 7
    for span in spans:
        if span.from_min < span.to_min:
            if today in span.days and span.from_min <= minute < span.to_min:
                return True
        elif (today in span.days and minute >= span.from_min) or (
            yesterday in span.days and minute < span.to_min
        ):
            return True
    return False


def rest_of_week(spans: Iterable[WeeklySpan]) -> tuple[WeeklySpan, ...]:
    """The times of the week that are in none of the spans, days that are alike together. An end in
    the last minute of a day is the end of that day, as many devices write it."""
    week = bytearray(7 * DAY_MIN)
    for span in spans:
        to_min = DAY_MIN if span.to_min == DAY_MIN - 1 else span.to_min
        length = to_min - span.from_min + (0 if span.from_min < to_min else DAY_MIN)
        for day in span.days:
            start = day * DAY_MIN + span.from_min
            over = max(0, start + length - len(week))
            week[start : start + length - over] = b"\1" * (length - over)
            week[:over] = b"\1" * over
    if not any(week):
        return (WeeklySpan(tuple(range(7)), 0, DAY_MIN),)
    alike: dict[tuple[int, int], list[int]] = {}
    for start in (at for at in range(len(week)) if not week[at] and week[at - 1]):
        for day, from_min, to_min in _by_day(start, _length(week, start)):
            alike.setdefault((from_min, to_min), []).append(day)
    found = (WeeklySpan(tuple(sorted(days)), *times) for times, days in alike.items())
    return tuple(sorted(found, key=lambda span: (span.days, span.from_min)))


def _length(week: bytearray, start: int) -> int:
    length = 0
    while not week[(start + length) % len(week)]:
        length += 1
    return length


def _by_day(start: int, length: int) -> Iterator[tuple[int, int, int]]:
    """A time without an end at midnight, as days with minutes: one night is one."""
    while length > 0:
        day, from_min = divmod(start % (7 * DAY_MIN), DAY_MIN)
        over = from_min + length - DAY_MIN
        if 0 < over < from_min:
            yield day, from_min, over
            return
        part = min(length, DAY_MIN - from_min)
        yield day, from_min, from_min + part
        start, length = start + part, length - part


def _moments(schedule: PauseSchedule, after_ns: int) -> list[int]:
    """Where the answer may change: when the clock shows an end of a span, and where it jumps."""
    zone = zone_of(schedule.zone)
    minutes = {each for span in schedule.spans for each in (span.from_min, span.to_min)}
    first = _local(after_ns, zone).date() - timedelta(days=1)
    found: set[int] = set()
    for number in range(_DAYS_AHEAD + 2):
        day = first + timedelta(days=number)
        found.update(_jumps(day, zone))
        for minute in minutes:
            found.update(_instants(day, minute, zone))
    return sorted(each for each in found if each > after_ns)


def _instants(day: date, minute: int, zone: tzinfo) -> Iterator[int]:
    """Both, where the clock shows that time twice."""
    days, rest = divmod(minute, DAY_MIN)
    day += timedelta(days=days)
    hour, minute = divmod(rest, 60)
    for fold in (0, 1):
        yield _ns(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone, fold=fold))


def _jumps(day: date, zone: tzinfo) -> Iterator[int]:
    """The moment in the day at which the zone's distance from UTC changes, to the second."""
    begin = _ns(datetime(day.year, day.month, day.day, tzinfo=zone)) // NS_PER_S
    end = begin + 26 * 3600
    if _offset(begin, zone) == _offset(end, zone):
        return
    while end - begin > 1:
        middle = (begin + end) // 2
        if _offset(middle, zone) == _offset(begin, zone):
            begin = middle
        else:
            end = middle
    yield end * NS_PER_S


def _offset(at_s: int, zone: tzinfo) -> timedelta | None:
    return _local(at_s * NS_PER_S, zone).utcoffset()


def _local(at_ns: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(microseconds=at_ns // 1000)).astimezone(zone)


def _ns(at: datetime) -> int:
    return (at.astimezone(UTC) - _EPOCH) // _US * 1000
