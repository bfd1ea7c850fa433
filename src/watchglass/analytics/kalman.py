"""Where a box is going: a Kalman filter for pictures that come at any distance in time.

Lengths are in heights of the picture, across too, so that a step to the side weighs as much as one
towards the camera. How far things jump and how far boxes are off is told in their own sizes.
"""

import math
from dataclasses import dataclass

from watchglass.model.detection import Box

_OFF = 0.06
"""How far the middle of a found box lies from the true one, in parts of its size."""
_SIZE_OFF = 0.1
_SPEED = 1.2
"""Of something that nothing is known of, in its own sizes a second."""
_JERK = 0.5
"""How its speed wanders: sizes a second, after a second."""
_SIZE_DRIFT = 0.25
_LEAST_SIZE = 1e-3


@dataclass(slots=True)
class Axis:
    """A position and its speed, with their variances."""

    at: float
    at_var: float
    speed: float
    speed_var: float
    both_var: float = 0.0

    def carry_on(self, dt_s: float, noise: float) -> None:
        """``noise``: the speed's variance after a second more."""
        self.at += self.speed * dt_s
        self.at_var += dt_s * (2 * self.both_var + dt_s * (self.speed_var + noise * dt_s / 3))
        self.both_var += dt_s * (self.speed_var + noise * dt_s / 2)
        self.speed_var += noise * dt_s

    def see(self, at: float, var: float) -> None:
        off, total = at - self.at, self.at_var + var
        gain, speed_gain = self.at_var / total, self.both_var / total
        self.at += gain * off
        self.speed += speed_gain * off
        self.speed_var -= speed_gain * self.both_var
        self.both_var *= 1 - gain
        self.at_var *= 1 - gain

    def stand(self) -> None:
        """It is known not to move."""
        self.speed = self.speed_var = self.both_var = 0.0


@dataclass(slots=True)
class Motion:
    """The middle of a box, with its speed, and its sides."""

    aspect: float
    x: Axis
    y: Axis
    width: float
    height: float
    size_var: float

    @classmethod
    def of(cls, box: Box, aspect: float) -> "Motion":
        """``aspect``: the picture's width by its height."""
        x, y, width, height = _measures(box, aspect)
        size = math.sqrt(width * height)
        off, speed = (_OFF * size) ** 2, (_SPEED * size) ** 2
        return cls(
            aspect, Axis(x, off, 0.0, speed), Axis(y, off, 0.0, speed), width, height,
            _SIZE_OFF**2,
        )  # fmt: skip

    @property
    def size(self) -> float:
        return math.sqrt(self.width * self.height)

    @property
    def speed(self) -> float:
        """In its own sizes a second."""
        return math.hypot(self.x.speed, self.y.speed) / self.size

    @property
    def unsure(self) -> float:
        """How far off the middle may be, in heights of the picture: one standard deviation."""
        return math.sqrt(max(self.x.at_var, self.y.at_var))

    @property
    def box(self) -> Box:
        x, across, down = self.x.at / self.aspect, self.width / self.aspect / 2, self.height / 2
        return Box(x - across, self.y.at - down, x + across, self.y.at + down)

    def carry_on(self, dt_s: float) -> None:
        noise = (_JERK * self.size) ** 2
        self.x.carry_on(dt_s, noise)
        self.y.carry_on(dt_s, noise)
        self.size_var += _SIZE_DRIFT**2 * dt_s

    def see(self, box: Box) -> None:
        x, y, width, height = _measures(box, self.aspect)
        off = (_OFF * math.sqrt(width * height)) ** 2
        self.x.see(x, off)
        self.y.see(y, off)
        gain = self.size_var / (self.size_var + _SIZE_OFF**2)
        self.width *= (width / self.width) ** gain
        self.height *= (height / self.height) ** gain
        self.size_var *= 1 - gain

    def stand(self) -> None:
        self.x.stand()
        self.y.stand()


def _measures(box: Box, aspect: float) -> tuple[float, float, float, float]:
    width = max(_LEAST_SIZE, (box.x1 - box.x0) * aspect)
    height = max(_LEAST_SIZE, box.y1 - box.y0)
    return (box.x0 + box.x1) / 2 * aspect, (box.y0 + box.y1) / 2, width, height
