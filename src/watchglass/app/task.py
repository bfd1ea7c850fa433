"""Processes that do one thing for whoever started them, and end; and those who wait for one."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from types import TracebackType

import msgspec

from watchglass.app.launch import launch
from watchglass.base.clock import Clock

_MOST_LINE_BYTES = 256 << 20
"""A day of things and their ways is less."""
_IDLE_S = 60.0
_END_S = 5.0


class Task:
    """A process of ``module``, told by messages on its standard input, that answers in lines.

    Left as a context it is closed. It may die at any moment: then it says nothing
    more, and that is all that is noticed here.
    """

    def __init__(self, module: str) -> None:
        self._process = launch(module, speaks=True)

    def __enter__(self) -> "Task":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """It is over, whatever it is at."""
        self.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, message: object) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()

    def lines(self) -> Iterator[bytes]:
        """All that it says until it ends, among it what it is fenced by."""
        assert self._process.stdout is not None
        yield from iter(partial(self._process.stdout.readline, _MOST_LINE_BYTES), b"")

    def last_line(self, timeout_s: float) -> bytes:
        """Of all that it says, once it has ended; empty for nothing. TimeoutError where that takes
        longer."""
        try:
            output, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError from None
        return output.splitlines()[-1] if output else b""

    def exit_code(self) -> int:
        """Waits for its end."""
        return self._process.wait()

    def kill(self) -> None:
        self._process.kill()


class OneByOne:
    """Does what waits, one after another, in a thread of its own.

    ``make_next`` does one and says whether there was any; ``rest`` is called where there was none.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        make_next: Callable[[], bool],
        rest: Callable[[], None] = lambda: None,
        *,
        idle_s: float = _IDLE_S,
    ) -> None:
        self.ending = threading.Event()
        self._clock, self._make_next, self._rest, self._idle_s = clock, make_next, rest, idle_s
        self._news = threading.Event()
        self._lock = threading.Lock()
        self._task: tuple[str, Task] | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """There is something new."""
        self._news.set()

    def close(self) -> None:
        """What goes on is ended where it is."""
        self.ending.set()
        self._news.set()
        self.kill()
        if self._thread.is_alive():
            self._thread.join(_END_S)

    @contextmanager
    def task(self, module: str, of: str) -> Iterator[Task]:
        """A process for ``of``, which ``kill`` ends meanwhile."""
        with Task(module) as task:
            with self._lock:
                self._task = of, task
            try:
                if self.ending.is_set():
                    task.kill()
                yield task
            finally:
                with self._lock:
                    self._task = None

    @property
    def pid(self) -> int:
        """Of the process there is now; 0 while there is none."""
        with self._lock:
            return self._task[1].pid if self._task is not None else 0

    def kill(self, of: str | None = None) -> None:
        """End the process for ``of``, or whichever there is."""
        with self._lock:
            if self._task is not None and of in (None, self._task[0]):
                self._task[1].kill()

    def _work(self) -> None:
        while not self.ending.is_set():
            self._news.clear()
            if not self._make_next():
                self._rest()
                self._clock.wait(self._news, self._idle_s)
