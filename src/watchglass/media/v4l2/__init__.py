"""USB and analogue cameras of this machine (Video4Linux2): from a device to access units."""

from watchglass.media.v4l2.source import V4l2Source

__all__ = ["V4l2Source"]
