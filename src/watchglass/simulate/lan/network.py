"""Starts a simulated network and ends it, and says how to run a command where it can be seen."""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from watchglass.simulate.lan.device import Device
from watchglass.simulate.lan.order import Order


class NoNetworkError(Exception):
    """This machine does not let us make a network; the text says why."""


class Network:
    """A network of devices in namespaces of its own, as a context manager.

    ``enter`` goes before a command that is to look at it: ``[*network.enter, "nmap", …]``.
    """

    def __init__(
        self, devices: Sequence[Device], *, network: str, looker: str, capture: Path | None = None
    ) -> None:
        self._order = Order(
            network=network, looker=looker, devices=tuple(devices),
            capture=str(capture) if capture else "",
        )  # fmt: skip
        self.enter: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Network":
        if shutil.which("ip") is None or shutil.which("nsenter") is None:
            raise NoNetworkError("the commands ip and nsenter are missing")
        process = subprocess.Popen(
            [sys.executable, "-m", "watchglass.simulate.lan"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(self._order) + b"\n")
        process.stdin.flush()
        match process.stdout.readline().split():
            case [b"ready", pid, space]:
                self.enter = ("nsenter", f"--net=/proc/{int(pid)}/fd/{int(space)}", "--")
                return self
            case _:
                why = process.communicate()[1].decode(errors="replace")
                self._process = None
                raise NoNetworkError(f"no network of simulated devices: {why[-600:]}")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._process is None:
            return
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
