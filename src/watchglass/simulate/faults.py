"""What can be made to go wrong with a stream while it runs."""

import math
from dataclasses import dataclass, replace
from typing import Final

from watchglass.simulate.loop import LoopSpec

FaultValue = bool | int | float | str | None


class BadFault(ValueError):
    """A fault that does not exist, or a value that it does not take."""


@dataclass(slots=True)
class Faults:
    """Standing faults of one stream, off at first."""

    stall: bool = False
    """Send no media; connections stay open and requests are answered."""
    drop: float = 0.0
    """Share of frames that the camera leaves out; sequence numbers go on without a hole."""
    loss: float = 0.0
    """Share of frames lost on the way: sequence numbers show the hole."""
    disorder: float = 0.0
    """Share of packets that arrive behind the next one; over UDP alone."""
    drop_next: int = 0
    """Frames yet to be left out."""
    burst: bool = False
    """Begin each session with the frames since the last key frame, all at once."""
    refuse: bool = False
    """Answer every request with 401."""
    sound_stop: bool = False
    """Send no sound; the description still announces it."""
    offline: bool = False
    """Take no connections."""
    no_sprop: bool = False
    """Leave parameter sets out of the description."""
    garbage: bool = False
    """Answer requests with bytes that are no RTSP."""
    garbage_media: bool = False
    """Send noise in place of pictures, in proper RTP."""
    hang_up: float = 0.0
    """Seconds after which each session is ended by the camera; 0 for never."""
    unsupported: str = ""
    """Encoding name to announce in place of the true one."""


FLAGS: Final = (
    "stall",
    "burst",
    "refuse",
    "sound_stop",
    "offline",
    "no_sprop",
    "garbage",
    "garbage_media",
)
SHARES: Final = ("drop", "loss", "disorder")
DEFAULT_UNSUPPORTED: Final = "MP4V-ES"


def set_standing(faults: Faults, name: str, value: FaultValue) -> bool:
    """Set a standing fault; False if the name is none of them."""
    if name in FLAGS:
        setattr(faults, name, _flag(name, value))
    elif name in SHARES:
        setattr(faults, name, _share(name, value))
    elif name == "hang_up":
        faults.hang_up = max(0.0, number(name, value))
    elif name == "drop_next":
        faults.drop_next = int(number(name, value))
    elif name == "unsupported":
        faults.unsupported = _encoding(value)
    else:
        return False
    return True


def number(name: str, value: FaultValue) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise BadFault(f"{name} takes a number, not {value!r}")
    return float(value)


def picture_size(value: FaultValue, spec: LoopSpec) -> LoopSpec:
    """The spec with another size, given as "640x360"."""
    match value.split("x") if isinstance(value, str) else None:
        case [width, height] if width.isdecimal() and height.isdecimal():
            return replace(spec, width=int(width), height=int(height))
        case _:
            raise BadFault(f'resolution takes a size as "640x360", not {value!r}')


def _flag(name: str, value: FaultValue) -> bool:
    if not isinstance(value, bool):
        raise BadFault(f"{name} takes true or false, not {value!r}")
    return value


def _share(name: str, value: FaultValue) -> float:
    share = number(name, value)
    if not 0 <= share <= 1:
        raise BadFault(f"{name} takes a share from 0 to 1, not {value!r}")
    return share


def _encoding(value: FaultValue) -> str:
    match value:
        case True:
            return DEFAULT_UNSUPPORTED
        case False | None:
            return ""
        case str():
            return value
        case _:
            raise BadFault(f"unsupported takes an encoding name or true, not {value!r}")
