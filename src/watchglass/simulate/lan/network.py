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

    ``enter`` goes before a command that is to look at it: ``[*network.enter, "nmap", …]``;
    ``enter_devices`` before one that answers in it, at any address that is not the looker's.
    """

    def __init__(
        self,
        devices: Sequence[Device],
        *,
        network: str,
        looker: str,
        capture: Path | None = None,
        loopback: bool = False,
        own_user: bool = False,
    ) -> None:
        """``loopback``: the devices answer at loopback addresses, which are in ``network``.
        ``own_user``: make a namespace of users too, so that nobody has to be root."""
        self._order = Order(
            network=network, looker=looker, devices=tuple(devices), loopback=loopback,
            capture=str(capture) if capture else "",
        )  # fmt: skip
        self._own_user = own_user
        self.enter: tuple[str, ...] = ()
        self.enter_devices: tuple[str, ...] = ()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Network":
        if not self._order.loopback and not all(map(shutil.which, ("ip", "nsenter", "unshare"))):
            raise NoNetworkError("of the commands ip, nsenter and unshare one is missing")
        under = ("unshare", "--user", "--map-root-user") if self._own_user else ()
        process = subprocess.Popen(
            [*under, sys.executable, "-P", "-m", "watchglass.simulate.lan"],
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
            case [b"ready", _, b"-1"]:
                return self
            case [b"ready", pid, space]:
                user = (f"--user=/proc/{int(pid)}/ns/user",) if self._own_user else ()
                self.enter = ("nsenter", *user, f"--net=/proc/{int(pid)}/fd/{int(space)}", "--")
                self.enter_devices = ("nsenter", *user, f"--net=/proc/{int(pid)}/ns/net", "--")
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
