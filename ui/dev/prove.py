"""Plays and seeks in Chromium against the mock, and reads the frame number in the picture each time.

    python ui/dev/prove.py [--url http://127.0.0.1:8420]

The picture at a moment must carry the number that this moment has; the last line says how it went.
"""

import argparse
import base64
import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright

from watchglass.simulate import frame_code

GRAB = """(selector) => new Promise((done) => {
  const video = document.querySelector(selector);
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth; canvas.height = video.videoHeight;
  const context = canvas.getContext('2d'); context.drawImage(video, 0, 0);
  const rows = Math.max(4, 2 * Math.floor(canvas.width / 40));
  const {data} = context.getImageData(0, 0, canvas.width, rows);
  let text = ''; for (let i = 0; i < data.length; i += 4) text += String.fromCharCode(data[i + 1]);
  done([canvas.width, rows, btoa(text), performance.timeOrigin + performance.now()]);
})"""


def number(page: Page, selector: str) -> tuple[int | None, float]:
    width, rows, text, at = page.evaluate(GRAB, selector)
    luma = np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(rows, width)
    return frame_code.read(np.repeat(luma, 8, axis=0)), at


def shown_ms(page: Page) -> float:
    text = page.locator(".band .num").inner_text()
    parsed = datetime.strptime(f"{datetime.now(UTC).year} {text}", "%Y %a %d %b %H:%M:%S.%f")
    return parsed.replace(tzinfo=UTC).timestamp() * 1000


def first_of_run(page: Page, url: str, at: float) -> int:
    path = f"{url}/api/v1/playback/street/main?at_ms={int(at)}&span_ms=1000"
    for piece in page.request.get(path).json()["pieces"]:
        if piece["kind"] == "media" and piece["from_ms"] <= at + 70:
            return int(piece["run"])
    raise LookupError(at)


def expected(page: Page, url: str, at: float) -> int:
    return round((at - first_of_run(page, url, at)) * 15 / 1000) % 300


def until(page: Page, expression: str) -> None:
    """The page's policy forbids the eval that Playwright's own waiting is made of."""
    end = time.monotonic() + 15
    while not page.evaluate(expression):
        if time.monotonic() > end:
            raise TimeoutError(expression)
        time.sleep(0.01)


def seek(page: Page, ago_s: float) -> float:
    """Types a time into the clock; milliseconds until the picture is there."""
    page.keyboard.press("t")
    page.get_by_label("Go to a time").fill(f"-{ago_s}s")
    start = time.perf_counter()
    page.keyboard.press("Enter")
    until(page, "document.querySelector('.past video:not(.seeking)')?.readyState >= 2")
    return (time.perf_counter() - start) * 1000


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8420")
    url = parser.parse_args().url
    result: dict[str, Any] = {"wrong": 0, "pictures": 0}
    seeks: list[float] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_context(
            viewport={"width": 1280, "height": 800}, timezone_id="UTC"
        ).new_page()
        page.on("pageerror", lambda e: print("page error", e))
        page.goto(url)
        page.get_by_label("Password", exact=True).fill("watchglass demo")
        page.keyboard.press("Enter")
        start = time.perf_counter()
        until(page, "document.querySelector('.tile.large video')?.currentTime > 0")
        result["live_first_ms"] = round((time.perf_counter() - start) * 1000)
        page.wait_for_timeout(5000)
        origin = first_of_run(page, url, time.time() * 1000 - 1000)
        ages = []
        for _ in range(20):
            seen, at = number(page, ".tile.large video")
            due = (at - origin) * 15 / 1000
            if seen is not None:
                ages.append(((due - seen) % 300) * 1000 / 15)
            page.wait_for_timeout(230)
        result["live_age_ms"] = [round(np.median(ages)), round(max(ages))] if ages else None

        def check(what: str) -> None:
            page.wait_for_timeout(150)
            until(page, "document.querySelector('.past video')?.seeking === false")
            page.wait_for_timeout(150)
            at = shown_ms(page)
            seen, _ = number(page, ".past video")
            due = expected(page, url, at)
            result["pictures"] += 1
            if seen != due:
                result["wrong"] += 1
                print(f"{what}: the picture says {seen}, its time says {due}")

        for ago in (600, 1234.5, 3000, 3601, 90, 20_000, 400.25, 86_400, 700, 65):
            seeks.append(seek(page, ago))
            page.keyboard.press("k")
            check(f"seek {ago}")
            before = shown_ms(page)
            page.keyboard.press("ArrowRight")
            check(f"step after {ago}")
            if not 60 <= shown_ms(page) - before <= 74:
                result["wrong"] += 1
                print(f"a step went {shown_ms(page) - before} ms")
            page.keyboard.press("ArrowLeft")
            check(f"back after {ago}")
        # Across the border of two files, playing.
        now = time.time() * 1000
        run = first_of_run(page, url, now - 300_000)
        border = run + (int(now - 300_000 - run) // 60_000) * 60_000
        seek(page, (time.time() * 1000 - border) / 1000 + 2)
        page.keyboard.press("l")
        page.wait_for_timeout(4500)
        page.keyboard.press("k")
        check("over a border")
        result["crossed_border"] = shown_ms(page) > border + 1000
        page.keyboard.press("l")
        for _ in range(3):
            page.keyboard.press("l")
        page.wait_for_timeout(3000)
        page.keyboard.press("k")
        check("at 8x")
        result["at_8x_s"] = round((shown_ms(page) - border) / 1000)
        page.keyboard.press("j")
        before = shown_ms(page)
        page.wait_for_timeout(3000)
        page.keyboard.press("k")
        check("backwards")
        result["backwards_s"] = round((shown_ms(page) - before) / 1000, 1)
        browser.close()
    result["seek_ms"] = [round(np.median(seeks)), round(max(seeks))]
    print(json.dumps(result))
    return 1 if result["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
