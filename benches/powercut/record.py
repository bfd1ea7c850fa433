"""A recorder under strace: everything its processes do to its data folder, in one order."""

import hashlib
import os
import pickle
import shutil
import subprocess
import time
from pathlib import Path

from benches._harness import BenchError, RunningRecorder, workplace
from benches.powercut.oplog import OpKind, Trace, read_trace
from benches.powercut.story import Storyteller, tell
from benches.powercut.strace import CALLS, read_calls
from watchglass.simulate.process import Simulator, arguments

_ROOT = Path(__file__).resolve().parents[2]
_HERE = Path(__file__).resolve().parent
_SMALL_DISK = _HERE / "small_disk"
_FOUND = "state/events.db"
_FLOOR_BYTES = 64 << 20
_ROOM_BYTES_PER_S = 300_000
"""A small disk for a short story: so much for each second of a scene."""
_STRACE = (
    "strace", "-DDD", "-f", "--seccomp-bpf", "-y", "-xx", "-s", str(32 << 20), "-ttt", "-qq",
    "-e", "signal=none", "-e", f"trace={','.join(CALLS)}",
)  # fmt: skip


class _Tracing:
    """The recorders of one data folder, each with a trace of its own."""

    def __init__(self, folder: Path, room_bytes: int) -> None:
        self._folder = folder
        self._room_bytes = room_bytes
        self._tracer = 0
        self.traces: list[Path] = []

    def start(self) -> RunningRecorder:
        trace = self._folder / f"trace-{len(self.traces)}"
        self.traces.append(trace)
        recorder = RunningRecorder(
            self._folder / "data",
            under=(*_STRACE, "-o", str(trace)),
            WATCHGLASS_FILE_S="10",
            WATCHGLASS_HEAD_S="5",
            WATCHGLASS_FLOOR_BYTES=str(_FLOOR_BYTES),
            # Without root, strace may not look into processes that keep secrets.
            WATCHGLASS_FENCES="auto" if os.geteuid() == 0 else "off",
            POWERCUT_ROOM=str(self._room_bytes),
            PYTHONPATH=os.pathsep.join((str(_SMALL_DISK), os.environ.get("PYTHONPATH", ""))),
        )
        status = Path(f"/proc/{recorder.process.pid}/status").read_text(encoding="ascii")
        self._tracer = int(status.partition("TracerPid:")[2].split()[0])
        return recorder

    def ended(self) -> None:
        """Wait for the tracer: it writes its last lines after those it traced have ended."""
        until_s = time.monotonic() + 20.0
        while Path(f"/proc/{self._tracer}").exists():
            if time.monotonic() > until_s:
                raise BenchError("strace did not end with the recorder")
            time.sleep(0.05)


def recorded(pace_s: float) -> Path:
    """Where the trace of a story lies: recorded now, unless neither product nor bench changed."""
    path = Path.home() / ".cache" / "watchglass" / "powercut" / f"{_digest(pace_s)}.pickle"
    if not path.exists():
        trace = record(pace_s)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.part")
        partial.write_bytes(pickle.dumps(trace))
        partial.replace(path)
    return path


def load(path: Path) -> Trace:
    """A trace that this bench wrote; nothing else may be given to it."""
    trace = pickle.loads(path.read_bytes())
    assert isinstance(trace, Trace)
    return trace


def record(pace_s: float) -> Trace:
    """Record a story now. BenchError when it cannot be traced, or its replay is not what is on
    disk."""
    if shutil.which("strace") is None:
        raise BenchError("strace is not installed here: 'apt-get install strace', then again.")
    options = arguments(
        cameras=3, kind="a", width=320, height=180, bit_rate=200_000, seconds=10,
        sub_width=160, sub_height=90, sub_bit_rate=60_000,
    )  # fmt: skip
    with workplace() as folder, Simulator(*options) as simulator:
        tracing = _Tracing(folder, round(pace_s * _ROOM_BYTES_PER_S))
        story = Storyteller(tracing.start, tracing.ended)
        try:
            tell(story, simulator.urls, pace_s)
        finally:
            story.recorder.stop()
        calls = read_calls(tracing.traces, folder / "data")
        trace = read_trace(calls, folder / "data")
        trace.orders, trace.keeper_deaths = story.orders, story.keeper_deaths
    _refuse_poor(trace)
    return trace


def _refuse_poor(trace: Trace) -> None:
    """What was to happen has to be in the trace, or nothing is shown by it."""
    if not any(op.kind == "unlink" and op.path.endswith(".mp4") for op in trace.ops):
        raise BenchError("nothing was purged while the recorder was traced")
    if not any(op.kind is OpKind.WRITE and op.path.startswith(_FOUND) for op in trace.ops):
        raise BenchError("nothing that was found in pictures was written while it was traced")
    ledgers = b"".join(op.data for op in trace.ops if "/ledger/" in op.path)
    for wanted in (
        b'"recovered":true', b'"camera_removed"', b'"camera_paused"', b'"erasure_done"',
        b'"hold_set"',
    ):  # fmt: skip
        if wanted not in ledgers:
            raise BenchError(f"no {wanted.decode()} was traced")
    if b'"overload"' in ledgers:
        raise BenchError("the recorder did not keep up while it was traced")


def _digest(pace_s: float) -> str:
    digest = hashlib.sha256(repr(pace_s).encode())
    mine = (_HERE / name for name in ("record.py", "story.py", "strace.py", "oplog.py"))
    for path in (*sorted((_ROOT / "src").rglob("*.py")), *mine, *_SMALL_DISK.glob("*.py")):
        digest.update(path.read_bytes())
    version = subprocess.run(["strace", "--version"], capture_output=True, check=False).stdout
    digest.update(version)
    return digest.hexdigest()[:32]
