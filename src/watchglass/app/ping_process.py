"""Entry of the ping process: makes one request when told to, and says how it went.

It knows the URL and nothing else. A redirect is not followed: only what was configured is asked.
"""

import socket

import msgspec

from watchglass.app.going_out import bounded, live
from watchglass.app.pipes import say
from watchglass.base.fence import FenceMode
from watchglass.events.webhook import asked, status_words
from watchglass.model.assignment import Ping, Pinged, PingStart, ToPingProcess
from watchglass.model.notifier import NotTakenError


class _Pings:
    """``url`` and ``timeout_s`` are those of the first message."""

    def __init__(self) -> None:
        self._url = ""
        self._timeout_s = 0.0

    def start(self, message: ToPingProcess) -> tuple[bool, FenceMode]:
        assert isinstance(message, PingStart)
        self._url, self._timeout_s = message.url, message.timeout_s
        return message.log_json, message.fences

    def on_message(self, message: ToPingProcess) -> None:
        if isinstance(message, Ping):
            say(Pinged(ping(self._url, self._timeout_s)))


def main() -> None:
    """Ping when told to, until told to stop or the supervisor is gone."""
    pings = _Pings()
    live(msgspec.json.Decoder[ToPingProcess](ToPingProcess), pings.start, pings.on_message)


def ping(url: str, timeout_s: float) -> str:
    """Ask for the URL; empty when it answered with success, otherwise why not. The URL, which may
    be a secret, is not in it."""

    def connect(host: str, port: int) -> socket.socket:
        # Whoever runs the recorder named it in the environment: it may be this machine as well.
        return socket.create_connection((host, port), timeout_s)

    def errand() -> None:
        problem = status_words(asked("GET", url, None, {}, connect, timeout_s))
        if problem:
            raise NotTakenError(problem)

    return bounded(errand, timeout_s)


if __name__ == "__main__":
    main()
