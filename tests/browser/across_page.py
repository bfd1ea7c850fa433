"""A page in Chromium, and the numbers in the pictures that it shows."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from playwright.sync_api import Page

from watchglass.simulate.frame_code import CELLS, read

_SCRIPT = Path(__file__).with_suffix(".js").read_text().replace("CELLS", str(CELLS))
T = TypeVar("T")
PAST = ".past video"
LIVE = ".tile.large video"


@dataclass(frozen=True, slots=True)
class Seen:
    """A picture that the browser composed, and when (its own clock, UTC ms)."""

    number: int | None
    at_ms: float


class Watcher:
    """A person before the page."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page = page
        self.origin = origin
        self.errors: list[str] = []
        page.add_init_script(_SCRIPT)
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def open(self, camera: str, at_ms: float | None = None) -> None:
        """The page with a camera large, live or at a moment of the past."""
        at = ""
        if at_ms is not None:
            moment = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
            at = "&at=" + moment.replace("+00:00", "Z")
        # Another document each time: the page reads its address once.
        self.page.goto("about:blank")
        self.page.goto(f"{self.origin}/#camera={camera}{at}")

    def number(self, of: str = PAST) -> int | None:
        """The number in the picture on the screen."""
        cells = self.page.evaluate(f"cellsOf(document.querySelector('{of}'))")
        return _number(cells)

    def log(self, of: str = PAST) -> None:
        """Note each picture of a video from now on."""
        self.page.evaluate("(of) => { pictures.length = 0; logs = of; }", of)

    def logged(self) -> list[Seen]:
        """What was noted since."""
        found = self.page.evaluate("pictures.slice()")
        return [Seen(_number(cells), at_ms) for cells, at_ms, _ in found]

    def begin(self, camera: str, at_ms: float) -> list[Seen]:
        """Open at a moment of the past, and wait for the first pictures."""
        self.open(camera, at_ms)
        return self.until(self.logged)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def text(self, of: str = ".past") -> str:
        script = "(of) => document.querySelector(of)?.innerText ?? ''"
        return str(self.page.evaluate(script, of))

    def until(self, what: Callable[[], T], timeout_s: float = 20.0) -> T:
        """Wait for something to become true; what it was then."""
        until_s = time.monotonic() + timeout_s
        while not (found := what()):
            assert time.monotonic() < until_s, f"{self.text('body')}\n{self.number()}"
            self.page.wait_for_timeout(50)
        return found

    def shows(self, number: int, of: str = PAST) -> None:
        """Wait for a picture; the last one seen is told when it does not come."""
        self.until(lambda: self.number(of) == number)


def _number(cells: list[float] | None) -> int | None:
    if cells is None:
        return None
    return read(np.repeat(np.array([cells]), 4, axis=0))
