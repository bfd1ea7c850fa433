"""Supplemental enhancement information of H.264 (7.3.2.3.1): only what decides about key frames."""

_RECOVERY_POINT = 6
_MOST_MESSAGES = 16


def is_recovery_point(nal: bytes) -> bool:
    """Whether a SEI NAL unit says that decoding can begin at its very picture (D.2.8).

    That is ``recovery_frame_cnt`` 0: cameras that write I pictures without IDR tell it so. A
    picture from which the image only heals over the next frames (intra refresh) does not count:
    what is played from there begins broken.
    """
    at, end = 1, len(nal)
    for _ in range(_MOST_MESSAGES):
        kind, at = _number(nal, at)
        size, at = _number(nal, at)
        if at >= end or at + size > end:
            return False
        if kind == _RECOVERY_POINT:
            # ue(v) of 0 is a single one bit.
            return size > 0 and nal[at] & 0x80 != 0
        at += size
    return False


def _number(nal: bytes, at: int) -> tuple[int, int]:
    """A payload type or size: each 0xFF adds 255, the byte after them the rest."""
    value = 0
    while at < len(nal):
        byte = nal[at]
        value += byte
        at += 1
        if byte != 0xFF:
            break
    return value, at
