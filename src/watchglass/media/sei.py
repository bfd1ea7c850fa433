"""SEI messages of H.264 (7.3.2.3.1) and H.265 (7.3.2.4): at which pictures one can begin.

A recovery point (D.2.8 and D.3.8) says from which picture on decoding gives whole pictures: at
once, as cameras tell it that write I pictures without IDR, or after some more, as those do that
send no whole picture ever (intra refresh).
"""

from enum import IntEnum

from watchglass.media.sps import without_emulation

_RECOVERY_POINT = 6
_MOST_MESSAGES = 16


class Recovery(IntEnum):
    """What a picture's SEI says about beginning there."""

    NONE = 0
    GRADUAL = 1
    AT_ONCE = 2


def recovery(nal: bytes, header_bytes: int) -> Recovery:
    """What a SEI NAL unit says; ``header_bytes`` is 1 for H.264 and 2 for H.265."""
    # Sizes are told of what stands there before bytes are put in that prevent start codes. Counted
    # with those, what a message says would be read as the one after it.
    messages = without_emulation(nal[header_bytes:])
    at, end = 0, len(messages)
    for _ in range(_MOST_MESSAGES):
        kind, at = _number(messages, at)
        size, at = _number(messages, at)
        if at >= end or at + size > end:
            return Recovery.NONE
        if kind == _RECOVERY_POINT and size:
            # recovery_frame_cnt is ue(v), recovery_poc_cnt se(v): 0 is a single one bit in both.
            return Recovery.AT_ONCE if messages[at] & 0x80 else Recovery.GRADUAL
        at += size
    return Recovery.NONE


def _number(messages: bytes, at: int) -> tuple[int, int]:
    """A payload type or size: each 0xFF adds 255, the byte after them the rest."""
    value = 0
    while at < len(messages):
        byte = messages[at]
        value += byte
        at += 1
        if byte != 0xFF:
            break
    return value, at
