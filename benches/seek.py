"""From a click into the past to its picture: at the server, and in Chromium on loopback.

The index is a month of sixteen cameras, the media are real and evicted from the page cache before
each measurement. The server's time runs from the request for a moment to the first byte of the
media that hold it. In Chromium it runs from the order to go there to a picture, which has to carry
the frame number that the files have for that moment.
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import msgspec

from benches._browser import Watcher, watcher
from benches._harness import BenchError, percentile, report
from benches._recorded import FPS, LOOP_S, RecordedSite, recorded_site
from benches._truth import numbers_at
from benches._visitor import PASSWORD
from watchglass.access.token import new_token, token_hash
from watchglass.app.layout import Layout
from watchglass.app.ways import Ways
from watchglass.base.clock import NS_PER_S
from watchglass.model.assignment import ApiStart
from watchglass.model.stream import StreamName

_SPAN_MS = 40_000
_EDGE_NS = 10 * NS_PER_S

# Goes to a time and resolves to the milliseconds until its picture is there.
_GO = """(text) => new Promise((done, failed) => {
  const field = document.querySelector('[aria-label="Go to a time"], input[name="moment"]');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  set.call(field, text);
  field.dispatchEvent(new Event('input', {bubbles: true}));
  const began = performance.now();
  field.form.requestSubmit();
  const look = () => {
    const past = document.querySelector('.past');
    const video = past?.querySelector('video');
    const there = past && past.dataset.state !== 'loading' && video?.readyState >= 2;
    if (there && !video.seeking) return done(performance.now() - began);
    if (performance.now() - began > 15000) return failed(new Error('no picture in 15 s'));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench seek", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="40 requests and 5 clicks")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    requests, clicks = (40, 5) if asked.quick else (400, 40)
    site = recorded_site()
    chance = random.Random(asked.seed)
    with _page(site) as link:
        with watcher(link) as at:
            at.enter()
            at.page.wait_for_timeout(2000)
            pictures = [_click(at, site, chance) for _ in range(clicks)]
            if at.errors:
                raise BenchError(f"the page failed: {at.errors}")
        server = _server(link, site, chance, requests)
    figures: dict[str, float | int | None] = {
        "requests": len(server),
        "server_p95_ms": round(percentile(server, 0.95), 1),
        "server_median_ms": round(percentile(server, 0.5), 1),
        "clicks": len(pictures),
        "picture_p95_ms": round(percentile(pictures, 0.95)),
        "picture_median_ms": round(percentile(pictures, 0.5)),
        "index_rows": site.index_rows,
        "media_h": round(site.media_h, 2),
    }
    targets = {
        "server_p95_ms": ("<=", 20.0), "picture_p95_ms": ("<=", 400.0), "media_h": (">=", 1.0),
    }  # fmt: skip
    return report("seek", asked.quick, figures, targets, enough=clicks >= 20)


@contextmanager
def _page(site: RecordedSite) -> Iterator[str]:
    """The api process alone, over the recorded site; its link."""
    token = new_token()
    (site.state / "site.db").touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "watchglass.app.api_process"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    ways = Ways(Layout(site.state))
    start = ApiStart(
        str(site.state),
        ways.live,
        ways.ask_media(),
        0,
        token_hash(token),
        time.time_ns() + 3600 * NS_PER_S,
        "error",
        False,
    )
    try:
        process.stdin.write(msgspec.json.encode(start) + b"\n")
        process.stdin.flush()
        said = json.loads(process.stdout.readline() or b"{}")
        while said.get("type") == "fenced":
            said = json.loads(process.stdout.readline() or b"{}")
        if said.get("type") != "serving":
            raise BenchError(f"the api process did not start: {said}")
        url = f"http://127.0.0.1:{said['port']}/"
        yield url if said["set_up"] else f"{url}#token={token}"
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _moment_ms(site: RecordedSite, chance: random.Random) -> int:
    return chance.randint(site.from_ns + _EDGE_NS, site.to_ns - _EDGE_NS) // 1_000_000


# --- in Chromium ----------------------------------------------------------------------------------


def _click(at: Watcher, site: RecordedSite, chance: random.Random) -> float:
    """Milliseconds from the order to the picture, of a camera by chance."""
    tiles = at.page.locator(".tile")
    tiles.nth(chance.randrange(1, tiles.count())).click()
    camera = at.page.locator(".tile.large, .past").first
    camera.wait_for()
    at.page.keyboard.press("k")
    moment_ms = _moment_ms(site, chance)
    site.evict()
    at.page.keyboard.press("t")
    at.page.get_by_label("Go to a time").wait_for()
    wait_ms: float = at.page.evaluate(_GO, f"-{time.time() - moment_ms / 1000:.3f}s")
    at.page.keyboard.press("k")
    number, told_ms = at.on_show()
    shown = at.page.evaluate("new URLSearchParams(location.hash.slice(1)).get('camera')")
    found = next(each for each in site.cameras if each == shown)
    there = numbers_at(site.state, site.media, found, StreamName.MAIN, told_ms)
    if number not in {each % (FPS * LOOP_S) for each in there}:
        raise BenchError(
            f"{told_ms} shows frame {number}, the files have {sorted(there)}, asked {moment_ms}"
        )
    return wait_ms


# --- at the server --------------------------------------------------------------------------------


def _server(link: str, site: RecordedSite, chance: random.Random, count: int) -> list[float]:
    """Milliseconds from asking for a moment to the first byte of its media."""
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    origin = f"http://{parts.netloc}"
    body = json.dumps({"password": PASSWORD, "name": "admin"})
    connection.request(
        "POST", "/api/v1/session", body,
        {"Content-Type": "application/json", "Origin": origin, "X-Watchglass": "1"},
    )  # fmt: skip
    answer = connection.getresponse()
    answer.read()
    cookie = {"Cookie": (answer.getheader("Set-Cookie") or "").partition(";")[0]}
    return [_request(connection, cookie, site, chance) for _ in range(count)]


def _request(
    connection: http.client.HTTPConnection,
    cookie: dict[str, str],
    site: RecordedSite,
    chance: random.Random,
) -> float:
    camera, moment_ms = chance.choice(site.cameras), _moment_ms(site, chance)
    site.evict()
    path = f"/api/v1/playback/{camera}/main?at_ms={moment_ms}&span_ms={_SPAN_MS}"
    began_s = time.perf_counter()
    connection.request("GET", path, headers=cookie)
    pieces = json.loads(connection.getresponse().read())["pieces"]
    url = next(
        segment["url"]
        for piece in pieces
        for segment in piece["video"]["segments"]
        if segment["from_ms"] <= moment_ms < segment["to_ms"]
    )
    connection.request("GET", url, headers=cookie)
    answer = connection.getresponse()
    answer.read(1)
    wait_ms = (time.perf_counter() - began_s) * 1000
    answer.read()
    return wait_ms


if __name__ == "__main__":
    sys.exit(main())
