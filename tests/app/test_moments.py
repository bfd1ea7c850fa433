"""Times as people write them: read, shown, and where the clocks change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from watchglass.app.cli.moments import (
    Moment,
    local,
    parse_duration,
    parse_moment,
    shown_time,
    utc_text,
)
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError

BERLIN = ZoneInfo("Europe/Berlin")
# A quarter past noon in Berlin, in summer.
NOW = datetime(2026, 7, 4, 10, 15, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]
LOCAL_TIMES = st.datetimes(
    datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2090-01-01")
)


def ns(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


NOW_NS = ns(NOW)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("now", NOW),
        ("12:00", datetime(2026, 7, 4, 10, tzinfo=UTC)),
        ("9:05", datetime(2026, 7, 4, 7, 5, tzinfo=UTC)),
        ("12:00:30", datetime(2026, 7, 4, 10, 0, 30, tzinfo=UTC)),
        ("today", datetime(2026, 7, 3, 22, tzinfo=UTC)),
        ("today 8:00", datetime(2026, 7, 4, 6, tzinfo=UTC)),
        ("yesterday 14:00", datetime(2026, 7, 3, 12, tzinfo=UTC)),
        (" Yesterday  at 14:00 ", datetime(2026, 7, 3, 12, tzinfo=UTC)),
        ("yesterday", datetime(2026, 7, 2, 22, tzinfo=UTC)),
        ("10 minutes ago", NOW - timedelta(minutes=10)),
        ("10m ago", NOW - timedelta(minutes=10)),
        ("1h30m ago", NOW - timedelta(minutes=90)),
        ("2 days, 3 hours ago", NOW - timedelta(days=2, hours=3)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2026-07-01 14:00", datetime(2026, 7, 1, 12, tzinfo=UTC)),
        ("2026-07-01T14:00:01.5", datetime(2026, 7, 1, 12, 0, 1, 500_000, tzinfo=UTC)),
        ("2026-07-01T14:00Z", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-07-01t14:00z", datetime(2026, 7, 1, 14, tzinfo=UTC)),
        ("2026-07-01T14:00+05:30", datetime(2026, 7, 1, 8, 30, tzinfo=UTC)),
        ("2026-07-01 14:00 -0330", datetime(2026, 7, 1, 17, 30, tzinfo=UTC)),
        ("2026-01-15 14:00", datetime(2026, 1, 15, 13, tzinfo=UTC)),
    ],
)
def test_reads(text: str, meant: datetime) -> None:
    assert parse_moment(text, NOW_NS, BERLIN) == Moment(ns(meant))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "soon", "25:00", "12:60", "24:00", "1200", "noon", "tomorrow 12:00", "ago",
        "minutes ago", "10 parsecs ago", "-5m ago", "2026-13-01", "2026-02-30", "2026-07-01T25:00Z",
        "2026-07-01 14:00+25:00", "0000-01-01", "12:00\x1b[31m", "999999999 weeks ago",
        "2026-07-01T14", "14:00 yesterday", "٣ minutes ago", "1969-12-31T23:59Z",
        "0001-01-01 00:00", "9999-12-31",
    ],
)  # fmt: skip
def test_refuses_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="10 minutes ago") as caught:
        parse_moment(text, NOW_NS, BERLIN)
    assert caught.value.sentence.isprintable()


def test_hour_that_occurs_twice() -> None:
    # In Berlin clocks go back at 3:00 on 25 October 2026, so that 2:30 occurs twice.
    early = parse_moment("2026-10-25 02:30", NOW_NS, BERLIN)
    late = parse_moment("2026-10-25 02:30", NOW_NS, BERLIN, later=True)
    assert early.ns == ns(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert late.ns == ns(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert early.assumed == (
        "2026-10-25 02:30 occurs twice, because the clocks go back: the earlier one was taken "
        "(00:30 UTC)."
    )
    assert "later one was taken (01:30 UTC)" in late.assumed


def test_hour_that_does_not_occur() -> None:
    # Clocks go forward at 2:00 on 29 March 2026: 2:30 is skipped.
    found = parse_moment("2026-03-29 02:30", NOW_NS, BERLIN)
    assert found.ns == ns(datetime(2026, 3, 29, 1, 30, tzinfo=UTC))
    assert found.assumed == (
        "2026-03-29 02:30 does not occur, because the clocks go forward: 03:30 was taken."
    )


def test_half_hour_change() -> None:
    # Lord Howe Island moves its clocks by half an hour, at 2:00 on 5 April 2026.
    zone = ZoneInfo("Australia/Lord_Howe")
    early = parse_moment("2026-04-05 01:45", NOW_NS, zone)
    late = parse_moment("2026-04-05 01:45", NOW_NS, zone, later=True)
    assert late.ns - early.ns == 1800 * NS_PER_S
    assert early.assumed


@given(
    moment=LOCAL_TIMES,
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    later=st.booleans(),
)
@example(datetime.fromisoformat("2026-10-25 02:30"), BERLIN, True)
@example(datetime.fromisoformat("2026-03-29 02:30"), BERLIN, False)
def test_local_times_come_back(moment: datetime, zone: ZoneInfo, later: bool) -> None:
    """What is read is shown as it was written, unless it does not occur, and then that is said."""
    moment = moment.replace(microsecond=0)
    found = parse_moment(moment.isoformat(" "), NOW_NS, zone, later=later)
    back = local(found.ns, zone).replace(tzinfo=None)
    if "does not occur" in found.assumed:
        assert timedelta(0) < back - moment <= timedelta(hours=24)
        assert f"{back:%H:%M}" in found.assumed
    else:
        assert back == moment
    offsets = {moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    assert bool(found.assumed) == (len(offsets) > 1)


@given(LOCAL_TIMES, st.sampled_from(ZONES).map(ZoneInfo))
def test_utc_is_read_alike_everywhere(moment: datetime, zone: ZoneInfo) -> None:
    text = moment.isoformat() + "Z"
    assert parse_moment(text, NOW_NS, zone) == Moment(ns(moment.replace(tzinfo=UTC)))


@given(st.integers(0, 4 * 10**18))
def test_utc_text_comes_back(moment_ns: int) -> None:
    assert parse_moment(utc_text(moment_ns), NOW_NS).ns == moment_ns // 10**6 * 10**6


@given(st.integers(3600 * NS_PER_S, 4 * 10**18), st.sampled_from(ZONES).map(ZoneInfo))
def test_shown_time_tells_twins_apart(moment_ns: int, zone: ZoneInfo) -> None:
    """No two hours look the same on the screen."""
    shown = {shown_time(moment_ns + step * NS_PER_S, NOW_NS, zone) for step in (-3600, 0, 3600)}
    assert len(shown) == 3


@given(st.text(max_size=40) | st.from_regex(r"[0-9:TZ+ .amgotdy-]{0,24}", fullmatch=True))
def test_any_text_is_a_time_or_a_usage_error(text: str) -> None:
    try:
        found = parse_moment(text, NOW_NS, BERLIN)
    except UsageError:
        return
    assert 0 <= found.ns < 2**63


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30), ("5m", 300), ("2h", 7200), ("3d", 259200), ("1h30m", 5400), ("2 hours", 7200),
     ("1w", 604800), ("90 min", 5400), ("1 d, 2 h", 93600)],
)  # fmt: skip
def test_durations(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds * NS_PER_S


@pytest.mark.parametrize(
    "text", ["", "5", "m", "-5m", "0s", "5 parsecs", "1.5h", "999999999w", "5mm"]
)
def test_no_durations(text: str) -> None:
    with pytest.raises(UsageError, match="'2h' or '3d'"):
        parse_duration(text)


def test_shown_with_date_only_where_needed() -> None:
    assert shown_time(NOW_NS, NOW_NS, BERLIN) == "12:15:00"
    assert shown_time(NOW_NS - 86400 * NS_PER_S, NOW_NS, BERLIN) == "2026-07-03 12:15:00"
