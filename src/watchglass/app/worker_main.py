"""The life of a worker process, from its first message to its end; the same for all of them."""

import signal
import sys
from collections.abc import Callable
from typing import Protocol, TypeVar

import msgspec

from watchglass.app.pipes import first_message, leave
from watchglass.base import heap, log
from watchglass.base.errors import WatchglassError


class Start(Protocol):
    """What every worker is told first."""

    @property
    def log_level(self) -> str: ...

    @property
    def log_json(self) -> bool: ...


M = TypeVar("M")
S = TypeVar("S", bound=Start)


def live(
    decoder: msgspec.json.Decoder[M],
    start: type[S],
    work: Callable[[S, msgspec.json.Decoder[M]], None],
    name: str,
) -> None:
    """Work by what is asked on standard input, which ends at the supervisor's end; Ctrl-C is for
    the supervisor. An error of ours is logged, and is this process's exit code."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heap.bound()
    try:
        first = first_message(decoder)
    except EOFError:
        return
    assert isinstance(first, start)
    log.configure(first.log_level, json=first.log_json)
    try:
        work(first, decoder)
    except WatchglassError as error:
        log.get(name).error("worker_ended", error=error.sentence)
        sys.exit(error.exit_code)
    leave()
