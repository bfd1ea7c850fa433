"""Watchglass: a video surveillance recorder that accounts for every second."""

__version__ = "0.1.0"
