"""What the kernel tells of the recorder's processes, for monitors."""

import os
import resource
import select
from collections.abc import Iterable
from pathlib import Path

from watchglass.model.metric import Metric, MetricKind, Sample

_OF_PROCESS = ("process",)
_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_TICKS_S = os.sysconf("SC_CLK_TCK")
_MOST_COUNTED = 4096
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_CPU = "Look which cameras it has and what they send; a worker does not decode."

CPU = Metric(
    "watchglass_process_cpu_seconds_total", _C, _OF_PROCESS,
    "Processor time it took; its rate is the cores it uses.",
    "A worker: some 0.005 cores a camera; the others next to nothing.", _CPU,
)  # fmt: skip
RSS = Metric(
    "watchglass_process_resident_bytes", _G, _OF_PROCESS, "Memory it holds.",
    "40 to 200 MB; it does not grow from day to day.", "It grows for days: please report it.",
)  # fmt: skip
FDS = Metric(
    "watchglass_process_open_descriptors", _G, _OF_PROCESS, "Files and connections it has open.",
    "A few tens, and some for each camera.", "It grows for days: please report it.",
)  # fmt: skip
THREADS = Metric(
    "watchglass_process_threads", _G, _OF_PROCESS, "Threads it has.",
    "About ten; a worker one more for each stream.", "It grows for days: please report it.",
)  # fmt: skip
METRICS = (CPU, RSS, FDS, THREADS)


def own_descriptors(process: str) -> Sample:
    """As the process itself counts: into one that keeps secrets nobody else may look."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    asked = select.poll()
    most = min(soft, _MOST_COUNTED)
    for number in range(most):
        asked.register(number, 0)
    closed = sum(bool(event & select.POLLNVAL) for _, event in asked.poll(0))
    return FDS.at(most - closed, process)


def waits_in_kernel(pid: int) -> bool:
    """Whether a thread of a process is inside a call that no signal ends, as one for a disk that
    does not answer."""
    try:
        states = [
            each.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[0]
            for each in (Path("/proc") / str(pid) / "task").glob("*/stat")
        ]
    except (OSError, IndexError):
        return False
    return "D" in states


def process_samples(processes: Iterable[tuple[str, int]]) -> list[Sample]:
    """Each name with its pid; one that is gone, or cannot be looked at, is left out."""
    return [sample for name, pid in processes if pid for sample in _samples(name, pid)]


def _samples(name: str, pid: int) -> list[Sample]:
    folder = Path("/proc") / str(pid)
    found = []
    try:
        # Behind the command's name, which may hold anything.
        fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2]
        words = fields.split()
        found += [
            CPU.at((int(words[11]) + int(words[12])) / _TICKS_S, name),
            THREADS.at(int(words[17]), name),
            RSS.at(int(words[21]) * _PAGE_BYTES, name),
        ]
        found.append(FDS.at(len(os.listdir(folder / "fd")), name))
    except (OSError, IndexError, ValueError):
        pass
    return found
