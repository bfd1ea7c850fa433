"""Somebody before the page, at a screen of some size."""

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

PASSWORD = "four words make one"
ASKS_WHO = "/api/v1/session"
_OF_A_PICTURE = ("/api/v1/still/", "/api/v1/thumbnail/")
_NONE_NOW = ("404", "503")


class Visitor:
    """A page, and what went wrong in it. ``errors`` stays empty in a story that goes well."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context = context
        self.url = url
        self.page: Page = context.new_page()
        self.may_be_refused = False
        self.errors: list[str] = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._heard)

    def _heard(self, message: ConsoleMessage) -> None:
        # Whoever is not signed in yet is told so with a 401, which Chromium reports by itself.
        asked = "401" in message.text and message.location["url"].endswith(ASKS_WHO)
        refused = self.may_be_refused and any(
            sign in message.text for sign in ("401", "409", "WebSocket")
        )
        # That there is no picture, or not now, is an answer like any other: a camera that was just
        # added has none, and on a busy machine for how long is not for a story to say.
        lacks = any(way in message.location["url"] for way in _OF_A_PICTURE) and any(
            f"status of {status} " in message.text for status in _NONE_NOW
        )
        if message.type == "error" and not (asked or refused or lacks):
            self.errors.append(f"{message.text} {message.location['url']}")

    # --- ways in ----------------------------------------------------------------------------------

    def sign_in(self, at: str = "") -> None:
        self.page.goto(self.url + at)
        self.page.get_by_label("Password", exact=True).fill(PASSWORD)
        self.page.keyboard.press("Enter")
        expect(self.page.get_by_role("region", name="Timeline and playing")).to_be_visible()
        # Keys choose among cameras, once there are some.
        expect(self.page.locator(".tile, .past").first).to_be_visible()

    # --- what is on the screen --------------------------------------------------------------------

    @property
    def headline(self) -> Locator:
        return self.page.get_by_role("heading", level=1)

    @property
    def past(self) -> Locator:
        return self.page.locator("article.past")

    @property
    def timeline(self) -> Locator:
        return self.page.get_by_role("slider", name="Timeline")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def go_to_place(self, name: str) -> None:
        """To one of the places of the rail, of which a phone shows the first few."""
        if not self.button(name).is_visible():
            self.button("More").click()
            self.page.get_by_role("dialog").get_by_role("button", name=f"{name}:").click()
            return
        self.button(name).click()

    def tile(self, name: str) -> Locator:
        return self.page.get_by_role("article", name=name, exact=True)

    def picture_at_s(self, name: str) -> float:
        """How far the video of a tile has come."""
        video = self.page.locator(f"article[aria-label^='{name}'] video")
        return float(video.evaluate("video => video.currentTime")) if video.count() else 0.0

    def plays(self, name: str) -> None:
        """Wait until its picture moves."""
        from_s = self.picture_at_s(name)
        self.until(lambda: self.picture_at_s(name) not in (0.0, from_s))

    def at_ms(self) -> float:
        """UTC of the recorded picture on the screen."""
        return float(self.past.get_attribute("data-at-ms") or 0)

    def settled_ms(self) -> float:
        """The same, once it stands."""
        stood = -1.0

        def stands() -> bool:
            nonlocal stood
            before, stood = stood, self.at_ms()
            self.page.wait_for_timeout(200)
            return before == stood

        expect(self.past).to_have_attribute("data-state", "paused")
        self.until(stands)
        return stood

    def recorded_ms(self) -> int:
        """Of the camera that has least."""
        return min((int(row["recorded_ms"]) for row in self._account()), default=0)

    def first_gap_s(self, name: str) -> float:
        """UTC of the middle of a camera's first gap."""
        cameras = self.page.evaluate("() => fetch('/api/v1/cameras').then((it) => it.json())")
        number = next(each["id"] for each in cameras["cameras"] if each["name"] == name)
        gap: dict[str, Any] = {}

        def ended() -> bool:
            # On a busy disk the account lags: until then the gap seems to go on.
            spans = next(row["spans"] for row in self._account() if row["camera"] == number)
            kinds = [span["kind"] for span in spans]
            at = kinds.index("gap") if "gap" in kinds else len(kinds)
            if "media" not in kinds[at:]:
                return False
            gap.update(spans[at])
            return True

        self.until(ended, 60.0)
        return float(gap["from_ms"] + gap["to_ms"]) / 2000

    def _account(self) -> list[dict[str, Any]]:
        asked = f"from_ms={time.time_ns() // 10**6 - 86_400_000}&to_ms={time.time_ns() // 10**6}"
        script = "asked => fetch(`/api/v1/timeline?${asked}`).then((answer) => answer.json())"
        return list(self.page.evaluate(script, asked)["cameras"])

    def view_s(self) -> tuple[float, float]:
        """The UTC seconds that the timeline shows."""
        found = (self.timeline.get_attribute(f"aria-value{end}") for end in ("min", "max"))
        first, last = (float(value or 0) for value in found)
        return first, last

    def views(self, length_s: float) -> None:
        """Wait until the timeline is so long."""
        self.until(lambda: abs(self.view_s()[1] - self.view_s()[0] - length_s) <= 1)

    def timeline_point(self, at_s: float, row: int) -> tuple[float, float]:
        """Where a moment of a camera lies in the timeline, from its upper left corner."""
        box = self.timeline.bounding_box()
        assert box is not None
        first, last = self.view_s()
        return (at_s - first) / (last - first) * box["width"], 24 + 22 * row + 11

    # --- what is done -----------------------------------------------------------------------------

    def click_time(self, at_s: float, row: int) -> None:
        x, y = self.timeline_point(at_s, row)
        self.timeline.click(position={"x": x, "y": y})

    def go_to(self, typed: str) -> None:
        self.page.locator(".transport .clock").click()
        self.page.get_by_label("Go to a time").fill(typed)
        self.page.keyboard.press("Enter")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def until(self, what: Callable[[], Any], timeout_s: float = 20.0) -> None:
        """The page's policy forbids the eval that Playwright's own waiting is made of."""
        until_s = time.monotonic() + timeout_s
        while not what():
            assert time.monotonic() < until_s, self.page.inner_text("body")
            self.page.wait_for_timeout(50)

    def unreadable(self) -> list[str]:
        """What axe-core finds on the screen, as 'rule: element'."""
        script = "() => axe.run(document, { resultTypes: ['violations'] })"
        found = self.page.evaluate(script)["violations"]
        return [
            f"{rule['id']}: {node['html'][:120]} {node['failureSummary'][:300]}"
            for rule in found
            for node in rule["nodes"]
        ]
