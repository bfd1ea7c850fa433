"""One camera's stream at the gate: what is recorded comes in, visits and accounts go out."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watchglass.analytics.gate import Gate
from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.gate_step import GateState, Step
from watchglass.analytics.given import Given
from watchglass.analytics.hold import Hold, span_of
from watchglass.analytics.together import Together
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, SkipCause
from watchglass.model.live import LiveFrame, LiveItem, LiveShape
from watchglass.model.visit import Moves, VisitCause, Visited

_MOST_PROBES = 8
_SETTLE_NS = 5 * NS_PER_S
_SILENT_NS = 6 * NS_PER_S
_UNANSWERED_NS = 20 * NS_PER_S

Account = Callable[[CameraId, int, int, Analysis, SkipCause | None], None]
Put = Callable[[Visited], bool]


@dataclass(frozen=True, slots=True)
class GateNumbers:
    """Of one camera's gate, as of now. ``own_recall`` is None before its first check. ``since_ns``
    (UTC): it is in ``state`` since then; 0 before the first key frame. Of ``frames`` that came,
    ``sent`` were sent to be decoded; of the key frames among them, some as probes. ``visits``: how
    often it opened, by why."""

    camera: CameraId
    state: GateState
    blind: bool
    visits: Mapping[VisitCause, int]
    probes: int
    checks: int
    misses: int
    own_recall: float | None
    held_bytes: int
    too_large: int
    since_ns: int = 0
    frames: int = 0
    sent: int = 0


class Gated:
    """Of one camera; a sink of its stream. ``put`` takes what is to be looked at and says whether
    there is somebody to; it and ``account`` are called within this one's lock. Thread-safe."""

    def __init__(
        self,
        camera: CameraId,
        put: Put,
        account: Account,
        new_visit: Callable[[], str],
        limits: GateLimits | None = None,
        together: Together | None = None,
    ) -> None:
        self.camera = camera
        self._put = put
        self._account = account
        self._new_visit = new_visit
        # Spread by their ids, or all cameras would be checked at once.
        self._gate = Gate(limits, int(camera[:4] or "0", 16) / 0xFFFF)
        self._hold = Hold()
        self._lock = threading.Lock()
        self._together = together or Together()
        self._together.join(self._deal)
        self._shape: LiveShape | None = None
        self._last: LiveFrame | None = None
        self._visit: str | None = None
        self._cause = VisitCause.LEARNING
        self._waiting: list[LiveFrame] = []
        self._probes: dict[str, int] = {}
        self._settled_ns = 0
        self._visits = dict.fromkeys(VisitCause, 0)
        self._probed = self._frames = self._sent = 0
        self._finer = False
        self._apart = False
        self._lost: list[tuple[int, int]] = []
        self._given = Given()
        self._ended: str | None = None
        self._newest_ns = 0
        self._unlooked = SkipCause.NO_ANALYST
        self._state: GateState | None = None
        self._state_ns = 0

    # --- from the recorder ---------------------------------------------------------------------

    def __call__(self, items: Sequence[LiveItem]) -> None:
        with self._lock:
            for item in items:
                if isinstance(item, LiveShape):
                    self._catch_up()
                    self._take_shape(item)
                else:
                    self._waiting.append(item)
                    if self._visit is not None:
                        self._catch_up()
        newest = items[-1]
        if isinstance(newest, LiveFrame):
            self._together.came(newest.wall_ns)

    def _deal(self) -> None:
        with self._lock:
            self._catch_up()

    def _catch_up(self) -> None:
        """Deal with frames that were gathered while all was quiet."""
        waiting, self._waiting = self._waiting, []
        for frame in waiting:
            self._take(frame)

    # --- from the outlet -----------------------------------------------------------------------

    def hear(self, moves: Moves) -> bool:
        """What was seen in a visit; whether it is one of this camera."""
        with self._lock:
            if moves.visit == self._visit:
                self._set_apart(moves.apart)
                self._given.heard(moves.at_ns, self._newest_ns)
                if not moves.apart:
                    self._gate.saw(moves.moving)
                self._finer = moves.finer
                return True
            if moves.visit == self._ended:
                self._given.heard(moves.at_ns, self._newest_ns)
                return True
            at_ns = self._probes.pop(moves.visit, None)
            if at_ns is None:
                return False
            self._set_apart(moves.apart)
            if not moves.apart:
                self._gate.saw_probe(at_ns, moves.moving)
                if moves.moving:
                    self._catch_up()
            return True

    @property
    def wants_finer(self) -> bool:
        """Whether what moves now is too small for this stream."""
        return self._finer and self._visit is not None

    def said(self) -> None:
        """The camera itself says that something happens."""
        with self._lock:
            self._gate.said()

    def tend(self, now_ns: int) -> None:
        """Called every few seconds: a stream that stands still ends its visit. ``now_ns``: UTC."""
        with self._lock:
            self._catch_up()
            last = self._last
            if last is not None and now_ns - last.wall_ns > _SILENT_NS:
                self._cut()

    def gone(self) -> None:
        """Whoever looked is not there any more, and what it was sent and has not told of is lost;
        the visit ends with it."""
        with self._lock:
            self._catch_up()
            self._probes.clear()
            self._visit = self._ended = None
            untold = self._given.take_untold(self._newest_ns)
            # None where this is told twice of the same death.
            self._lost = untold or self._lost
            for from_ns, to_ns in untold:
                self._account(self.camera, from_ns, to_ns, Analysis.SKIPPED, SkipCause.NO_ANALYST)

    def begin_anew(self) -> None:
        """There is another who looks, and knows of nothing: what is open is begun again."""
        with self._lock:
            self._catch_up()
            if self._visit is None and self._gate.cause is not None and self._last is not None:
                self._begin(self._last.wall_ns)

    def end(self) -> None:
        """The camera is not recorded any more, at least not here."""
        self._together.leave(self._deal)
        with self._lock:
            self._catch_up()
            self._cut()

    def numbers(self) -> GateNumbers:
        gate = self._gate
        return GateNumbers(
            self.camera, gate.state, gate.is_blind, dict(self._visits), self._probed, gate.checks,
            gate.misses, gate.own_recall, self._hold.size_bytes, self._hold.too_large,
            self._state_ns, self._frames + len(self._waiting), self._sent,
        )  # fmt: skip

    # --- frames --------------------------------------------------------------------------------

    def _take_shape(self, shape: LiveShape) -> None:
        before, self._shape = self._shape, shape
        if before is None:
            return
        if before.init != shape.init:
            self._cut()
            self._gate.other_shape()
        elif before.run != shape.run:
            self._cut()

    def _take(self, frame: LiveFrame) -> None:
        last = self._last
        if last is not None and (frame.run != last.run or frame.after != last.decode_time):
            self._cut()
        self._last, self._newest_ns = frame, frame.wall_ns
        self._frames += 1
        self._hold.add(frame)
        step = self._gate.frame(len(frame.data), frame.is_key, frame.wall_ns, frame.decode_time)
        if step is Step.PASS:
            if frame.is_key:
                self._settle(frame.wall_ns)
        elif step is Step.PROBE:
            self._settle(frame.wall_ns)
            self._probe([frame], VisitCause.PROBE)
        elif step is Step.UNSEEN:
            # As before an analyst was there: it can be looked at later, from the disk.
            self._skipped([frame], SkipCause.NO_ANALYST)
        elif step is Step.PEEK:
            self._probe(self._hold.newest(), VisitCause.PEEK)
        elif step is Step.OPEN:
            self._settle(frame.wall_ns, now=True)
            self._begin(self._gate.opened_ns, span_of([frame])[1])
        else:
            self._go_on(frame, last=step is Step.CLOSE)
        if frame.is_key:
            self._hold.keep_from(self._gate.needs_from_ns)
        if frame.is_key or step in (Step.OPEN, Step.CLOSE):
            self._note_state(frame.wall_ns)

    def _note_state(self, wall_ns: int) -> None:
        state = self._gate.state
        if state is not self._state:
            self._state, self._state_ns = state, wall_ns

    def _begin(self, from_ns: int, until_ns: int = 0) -> None:
        """A visit, from the key frame of that arrival on; where that is not held any more, from the
        next one on, and of what is between, up to ``until_ns``, it is told that it was too much.
        Where the gate is closed it is because sizes do not tell."""
        frames = self._hold.since(from_ns)
        begins_ns = frames[0].wall_ns if frames else until_ns
        if from_ns < begins_ns:
            self._account(self.camera, from_ns, begins_ns, Analysis.SKIPPED, SkipCause.OVERLOAD)
        if not frames:
            self._unlooked = SkipCause.OVERLOAD
            return
        self._visit = self._new_visit()
        self._cause = self._gate.cause or VisitCause.BLIND
        if self._send(frames, first=True):
            self._visits[self._cause] += 1

    def _go_on(self, frame: LiveFrame, *, last: bool) -> None:
        if self._visit is not None:
            self._send([frame], last=last)
        elif frame.is_key and not last:
            self._begin(frame.wall_ns, span_of([frame])[1])
        else:
            self._skipped([frame], self._unlooked)
        if last:
            self._over()

    def _over(self) -> None:
        self._ended, self._visit = self._visit, None

    def _send(self, frames: list[LiveFrame], *, first: bool = False, last: bool = False) -> bool:
        """Whether somebody was there to take it. Where nobody was the visit is over, for whoever
        comes then knows nothing of it."""
        assert self._visit is not None
        assert self._shape is not None
        cause = self._gate.cause or self._cause
        self._cause = cause
        items: tuple[LiveItem, ...] = (self._shape, *frames) if first else tuple(frames)
        message = Visited(
            visit=self._visit, camera=self.camera, cause=cause, items=items, last=last
        )
        if self._put(message):
            self._sent += len(frames)
            if frames:
                from_ns, to_ns = span_of(frames)
                self._given.sent(from_ns, frames[-1].wall_ns, to_ns, first=first)
            return True
        self._visit, self._unlooked = None, SkipCause.NO_ANALYST
        self._skipped(frames, SkipCause.NO_ANALYST)
        return False

    def _probe(self, frames: list[LiveFrame], cause: VisitCause) -> None:
        """A look at the last of them."""
        if not frames:
            return
        assert self._shape is not None
        visit = self._new_visit()
        self._probes[visit] = frames[-1].wall_ns
        if len(self._probes) > _MOST_PROBES:
            del self._probes[next(iter(self._probes))]
        self._probed += 1
        self._sent += self._put(
            Visited(
                visit=visit, camera=self.camera, cause=cause,
                items=(self._shape, *frames), last=True,
            )
        )  # fmt: skip

    def _cut(self) -> None:
        """Frames are missing, or none come: what is open ends here."""
        last, self._last = self._last, None
        until_ns = span_of([last])[1] if last is not None else 0
        unsure_ns = self._gate.unsure_from_ns
        if self._visit is None and unsure_ns is not None:
            # No picture comes any more that could tell of these: they are looked at, all of them.
            self._begin(unsure_ns, until_ns)
        if self._visit is not None:
            self._send([], last=True)
            self._over()
        self._gate.cut(until_ns)
        self._hold.clear()
        if last is not None:
            self._settle(last.wall_ns, now=True)

    # --- accounts ------------------------------------------------------------------------------

    def _settle(self, wall_ns: int, *, now: bool = False) -> None:
        """Account for what was quiet; now and then will do."""
        if not now and 0 <= wall_ns - self._settled_ns < _SETTLE_NS:
            return
        self._settled_ns = wall_ns
        for from_ns, to_ns in self._gate.take_quiet():
            self._account(self.camera, from_ns, to_ns, Analysis.QUIET, None)
        # Where key frames are looked at and nobody answers, nothing is known.
        unsure = self._gate.take_unsure(wall_ns - _UNANSWERED_NS)
        if unsure is not None:
            cause = SkipCause.SET_APART if self._apart else SkipCause.NO_ANALYST
            self._account(self.camera, *unsure, Analysis.SKIPPED, cause)

    def _set_apart(self, apart: bool) -> None:
        """Whether its pictures are left alone; then it was they that had ended who looked."""
        if apart and not self._apart:
            for from_ns, to_ns in self._lost:
                self._account(self.camera, from_ns, to_ns, Analysis.SKIPPED, SkipCause.SET_APART)
        self._apart, self._lost = apart, []

    def _skipped(self, frames: list[LiveFrame], cause: SkipCause) -> None:
        if frames:
            from_ns, to_ns = span_of(frames)
            self._account(self.camera, from_ns, to_ns, Analysis.SKIPPED, cause)
