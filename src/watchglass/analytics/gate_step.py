"""What a gate answers, and what it may be in."""

from enum import IntEnum, StrEnum


class Step(IntEnum):
    """What is to be done with a frame."""

    PASS = 0
    """Nothing."""
    OPEN = 1
    """Send all from ``Gate.opened_ns`` on, this one too."""
    SEND = 2
    """Send it: the gate is open."""
    CLOSE = 3
    """Send it, as the last one."""
    PROBE = 4
    """Send this key frame alone, and say what was seen."""
    PEEK = 5
    """Send all from the last key frame on, this one too, and say what is seen in this one."""
    UNSEEN = 6
    """Nothing, and nobody will look at it: no key frame came before it."""


class GateState(StrEnum):
    """``quiet``: sizes tell that nothing moves. ``open``: all is looked at. ``blind``: sizes tell
    nothing, key frames are looked at. ``learning``: what is usual here is not known yet."""

    QUIET = "quiet"
    OPEN = "open"
    BLIND = "blind"
    LEARNING = "learning"
