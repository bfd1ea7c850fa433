"""What a model costs on this machine; apart from the detectors, for those who only tell it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DetectorSpeed:
    """How a model computes here, as measured at its start: ``lanes`` pictures side by side with
    ``threads`` each; milliseconds a picture, of the clock on the wall and of processors."""

    provider: str
    threads: int
    lanes: int
    wall_ms: float
    cpu_ms: float
