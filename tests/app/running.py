"""Real recorders and simulated cameras for the tests of the command line."""

import io
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch

import msgspec

from watchglass.app.cli.program import run

CHECKOUT = Path(__file__).resolve().parents[2]
START_S = 90.0
END_S = 20.0


def environment(**more: str) -> dict[str, str]:
    """Of a command under test: warnings are errors, in its children too.

    Pictures are looked at where a test says so, and a page is served: that is three more processes
    at each start, and a third of its CPU is the page's.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WATCHGLASS")}
    usual = {
        "PYTHONWARNINGS": "error", "TERM": "dumb", "WATCHGLASS_PORT": "0",
        "WATCHGLASS_ANALYSIS": "false", "WATCHGLASS_PAGE": "false",
    }  # fmt: skip
    return kept | usual | more


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "watchglass.app", *arguments]


def call(
    *arguments: str, stdin: str = "", timeout_s: float = 60.0, **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end."""
    return subprocess.run(
        command(*arguments), input=stdin, capture_output=True, text=True, timeout=timeout_s,
        env=environment(**more), check=False,
    )  # fmt: skip


def call_here(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """As ``call``, but in this process: to start Python anew costs far more than most commands."""
    out, err = io.StringIO(), io.StringIO()
    with (
        redirect_stdout(out), redirect_stderr(err),
        patch.object(sys, "stdin", io.StringIO(stdin)),
    ):  # fmt: skip
        code = run(arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def json_of(*arguments: str) -> Any:
    """What a listing prints with ``--json``; nothing else may be on standard output."""
    result = call_here(*arguments, "--json")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("\n") == 1
    return msgspec.json.decode(result.stdout)


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        return int(made.getsockname()[1])


def wait_until(what: Callable[[], bool], timeout_s: float = 30.0) -> None:
    until_s = time.monotonic() + timeout_s
    while not what():
        assert time.monotonic() < until_s, f"never came: {what}"
        time.sleep(0.2)


class Serving:
    """``watchglass serve`` on a data folder, its output in files beside it."""

    def __init__(self, data: Path, *arguments: str, **more: str) -> None:
        """``more``: variables of its environment."""
        self.data = data
        self._out = data.with_name(data.name + ".out")
        self._err = data.with_name(data.name + ".err")
        with self._out.open("w") as out, self._err.open("w") as err:
            self.process = subprocess.Popen(
                command("--data", str(data), "serve", *arguments), stdout=out, stderr=err,
                env=environment(**more),
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self._out.read_text()

    @property
    def logged(self) -> str:
        return self._err.read_text()

    def wait_for(self, words: str) -> Self:
        """Wait until it said so."""

        def said() -> bool:
            assert self.process.poll() is None, self.logged
            return words in self.said

        wait_until(said, START_S)
        return self

    def end(self, number: int) -> int:
        """Send a signal; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(END_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(END_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def listening(processes: list[int]) -> list[str]:
    """TCP sockets of these processes that take connections, as the kernel writes their places."""
    found = {}
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":  # TCP_LISTEN
                found[f"socket:[{fields[9]}]"] = fields[1]
    held = set()
    for process in processes:
        for each in Path(f"/proc/{process}/fd").iterdir():
            with suppress(OSError):
                held.add(os.readlink(each))
    return sorted(place for socket, place in found.items() if socket in held)


def processes_of(data: Path) -> list[int]:
    """Processes that hold a file under ``data`` open."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            held = [os.readlink(each) for each in (folder / "fd").iterdir()]
        except OSError:
            continue
        if any(path.startswith(f"{data}/") for path in held):
            found.append(int(folder.name))
    return found
