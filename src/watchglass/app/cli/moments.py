"""Times as people write them, and as they read them.

Stored times are UTC; here, and nowhere else, they become local and back. What had to be assumed
(an hour that the clocks repeat or leave out) is told along with the result.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIT_S = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_UNIT = r"s|sec|secs|seconds?|m|min|mins|minutes?|h|hours?|d|days?|w|weeks?"
_PIECE = re.compile(rf"([0-9]{{1,9}})\s*({_UNIT})(?![a-z])")
_AGO = re.compile(r"(.+?)\s+ago")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?")
_DAY = re.compile(r"(today|yesterday)(?:[ t,]+(?:at\s+)?(\S+))?")
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[ tT]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)\s*(z|Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_LONGEST_S = 100 * 366 * 86400
_LAST_NS = 2**62  # in 2116; databases keep 64 bits
_SHOWN_MOST = 60


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC nanoseconds. ``assumed`` says what was not clear and how it was taken."""

    ns: int
    assumed: str = ""


def parse_moment(
    text: str, now_ns: int, zone: tzinfo | None = None, *, later: bool = False
) -> Moment:
    """ISO 8601, '14:00', 'yesterday 14:00', '10 minutes ago' or 'now'; UsageError for others.

    ``zone`` is the machine's unless given. Of an hour that occurs twice the earlier is meant, or
    with ``later`` the other, so that a span from one to the other holds both.
    """
    words = " ".join(text.strip().lower().split())
    try:
        found = _relative(words, now_ns) or _absolute(words, now_ns, zone, later=later)
    except (ValueError, OverflowError):
        found = None
    if found is None or not 0 <= found.ns < _LAST_NS:
        raise UsageError(
            f"{_quoted(text)} is no time: write '14:00', 'yesterday 14:00', '10 minutes ago' or "
            "'2026-07-04 14:00' (local), or '2026-07-04T12:00Z'."
        )
    return found


def parse_duration(text: str) -> int:
    """'30s', '5m', '2h', '3d', '1h30m' in nanoseconds; UsageError for what is none."""
    seconds = _seconds(" ".join(text.strip().lower().split()))
    if seconds is None or not 0 < seconds <= _LONGEST_S:
        raise UsageError(f"{_quoted(text)} is no length of time: write '30s', '5m', '2h' or '3d'.")
    return seconds * NS_PER_S


def _relative(words: str, now_ns: int) -> Moment | None:
    if words == "now":
        return Moment(now_ns)
    ago = _AGO.fullmatch(words)
    seconds = _seconds(ago[1]) if ago is not None else None
    if seconds is None or seconds > _LONGEST_S:
        return None
    return Moment(now_ns - seconds * NS_PER_S)


def _seconds(words: str) -> int | None:
    at = total = 0
    for piece in _PIECE.finditer(words):
        if words[at : piece.start()].strip(" ,"):
            return None
        total += int(piece[1]) * _UNIT_S[piece[2][0]]
        at = piece.end()
    return total if at and at == len(words) else None


def _absolute(words: str, now_ns: int, zone: tzinfo | None, *, later: bool) -> Moment | None:
    today = local(now_ns, zone).date()
    if _CLOCK.fullmatch(words):
        return _local(today, words, zone, later=later)
    day = _DAY.fullmatch(words)
    if day is not None:
        date_meant = today - timedelta(days=day[1] == "yesterday")
        return _local(date_meant, day[2] or "00:00", zone, later=later)
    iso = _ISO.fullmatch(words)
    if iso is None:
        return None
    stated = date.fromisoformat(iso[1])
    if iso[3] is None:
        return _local(stated, iso[2] or "00:00", zone, later=later)
    offset = "+00:00" if iso[3] in "zZ" else iso[3]
    zoned = datetime.strptime(f"{stated} 00:00{offset}", "%Y-%m-%d %H:%M%z")
    return Moment(_ns(zoned) + _of_day(iso[2]))


def _local(day: date, clock: str, zone: tzinfo | None, *, later: bool) -> Moment | None:
    match = _CLOCK.fullmatch(clock)
    if match is None:
        return None
    meant = datetime.combine(day, time(int(match[1]), int(match[2]), int(match[3] or 0)))
    rest_ns = int((match[4] or "").ljust(9, "0")) if match[4] else 0
    first, second = (_utc(meant.replace(fold=fold), zone) for fold in (0, 1))
    if first == second:
        return Moment(_ns(first) + rest_ns)
    shown = f"{meant:%Y-%m-%d %H:%M}"
    if local(_ns(first), zone).replace(tzinfo=None) == meant:
        taken = max(first, second) if later else min(first, second)
        which = "later" if later else "earlier"
        return Moment(
            _ns(taken) + rest_ns,
            f"{shown} occurs twice, because the clocks go back: the {which} one was taken "
            f"({taken:%H:%M} UTC).",
        )
    # Read with the time that held before, which is how a clock not yet set forward would run.
    taken = max(first, second)
    return Moment(
        _ns(taken) + rest_ns,
        f"{shown} does not occur, because the clocks go forward: "
        f"{local(_ns(taken), zone):%H:%M} was taken.",
    )


def _utc(naive: datetime, zone: tzinfo | None) -> datetime:
    return (naive if zone is None else naive.replace(tzinfo=zone)).astimezone(UTC)


def _of_day(clock: str) -> int:
    match = _CLOCK.fullmatch(clock)
    if match is None:
        raise ValueError(clock)
    seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
    return seconds * NS_PER_S + int((match[4] or "").ljust(9, "0"))


def _ns(moment: datetime) -> int:
    since = moment.astimezone(UTC) - _EPOCH
    return (since.days * 86400 + since.seconds) * NS_PER_S + since.microseconds * 1000


def _quoted(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_MOST else text[:_SHOWN_MOST] + "…")


# --- shown ----------------------------------------------------------------------------------------


def local(ns: int, zone: tzinfo | None = None) -> datetime:
    """A UTC time as local time."""
    return (_EPOCH + timedelta(microseconds=ns // 1000)).astimezone(zone)


def shown_time(ns: int, now_ns: int, zone: tzinfo | None = None) -> str:
    """For people: '14:02:31' today, otherwise with its date; with its offset where it is needed."""
    moment = local(ns, zone)
    text = f"{moment:%H:%M:%S}"
    if moment.date() != local(now_ns, zone).date():
        text = f"{moment:%Y-%m-%d} {text}"
    twice = moment.utcoffset() != moment.replace(fold=1 - moment.fold).utcoffset()
    return f"{text} {moment:%z}" if twice else text


def utc_text(ns: int) -> str:
    """For programs: RFC 3339 in UTC, to the millisecond."""
    moment = _EPOCH + timedelta(microseconds=ns // 1000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"
