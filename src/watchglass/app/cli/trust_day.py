"""A day as a person writes it."""

from datetime import date

from watchglass.base.errors import UsageError
from watchglass.trust.day import parse_day


def stated_day(text: str | None) -> date | None:
    """None where none was given; UsageError for a month, a year or nonsense."""
    if text is None:
        return None
    try:
        day = parse_day(text)
    except ValueError:
        day = None
    if day is None or not day.is_exact:
        raise UsageError(f"{text[:40]!r} is no day: write it as 2026-07-04.")
    return day.first
