"""One child process: started with a message on its standard input, watched, started again."""

import select
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import msgspec

from watchglass.app.launch import launch
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.retry import Backoff
from watchglass.model.assignment import Beat, FenceTold
from watchglass.model.process import ProcessStatus

_STEADY_NS = 3 * NS_PER_S
"""Who lives that long does not die of its start, and is started again without a wait."""
_ENCODER = msgspec.json.Encoder()
_OWN: msgspec.json.Decoder[FenceTold | Beat] = msgspec.json.Decoder(FenceTold | Beat)
_LOG = log.get("supervisor")


class Child:
    """A process that is kept alive until ``stop``.

    ``first_message`` is asked at each start, so that a restarted child gets what holds by then.
    ``first`` is True only for the first start. ``start`` makes the process, where it is not simply
    launched. A child that ``speaks`` says on its standard output what it is fenced by, that it is
    at work, and how its start went, if anybody asks (``heard``); other lines go to ``hear``.
    ``died`` is told of an end that nobody asked for, with the exit code, before it is started
    again.
    """

    def __init__(
        self,
        name: str,
        module: str,
        first_message: Callable[[bool], object],
        clock: Clock,
        *,
        start: "Callable[[], subprocess.Popen[bytes]] | None" = None,
        speaks: bool = False,
        hear: Callable[[bytes], None] | None = None,
        died: Callable[[int], None] | None = None,
    ) -> None:
        self.name = name
        self.restarts = 0
        self.since_ns = 0
        """UTC of the last start."""
        self.started_ns = clock.monotonic_ns()
        """The same, monotonic."""
        self.beat_ns = 0
        """When it last said that it is at work (monotonic); 0 for never."""
        self.exit_code: int | None = None
        self._first_message = first_message
        self._clock = clock
        self._launch = start or partial(launch, module, speaks=speaks)
        self._hear = hear
        self._died = died
        self.fence: FenceTold | None = None
        self._backoff = Backoff(first_s=0.5, most_s=30.0)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name=f"watch {name}", daemon=True)

    @property
    def pid(self) -> int:
        process = self._process
        return process.pid if process is not None else 0

    def status(self, cameras: int) -> ProcessStatus:
        told = self.fence or FenceTold("", whole=False)
        return ProcessStatus(
            self.name, self.pid, self.since_ns, self.restarts, cameras, told.fence, told.whole
        )

    def start(self) -> None:
        self.spawn()
        self.watch()

    def spawn(self) -> None:
        """Start it for the first time, without starting it again should it end."""
        self._spawn(first=True)

    def watch(self) -> None:
        """From now on, start it again when it ends."""
        self._watcher.start()

    def heard(self, timeout_s: float) -> bytes | None:
        """The line that it spoke; None while there is none, b"" when it ended without one."""
        process = self._process
        assert process is not None
        assert process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], timeout_s)
        line = process.stdout.readline() if readable else None
        return None if line and self._tells_of_itself(line) else line

    def tell(self, message: object) -> bool:
        """Send one more message; False when it is not running (a restart asks anew)."""
        with self._lock:
            process = self._process
            if process is None or process.stdin is None:
                return False
            try:
                process.stdin.write(_ENCODER.encode(message) + b"\n")
                process.stdin.flush()
            except (OSError, ValueError):  # ValueError: it died, and its pipes are closed
                return False
        return True

    def kill(self) -> None:
        """End it at once; it is started again."""
        process = self._process
        if process is not None and not self._stopping.is_set():
            process.kill()

    def stop(self, message: object) -> None:
        """Ask it to end, and do not start it again. Does not wait."""
        self._stopping.set()
        self.tell(message)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; it is killed when the time is over. Whether it ended by itself."""
        process = self._process
        if process is None:
            return True
        try:
            process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            _LOG.error("child_killed", name=self.name, waited_s=timeout_s)
            process.kill()
            process.wait()
            return False
        finally:
            self._close_pipes(process)
        return True

    def _spawn(self, *, first: bool) -> None:
        message = self._first_message(first)
        with self._lock:
            self.fence = None
            self._process = self._launch()
            self.since_ns = self._clock.wall_ns()
            self.started_ns = self._clock.monotonic_ns()
        self.tell(message)

    def _watch(self) -> None:
        while not self._stopping.is_set():
            process = self._process
            assert process is not None
            began_ns = self._clock.monotonic_ns()
            self._listen(process)
            self.exit_code = process.wait()
            if self._stopping.is_set():
                return
            self._close_pipes(process)
            _LOG.error("child_died", name=self.name, exit_code=self.exit_code)
            if self._died is not None:
                self._died(self.exit_code)
            if self._clock.monotonic_ns() - began_ns > _STEADY_NS:
                self._backoff.reset()
            else:
                self._clock.wait(self._stopping, self._backoff.next_s())
            if not self._stopping.is_set():
                self.restarts += 1
                self._spawn(first=False)

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        """Hear what it says, up to its end."""
        if process.stdout is None:
            return
        # ValueError: ``wait`` has closed the pipe, because the end was asked for.
        with suppress(OSError, ValueError):
            for line in process.stdout:
                if not self._tells_of_itself(line) and self._hear is not None:
                    self._hear(line)

    def _tells_of_itself(self, line: bytes) -> bool:
        try:
            told = _OWN.decode(line)
        except msgspec.MsgspecError:
            return False
        if isinstance(told, FenceTold):
            self.fence = told
        else:
            self.beat_ns = self._clock.monotonic_ns()
        return True

    @staticmethod
    def _close_pipes(process: "subprocess.Popen[bytes]") -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
