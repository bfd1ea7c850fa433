"""The demo: four simulated cameras on this machine, recorded by a whole recorder.

The cameras are a process of their own and speak real RTSP; the recorder is the one that ``serve``
starts. Their pictures are encoded once and kept in the user's cache.
"""

import secrets
import signal
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

from watchglass.app.demo_fleet import DemoFleet
from watchglass.app.demo_rules import BY, set_rules
from watchglass.app.demo_story import DemoStory, Relabelled
from watchglass.app.site import Site
from watchglass.app.wiring import Recorder, ground
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import ConfigError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.config.settings import Settings, read_settings
from watchglass.model.control import AddCameraRequest
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.timeline import summary, timeline
from watchglass.simulate.camera_kind import CameraSpec, Size, cameras
from watchglass.simulate.fleet import CameraUrls
from watchglass.simulate.loop import LoopSpec
from watchglass.simulate.loop_cache import cache_folder, load_loop
from watchglass.simulate.process import Simulator, SimulatorFailed, arguments
from watchglass.store.index import IndexReader, IndexStore

HOST = "127.0.0.1"
SIZE = Size(width=1280, height=720, fps=15, seconds=20)
_NAMES = ("Street", "Yard", "Gate", "Lane")
_CLIP = "Clip"
LEAVING = "Gate"
_PAST_S = 10.0
_SMALL_BALLAST = 4 << 20
_RATE_OVER_NS = 5 * NS_PER_S
# Seconds of one core that a frame of 1280×720 takes to draw and encode, as measured.
_FRAME_S = {"h264": 0.022, "h265": 0.087}

Progress = Callable[[float, float], None]
"""Told (work done, all work), in seconds of one slow core."""


@dataclass(frozen=True, slots=True)
class DemoCamera:
    """A simulated camera, and which of the recorder's it is."""

    id: CameraId
    name: str
    simulated: str
    what: str


@dataclass(frozen=True, slots=True)
class DemoState:
    """A camera of the demo now, its main stream; ``since_ns`` is UTC, None while it does not
    record."""

    camera: DemoCamera
    since_ns: int | None
    recorded_s: float
    unaccounted_s: float
    gaps: int
    last_cause: GapCause | None
    gap_now: GapCause | None
    size_bytes: int
    bit_rate: float
    newest: Path | None
    """A link to its newest file, with a name that can be typed."""


# --- pictures -------------------------------------------------------------------------------------


def specs() -> list[CameraSpec]:
    """The four kinds of camera that makers ship."""
    return cameras(len(_NAMES), "mix", SIZE)


def missing_loops() -> list[LoopSpec]:
    """What has to be encoded first, the slowest ahead."""
    wanted = dict.fromkeys(loop for spec in specs() for loop in (spec.main, spec.sub))
    missing = [loop for loop in wanted if not (cache_folder() / f"{loop.digest()}.loop").exists()]
    return sorted(missing, key=_cost_s, reverse=True)


def encode(loops: list[LoopSpec], progress: Progress, stopping: threading.Event) -> bool:
    """Encode loops, two at a time; False when ``stopping`` was set meanwhile."""
    done = dict.fromkeys(loops, 0.0)
    whole = sum(_cost_s(loop) for loop in loops)

    def one(loop: LoopSpec) -> None:
        def tell(frame: int, frames: int) -> None:
            if stopping.is_set():
                raise _StoppedError
            done[loop] = _cost_s(loop) * frame / frames
            progress(sum(done.values()), whole)

        load_loop(loop, progress=tell)

    with ThreadPoolExecutor(2, "encode") as pool:
        results = [pool.submit(one, loop) for loop in loops]
        # In short waits: a signal is only seen between two of them.
        while wait(results, 0.2, FIRST_EXCEPTION).not_done:
            if any(result.done() and result.exception() for result in results):
                stopping.set()
                break
    failures = [error for result in results if (error := result.exception()) is not None]
    for failure in failures:
        if not isinstance(failure, _StoppedError):
            raise failure
    return not failures


class _StoppedError(Exception):
    """Somebody pressed Ctrl-C while loops were encoded."""


def _cost_s(loop: LoopSpec) -> float:
    return _FRAME_S[loop.codec] * loop.frames * loop.width * loop.height / (1280 * 720)


# --- the demo -------------------------------------------------------------------------------------


def settings_for(
    data: Path | None, log_level: str | None, port: int = 0, clip: Path | None = None
) -> Settings:
    """Settings of a demo's recorder in a folder of its own; ConfigError for one that is taken.

    Any free port, unless one is stated: a recorder may run on this machine already. ``clip`` is a
    file that is played as one camera more.
    """
    if data is None:
        stamp = f"{datetime.now().astimezone():%Y-%m-%d-%H%M%S}"
        data = cache_folder().parent / "demo" / stamp
    settings = read_settings(
        {
            "data": data, "media": data / "media", "log_level": log_level,
            "ballast_bytes": _SMALL_BALLAST, "port": port,
            "sources": clip.resolve().parent if clip is not None else None,
        }
    )  # fmt: skip
    if (settings.state / "site.db").exists():
        raise ConfigError(
            f"There is a recorder in {settings.data} already: name a new folder for the demo, or "
            "none."
        )
    return settings


class Demo:
    """Simulated cameras and a recorder, from ``start`` to ``close``."""

    def __init__(self, settings: Settings, clip: Path | None = None, story: bool = False) -> None:
        self.settings = settings
        self._clip = clip.resolve() if clip is not None else None
        self.cameras: list[DemoCamera] = []
        self._ground = ground(settings)
        self.fleet = DemoFleet(self._ground)
        self.story = DemoStory(self._ground, self._for_story) if story else None
        self._ending = ExitStack()
        self._simulator: Simulator | None = None
        self.page = ""
        """The URL to open, with the token that sets the page up."""
        self.was_pulled = False
        self._offline: set[str] = set()
        self._lengths: dict[CameraId, list[tuple[int, int]]] = {}

    def start(self) -> None:
        """Begin to record; the loops must have been encoded."""
        login = (f"demo-{secrets.token_hex(3)}", secrets.token_urlsafe(12))
        # One more than is recorded at first takes another's place in the story.
        self._simulator = _simulator(login, len(_NAMES) + (self.story is not None))
        self._ending.callback(self._simulator.stop)
        recorder = Recorder(self._ground)
        self._ending.callback(recorder.close)
        recorder.start()
        thread = threading.Thread(target=recorder.serve, name="serve", daemon=True)
        thread.start()
        self._ending.callback(thread.join, 10.0)
        self._ending.callback(recorder.stop)
        for spec, urls, name in zip(specs(), self._simulator.urls, _NAMES, strict=False):
            camera = recorder.site.add_camera(_request(name, urls, login))
            self.cameras.append(DemoCamera(camera, name, urls.name, _what(spec)))
        simulated = {each.name: each.id for each in self.cameras}
        set_rules(recorder.site, simulated, self._add_clip(recorder.site))
        self.page = recorder.open_page() or ""
        self.fleet.start(partial(recorder.site.store.cameras, with_credentials=False))
        self._ending.callback(self.fleet.close)
        if self.story is not None:
            request = _request(LEAVING, self._simulator.urls[-1], login)
            self.story.start(Relabelled(simulated[LEAVING], LEAVING, request))
            self._ending.callback(self.story.close)

    def _for_story(self, closing: threading.Event) -> None:
        """Until all is judged, and the camera that goes has a past."""
        while not self.fleet.over.wait(0.2) and not closing.is_set():
            pass
        closing.wait(_PAST_S)

    def _add_clip(self, site: Site) -> CameraId | None:
        """The file as a camera, played again and again."""
        if self._clip is None:
            return None
        url = f"file://{quote(str(self._clip))}"
        request = AddCameraRequest(
            _CLIP, ((StreamName.MAIN, url),), "", "", "a file that is played", BY
        )
        camera = site.add_camera(request)
        self.cameras.append(DemoCamera(camera, _CLIP, "", self._clip.name))
        return camera

    def close(self) -> None:
        """End the recorder, then the cameras."""
        self._ending.close()

    def pull(self, number: int) -> bool:
        """Pull the cable of a camera, or put it back; whether it is pulled now. A file has none."""
        assert self._simulator is not None
        name = self.cameras[number].simulated
        if (
            self.story is not None
            and self.story.told.is_replaced
            and self.cameras[number].name == LEAVING
        ):
            name = self._simulator.urls[-1].name
        if not name:
            return False
        self.was_pulled = True
        self._offline ^= {name}
        pulled = name in self._offline
        try:
            self._simulator.set(name, "offline", pulled)
        except SimulatorFailed as error:
            raise WatchglassError(f"The simulated cameras have ended ({error}).") from error
        return pulled

    def states(self) -> list[DemoState]:
        """All cameras as of now."""
        index = IndexStore(self._ground.layout.index_db)
        try:
            with index.read() as reader:
                return [self._state(reader, camera) for camera in self.cameras]
        finally:
            index.close()

    def _state(self, reader: IndexReader, camera: DemoCamera) -> DemoState:
        now_ns = self._ground.clock.wall_ns()
        spans = timeline(reader, camera.id, StreamName.MAIN, 0, now_ns, now_ns).spans
        numbers = summary(reader, camera.id, StreamName.MAIN, 0, now_ns, now_ns)
        # Neither the wait for the first picture of all nor the end is a gap to who watches.
        gaps = [s for s in spans[1:] if s.cause not in (None, GapCause.RECORDER_STOPPED)]
        open_gap = reader.open_gap(camera.id, StreamName.MAIN)
        files = reader.files_between(camera.id, StreamName.MAIN, 0, now_ns + NS_PER_S)
        size = reader.bytes_by_camera().get(camera.id, 0)
        records = open_gap is None and bool(files)
        since_ns = max((span.to_ns for span in spans if span.cause is not None), default=None)
        return DemoState(
            camera=camera,
            since_ns=since_ns if records else None,
            recorded_s=numbers.recorded_s,
            unaccounted_s=self._unaccounted_s(reader, camera.id, now_ns),
            gaps=len(gaps),
            last_cause=gaps[-1].cause if gaps else None,
            gap_now=open_gap.cause if open_gap is not None else None,
            size_bytes=size,
            bit_rate=self._bit_rate(camera.id, now_ns, size),
            newest=self._newest(camera) if files else None,
        )

    def _unaccounted_s(self, reader: IndexReader, camera: CameraId, now_ns: int) -> float:
        return sum(
            summary(reader, camera, row.stream, 0, now_ns, now_ns).unaccounted_s
            for row in reader.streams(camera)
        )

    def _bit_rate(self, camera: CameraId, now_ns: int, size: int) -> float:
        lengths = self._lengths.setdefault(camera, [])
        lengths.append((now_ns, size))
        while len(lengths) > 2 and now_ns - lengths[1][0] >= _RATE_OVER_NS:
            lengths.pop(0)
        (began_ns, before), (ended_ns, after) = lengths[0], lengths[-1]
        return (after - before) * 8 * NS_PER_S / (ended_ns - began_ns) if after > before else 0.0

    def _newest(self, camera: DemoCamera) -> Path | None:
        found = (self.settings.media / camera.id / StreamName.MAIN.value).glob("*/*/*/*.mp4")
        newest = max(found, default=None)
        if newest is None:
            return None
        link = self.settings.data / f"{camera.name.lower()}.mp4"
        if not link.is_symlink() or link.readlink() != newest:
            link.unlink(missing_ok=True)
            link.symlink_to(newest)
        return link


def _request(name: str, urls: CameraUrls, login: tuple[str, str]) -> AddCameraRequest:
    streams = tuple((stream, _bare(url)) for stream, url in _streams(urls.main, urls.sub))
    return AddCameraRequest(name, streams, *login, "simulated", BY, (HOST,))


def _simulator(login: tuple[str, str], count: int) -> Simulator:
    """The cameras' process, started with SIGINT blocked: Ctrl-C is for the recorder first."""
    size = SIZE
    options = arguments(
        cameras=count, kind="mix", width=size.width, height=size.height, fps=size.fps,
        seconds=size.seconds, port_each=True, host=HOST, user=login[0], password=login[1],
    )  # fmt: skip
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return Simulator(*options)
    except SimulatorFailed as error:
        raise ConfigError(f"The simulated cameras did not start ({error}).") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _streams(main: str, sub: str) -> tuple[tuple[StreamName, str], ...]:
    return ((StreamName.MAIN, main), (StreamName.SUB, sub))


def _bare(url: str) -> str:
    """A URL without user name and password."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def _what(spec: CameraSpec) -> str:
    main = spec.main
    codec = {"h264": "H.264", "h265": "H.265"}[main.codec]
    extra = ", variable rate" if main.rate_control == "variable" else ""
    return f"{codec} {main.width}×{main.height}, {main.fps} fps{extra}"
