"""When the bytes in hand arrived: set once for each piece that the network gives."""

from dataclasses import dataclass


@dataclass(slots=True)
class Arrival:
    """Our two clocks at the newest piece."""

    wall_ns: int = 0
    monotonic_ns: int = 0
