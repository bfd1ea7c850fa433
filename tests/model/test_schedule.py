"""Weekly pauses follow the clock on the wall, through the nights on which it is moved."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watchglass.base.errors import UsageError
from watchglass.model.schedule import (
    PauseSchedule,
    WeeklySpan,
    check_spans,
    checked_schedule,
    is_paused,
    next_pause,
    paused_until,
    rest_of_week,
)
from watchglass.model.schedule import shows as in_spans

# Europe moves at 01:00 UTC, New York at its 02:00, Lord Howe by half an hour, Kathmandu never and
# is 45 minutes off; Cairo moves at midnight, so that a day begins at 01:00.
ZONES = (
    "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Cairo",
    "UTC",
)  # fmt: skip
MOVES = (
    datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2026, 3, 8, 7, tzinfo=UTC), datetime(2026, 11, 1, 6, tzinfo=UTC),
    datetime(2026, 4, 4, 15, tzinfo=UTC), datetime(2026, 4, 23, 22, tzinfo=UTC),
    datetime(2026, 7, 15, 12, tzinfo=UTC),
)  # fmt: skip
MINUTE = timedelta(minutes=1)
spans = st.builds(
    WeeklySpan,
    st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))),
    st.integers(0, 95).map(lambda quarter: 15 * quarter),
    st.integers(0, 96).map(lambda quarter: 15 * quarter),
).filter(lambda span: span.from_min != span.to_min)
schedules = st.builds(
    PauseSchedule, st.sampled_from(ZONES),
    st.lists(spans, min_size=1, max_size=3).map(tuple), st.just("school"),
)  # fmt: skip
moments = st.builds(
    lambda near, minutes: near + minutes * MINUTE,
    st.sampled_from(MOVES), st.integers(-36 * 60, 36 * 60),
)  # fmt: skip


def ns(at: datetime) -> int:
    return round(at.timestamp()) * 10**9


def shows(schedule: PauseSchedule, at: datetime) -> bool:
    """What somebody would say who reads the clock there and holds the schedule in his hand."""
    local = at.astimezone(ZoneInfo(schedule.zone))
    minute = 60 * local.hour + local.minute
    for span in schedule.spans:
        for day in span.days:
            reads = [(local.weekday(), minute), ((local.weekday() - 1) % 7, minute + 1440)]
            end = span.to_min if span.to_min > span.from_min else span.to_min + 1440
            if any(on == day and span.from_min <= read < end for on, read in reads):
                return True
    return False


@given(schedules, moments)
def test_paused_is_what_the_clock_on_the_wall_shows(schedule: PauseSchedule, at: datetime) -> None:
    assert is_paused(schedule, ns(at)) is shows(schedule, at)


@given(schedules, moments)
@settings(max_examples=30)
def test_a_pause_ends_and_the_next_begins_at_the_first_minute_that_says_so(
    schedule: PauseSchedule, at: datetime
) -> None:
    until_ns, next_ns = paused_until(schedule, ns(at)), next_pause(schedule, ns(at))
    assert (until_ns is None) is not shows(schedule, at)
    minutes = [at + number * MINUTE for number in range(2 * 1440)]
    read = [shows(schedule, each) for each in minutes]
    ends = [each for each, paused in zip(minutes, read, strict=True) if not paused]
    begins = [each for each, was, is_ in zip(minutes[1:], read, read[1:], strict=False)
              if is_ and not was]  # fmt: skip
    if until_ns is not None and ends:
        assert until_ns == ns(ends[0])
    if begins:
        assert next_ns == ns(begins[0])
    elif next_ns is not None:
        assert next_ns > ns(minutes[-1])


def test_the_nights_on_which_clocks_are_moved() -> None:
    night = PauseSchedule("Europe/Vienna", (WeeklySpan((6,), 120, 180),), "2 to 3 on Sundays")
    spring = datetime(2026, 3, 28, 23, tzinfo=UTC)
    # In spring the clock shows no time from 2 to 3, so nothing is paused until a week later.
    assert next_pause(night, ns(spring)) == ns(datetime(2026, 4, 5, 0, tzinfo=UTC))
    # In autumn it shows all of them twice.
    first = ns(datetime(2026, 10, 25, 0, tzinfo=UTC))
    assert next_pause(night, first - 10**9) == first
    assert paused_until(night, first) == ns(datetime(2026, 10, 25, 2, tzinfo=UTC))
    over = PauseSchedule("Europe/Vienna", (WeeklySpan((5,), 23 * 60, 150),), "until half past 2")
    # Half past 2 comes, goes back, and comes again.
    assert paused_until(over, ns(datetime(2026, 10, 24, 22, tzinfo=UTC))) == first + 1800 * 10**9
    assert next_pause(over, first + 1800 * 10**9) == first + 3600 * 10**9


def test_one_that_is_never_off_is_paused_for_days_on_end() -> None:
    always = PauseSchedule("UTC", (WeeklySpan(tuple(range(7)), 0, 1440),), "for good")
    at = ns(MOVES[0])
    until = paused_until(always, at)
    assert until is not None
    assert until > at + 8 * 86_400 * 10**9
    assert next_pause(always, at) is None


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (PauseSchedule("Mars/Base", (WeeklySpan((0,), 0, 60),), "x"), "No time zone"),
        (PauseSchedule("../etc/passwd", (WeeklySpan((0,), 0, 60),), "x"), "No time zone"),
        (PauseSchedule("UTC", (WeeklySpan((0,), 0, 60),), " "), "reason"),
        (PauseSchedule("UTC", (), "x"), "1 to 50"),
        (PauseSchedule("UTC", (WeeklySpan((), 0, 60),), "x"), "a day or more"),
        (PauseSchedule("UTC", (WeeklySpan((7,), 0, 60),), "x"), "a day or more"),
        (PauseSchedule("UTC", (WeeklySpan((0,), -1, 60),), "x"), "00:00 and 24:00"),
        (PauseSchedule("UTC", (WeeklySpan((0,), 0, 1441),), "x"), "00:00 and 24:00"),
        (PauseSchedule("UTC", (WeeklySpan((0,), 60, 60),), "x"), "whole day"),
    ],
)
def test_one_that_cannot_be_is_refused(wrong: PauseSchedule, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        checked_schedule(wrong)


WORK = WeeklySpan((0, 1, 2, 3, 4), 420, 1080)


@pytest.mark.parametrize(
    ("spans", "rest"),
    [
        ((), (WeeklySpan((0, 1, 2, 3, 4, 5, 6), 0, 1440),)),
        ((WeeklySpan(tuple(range(7)), 0, 1440),), ()),
        ((WeeklySpan(tuple(range(7)), 0, 1439),), ()),
        # From Friday evening to Monday morning, and four nights.
        (
            (WORK,),
            (
                WeeklySpan((0,), 0, 420), WeeklySpan((0, 1, 2, 3), 1080, 420),
                WeeklySpan((4,), 1080, 1440), WeeklySpan((5, 6), 0, 1440),
            ),
        ),
        ((WeeklySpan(tuple(range(7)), 1320, 360),), (WeeklySpan(tuple(range(7)), 360, 1320),)),
    ],
)  # fmt: skip
def test_the_rest_of_a_week(spans: tuple[WeeklySpan, ...], rest: tuple[WeeklySpan, ...]) -> None:
    assert rest_of_week(spans) == rest


@given(
    st.lists(
        st.builds(
            WeeklySpan, st.sets(st.integers(0, 6), min_size=1).map(sorted).map(tuple),
            st.integers(0, 1439), st.integers(1, 1438),
        ).filter(lambda span: span.from_min != span.to_min),
        max_size=6,
    ),
    st.integers(0, 7 * 1440 - 1),
)  # fmt: skip
def test_each_minute_is_in_the_spans_or_in_the_rest(spans: list[WeeklySpan], minute: int) -> None:
    at_ns = (minute + 4 * 1440) * 60 * 10**9  # the first Monday of 1970
    rest = rest_of_week(spans)
    check_spans(rest)
    assert in_spans(spans, UTC, at_ns) is not in_spans(rest, UTC, at_ns)
