"""Moments as text."""

from datetime import UTC, datetime

from watchglass.base.clock import NS_PER_S


def utc(wall_ns: int | None) -> str:
    """A moment as text, to the second; empty for None."""
    if wall_ns is None:
        return ""
    return datetime.fromtimestamp(wall_ns // NS_PER_S, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
