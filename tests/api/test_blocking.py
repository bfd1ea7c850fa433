"""Nothing blocks the event loop: no file, no database, no hash, no long step."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.api.recorded import PASSWORD, Browser, Recorded, Running, live_link
from watchglass.access import password
from watchglass.store.database import Database

_FILES = frozenset(
    {"open", "os.listdir", "os.scandir", "os.stat", "time.sleep", "sqlite3.connect", "os.remove"}
)
_LONG_S = 0.1


class LoopWatch:
    """Which thread runs the loop, and what blocked in it."""

    def __init__(self) -> None:
        self.thread = 0
        self.on = False
        self.found: list[str] = []

    def seen(self, what: str) -> None:
        if self.on and threading.get_ident() == self.thread:
            self.found.append(what)


_WATCH = LoopWatch()
_HOOKED: list[bool] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _WATCH.on and event in _FILES:
        _WATCH.seen(f"{event} {arguments[:1]}")


@pytest.fixture
def watch(at: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopWatch]:
    """On while a test runs; databases and hashes tell on themselves."""
    if not _HOOKED:
        sys.addaudithook(_audit)
        _HOOKED.append(True)
    transaction, hasher = Database._transaction, password._HASHER

    def watched(self: Database, engine: Any) -> Any:
        _WATCH.seen("database")
        return transaction(self, engine)

    class Hasher:
        def verify(self, *arguments: Any) -> bool:
            _WATCH.seen("argon2")
            return hasher.verify(*arguments)

        def check_needs_rehash(self, text: str) -> bool:
            return hasher.check_needs_rehash(text)

    monkeypatch.setattr(Database, "_transaction", watched)
    monkeypatch.setattr(password, "_HASHER", Hasher())
    _WATCH.thread = at.thread.ident or 0
    _WATCH.found = []
    _WATCH.on = True
    yield _WATCH
    _WATCH.on = False


@contextmanager
def beating(at: Running) -> Iterator[list[float]]:
    """CPU seconds that the loop's thread spent before it came to a call, every 10 ms.

    Not by the clock: on a busy machine the loop waits for its turn, and that is nobody's fault.
    """
    spent: list[float] = []
    stop = threading.Event()
    loop, clock = at.loop, time.pthread_getcpuclockid(at.thread.ident or 0)
    assert loop is not None

    def beat() -> None:
        while not stop.wait(0.01):
            asked = time.clock_gettime(clock)
            done = threading.Event()
            loop.call_soon_threadsafe(done.set)
            done.wait(30)
            spent.append(time.clock_gettime(clock) - asked)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield spent
    finally:
        stop.set()
        thread.join()


def _use_everything(at: Running, browser: Browser, recorded: Recorded) -> None:
    at_ms = recorded.began_ns // 1_000_000
    for path in (
        "/", "/some/page", "/assets/none.js", "/api/v1/setup", "/api/v1/health",
        "/api/v1/session", "/api/v1/cameras", "/api/v1/openapi.json",
        f"/api/v1/timeline?from_ms={at_ms}&to_ms={at_ms + 60_000}&tz=Europe/Vienna",
    ):  # fmt: skip
        browser.get(path)
    found = browser.json(f"/api/v1/playback/{recorded.camera}/main", params={"at_ms": at_ms})
    for piece in found["pieces"]:
        browser.get(piece["video"]["init_url"])
        for part in (piece["video"], piece["sound"]):
            for segment in part["segments"]:
                assert browser.get(segment["url"]).status_code == 200
    browser.send("POST", f"/api/v1/cameras/{recorded.camera}/pause", {"reason": "x"})
    other = Browser(at)
    assert other.send("POST", "/api/v1/session", {"password": PASSWORD}).status_code == 201
    assert other.send("POST", "/api/v1/session", {"password": "x"}).status_code == 401
    assert other.send("DELETE", "/api/v1/session").status_code == 204
    other.http.close()
    with browser.http.stream("GET", "/api/v1/changes", headers=browser.headers()) as answer:
        for _, line in zip(range(2), answer.iter_lines(), strict=False):
            assert isinstance(line, str)
    url = f"{at.url}/api/v1/live/{recorded.camera}/main"
    with live_link(url, at.url, browser.headers()) as link:
        link.recv(timeout=5)


def test_nothing_blocks_the_loop(
    at: Running, browser: Browser, recorded: Recorded, watch: LoopWatch
) -> None:
    _use_everything(at, browser, recorded)  # what is loaded once is loaded
    watch.found.clear()
    with beating(at) as spent:
        _use_everything(at, browser, recorded)
    assert watch.found == []
    assert max(spent) < _LONG_S


def test_the_watch_would_notice(
    at: Running, browser: Browser, watch: LoopWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    door = at.of.ports.door

    async def in_the_loop(self: object, function: Any, /, *arguments: Any) -> Any:
        return function(*arguments)

    monkeypatch.setattr("watchglass.api.blocking.Blocking.__call__", in_the_loop)
    assert browser.get("/api/v1/setup").status_code == 200
    assert door.is_set_up()
    assert "database" in watch.found
