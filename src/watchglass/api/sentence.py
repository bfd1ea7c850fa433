"""One sentence that a shop owner understands: 'Nothing missing since Monday 14:03.'"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from watchglass.api.ports import CauseWords
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.model.gap import GapCause
from watchglass.model.timeline import Span, SpanKind, StreamTimeline

_MISSING = (SpanKind.GAP, SpanKind.UNACCOUNTED)
_A_WEEK = 6
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def zone(name: str) -> tzinfo:
    """A time zone by its IANA name; UsageError for one that is not known."""
    try:
        return ZoneInfo(name) if name != "UTC" else UTC
    except (KeyError, ValueError, OSError) as error:
        raise UsageError("tz is the name of a time zone, such as Europe/Vienna.") from error


def sentence(
    line: StreamTimeline, asked_ns: int, now_ns: int, words: CauseWords, where: tzinfo
) -> str:
    """What a timeline comes to, asked for from ``asked_ns`` on. The newest matters most: what is
    missing now, then since when nothing is."""
    if not line.spans:
        return "Nothing was to be recorded in that time."
    missing = [span for span in line.spans if span.kind in _MISSING]
    since = when(line.from_ns, now_ns, where)
    if not missing:
        return f"Nothing missing since {since}."
    if _only_began(line, asked_ns):
        return f"Nothing missing since its first picture, {when(missing[-1].to_ns, now_ns, where)}."
    lost_ns = sum(span.to_ns - span.from_ns for span in missing)
    last = line.spans[-1]
    if last.kind in _MISSING and now_ns - last.to_ns < NS_PER_S:
        return f"Nothing recorded since {when(last.from_ns, now_ns, where)}{_why([last], words)}."
    if not line.of(SpanKind.MEDIA):
        return f"Nothing recorded since {since}{_why(missing, words)}."
    gaps = "1 gap" if len(missing) == 1 else f"{len(missing):,} gaps"
    whole = when(missing[-1].to_ns, now_ns, where)
    return (
        f"Nothing missing since {whole}; {length(lost_ns)} missing in {gaps} since {since}"
        f"{_why(missing, words)}."
    )


def _only_began(line: StreamTimeline, asked_ns: int) -> bool:
    """Whether all that is missing lies between the adding of the camera and its first picture."""
    missing = [span.kind in _MISSING for span in line.spans]
    waits = missing.index(False) if False in missing else 0
    return line.from_ns > asked_ns and waits > 0 and not any(missing[waits:])


def overall(lines: Sequence[StreamTimeline], asked_ns: int, now_ns: int, where: tzinfo) -> str:
    """The same over all cameras."""
    lines = [line for line in lines if line.spans]
    if not lines:
        return "Nothing is recorded yet."
    silent = sum(line.spans[-1].kind in _MISSING for line in lines)
    if silent:
        return f"{silent} of {_cameras(len(lines))} {'is' if silent == 1 else 'are'} not recorded."
    whole_ns = max(_whole_since_ns(line) for line in lines)
    at = when(whole_ns, now_ns, where)
    latest = [line for line in lines if _whole_since_ns(line) == whole_ns]
    if all(_only_began(line, asked_ns) for line in latest):
        # What is missing before is the wait for pictures, of the camera that came last.
        at = f"the first picture, {at}," if len(lines) > 1 else f"its first picture, {at}"
    every = "" if len(lines) == 1 else f" on all {len(lines)} cameras"
    return f"Nothing missing since {at}{every}."


def _whole_since_ns(line: StreamTimeline) -> int:
    ends = [span.to_ns for span in line.spans if span.kind in _MISSING]
    return max(ends, default=line.from_ns)


def _cameras(count: int) -> str:
    return "1 camera" if count == 1 else f"{count} cameras"


def _why(missing: Sequence[Span], words: CauseWords) -> str:
    """': the camera does not answer', where one cause took more than half."""
    lengths: dict[GapCause, int] = defaultdict(int)
    for span in missing:
        if span.cause is not None:
            lengths[span.cause] += span.to_ns - span.from_ns
    cause = max(lengths, key=lambda each: lengths[each], default=None)
    if cause is None or 2 * lengths[cause] <= sum(s.to_ns - s.from_ns for s in missing):
        return ""
    text = words.causes.get(cause, cause.value)
    return f" ({text})"


def when(at_ns: int, now_ns: int, where: tzinfo) -> str:
    """'14:03', 'yesterday 14:03', 'Monday 14:03', '3 November 14:03'."""
    at, now = _local(at_ns, where), _local(now_ns, where)
    time = f"{at.hour:02d}:{at.minute:02d}"
    days = (now.date() - at.date()).days
    if days == 0:
        return time
    if days == 1:
        return f"yesterday {time}"
    if 1 < days <= _A_WEEK:
        return f"{_DAYS[at.weekday()]} {time}"
    year = "" if at.year == now.year else f" {at.year}"
    return f"{at.day} {_MONTHS[at.month - 1]}{year} {time}"


def _local(at_ns: int, where: tzinfo) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return (epoch + timedelta(microseconds=at_ns // 1000)).astimezone(where)


def length(ns: int) -> str:
    """'38 s', '3 min', '2 h 5 min', '4 days'."""
    seconds = max(1, round(ns / NS_PER_S))
    if seconds < 60:
        return f"{seconds} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{round(hours / 24)} days"
