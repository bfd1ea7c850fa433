"""The browser in front of which tests put a page."""

from pathlib import Path

_SHELL = Path("/usr/bin/chromium-headless-shell")
_WHOLE = Path("/usr/bin/chromium")

CHROMIUM = _SHELL if _SHELL.exists() else _WHOLE
"""Chromium without a window around the page, where that is there: the page and its drawing are the
same, and a new visitor costs a third of the CPU. Benches and the demo's own test take the whole."""

NONE = "no Chromium: 'apt-get install chromium-headless-shell' on Debian and Ubuntu"
"""Why a test is skipped where neither is there."""
