"""The camera-worker's end of the hop to whoever looks at pictures.

Readers put what their gates let through into one bounded backlog, a thread of its own carries it.
Where that is full the oldest goes, and the span is told of as not looked at. While nobody looks
nothing is kept but what is to be accounted for; recording waits for none of it.
"""

import threading
from collections.abc import Iterator
from itertools import count
from typing import Protocol

from watchglass.analytics.accounts import Accounts
from watchglass.analytics.backlog import Backlog
from watchglass.analytics.finer import Finer
from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.gated import Gated
from watchglass.analytics.metrics import gate_samples, outlet_samples
from watchglass.analytics.together import Together
from watchglass.analytics.unlooked import SwitchedOff
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import BusError
from watchglass.base.ids import CameraId, random_id
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.bus.metrics import hop_samples
from watchglass.model.analysis import Analysis, SkipCause
from watchglass.model.live import LiveSink
from watchglass.model.metric import Sample
from watchglass.model.stream import StreamName
from watchglass.model.visit import FromAnalyst, Moves, Noted, ToAnalyst, Visited
from watchglass.model.way import Way

LIMIT_BYTES = 8 << 20
ACCOUNT_S = 20.0
_POLL_S = 5.0
_SOON_S = 0.25
_GATHER_S = 0.15
"""So long frames are gathered before they go: waking somebody for each costs more than they do."""
_JOIN_S = 2.0
_LOG = log.get("analysis")


class Follow(Protocol):
    """Has the pictures of a stream given to a sink, whenever they are read; None ends it."""

    def __call__(self, camera: CameraId, stream: StreamName, sink: LiveSink | None, /) -> None: ...


class AnalysisOutlet:
    """Of one worker. ``name`` is the worker's, ``follow`` what it does for a gate."""

    def __init__(
        self,
        way: Way,
        name: str,
        follow: Follow,
        clock: Clock,
        *,
        limits: GateLimits | None = None,
        limit_bytes: int = LIMIT_BYTES,
        account_s: float = ACCOUNT_S,
    ) -> None:
        """``account_s``: how far apart what was quiet is told."""
        self._follow = follow
        self._clock = clock
        self._limits = limits
        self._together = Together()
        session = random_id()
        self._visits: Iterator[str] = map(f"{session[:12]}-{{:x}}".format, count())
        # Of the queue and the accounts; never held while a gate's own lock is waited for.
        self._lock = threading.Lock()
        self._backlog = Backlog(f"analysis {name}", limit_bytes, self._lost)
        self._accounts = Accounts(session)
        self._gated: dict[CameraId, tuple[StreamName, Gated]] = {}
        self._large: set[CameraId] = set()
        self._finer: dict[CameraId, Finer] = {}
        self._off: dict[CameraId, tuple[StreamName, SwitchedOff]] = {}
        self._linked = False
        self._untold_since_ns = 0
        self._account_ns = round(account_s * NS_PER_S)
        self._ending = threading.Event()
        # It is filled only when it is empty, with no more than the backlog may hold.
        self._client: BusClient[ToAnalyst, FromAnalyst] = BusClient(
            way.endpoint, name, Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst),
            limit_bytes=3 * limit_bytes, clock=clock, proof=way.proof,
        )  # fmt: skip
        self._thread = threading.Thread(target=self._work, name="analysis outlet", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """End it; what waits is dropped."""
        self._ending.set()
        self._client.wake()
        self._thread.join(_JOIN_S)

    def take_up(
        self, camera: CameraId, stream: StreamName, *, off: bool = False, large: bool = False
    ) -> None:
        """Have this stream of a camera looked at; where that is ``off``, it is told of as such.
        ``large``: it has a main stream beside this one, for what is too small in it."""
        if large:
            self._large.add(camera)
        if camera in (self._off if off else self._gated):
            return
        self.leave(camera)
        if off:
            unlooked = SwitchedOff(camera, self._account)
            self._off[camera] = (stream, unlooked)
            self._follow(camera, stream, unlooked)
            return
        gated = Gated(
            camera, self._put, self._account, self._next_visit, self._limits, self._together
        )
        self._gated[camera] = (stream, gated)
        self._follow(camera, stream, gated)

    def leave(self, camera: CameraId) -> None:
        """The camera is not recorded here any more."""
        found = self._gated.pop(camera, None) or self._off.pop(camera, None)
        if found is not None:
            self._follow(camera, found[0], None)
            found[1].end()
        self._coarser(camera)

    def switch(self, camera: CameraId, *, off: bool) -> None:
        """Look no longer at a camera that is recorded here, or again."""
        found = self._gated.get(camera) or self._off.get(camera)
        if found is not None:
            self.take_up(camera, found[0], off=off)

    def said(self, camera: CameraId) -> None:
        """A camera itself says that something happens before it."""
        found = self._gated.get(camera)
        if found is not None:
            found[1].said()

    @property
    def untold_since_ns(self) -> int:
        """Nobody has taken what gates answer for since then (monotonic); 0 while none waits."""
        return self._untold_since_ns

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        name = self._client.name
        with self._lock:
            depth, accounts = self._backlog.depth(), self._accounts
            waiting, forgotten = accounts.waiting, accounts.forgotten
        return [
            *gate_samples([gated.numbers() for _, gated in list(self._gated.values())]),
            *outlet_samples(name, depth, waiting, forgotten),
            *hop_samples(self._client.stats(), "analysis", name),
        ]

    # --- from gates, within their locks --------------------------------------------------------

    def _put(self, message: Visited) -> bool:
        with self._lock:
            if not self._linked:
                return False
            was_empty = not self._backlog
            self._backlog.put(message)
        if was_empty:
            self._client.wake()
        return True

    def _account(
        self, camera: CameraId, from_ns: int, to_ns: int, state: Analysis, cause: SkipCause | None
    ) -> None:
        with self._lock:
            self._accounts.add(camera, from_ns, to_ns, state, cause)

    def _lost(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """Within the lock already."""
        cause = SkipCause.OVERLOAD if self._linked else SkipCause.NO_ANALYST
        self._accounts.add(camera, from_ns, to_ns, Analysis.SKIPPED, cause)

    def _next_visit(self) -> str:
        return next(self._visits)

    # --- the thread ----------------------------------------------------------------------------

    def _work(self) -> None:
        due_ns = 0
        try:
            while not self._ending.is_set():
                hurried = self._backlog or not self._linked
                received = self._client.poll(_SOON_S if hurried else _POLL_S)
                linked = self._client.connected
                renewed = any(isinstance(each, LinkRenewed) for each in received)
                if linked and (renewed or not self._linked):
                    self._begin_anew()
                elif self._linked and not linked:
                    self._end_visits()
                for message in received:
                    self._obey(message)
                self._refine()
                now_ns = self._clock.monotonic_ns()
                if now_ns >= due_ns:
                    due_ns = now_ns + self._account_ns
                    self._tend()
                if self._backlog and self._client.depth() == 0:
                    self._clock.wait(self._ending, _GATHER_S)
                    self._send_waiting()
        except BusError as error:
            _LOG.error("analyst_refuses", error=error.sentence)
        except Exception:  # noqa: BLE001 - the task's border: a worker goes on recording without
            _LOG.exception("analysis_outlet_failed")
        finally:
            self._link(False)
            self._client.close()

    def _link(self, linked: bool) -> None:
        with self._lock:
            self._linked = linked
            if not linked:
                self._backlog.clear()

    def _obey(self, message: FromAnalyst | LinkRenewed) -> None:
        match message:
            case Moves():
                any(gated.hear(message) for _, gated in list(self._gated.values()))
            case Noted(session=session, last=last):
                with self._lock:
                    if session == self._accounts.session:
                        self._accounts.noted(last)
                        self._untold_since_ns = 0
            case LinkRenewed():
                pass  # begun anew already

    def _begin_anew(self) -> None:
        """Whoever looked is another: tell again what is not written down, and begin all visits."""
        self._client.discard_queued()
        with self._lock:
            again = self._accounts.again()
        for message in again:
            self._client.send(message)
        # Before it is linked: frames of a visit of before would go to one who cannot decode them.
        self._end_visits()
        self._link(True)
        for _, gated in list(self._gated.values()):
            gated.begin_anew()
        # At once: what was lost with the one before is a hole until it is told of.
        self._tell_accounts()

    def _end_visits(self) -> None:
        """Nobody is there, or another than before."""
        self._link(False)
        for _, gated in list(self._gated.values()):
            gated.gone()

    def _refine(self) -> None:
        """Follow the large streams of cameras in which something is too small, and no others."""
        for camera, (_, gated) in list(self._gated.items()):
            if not gated.wants_finer:
                self._coarser(camera)
            elif camera in self._large and camera not in self._finer:
                finer = self._finer[camera] = Finer(camera, self._put, self._next_visit)
                self._follow(camera, StreamName.MAIN, finer)

    def _coarser(self, camera: CameraId) -> None:
        if self._finer.pop(camera, None) is not None:
            self._follow(camera, StreamName.MAIN, None)

    def _tend(self) -> None:
        now_ns = self._clock.wall_ns()
        for _, gated in list(self._gated.values()):
            gated.tend(now_ns)
        for _, off in list(self._off.values()):
            off.tend()
        self._tell_accounts()

    def _tell_accounts(self) -> None:
        with self._lock:
            if not self._accounts.waiting:
                self._untold_since_ns = 0
            elif not self._untold_since_ns:
                self._untold_since_ns = self._clock.monotonic_ns()
            message = self._accounts.message() if self._linked else None
        if message is not None:
            self._client.send(message)

    def _send_waiting(self) -> None:
        with self._lock:
            waiting = self._backlog.take()
        for message in waiting:
            self._client.send(message)
