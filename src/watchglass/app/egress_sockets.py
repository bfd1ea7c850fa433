"""The sockets at which the recorder takes log lines and flows, where the settings say so."""

import socket
import threading

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock

Place = tuple[str, int]
_AGAIN_NS = 15 * NS_PER_S
_BUFFER_BYTES = 4 << 20
_WAITING = 16
_LOG = log.get("egress")


class EgressSockets:
    """``syslog`` by UDP and TCP, ``flows`` by UDP. Thread-safe."""

    def __init__(self, syslog: tuple[Place, ...], flows: tuple[Place, ...], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: dict[tuple[str, Place], socket.socket] = {}
        self._missing = [
            *(("flows", each) for each in flows),
            *((kind, each) for each in syslog for kind in ("lines", "streams")),
        ]
        self._tried_ns: int | None = None
        self.wanted = bool(self._missing)
        self.problems: tuple[str, ...] = ()

    def open(self) -> bool:
        """Open what is not open yet, each some seconds apart; whether any was."""
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            if not self._missing or (
                self._tried_ns is not None and now_ns - self._tried_ns < _AGAIN_NS
            ):
                return False
            self._tried_ns = now_ns
            problems: dict[str, None] = {}
            still = []
            for kind, place in self._missing:
                try:
                    self._open[kind, place] = _opened(kind, place)
                except OSError as error:
                    still.append((kind, place))
                    problems[_problem(kind, place, error)] = None
            opened = len(still) < len(self._missing)
            self._missing = still
            if tuple(problems) != self.problems:
                for each in problems:
                    _LOG.error("egress_not_listened_for", error=each)
            self.problems = tuple(problems)
            return opened

    def descriptors(self) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
        """Of flows, of lines by UDP, and of those that listen for lines by TCP."""
        with self._lock:
            flows, lines, streams = (
                tuple(one.fileno() for (of, _), one in self._open.items() if of == kind)
                for kind in ("flows", "lines", "streams")
            )
        return flows, lines, streams

    def places(self, kind: str) -> tuple[str, ...]:
        """Where it is listened for ``lines`` or ``flows``, as host and port."""
        with self._lock:
            found = sorted(place for of, place in self._open if of == kind)
        return tuple(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in found
        )

    def close(self) -> None:
        with self._lock:
            for one in self._open.values():
                one.close()
            self._open.clear()


def _opened(kind: str, place: Place) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    by_tcp = kind == "streams"
    one = socket.socket(family, socket.SOCK_STREAM if by_tcp else socket.SOCK_DGRAM)
    try:
        if by_tcp:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        else:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        one.bind(place)
        if by_tcp:
            one.listen(_WAITING)
    except OSError:
        one.close()
        raise
    return one


def _problem(kind: str, place: Place, error: OSError) -> str:
    what = "flows" if kind == "flows" else "logs"
    setting = "WATCHGLASS_EGRESS_FLOWS" if kind == "flows" else "WATCHGLASS_EGRESS_SYSLOG"
    return (
        f"The {what} of what cameras send are not listened for at {place[0]}:{place[1]}"
        f" ({error.strerror or error}): end what has the port, or name another in {setting}."
    )
