"""The recorder's page in Chromium, and the frame numbers in the pictures that it shows."""

import base64
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benches._harness import BenchError
from benches._visitor import PASSWORD
from watchglass.simulate import frame_code

LARGE = ".tile.large :is(video, img)"
PAST = ".past :is(video, img)"
_WAIT_S = 30.0

# A picture of an element: width, rows and luma of its upper strip, and when it was taken (UTC ms).
_GRAB = """([selector, at]) => {
  const element = document.querySelectorAll(selector)[at];
  const width = element?.videoWidth || element?.naturalWidth || 0;
  if (!width) return null;
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = Math.max(4, 2 * Math.floor(width / 40));
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(element, 0, 0);
  const seen = performance.timeOrigin + performance.now();
  const {data} = context.getImageData(0, 0, canvas.width, canvas.height);
  let text = '';
  for (let i = 1; i < data.length; i += 4) text += String.fromCharCode(data[i]);
  return [canvas.width, canvas.height, btoa(text), seen];
}"""


def chromium() -> str:
    """The system's Chromium; BenchError where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise BenchError("Chromium is not installed here: 'apt-get install chromium', then again.")


class Watcher:
    """Somebody at the page. ``errors``: what the page itself said went wrong."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))

    def enter(self) -> None:
        """Open the link that the recorder printed; sets the password, or signs in with it."""
        self.page.goto(self.url)
        self.page.wait_for_selector("input[type=password]")
        for field in self.page.locator("input[type=password]").all():
            field.fill(PASSWORD)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".tile")

    def ask(self, path: str) -> Any:
        """What the API answers the page."""
        return self.page.evaluate("(path) => fetch(path).then((answer) => answer.json())", path)

    def number(self, selector: str = LARGE, at: int = 0) -> tuple[int, float] | None:
        """The number in the picture, and when it was on the screen (UTC seconds)."""
        grabbed = self.page.evaluate(_GRAB, [selector, at])
        if grabbed is None:
            return None
        width, rows, text, at_ms = grabbed
        luma = np.frombuffer(base64.b64decode(text), np.uint8).reshape(rows, width)
        found = frame_code.read(luma)
        return None if found is None else (found, at_ms / 1000)

    def wait_for_number(self, selector: str = LARGE) -> tuple[int, float]:
        """The first picture that an element shows."""
        until_s = time.monotonic() + _WAIT_S
        while (found := self.number(selector)) is None:
            if time.monotonic() > until_s:
                raise BenchError(f"no picture came in {_WAIT_S:.0f} s: {self.errors or selector}")
        return found

    def go_to(self, ago_s: float) -> None:
        """Type a time of the past into the page."""
        self.page.keyboard.press("t")
        self.page.get_by_label("Go to a time").fill(f"-{ago_s}s")
        self.page.keyboard.press("Enter")

    def on_show(self) -> tuple[int, int]:
        """Of a paused picture of the past: the number in it, and its time as the page tells it."""
        until_s = time.monotonic() + _WAIT_S
        while time.monotonic() < until_s:
            before = self._told()
            found = self.number(PAST)
            if found is not None and before is not None and before == self._told():
                return found[0], before
            self.page.wait_for_timeout(50)
        raise BenchError(f"the page never came to rest on a picture: {self.errors}")

    def _told(self) -> int | None:
        """UTC ms of the picture, once it is paused on one."""
        told = self.page.evaluate(
            "(() => { const past = document.querySelector('.past');"
            " return past?.dataset.state === 'paused' && !past.querySelector('video')?.seeking"
            " ? Number(past.dataset.atMs) : null; })()"
        )
        return None if told is None else int(told)


@contextmanager
def watcher(url: str, *, width: int = 1440, height: int = 900) -> Iterator[Watcher]:
    """A Chromium of its own, at the page."""
    if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
        raise BenchError(f"not a page of this machine: {url}")
    options = ["--no-sandbox", "--disable-gpu"] if os.geteuid() == 0 else ["--disable-gpu"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=options)
        try:
            context = browser.new_context(
                viewport={"width": width, "height": height}, timezone_id="UTC"
            )
            yield Watcher(context.new_page(), url)
        finally:
            browser.close()
