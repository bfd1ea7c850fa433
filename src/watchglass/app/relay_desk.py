"""The relay-worker, as the supervisor keeps it: run while any camera is handed on; and who took
which, as looks."""

import threading
from collections.abc import Callable

import msgspec

from watchglass.app.child import Child
from watchglass.app.restreams import why_taken
from watchglass.app.ways import Ways
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import LookId, random_id
from watchglass.config.settings import Settings
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.look import Look, LookKind
from watchglass.model.restream import (
    Fetched,
    FromRelayWorker,
    Opened,
    Restream,
    RestreamId,
    RestreamStart,
    RestreamsTold,
    Taker,
    Unserved,
)
from watchglass.model.way import Way

NAME = "relay-worker"
_MODULE = "watchglass.app.relay_worker"
_END_S = 3.0
_SAME_LOOK_NS = 60 * NS_PER_S
"""Who comes back that soon goes on with the same look: a system that connects again and again is
one line, and cannot fill the ledger."""
_LOG = log.get("supervisor")
_AGAIN_NS = 15 * NS_PER_S
_TOLD: msgspec.json.Decoder[FromRelayWorker] = msgspec.json.Decoder(FromRelayWorker)
_OVER = Shutdown(GapCause.RECORDER_STOPPED)


class RelayDesk:
    """``looked`` is told who took what; it may wait. Thread-safe."""

    def __init__(
        self, settings: Settings, ways: Ways, looked: Callable[[Look], None], clock: Clock
    ) -> None:
        self._settings = settings
        self._ways = ways
        self._looked = looked
        self._clock = clock
        self._lock = threading.Lock()
        self._restreams: tuple[Restream, ...] = ()
        self._looks: dict[tuple[str, str], Look] = {}
        """The newest of each restream and peer."""
        self._open: dict[str, tuple[str, str]] = {}
        self._unserved: tuple[Unserved, ...] = ()
        self._tried_ns = 0
        self._stopped = False
        self.child: Child | None = None

    def follow(self, restreams: tuple[Restream, ...]) -> bool:
        """Hand these on, and no others. Whether camera-workers have to be told of its way."""
        with self._lock:
            before, self._restreams = self._restreams, restreams
            if self._stopped or before == restreams:
                return False
            child = self.child
            if not restreams:
                self.child, self._unserved = None, ()
            elif child is None:
                self.child = Child(
                    NAME, _MODULE, self._start, self._clock, speaks=True, hear=self._hear,
                    died=self._died,
                )  # fmt: skip
                self.child.start()
                return True
        if child is None:
            return False
        if not restreams:
            self._end(child)
        elif _places(before) == _places(restreams):
            child.tell(self._start(False))
        else:
            child.tell(_OVER)  # it is started again, and opens what is to be served then
        return False

    def way(self, worker: str) -> Way | None:
        """By which a camera-worker comes to it; None while nothing is handed on."""
        return self._ways.show_relay(worker) if self.child is not None else None

    def told(self) -> RestreamsTold:
        """How they stand now."""
        with self._lock:
            return RestreamsTold(
                tuple(each.id for each in self._restreams),
                tuple(
                    Taker(RestreamId(restream), peer, self._looks[restream, peer].from_ns)
                    for restream, peer in sorted(set(self._open.values()))
                ),
                self._unserved,
            )

    def unserved(self) -> tuple[str, ...]:
        """Why something is not served where it is to be, as sentences."""
        return tuple(each.problem for each in self._unserved)

    def keep_up(self) -> None:
        """Where an address can be served that could not, the process is started again: only a new
        one may open it. Who takes something elsewhere connects again then."""
        with self._lock:
            now_ns, child, unserved = self._clock.monotonic_ns(), self.child, self._unserved
            if child is None or not unserved or now_ns - self._tried_ns < _AGAIN_NS:
                return
            self._tried_ns = now_ns
        if any(not why_taken(each.host, each.port) for each in unserved):
            child.tell(_OVER)

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            child, self.child = self.child, None
        if child is not None:
            self._end(child)

    def _end(self, child: Child) -> None:
        child.stop(_OVER)
        child.wait(_END_S)
        self._died(0)

    def _start(self, _first: bool) -> RestreamStart:
        settings = self._settings
        return RestreamStart(
            self._ways.relay, self._ways.ask_media(), self._ways.tell_vitals(NAME),
            self._restreams,
            settings.log_level.value, settings.log_json, settings.fences,
        )  # fmt: skip

    # --- who took what -----------------------------------------------------------------------

    def _hear(self, line: bytes) -> None:
        try:
            told = _TOLD.decode(line)
        except msgspec.MsgspecError:
            return
        with self._lock:
            if isinstance(told, Opened):
                self._unserved, self._tried_ns = told.unserved, self._clock.monotonic_ns()
                return
            look = self._look(told)
        if look is not None:
            self._looked(look)

    def _look(self, fetched: Fetched) -> Look | None:
        restream = next((each for each in self._restreams if each.id == fetched.restream), None)
        key = self._open.pop(fetched.session, (fetched.restream, fetched.peer))
        look = self._looks.get(key)
        if fetched.to_ns is not None:
            return self._ended(key, fetched.to_ns) if look is not None else None
        if restream is None:
            return None
        self._open[fetched.session] = key
        if look is not None and (
            look.to_ns is None or fetched.from_ns - look.to_ns < _SAME_LOOK_NS
        ):
            look = self._looks[key] = msgspec.structs.replace(look, to_ns=None)
            return None  # nobody is told of a look twice that has not ended
        look = Look(
            LookId(random_id()), f"{restream.user} at {fetched.peer}", restream.camera,
            restream.stream, LookKind.LIVE, fetched.from_ns, None, restream.unmasked,
            f"relay: {restream.reason}" if restream.reason else "relay",
        )  # fmt: skip
        self._looks[key] = look
        return look

    def _ended(self, key: tuple[str, str], to_ns: int) -> Look | None:
        if key in self._open.values():
            return None  # another connection of the same goes on
        look = self._looks[key] = msgspec.structs.replace(self._looks[key], to_ns=to_ns)
        return look

    def _died(self, _exit_code: int) -> None:
        """Whoever took something takes it no longer."""
        with self._lock:
            keys = set(self._open.values())
            self._open.clear()
            looks = [self._ended(key, self._clock.wall_ns()) for key in keys]
        for look in looks:
            if look is not None:
                self._looked(look)


def _places(restreams: tuple[Restream, ...]) -> set[tuple[str, int]]:
    return {(each.host, each.port) for each in restreams}
