"""Days as sources give them: some are known to the month or the year alone."""

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

_FORM = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?")
NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, order=True)
class Day:
    """A day, or the span in which it lies: ``first`` to ``last``, both included."""

    first: date
    last: date

    @property
    def is_exact(self) -> bool:
        return self.first == self.last

    def __str__(self) -> str:
        if self.is_exact:
            return self.first.isoformat()
        same_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        return f"{self.first:%Y-%m}" if same_month else f"{self.first:%Y}"

    def surely_by(self, when: date) -> bool:
        """Whether it has come on ``when``, wherever in the span it lies."""
        return self.last <= when

    def perhaps_by(self, when: date) -> bool:
        """Whether it may have come on ``when``."""
        return self.first <= when


def parse_day(text: str) -> Day:
    """``2026-07-04``, ``2026-07`` or ``2026``; ValueError for anything else."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a date such as 2026-07-04, 2026-07 or 2026")
    year, month, day = (int(part) if part else None for part in found.groups())
    assert year is not None
    if month is None:
        return Day(date(year, 1, 1), date(year, 12, 31))
    if day is None:
        last = calendar.monthrange(year, month)[1] if 1 <= month <= 12 else 0
        return Day(date(year, month, 1), date(year, month, last))
    exact = date(year, month, day)
    return Day(exact, exact)


def day_of_ns(wall_ns: int) -> date:
    """The day, in UTC, of a moment."""
    return datetime.fromtimestamp(wall_ns // NS_PER_S, UTC).date()
