"""Disks that are full, fail, or vanish, under a real recorder with real cameras.

Each write site of the product refuses for a moment, in all processes at once. Beside that, on file
systems of their own: recordings that have to go so that others can come, a keeper that stands still
meanwhile, another program that takes all room; a volume that vanishes, another in its place, a sync
that fails. Lost: seconds that are no media, of a cause that is the disk's. Silent: seconds without
media and without a cause, and frames that were sent, that the timeline says are there, and are not.
"""

import argparse
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from websockets.exceptions import WebSocketException

from benches._frames import recorded_frames, sent_frames
from benches._harness import BenchError, RunningRecorder, report, workplace
from benches._visitor import Visitor
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.ids import CameraId
from watchglass.model.control import PauseRequest, ResumeRequest
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind
from watchglass.recording.timeline import timeline
from watchglass.simulate.process import Simulator, arguments
from watchglass.store.index import IndexStore

MIB = 1 << 20
FPS = 15
FLOOR_BYTES = 64 * MIB
_HOOK = Path(__file__).parent / "_refusing"
_EDGE_NS = NS_PER_S // 2
_ONSET_NS = NS_PER_S * 3 // 2
"""A gap begins with the last picture that was kept, some time before what ended it."""
_ENDLESS_S = 1e6
_UNEXPECTED = (0, 70)
"""Exit codes of a start that was not refused, and of one that failed without a sentence."""
_OF_DISKS = frozenset({
    GapCause.DISK_FULL, GapCause.WRITE_FAILED, GapCause.VOLUME_MISSING, GapCause.OVERLOAD,
    GapCause.RECORDER_CRASHED, GapCause.MEDIA_DAMAGED, GapCause.MEDIA_MISSING,
})  # fmt: skip
_LOSING = (WriteSite.MEDIA_RECOVER, WriteSite.SYNC)
_AT_FIRST_START = (WriteSite.KEY, WriteSite.VOLUME_MARK, WriteSite.SETTINGS)
_NOT_HERE = (WriteSite.HEAD_THIN, WriteSite.BACKUP, WriteSite.RESTORE, WriteSite.EVIDENCE)
"""Thins what is two days old: told by ``tests/recording/test_failing_disk.py``; writes no recording
of its own: told by ``tests/app/test_backup.py``."""
_KILLING = (WriteSite.MEDIA_RECOVER, WriteSite.LEDGER_RECOVER)
_TARGETS = {
    "lost_purgeable_s": ("<=", 0.0),
    "silent_s": ("<=", 0.0),
    "resume_max_s": ("<=", 5.0),
    "sites": (">=", float(len(WriteSite) - len(_NOT_HERE))),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was done to a disk; times are UTC. ``purgeable``: nothing had to be lost."""

    name: str
    from_ns: int
    healed_ns: int
    purgeable: bool
    kills: bool = False


@dataclass(slots=True)
class Outcome:
    """What one recorder's troubles cost."""

    lost_purgeable_s: float = 0.0
    lost_s: float = 0.0
    silent_s: float = 0.0
    resume_max_s: float = 0.0
    sites: set[str] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)


class Scene:
    """A recorder, its cameras and what was done to its disk."""

    def __init__(
        self, folder: Path, simulator: Simulator, logs: Path, *, fences: str = "auto"
    ) -> None:
        self.folder = folder
        self.logs = logs
        self.troubles: list[Trouble] = []
        self.recorder = RunningRecorder(
            folder / "data", WATCHGLASS_HEAD_S="1", WATCHGLASS_FILE_S="10",
            WATCHGLASS_FENCES=fences, **hooked(folder / "refuses"),
        )  # fmt: skip
        self.cameras = {self.recorder.add(each): each.name for each in simulator.urls}
        self.steady_ns = 0

    @contextmanager
    def trouble(self, name: str, *, purgeable: bool, kills: bool = False) -> Iterator[None]:
        from_ns = time.time_ns()
        yield
        self.troubles.append(Trouble(name, from_ns, time.time_ns(), purgeable, kills))

    def settle(self, seconds: float) -> None:
        """Let it record; from the first time on every second counts."""
        time.sleep(seconds)
        self.steady_ns = self.steady_ns or time.time_ns()

    def refuse(self, site: WriteSite, code: int) -> None:
        """From now on all processes are refused it, until ``heal``."""
        (self.folder / "refuses").write_text(f"{site} {code}", encoding="ascii")

    def wait_for_hit(self, site: WriteSite, code: int) -> None:
        """Some seconds at most: a command has to load first, a keeper to be started again."""
        until_s = time.monotonic() + 8
        while not (self.folder / f"hit.{site}.{code}").exists() and time.monotonic() < until_s:
            time.sleep(0.05)

    def heal(self) -> None:
        (self.folder / "refuses").unlink()

    def call(self, *words: str) -> None:
        call(self.folder / "refuses", "--data", str(self.recorder.data), *words)

    def pid(self, name: str) -> int:
        return self.recorder.processes()[name].pid

    def pause_a_moment(self, camera: CameraId) -> None:
        """Something that writes lines, texts, and a new file."""
        self.recorder.ask(PauseRequest(camera, None, "bench", "to write"))
        self.recorder.ask(ResumeRequest(camera, "bench", "to write"))

    def close(self) -> Outcome:
        to_ns = time.time_ns() - NS_PER_S
        time.sleep(1)
        status = self.recorder.stop()
        if status != 0:
            raise BenchError(f"the recorder ended with status {status}:\n{self.recorder.log()}")
        outcome = Outcome(sites=sites_hit(self.folder))
        index = IndexStore(self.recorder.layout.index_db)
        try:
            for camera, name in self.cameras.items():
                for stream in StreamName:
                    with index.read() as reader:
                        spans = timeline(
                            reader, camera, stream, self.steady_ns, to_ns, time.time_ns()
                        ).spans
                    self._account(outcome, spans, f"{name}/{stream}")
                    log = self.logs / f"{name}-{stream}.jsonl"
                    missing = self._missing(camera, stream, spans, log)
                    outcome.silent_s += missing / FPS
                    if missing:
                        outcome.notes.append(f"{name}/{stream}: {missing} frames are not there")
        finally:
            index.close()
        return outcome

    def _account(self, outcome: Outcome, spans: tuple[Span, ...], of: str) -> None:
        for span in spans:
            if span.kind is SpanKind.UNACCOUNTED:
                outcome.silent_s += span.seconds
            if span.cause not in _OF_DISKS and span.kind is not SpanKind.UNACCOUNTED:
                continue
            trouble = self._trouble_of(span)
            outcome.lost_s += span.seconds
            if trouble is None or trouble.purgeable:
                outcome.lost_purgeable_s += span.seconds
            told = f"{of}: {span.seconds:.1f} s {span.cause} after "
            if trouble is None:
                outcome.notes.append(f"{told}nothing")
                continue
            resumed_s = (span.to_ns - trouble.healed_ns) / NS_PER_S
            outcome.resume_max_s = max(outcome.resume_max_s, resumed_s)
            outcome.notes.append(f"{told}{trouble.name}, until {resumed_s:+.1f} s")

    def _trouble_of(self, span: Span) -> Trouble | None:
        before = [each for each in self.troubles if each.from_ns <= span.from_ns + _ONSET_NS]
        if span.cause is GapCause.RECORDER_CRASHED:
            # The next trouble may have begun by then; it killed nobody.
            before = [each for each in before if each.kills]
        return before[-1] if before else None

    def _missing(
        self, camera: CameraId, stream: StreamName, spans: tuple[Span, ...], log: Path
    ) -> int:
        """Frames sent well within what the timeline calls media that are not on disk."""
        known = {frame.number for frame in recorded_frames(self.recorder.media, camera, stream)}
        media = [
            (span.from_ns + _EDGE_NS, span.to_ns - _EDGE_NS)
            for span in spans
            if span.kind is SpanKind.MEDIA
        ]
        return sum(
            frame.number not in known
            and any(from_ns <= frame.wall_ns < to_ns for from_ns, to_ns in media)
            for frame in sent_frames(log)
        )


# --- every write site -----------------------------------------------------------------------------


def refuse_sites(
    folder: Path,
    simulator: Simulator,
    logs: Path,
    cases: list[tuple[int, WriteSite]],
    fault_s: float,
) -> Outcome:
    """Each site of the product refuses in turn: told by a file that fenced workers cannot read."""
    scene = Scene(folder, simulator, logs, fences="off")
    scene.settle(5)
    visitor = Visitor.set_up(scene.recorder.page())
    for code, site in cases:
        with ThreadPoolExecutor(1) as person:
            # What a full disk refuses is written later, when there is room; nothing need be lost,
            # unless it took it before, or somebody killed who had it.
            purgeable = code == errno.ENOSPC and site not in _LOSING
            name = f"{errno.errorcode[code]} at {site}"
            with scene.trouble(name, purgeable=purgeable, kills=site in _KILLING):
                scene.refuse(site, code)
                provoke(scene, site, person, visitor)
                time.sleep(fault_s)
                scene.wait_for_hit(site, code)
                scene.heal()
            time.sleep(fault_s)
    return scene.close()


def provoke(scene: Scene, site: WriteSite, person: ThreadPoolExecutor, visitor: Visitor) -> None:
    """See that the site has something to write. Nobody waits for what cannot be written."""
    camera, other = scene.cameras
    state = scene.recorder.layout.state
    match site:
        case WriteSite.MEDIA_RECOVER:
            os.kill(scene.pid("camera-worker-1"), signal.SIGKILL)
        case WriteSite.LEDGER_RECOVER:
            os.kill(scene.pid("keeper"), signal.SIGKILL)
            with max((state / "ledger" / camera).glob("*.jsonl")).open("ab") as file:
                file.write(b'{"n":"')
        case WriteSite.BALLAST:
            (state / "ballast").unlink()
        case WriteSite.CLIP:
            person.submit(
                scene.call, "clip", other, "--from", "9 seconds ago", "--overwrite",
                "-o", str(scene.folder / "clip.mp4"),
            )  # fmt: skip
        case WriteSite.NOTE_SPOOL:
            person.submit(look, visitor, camera)
        case _:
            person.submit(scene.pause_a_moment, camera)


def look(visitor: Visitor, camera: CameraId) -> None:
    """Watch for a moment; whether anything is shown is not for this bench to say."""
    with (
        suppress(OSError, TimeoutError, WebSocketException),
        visitor.live(camera, StreamName.MAIN) as link,
    ):
        link.recv(timeout=2.0)


def refuse_first_start(folder: Path, codes: list[int]) -> Outcome:
    """A recorder that cannot make its folders, key or volume ends with a sentence that says so."""
    outcome = Outcome()
    for code, site in product(codes, _AT_FIRST_START):
        told = _made(folder / f"{site}.{code}") / "refuses"
        told.write_text(f"{site} {code}", encoding="ascii")
        done = call(told, "--data", str(told.parent / "data"), "serve")
        if done.returncode in _UNEXPECTED or "Traceback" in done.stderr:
            raise BenchError(f"{site} refused a first start: {done.returncode} {done.stderr}")
        outcome.sites |= sites_hit(told.parent)
    return outcome


def call(told: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command of the product, whose disk refuses what ``told`` says."""
    return subprocess.run(
        [sys.executable, "-m", "watchglass.app", *words],
        env={**os.environ, **hooked(told)}, capture_output=True, text=True, check=False,
        timeout=90,
    )  # fmt: skip


def hooked(told: Path) -> dict[str, str]:
    return {"PYTHONPATH": str(_HOOK), "BENCH_REFUSES": str(told)}


def sites_hit(folder: Path) -> set[str]:
    return {path.name.split(".")[1] for path in folder.glob("hit.*")}


# --- real file systems ----------------------------------------------------------------------------


def run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()}")


@contextmanager
def mounted(path: Path, *options: str) -> Iterator[None]:
    path.mkdir(parents=True, exist_ok=True)
    run("mount", *options, str(path))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], capture_output=True, check=False)


class Filler:
    """Another program that takes room on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def leave(self, free_bytes: int) -> None:
        """Take more, or less, until so much is free."""
        with self._path.open("ab") as file:
            found = os.statvfs(self._path)
            size = os.fstat(file.fileno()).st_size
            wanted = size + found.f_bavail * found.f_frsize - free_bytes
            if wanted > size:
                # What somebody else took meanwhile is taken all the same.
                with suppress(OSError):
                    os.posix_fallocate(file.fileno(), 0, wanted)
            else:
                os.truncate(file.fileno(), max(0, wanted))


def fill_volume(folder: Path, simulator: Simulator, logs: Path, seconds: float) -> Outcome:
    """A volume on which the oldest has to go; a keeper that stands still; no room at all."""
    media = folder / "data" / "media"
    with mounted(media, "-t", "tmpfs", "-o", "size=200m", "tmpfs"):
        scene = Scene(folder, simulator, logs)
        filler = Filler(media / "lost+found")
        scene.settle(12)
        with scene.trouble("the disk fills", purgeable=True):
            filler.leave(FLOOR_BYTES)
            time.sleep(seconds)
            scene.refuse(WriteSite.MEDIA_PURGE, errno.EIO)
            filler.leave(FLOOR_BYTES - 8 * MIB)
            time.sleep(2)
            scene.heal()
        with scene.trouble("the disk fills and the keeper stands still", purgeable=True):
            keeper = scene.pid("keeper")
            os.kill(keeper, signal.SIGSTOP)
            time.sleep(4)
            os.kill(keeper, signal.SIGCONT)
        time.sleep(2)
        with scene.trouble("another program takes all room", purgeable=False):
            for _ in range(round(seconds)):
                filler.leave(0)
                time.sleep(1)
            filler.leave(FLOOR_BYTES + 40 * MIB)
        time.sleep(6)
        return scene.close()


def vanish_volume(folder: Path, simulator: Simulator, logs: Path, seconds: float) -> Outcome:
    """A volume that is gone and comes back, another in its place, a sync that fails."""
    media, image = folder / "data" / "media", folder / "image"
    run("truncate", "-s", "300M", str(image))
    run("mkfs.ext4", "-q", "-F", str(image))
    with mounted(media, "-o", "loop", str(image)):
        scene = Scene(folder, simulator, logs)
        scene.settle(6)
        with scene.trouble("the volume is gone", purgeable=False):
            run("umount", "-l", str(media))
            time.sleep(seconds)
            run("mount", "-o", "loop", str(image), str(media))
        time.sleep(6)
        with (
            scene.trouble("another volume in its place", purgeable=False),
            mounted(media, "-t", "tmpfs", "-o", "size=10m", "tmpfs"),
        ):
            time.sleep(seconds)
        time.sleep(6)
        with scene.trouble("syncs fail", purgeable=False):
            fail_syncs(scene.pid("keeper"), seconds)
        time.sleep(6)
        return scene.close()


def fail_syncs(pid: int, seconds: float) -> None:
    """As a disk does it: the call itself fails, in a process that knows nothing of it."""
    tracer = subprocess.Popen(
        ["strace", "-f", "-qq", "-p", str(pid), "-e", "trace=syncfs", "-e",
         "inject=syncfs:error=EIO", "-o", os.devnull],
    )  # fmt: skip
    time.sleep(seconds)
    tracer.terminate()
    tracer.wait()


# --- the bench ------------------------------------------------------------------------------------


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench fill")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("fill mounts small file systems of its own: run it as root.")
    codes = [errno.ENOSPC] if asked.quick else [errno.ENOSPC, errno.EIO, errno.EROFS]
    seconds = 4.0 if asked.quick else 20.0
    with workplace() as folder:
        logs = folder / "log"
        options = arguments(
            cameras=2, kind="a", seconds=20, log=str(logs), no_sound=True,
            width=1280, height=720, bit_rate=3_000_000,
        )  # fmt: skip
        with Simulator(*options, show_progress=True) as simulator, ThreadPoolExecutor(5) as pool:
            running = [each for each in WriteSite if each not in (*_AT_FIRST_START, *_NOT_HERE)]
            cases = list(product(codes, running))
            # Two recorders share the sites: each waits most of its time.
            refused = [
                pool.submit(
                    refuse_sites,
                    _made(folder / f"s{half}"),
                    simulator,
                    logs,
                    cases[half::2],
                    0.6 if asked.quick else 3.0,
                )
                for half in range(2)
            ]
            others: list[Callable[..., Outcome]] = [fill_volume, vanish_volume]
            scenes = [
                pool.submit(each, _made(folder / each.__name__[0]), simulator, logs, seconds)
                for each in others
            ]
            starts = pool.submit(refuse_first_start, folder, codes)
            outcomes = [each.result() for each in (*refused, *scenes, starts)]
    for note in (note for each in outcomes for note in each.notes):
        print(note, file=sys.stderr)
    sites = {site for each in outcomes for site in each.sites}
    figures: dict[str, float | int | None] = {
        "sites": len(sites),
        "lost_purgeable_s": round(sum(each.lost_purgeable_s for each in outcomes), 3),
        "lost_s": round(sum(each.lost_s for each in outcomes), 3),
        "silent_s": round(sum(each.silent_s for each in outcomes), 3),
        "resume_max_s": round(min(_ENDLESS_S, max(each.resume_max_s for each in outcomes)), 3),
    }
    print("not reached:", *sorted({*WriteSite} - sites), file=sys.stderr)
    return report("fill", asked.quick, figures, _TARGETS)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
