"""One real recorder with simulated cameras, and Chromium before its page."""

import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

import hatch_build
from benches._harness import RunningRecorder
from tests.app.running import free_port
from tests.browser.visitor import PASSWORD, Visitor
from tests.chromium import CHROMIUM, NONE
from tests.conftest import CHECKOUT
from watchglass.simulate.fleet import CameraUrls
from watchglass.simulate.process import Simulator, arguments

AXE = CHECKOUT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
PAST_MS = 10_000
FORBIDDEN = re.compile(r"\b(compliant|safe)\b", re.IGNORECASE)
NAMES = ("Street", "Yard", "Gate", "Lane")


class Bed:
    """A recorder whose page always has the same address, and the cameras it can be given."""

    def __init__(
        self, folder: Path, cameras: list[CameraUrls], *, analysis: bool, **settings: str
    ) -> None:
        self._settings = {"WATCHGLASS_ANALYSIS": str(analysis).lower(), **settings}
        self._port = str(free_port())
        self.data = folder / "d"
        self._cameras = iter(cameras)
        self.simulated: dict[str, str] = {}
        self.recorder = self._start()
        self.link = self.recorder.page()
        self.url = self.link.partition("#")[0]

    def add(self, name: str) -> None:
        """Record one more camera under this name."""
        camera = next(self._cameras)
        self.recorder.add(CameraUrls(name, camera.main, camera.sub))
        self.simulated[name] = camera.name

    def kill(self) -> None:
        """All of it at once, as when the power fails."""
        children = [process.pid for process in self.recorder.processes().values()]
        self.recorder.process.kill()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.recorder.stop()

    def restart(self) -> None:
        self.recorder = self._start()

    def _start(self) -> RunningRecorder:
        return RunningRecorder(
            self.data, WATCHGLASS_PORT=self._port, WATCHGLASS_ALLOW="127.0.0.1,127.0.77.2",
            **self._settings,
        )  # fmt: skip


Visiting: TypeAlias = Callable[..., Visitor]


Launch: TypeAlias = Callable[[Path], Browser]


@pytest.fixture(scope="module")
def launch() -> Iterator[Launch]:
    """Starts Chromium, by a program that may put it elsewhere; ended with the module."""
    if not CHROMIUM.exists():
        pytest.skip(NONE)
    if not hatch_build.is_built(CHECKOUT):
        hatch_build.build(CHECKOUT)
    expect.set_options(timeout=20_000)
    with sync_playwright() as playwright, ExitStack() as stack:

        def start(program: Path) -> Browser:
            browser = playwright.chromium.launch(
                executable_path=program, args=["--no-sandbox", "--disable-gpu"]
            )
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="module")
def chromium(launch: Launch) -> Browser:
    return launch(CHROMIUM)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    """Ten small cameras, of which a recorder may be given some."""
    with Simulator(
        *arguments(
            cameras=10, kind="a", width=640, height=360, fps=10, bit_rate=500_000, seconds=4,
            sub_width=320, sub_height=180, sub_fps=5, sub_bit_rate=100_000, port_each=True,
            no_sound=True,
        )
    ) as simulator:  # fmt: skip
        yield simulator


@pytest.fixture(scope="module")
def analysis(request: pytest.FixtureRequest) -> bool:
    """Whether the module's recorders understand what they see: unless ``ANALYSIS`` says no, for
    it costs as much as all the rest of them."""
    return bool(getattr(request.module, "ANALYSIS", True))


@pytest.fixture
def new_bed(simulator: Simulator, analysis: bool) -> Iterator[Callable[..., Bed]]:
    """Recorders that nobody has set up; ended with the test."""
    with _beds(simulator, analysis=analysis) as make:
        yield make


@pytest.fixture(scope="module")
def bed(simulator: Simulator, chromium: Browser, analysis: bool) -> Iterator[Bed]:
    """A recorder with four cameras, set up with the password of ``Visitor``."""
    with _beds(simulator, analysis=analysis) as make:
        bed = make()
        for name in NAMES:
            bed.add(name)
        with chromium.new_context() as context:
            owner = Visitor(context, bed.url)
            set_up(owner, bed.link)
            owner.until(lambda: owner.recorded_ms() > PAST_MS)
        yield bed


def set_up(visitor: Visitor, link: str) -> None:
    """Open the link that the recorder printed, and choose the password."""
    visitor.page.goto(link)
    visitor.page.get_by_label("Password", exact=True).fill(PASSWORD)
    visitor.page.get_by_label("The same again").fill(PASSWORD)
    visitor.button("Set password and go on").click()
    expect(visitor.page.get_by_role("navigation", name="Main")).to_be_visible()


def readable(visitor: Visitor) -> None:
    """Nothing for axe to find, nothing wider than the screen, no word that nobody may say."""
    assert visitor.unreadable() == []
    page = visitor.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    assert not FORBIDDEN.search(page.inner_text("body"))
    assert page.title() != "owned"


@contextmanager
def _beds(simulator: Simulator, *, analysis: bool) -> Iterator[Callable[..., Bed]]:
    made: list[Bed] = []
    # Short: sockets lie in it, and their paths may have 107 bytes.
    folders: list[Path] = []

    def make(**settings: str) -> Bed:
        folders.append(Path(tempfile.mkdtemp(prefix="wg-", dir="/tmp")))
        made.append(Bed(folders[-1], simulator.urls, analysis=analysis, **settings))
        return made[-1]

    try:
        yield make
    finally:
        for bed in made:
            bed.recorder.stop()
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def visiting(chromium: Browser) -> Iterator[Visiting]:
    """``visiting(url, 1440, 900)``: somebody before the page, in which nothing may go wrong."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def visit(url: str, width: int = 1440, height: int = 900, **more: Any) -> Visitor:
            context = chromium.new_context(
                viewport={"width": width, "height": height}, timezone_id="Europe/Vienna", **more
            )
            stack.callback(context.close)
            visitors.append(Visitor(context, url))
            return visitors[-1]

        yield visit
        assert [error for visitor in visitors for error in visitor.errors] == []
