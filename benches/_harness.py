"""What the benches share: a recorder of their own, CPU seconds of processes, and the last line."""

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from watchglass.app.layout import Layout
from watchglass.app.ways import control_client
from watchglass.base.ids import CameraId
from watchglass.model.control import (
    Accepted,
    AddCameraRequest,
    Reply,
    Request,
    Status,
    StatusRequest,
)
from watchglass.model.process import ProcessStatus
from watchglass.model.stream import StreamName
from watchglass.simulate.fleet import CameraUrls

_TICKS = os.sysconf("SC_CLK_TCK")


class BenchError(Exception):
    """The bench cannot measure what its name says; the text says why."""


@dataclass(frozen=True, slots=True)
class Login:
    """A URL without user name and password, and these."""

    url: str
    user: str
    password: str

    @classmethod
    def of(cls, url: str) -> "Login":
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        bare = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
        return cls(bare, unquote(parts.username or ""), unquote(parts.password or ""))


class RunningRecorder:
    """``watchglass serve`` in a process of its own, on a data folder of its own."""

    def __init__(self, data: Path, *, under: Sequence[str] = (), **environment: str) -> None:
        """``under``: a command that runs it as its own last arguments say, such as a tracer."""
        self.data = data
        self.layout = Layout(data / "state")
        self.media = data / "media"
        self._log = (data.parent / f"{data.name}.log").open("ab")
        settings = {
            "WATCHGLASS_DATA": str(data),
            "WATCHGLASS_ALLOW": "127.0.0.1",
            "WATCHGLASS_FLOOR_BYTES": "64MiB",
            "WATCHGLASS_BALLAST_BYTES": "1MiB",
            "WATCHGLASS_PORT": "0",
            **environment,
        }
        self.process = subprocess.Popen(
            [*under, sys.executable, "-m", "watchglass.app", "serve"],
            env={**os.environ, **settings},
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait_until_up()
        except BaseException:
            self.stop()
            raise

    def ask(self, request: Request) -> Reply:
        return control_client(self.layout).call(request, 30.0)

    def add(self, camera: CameraUrls) -> CameraId:
        """Record a camera's main and sub-stream."""
        main, sub = Login.of(camera.main), Login.of(camera.sub)
        streams = ((StreamName.MAIN, main.url), (StreamName.SUB, sub.url))
        answer = self.ask(
            AddCameraRequest(camera.name, streams, main.user, main.password, "", "bench")
        )
        if not isinstance(answer, Accepted) or answer.camera is None:
            raise BenchError(f"the recorder refused a camera: {answer}")
        return answer.camera

    def page(self) -> str:
        """The link to its page that it printed, with the token that sets it up."""
        for _ in range(1500):
            found = re.search(r"http://127\.0\.0\.1:\d+/\S*", self.log())
            if found:
                return found.group()
            time.sleep(0.1)
        raise BenchError(f"the recorder printed no link to its page:\n{self.log()}")

    def processes(self) -> dict[str, ProcessStatus]:
        status = self.ask(StatusRequest())
        assert isinstance(status, Status)
        return {process.name: process for process in status.processes}

    def stop(self, timeout_s: float = 40.0) -> int:
        """End it well; its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()
        finally:
            self._log.close()

    def log(self) -> str:
        path = self.data.parent / f"{self.data.name}.log"
        return path.read_text(encoding="utf-8", errors="replace")

    def _wait_until_up(self) -> None:
        for _ in range(1500):
            if self.process.poll() is not None:
                raise BenchError(f"the recorder ended at once:\n{self.log()}")
            try:
                self.ask(StatusRequest())
            except Exception:  # noqa: BLE001 - whatever it is, it is not up yet
                time.sleep(0.1)
            else:
                return
        raise BenchError(f"the recorder did not come up:\n{self.log()}")


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder that goes when the bench ends; its path is short, as sockets need it."""
    folder = Path(tempfile.mkdtemp(prefix="wg-", dir=os.environ.get("WATCHGLASS_BENCH_DIR")))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, its ended children included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / _TICKS


def resident_bytes(pid: int) -> int:
    """Memory of a process that is in RAM."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def percentile(values: list[float], share: float) -> float:
    """The value that ``share`` of the values do not pass (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered) + 0.5) - 1))]


def machine() -> str:
    """This machine in words."""
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            name = line.partition(":")[2].strip()
            break
    python = platform.python_version()
    return f"{name}, {os.cpu_count()} cores, Linux {platform.release()}, Python {python}"


def report(
    name: str,
    quick: bool,
    figures: Mapping[str, float | int | None],
    targets: Mapping[str, tuple[str, float]],
    *,
    enough: bool = True,
) -> int:
    """Print the table and the last line. ``met`` follows from the figures alone."""
    met: bool | None = all(_holds(figures.get(key), target) for key, target in targets.items())
    if not enough:
        met = None
    width = max(len(key) for key in figures)
    for key, value in figures.items():
        shown = "-" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)
        aim = f"   target {targets[key][0]} {targets[key][1]:g}" if key in targets else ""
        print(f"{key:<{width}}  {shown:>10}{aim}")
    line = {
        "bench": name,
        "quick": quick,
        "figures": dict(figures),
        "targets": {key: f"{sign} {value:g}" for key, (sign, value) in targets.items()},
        "met": met,
        "machine": machine(),
    }
    print(json.dumps(line))
    return 0


def _holds(figure: float | int | None, target: tuple[str, float]) -> bool:
    sign, value = target
    if figure is None:
        return False
    return figure <= value if sign == "<=" else figure >= value
