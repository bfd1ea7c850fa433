"""Why a recording is kept."""

from dataclasses import dataclass
from enum import StrEnum


class Kept(StrEnum):
    """``continuous``: because it was recorded. ``events``: because something happened in it. What
    is on hold is kept until the hold is lifted, whatever these say."""

    CONTINUOUS = "continuous"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long recordings are kept where a camera says nothing else. ``country`` in two letters of
    ISO 3166, None while not stated; longer than its default, ``default_h``, takes a reason."""

    hours: int
    default_h: int
    country: str | None
