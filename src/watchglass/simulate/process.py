"""Simulated cameras in a process of their own, for the demo, the tests and the benches."""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from watchglass.simulate.faults import FaultValue
from watchglass.simulate.fleet import CameraUrls, StreamChoice


class SimulatorFailed(Exception):
    """The process ended or refused a command; the text is its own."""


class Simulator:
    """Starts ``python -m watchglass.simulate`` and waits until its cameras answer.

    Blocks while loops are encoded for the first time. Safe to use from several threads.
    """

    def __init__(
        self, *arguments: str, show_progress: bool = False, under: Sequence[str] = ()
    ) -> None:
        """`arguments`: options of the module, as ``"--cameras", "2"``. ``under``: a command that
        runs it as its own last arguments say, such as ``nsenter``."""
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [*under, sys.executable, "-m", "watchglass.simulate", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if show_progress else subprocess.DEVNULL,
            text=True,
        )
        try:
            ready = self._read()
        except BaseException:
            self.stop()
            raise
        self.port: int = ready["port"]
        self.urls: list[CameraUrls] = [CameraUrls(**camera) for camera in ready["cameras"]]

    @property
    def pid(self) -> int:
        return self._process.pid

    def set(
        self, camera: str, fault: str, value: FaultValue = True, stream: StreamChoice | None = None
    ) -> None:
        """Set a fault; SimulatorFailed when it is refused."""
        self._ask({"camera": camera, "fault": fault, "value": value, "stream": stream})

    def counters(self) -> dict[str, dict[str, int]]:
        """By "camera/stream"."""
        answer: dict[str, dict[str, int]] = self._ask({"command": "counters"})["counters"]
        return answer

    def ask(self, command: str, camera: str, **more: Any) -> dict[str, Any]:
        """Of an ONVIF device: ``happens``, ``turned`` or ``quirks``."""
        return self._ask({"command": command, "camera": camera, **more})

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the process; twice does no harm."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _ask(self, line: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        with self._lock:
            try:
                self._process.stdin.write(json.dumps(line) + "\n")
                self._process.stdin.flush()
            except BrokenPipeError:
                raise SimulatorFailed("the simulator has ended") from None
            answer = self._read()
        if not answer["ok"]:
            raise SimulatorFailed(answer["error"])
        return answer

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SimulatorFailed(f"the simulator ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def arguments(**options: str | int | bool | None) -> list[str]:
    """Options by name: ``arguments(cameras=2, bit_rate=300_000, no_sound=True)``."""
    out: list[str] = []
    for name, value in options.items():
        flag = "--" + name.replace("_", "-")
        match value:
            case None | False:
                pass
            case True:
                out.append(flag)
            case _:
                # In one word: a password may begin as an option does.
                out.append(f"{flag}={value}")
    return out
