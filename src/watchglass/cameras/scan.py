"""A scan from outside: starts the process that looks, passes on what it tells, stops it.

Whoever looks takes strangers' answers apart and may die of one. Then it is started again without
the addresses that are done, one address at a time, and the one that it dies of is left out and
named.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from watchglass.cameras.probe_worker import worker_environment
from watchglass.model.scan import (
    AddressesDone,
    Covered,
    FromScan,
    ScanEnded,
    ScanOrder,
    ScanProgress,
    ScanStop,
)

MOST_LINE_BYTES = 4 << 20
_MOST_DEATHS = 5
_ENDING_S = 20.0
COMMAND = (sys.executable, "-P", "-m", "watchglass.cameras.scan_worker")


@dataclass(slots=True)
class RunningScan:
    """One scan. Iterate over it to its end; ``stop`` may come from another thread."""

    order: ScanOrder
    command: tuple[str, ...] = COMMAND
    left_out: list[str] = field(default_factory=list)
    """Addresses whose answers made the process that looks fail."""
    _process: subprocess.Popen[bytes] | None = None
    _stopping: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)
    """Held while the order is written: a stop comes before there is a process, or after it."""

    def __iter__(self) -> Iterator[FromScan]:
        done = set(self.order.skip)
        order = self.order
        for death in range(_MOST_DEATHS):
            ended, at = None, ""
            for message in self._run(order):
                if isinstance(message, AddressesDone):
                    done.update(message.addresses)
                if isinstance(message, ScanProgress):
                    at = message.at
                if isinstance(message, ScanEnded):
                    ended = message
                else:
                    yield self._noted(message)
            if ended is not None or self._stopping:
                yield ended or ScanEnded(stopped=True)
                return
            if death:
                self._leave_out(at, done)
            order = msgspec.structs.replace(order, skip=tuple(sorted(done)), parallel=1)
        yield ScanEnded(
            error="The program that looks at devices failed again and again: what it found is kept."
        )

    @property
    def pid(self) -> int | None:
        """Of the process that looks, while there is one."""
        return self._process.pid if self._process is not None else None

    def stop(self) -> None:
        with self._lock:
            self._stopping = True
            process = self._process
            if process is not None and process.poll() is None:
                _write(process, ScanStop())

    def _noted(self, message: FromScan) -> FromScan:
        if not isinstance(message, Covered) or not self.left_out:
            return message
        note = f"{message.coverage.note} Left out, because it makes the program that looks fail: "
        coverage = msgspec.structs.replace(
            message.coverage, note=(note + ", ".join(self.left_out) + ".").strip()
        )
        return Covered(coverage)

    def _leave_out(self, at: str, done: set[str]) -> None:
        """Alone in its turn, the one that was looked at last is the one it died of."""
        if at:
            self.left_out.append(at)
            done.add(at)

    def _run(self, order: ScanOrder) -> Iterator[FromScan]:
        with self._lock:
            if self._stopping:
                return
            process = self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=worker_environment(),
            )
            written = _write(process, order)
        assert process.stdout is not None
        try:
            if not written:
                return
            while line := process.stdout.readline(MOST_LINE_BYTES):
                try:
                    yield msgspec.json.decode(line, type=FromScan)
                except msgspec.DecodeError:
                    return  # half a line: it died
        finally:
            _end(process)


def _write(process: subprocess.Popen[bytes], message: ScanOrder | ScanStop) -> bool:
    """False if it has ended by itself."""
    assert process.stdin is not None
    try:
        process.stdin.write(msgspec.json.encode(message) + b"\n")
        process.stdin.flush()
    except (OSError, ValueError):
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.communicate(timeout=_ENDING_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
    except (OSError, ValueError):
        process.kill()
        process.wait()


__all__ = ["COMMAND", "RunningScan"]
