"""Why a recording is kept."""

from enum import StrEnum


class Kept(StrEnum):
    """``continuous``: because it was recorded. ``events``: because something happened in it. What
    is on hold is kept until the hold is lifted, whatever these say."""

    CONTINUOUS = "continuous"
    EVENTS = "events"
