"""Firmware versions: read from what devices write, and compared.

A version has numbers and, with most makers, a build date. The two need not agree (a seller may
build old code anew), so they are compared apart, and a contradiction is said, never settled.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from watchglass.trust.day import Day
from watchglass.trust.fact import AffectedFirmware

_NUMBERS = re.compile(r"(?<![\d.])\d{1,12}(?:[.-]\d{1,12}){0,7}")
_BUILDS = (
    re.compile(r"build(?: date)?[ _:,-]*(\d{2,4})-?(\d\d)-?(\d\d)(?!\d)", re.IGNORECASE),
    re.compile(r"\.R\.(\d{4}|\d\d)(\d\d)(\d\d)(?!\d)"),
    re.compile(r"^[A-Z]{1,4}\d{3,5}\.\S*\.(\d\d)(\d\d)(\d\d)$"),
)
_DATE = re.compile(r"(?<!\d)(\d{4}|\d\d)[-/.]?(\d\d)[-/.]?(\d\d)(?!\d)")
_OLDEST = date(1995, 1, 1)
_MOST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Firmware:
    """``numbers`` without zeros at the end (empty: none were found); ``build`` is its date."""

    text: str
    numbers: tuple[int, ...]
    build: date | None = None

    @property
    def is_known(self) -> bool:
        return bool(self.numbers) or self.build is not None

    def __str__(self) -> str:
        built = f" (built {self.build})" if self.build is not None else ""
        return f"{self.text}{built}" if self.text else f"built {self.build}"


def read_firmware(text: str, date_text: str = "") -> Firmware:
    """A version as a device writes it, with its build date where it writes that apart."""
    text = text[:_MOST_CHARS]
    found = _NUMBERS.search(text)
    numbers = [int(part) for part in re.split(r"[.-]", found[0])] if found is not None else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return Firmware(text.strip(), tuple(numbers), read_build(text) or read_date(date_text))


def read_build(text: str) -> date | None:
    """The build date inside a version."""
    for pattern in _BUILDS:
        found = pattern.search(text[:_MOST_CHARS])
        if found is not None:
            built = _date(*found.groups())
            if built is not None:
                return built
    return None


def read_date(text: str) -> date | None:
    """A date on its own: ``build 210628``, ``20210628``, ``2021-06-28``."""
    found = _DATE.search(text[:_MOST_CHARS])
    return _date(*found.groups()) if found is not None else None


def _date(year: str, month: str, day: str) -> date | None:
    try:
        found = date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
    except ValueError:
        return None
    return found if found >= _OLDEST else None


class Position(StrEnum):
    """Where firmware lies with regard to what is affected."""

    INSIDE = "inside"
    OLDER = "older"
    NEWER = "newer"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Span:
    """From and to, both included; None is open. ``below``: ``to`` itself is outside."""

    low: tuple[int, ...] | date | None
    high: tuple[int, ...] | date | None
    below: bool = False

    def place(self, at: tuple[int, ...] | date) -> Position:
        # Both ends are of the kind that `at` is; the type checker cannot see that.
        if self.low is not None and at < self.low:  # type: ignore[operator]
            return Position.OLDER
        if self.high is not None and (
            at > self.high or (self.below and at == self.high)  # type: ignore[operator]
        ):
            return Position.NEWER
        return Position.INSIDE


def place(firmware: Firmware, affected: AffectedFirmware) -> Position:
    """Where firmware lies; UNKNOWN when what is known is not enough, or contradicts itself."""
    if affected.below or affected.through:
        return _place_by_end(firmware, read_firmware(affected.below or affected.through),
                             below=bool(affected.below))  # fmt: skip
    return _agreed(_places(firmware, affected), open_ended=_is_open(affected))


def place_by_build(firmware: Firmware, rows: Iterable[AffectedFirmware]) -> Position:
    """Where firmware of an unknown model lies: by its build date, and all rows at once."""
    if firmware.build is None:
        return Position.UNKNOWN
    found = [_place_build(firmware.build, row) for row in rows]
    if not found or Position.INSIDE in found or Position.UNKNOWN in found:
        return Position.INSIDE if Position.INSIDE in found else Position.UNKNOWN
    return Position.NEWER if set(found) == {Position.NEWER} else Position.UNKNOWN


def _place_build(build: date, row: AffectedFirmware) -> Position:
    end = read_build(row.below or row.through) or _last(row.to_build) or _last(row.build_before)
    if end is None:
        return Position.UNKNOWN
    below = bool(row.below) or (row.to_build is None and not row.through)
    return _Span(_first(row.from_build), end, below).place(build)


def _place_by_end(firmware: Firmware, end: Firmware, *, below: bool) -> Position:
    """By numbers; where they are equal by build date, and never against it."""
    if not firmware.numbers or not end.numbers:
        if firmware.build is None or end.build is None:
            return Position.UNKNOWN
        return _Span(None, end.build, below).place(firmware.build)
    if firmware.numbers == end.numbers and end.build is not None:
        if firmware.build is None:
            return Position.UNKNOWN
        return _Span(None, end.build, below).place(firmware.build)
    by_number = _Span(None, end.numbers, below).place(firmware.numbers)
    if firmware.build is None or end.build is None:
        return by_number
    by_build = _Span(None, end.build, below).place(firmware.build)
    return by_number if by_number is by_build else Position.UNKNOWN


def _places(firmware: Firmware, row: AffectedFirmware) -> list[Position]:
    """By numbers and by build date; at a version that ends a span the build date decides."""
    found = []
    low, high = read_firmware(row.from_version).numbers, read_firmware(row.to_version).numbers
    decided_by_build = firmware.build is not None and (
        (firmware.numbers == low and row.from_build is not None)
        or (firmware.numbers == high and row.to_build is not None)
    )
    if (low or high) and not decided_by_build:
        by_number = _Span(low or None, high or None).place(firmware.numbers)
        found.append(by_number if firmware.numbers else Position.UNKNOWN)
    for low_day, high_day, below in (
        (_first(row.from_build), _last(row.to_build), False),
        (None, _first(row.build_before), True),
    ):
        if low_day is None and high_day is None:
            continue
        if firmware.build is None:
            found.append(Position.UNKNOWN)
        else:
            found.append(_Span(low_day, high_day, below).place(firmware.build))
    return found


def _agreed(found: list[Position], *, open_ended: bool) -> Position:
    if open_ended:
        return Position.INSIDE
    told = {each for each in found if each is not Position.UNKNOWN}
    if len(told) != 1:
        return Position.UNKNOWN
    (position,) = told
    # Inside by one measure says little while the other is not known; outside says it all.
    if position is Position.INSIDE and Position.UNKNOWN in found:
        return Position.UNKNOWN
    return position


def _is_open(row: AffectedFirmware) -> bool:
    return not (row.from_version or row.to_version or row.from_build or row.to_build
                or row.build_before)  # fmt: skip


def _first(day: Day | None) -> date | None:
    return day.first if day is not None else None


def _last(day: Day | None) -> date | None:
    return day.last if day is not None else None
