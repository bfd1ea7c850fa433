"""Chromium without anybody who looks over its shoulder, for what its page holds after hours.

Playwright, as all developers' tools do, has a page keep the bodies of all answers, up to 100 MB,
so that they can be shown: a page that plays video seems to leak them. Here nothing is switched on
but what is asked for.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.sync.client import ClientConnection, connect

from benches._browser import chromium
from benches._harness import BenchError
from benches._visitor import PASSWORD

_WAIT_S = 30.0
_KEYS = {"Enter": 13, "End": 35, "ArrowLeft": 37, "Escape": 27}
_LISTEN = (
    "window.failures = []; addEventListener('error', (it) => failures.push(String(it.message)));"
    "addEventListener('unhandledrejection', (it) => failures.push(String(it.reason)))"
)


class PlainBrowser:
    """One page of one Chromium."""

    def __init__(self, link: ClientConnection, port: int) -> None:
        self._link = link
        self._port = port
        self._number = 0

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """What Chromium answers; BenchError for what it refuses."""
        self._number += 1
        self._link.send(json.dumps({"id": self._number, "method": method, "params": params}))
        until_s = time.monotonic() + _WAIT_S
        while True:
            told = json.loads(self._link.recv(max(0.1, until_s - time.monotonic())))
            if told.get("id") == self._number:
                if "error" in told:
                    raise BenchError(f"{method}: {told['error']}")
                found: dict[str, Any] = told["result"]
                return found

    def js(self, expression: str) -> Any:
        """The value of an expression in the page."""
        told = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in told:
            raise BenchError(f"{expression}: {told['exceptionDetails']}")
        return told["result"].get("value")

    def wait_for(self, expression: str) -> None:
        until_s = time.monotonic() + _WAIT_S
        while not self.js(expression):
            if time.monotonic() > until_s:
                raise BenchError(f"it never came to be: {expression}: {self.failures()}")
            time.sleep(0.1)

    def press(self, key: str) -> None:
        """A named key, or a letter."""
        code = _KEYS.get(key)
        named = {"key": key, "windowsVirtualKeyCode": code or ord(key.upper())}
        text = {"text": "\r" if key == "Enter" else key} if code is None or key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", **named, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", **named)

    def write(self, selector: str, text: str) -> None:
        """Into a field, in place of what is there."""
        self.wait_for(f"document.querySelector({selector!r}) !== null")
        self.js(f"(() => {{ const it = document.querySelector({selector!r});"
                " it.focus(); it.select(); })()")  # fmt: skip
        self.ask("Input.insertText", text=text)

    def enter(self, link: str) -> None:
        """Open the link that the recorder printed, and set the password."""
        self.ask("Page.navigate", url=link)
        self.wait_for("document.querySelectorAll('input[type=password]').length > 1")
        self.js(_LISTEN)
        for at in range(2):
            self.js(f"document.querySelectorAll('input[type=password]')[{at}].focus()")
            self.ask("Input.insertText", text=PASSWORD)
        self.press("Enter")
        self.wait_for("document.querySelector('.tile video')?.videoWidth > 0")

    def go_to(self, ago_s: float) -> None:
        """Type a time of the past into the page."""
        self.press("t")
        self.write("input[aria-label='Go to a time']", f"-{ago_s}s")
        self.press("Enter")

    def failures(self) -> list[str]:
        """What the page itself said went wrong."""
        found: list[str] = self.js("window.failures ?? []")
        return found

    def renderer(self) -> int:
        """The process that draws the page: of all that Chromium has, the one that works most."""
        with urlopen(f"http://127.0.0.1:{self._port}/json/version") as answer:
            url = json.load(answer)["webSocketDebuggerUrl"]
        with connect(url, max_size=None) as link:
            told = PlainBrowser(link, self._port).ask("SystemInfo.getProcessInfo")["processInfo"]
        found = [each for each in told if each["type"] == "renderer"]
        if not found:
            raise BenchError("Chromium has no process that draws a page")
        return int(max(found, key=lambda each: float(each["cpuTime"]))["id"])


@contextmanager
def plain_browser(*, width: int = 1440, height: int = 900) -> Iterator[PlainBrowser]:
    """A Chromium of its own, with an empty page."""
    with tempfile.TemporaryDirectory(prefix="wg-chromium-", ignore_cleanup_errors=True) as folder:
        process = subprocess.Popen(
            [
                chromium(), "--headless=new", "--disable-gpu", "--no-first-run", "--mute-audio",
                "--remote-debugging-port=0", f"--user-data-dir={folder}",
                f"--window-size={width},{height}", "--autoplay-policy=no-user-gesture-required",
                "--disable-background-networking", "--disable-component-update",
                *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            port = _port(Path(folder) / "DevToolsActivePort", process)
            with urlopen(f"http://127.0.0.1:{port}/json/list") as answer:
                pages = [each for each in json.load(answer) if each["type"] == "page"]
            with connect(pages[0]["webSocketDebuggerUrl"], max_size=None) as link:
                yield PlainBrowser(link, port)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _port(file: Path, process: subprocess.Popen[bytes]) -> int:
    until_s = time.monotonic() + _WAIT_S
    while time.monotonic() < until_s and process.poll() is None:
        if file.exists() and (lines := file.read_text().splitlines()):
            return int(lines[0])
        time.sleep(0.1)
    raise BenchError("Chromium did not start")
