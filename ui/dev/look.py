"""Opens the page of a running mock in Chromium, photographs every screen and runs axe on it.

python ui/dev/look.py [--url http://127.0.0.1:8420] [--out FOLDER] [--only WORD]
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).resolve().parents[1] / "node_modules/axe-core/axe.min.js"
SIZES = {"1440": (1440, 900), "390": (390, 844)}
PASSWORD = "watchglass demo"


def audit(page: Page, name: str) -> int:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    for item in found:
        print(f"axe {name}: {item['id']} ({item['impact']}): {item['help']}")
        for node in item["nodes"][:3]:
            print("   ", node["html"][:160], "|", node["failureSummary"].replace("\n", " ")[:220])
    return len(found)


def screens(browser: Browser, url: str, out: Path, size: str, theme: Any, only: str) -> int:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=theme,
        bypass_csp=False,
        timezone_id="Europe/Berlin",
        has_touch=size == "390",
        device_scale_factor=1,
    )
    page = context.new_page()
    page.on(
        "console",
        lambda m: (
            print("console", m.type, m.text[:300])
            if m.type in ("error", "warning") and "401" not in m.text and "404" not in m.text
            else None
        ),
    )
    page.on("pageerror", lambda e: print("page error", e))
    findings = 0

    def shot(name: str) -> None:
        nonlocal findings
        if only and only not in name:
            return
        page.screenshot(path=out / f"{name}-{size}-{theme}.png")
        findings += audit(page, f"{name}-{size}-{theme}")

    page.request.get(f"{url}/mock/state?setup=1")
    page.goto(f"{url}/")
    page.wait_for_selector("h1")
    shot("setup-no-token")
    page.goto(f"{url}/setup?token=once")
    page.wait_for_selector("form")
    page.get_by_label("Password", exact=True).fill("short")
    shot("setup")
    page.request.get(f"{url}/mock/state?setup=0")
    page.goto(f"{url}/")
    page.get_by_label("Password", exact=True).fill("wrong")
    page.keyboard.press("Enter")
    page.wait_for_timeout(400)
    shot("sign-in")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(".tile video")
    page.wait_for_timeout(3500)
    shot("wall")
    if size == "1440":
        box = page.locator(".tracks").bounding_box()
        assert box
        page.mouse.move(box["x"] + box["width"] * 0.715, box["y"] + 24 + 33)
        page.wait_for_timeout(500)
        shot("wall-gap-hover")
        page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 24 + 11)
        page.wait_for_timeout(700)
        shot("wall-media-hover")
        page.keyboard.press("g")
        page.mouse.move(700, 20)
        page.wait_for_timeout(1500)
        shot("wall-grid")
        page.keyboard.press("g")
        page.keyboard.press("?")
        page.wait_for_timeout(300)
        shot("keys")
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Hour", exact=True).click()
    page.wait_for_timeout(800)
    page.evaluate("document.querySelector('.tracks').focus()")
    page.keyboard.press("[")
    page.wait_for_timeout(300)
    shot("hour-focus")
    page.get_by_role("button", name="90 d").click()
    page.wait_for_timeout(800)
    shot("ninety-days")
    page.get_by_role("button", name="Day", exact=True).click()
    page.get_by_role("button", name="list").last.click()
    page.wait_for_timeout(400)
    shot("gap-list")
    page.get_by_role("button", name="Play up to it on Main gate").first.click()
    page.wait_for_timeout(1500)
    page.keyboard.press("k")
    shot("playback-list")
    page.keyboard.press("k")
    page.get_by_role("button", name="Timeline").last.click()
    page.get_by_role("button", name="Hour", exact=True).click()
    page.wait_for_selector(".card.gap", timeout=15000)
    page.keyboard.press("k")
    page.wait_for_timeout(300)
    shot("playback-gap")
    page.get_by_role("button", name="Go on after it").click()
    page.wait_for_selector(".card.gap", state="detached", timeout=15000)
    page.wait_for_timeout(1200)
    shot("playback")
    page.keyboard.press("End")
    page.wait_for_timeout(2500)
    page.request.get(f"{url}/mock/stall?camera=street&on=1")
    page.wait_for_timeout(7000)
    shot("stalled")
    page.request.get(f"{url}/mock/stall?camera=street&on=0")
    page.request.get(f"{url}/mock/state?empty=1")
    page.wait_for_selector(".empty", timeout=15000)
    shot("empty")
    page.request.get(f"{url}/mock/state?empty=0")
    context.close()
    return findings


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--url", default="http://127.0.0.1:8420")
    parser.add_argument("--out", type=Path, default=Path(tempfile.gettempdir()) / "watchglass-look")
    parser.add_argument("--only", default="")
    parser.add_argument("--sizes", default="1440,390")
    parser.add_argument("--themes", default="dark,light")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    findings = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for size in options.sizes.split(","):
            for theme in options.themes.split(","):
                findings += screens(browser, options.url, options.out, size, theme, options.only)
        browser.close()
    print(f"{findings} findings by axe; pictures in {options.out}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
