"""What a service tells the systemd that started it, as sd_notify(3) does."""

import os
import socket
from collections.abc import MutableMapping

from watchglass.base import log

_US_PER_S = 1_000_000
_LOG = log.get("service")


class Notifier:
    """Sends state to ``NOTIFY_SOCKET``; does nothing where nobody set one.

    The variables are taken out of ``environment``: they are for this process, not its children.
    ``watchdog_s``: systemd wants to hear ``WATCHDOG=1`` at least so often; None where it does not.
    Never blocks; a message that systemd has no room for is lost, and the next one says the same.
    """

    def __init__(self, environment: MutableMapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        path = environment.pop("NOTIFY_SOCKET", "")
        usec = environment.pop("WATCHDOG_USEC", "")
        pid = environment.pop("WATCHDOG_PID", "")
        self._told: dict[str, str] = {}
        self._failed = False
        self._socket: socket.socket | None = None
        self._address: str | bytes = path
        if path.startswith("@"):  # the abstract namespace
            self._address = b"\0" + os.fsencode(path[1:])
        if path.startswith(("/", "@")):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            self._socket.setblocking(False)
        is_ours = pid in ("", str(os.getpid()))
        self.watchdog_s: float | None = None
        if self._socket is not None and is_ours and usec.isdecimal() and int(usec) > 0:
            self.watchdog_s = int(usec) / _US_PER_S

    def ready(self) -> None:
        """The start is over."""
        self._send("READY=1")

    def alive(self) -> None:
        """Feed the watchdog."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """What ``systemctl status`` shows; sent when it has changed."""
        line = " ".join(sentence.split())
        if self._told.get("STATUS") != line:
            self._told["STATUS"] = line
            self._send(f"STATUS={line}")

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, state: str) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(state.encode("utf-8", "replace"), self._address)
        except OSError as error:
            if not self._failed:
                _LOG.warning("systemd_not_told", state=state.partition("=")[0], error=str(error))
            self._failed = True
        else:
            self._failed = False
