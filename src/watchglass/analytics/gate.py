"""Whether a camera's pictures have to be looked at, told from the sizes of its packets.

Nothing is decoded here, and nothing is known of processes: the gate of one stream is fed with each
frame as it is recorded and answers what is to be done with it. Where sizes tell nothing, a key
frame now and then is sent to be looked at, and everything while something moves. In doubt it opens.
It is told what was seen in what it sent, and looks at a quiet camera now and then all the same: so
it knows what it misses.
"""

from watchglass.analytics.gate_limits import GateLimits
from watchglass.analytics.gate_step import GateState, Step
from watchglass.analytics.key_frames import KeyFrames
from watchglass.analytics.own_measure import OwnMeasure
from watchglass.analytics.peeks import PEEKED, Peeks
from watchglass.analytics.quiet import Quiet
from watchglass.analytics.sizes import Sizes
from watchglass.base.clock import NS_PER_S
from watchglass.model.visit import VisitCause

_TICKS = 90_000
_LONGEST_STEP_S = 10.0


class Gate:
    """Of one stream of one camera. ``phase`` (0 to 1) spreads the checks of many cameras. Not
    thread-safe."""

    def __init__(self, limits: GateLimits | None = None, phase: float = 0.5) -> None:
        self._limits = limits or GateLimits()
        self._sizes = Sizes(self._limits.sizes)
        self.is_blind = True
        """Whether sizes tell nothing of this camera."""
        self._calm_up = 0.0
        """Sums of growth up to here do not open."""
        self._now_s = 0.0
        self._before: tuple[int, int] | None = None
        self._keys = KeyFrames()
        self._cause: VisitCause | None = None
        self._learned = False
        self._opened_s = 0.0
        self.opened_ns = 0
        """Arrival (UTC) of the key frame with which the visit begins."""
        self._sign_s = 0.0
        self._moved_s = self._answer_s = 0.0
        self._seen_moving = False
        self._sized = False
        self._found_ns: int | None = None
        self._peeks = Peeks(self._limits)
        self._probed_s = -self._limits.probe_s
        self._said_until_s = -1.0
        self._check_s = self._limits.check_every_s * (0.5 + phase)
        self._quiet = Quiet()
        self._calm_ns = 0
        self._learning_since_s = 0.0
        self._own = OwnMeasure(self._limits)
        self._set_calm()

    # --- what it is ---------------------------------------------------------------------------

    @property
    def state(self) -> GateState:
        if not self._learned:
            return GateState.LEARNING
        if self._cause is not None:
            return GateState.OPEN
        return GateState.BLIND if self.is_blind else GateState.QUIET

    @property
    def cause(self) -> VisitCause | None:
        """Why it is open; None while it is not."""
        return self._cause

    @property
    def gop_s(self) -> float:
        """The longest of the last distances of key frames."""
        return self._keys.gop_s

    @property
    def own_recall(self) -> float | None:
        """What part of all movement it let through, by its own checks; None before the first."""
        return self._own.recall(self._quiet.total_ns)

    @property
    def checks(self) -> int:
        """How often a quiet camera was looked at all the same."""
        return self._own.checks

    @property
    def misses(self) -> int:
        """How often something moved then, of which sizes told nothing."""
        return self._own.misses

    def take_quiet(self) -> list[tuple[int, int]]:
        """Spans (UTC ns) in which all was quiet, as far as it is certain and they are not yet
        taken."""
        return self._quiet.take()

    def take_unsure(self, before_ns: int) -> tuple[int, int] | None:
        """The span up to ``before_ns`` (UTC) of which nobody told whether it was quiet, if there
        is one; nobody is waited for any more."""
        return self._quiet.take_unsure(before_ns)

    @property
    def unsure_from_ns(self) -> int | None:
        """Since that key frame (arrival, UTC ns) nobody has looked, and sizes tell nothing; None
        where it is open, or sizes answer for what came."""
        unsure = self._cause is None and self.is_blind and self._quiet.is_on
        return self._quiet.to_ns if unsure else None

    @property
    def needs_from_ns(self) -> int:
        """Frames from the key frame of that arrival on (UTC ns) may be wanted yet."""
        unsure_ns = self.unsure_from_ns
        if unsure_ns is not None:
            return unsure_ns
        return self._key_before_ns() if self._keys.arrivals_ns else 0

    def _key_before_ns(self, *, small: bool = True) -> int:
        """The key frame before sizes began to grow; not one of long ago. ``small``: what may have
        come then is so small that they grew and shrank since."""
        peeks, keys = self._peeks, self._keys
        last_ns = peeks.since_ns if peeks.doubts(self._now_s) else keys.newest_ns
        least_ns = last_ns - round(self._limits.back_s * NS_PER_S)
        calm_ns = self._calm_ns - round(self._limits.before_s * NS_PER_S)
        if small and self._before is not None:
            calm_ns = min(calm_ns, self._before[0] - round(self._limits.small_s * NS_PER_S))
        return keys.before(max(calm_ns, least_ns))

    # --- what it is told ----------------------------------------------------------------------

    def frame(self, size_bytes: int, is_key: bool, wall_ns: int, decode_time: int) -> Step:
        """A frame was recorded: what is to be done with it? ``wall_ns``: its arrival (UTC);
        ``decode_time`` in 1/90000 s of its run."""
        # For each frame of each camera: what is usual costs few calls.
        sizes = self._sizes
        self._pass_time(wall_ns, decode_time)
        if is_key:
            sizes.key(size_bytes)
            self._keys.note(wall_ns, self._now_s)
            self._judge()
        elif self._keys.arrivals_ns:
            first = sizes.only_keys
            usual = self._cause is None
            sizes.frame(size_bytes, self._limits.sizes.drift if usual else self._drift())
            if first:
                self._judge()
        else:
            return Step.UNSEEN
        if self._cause is not None:
            return self._go_on(wall_ns)
        if sizes.up == 0.0 and not self._peeks.doubts(self._now_s):
            self._calm_ns = wall_ns
        if not is_key and self._is_calm():
            return Step.PASS
        return self._decide(is_key, wall_ns)

    def _decide(self, is_key: bool, wall_ns: int) -> Step:
        """What becomes of a frame before a closed gate that may not be calm."""
        cause = self._reason(is_key)
        if cause is VisitCause.SIZES and self._may_peek():
            if is_key:
                self._at_quiet_key(wall_ns)
            if self._can_wait():
                return Step.PASS
            self._peeks.ask(wall_ns, self._now_s, self._keys.newest_ns)
            return Step.PEEK
        if cause is not None:
            return self._open(cause)
        if is_key:
            return self._at_quiet_key(wall_ns)
        return Step.PASS

    def saw(self, moving: bool) -> None:
        """Somebody looked at the newest pictures of this visit: does anything move?"""
        if self._cause is None:
            return
        now_s = self._now_s
        if moving:
            self._own.moved_total_s += max(0.0, now_s - max(self._answer_s, self._opened_s))
            self._moved_s, self._seen_moving = now_s, True
        self._answer_s = now_s

    def saw_probe(self, at_ns: int, moving: bool) -> None:
        """The frame that arrived at ``at_ns`` (UTC), of a probe or a peek, was looked at."""
        if self._cause is not None:
            return
        if self._peeks.answer(at_ns, moving):
            self._set_calm()
            if not moving:
                self._sizes.calm()
            return
        if moving:
            # What is told of before the last visit ended was looked at in that visit.
            if not self._quiet.is_on or self._quiet.holds(at_ns):
                self._found_ns = at_ns
        elif at_ns in self._keys.arrivals_ns:
            # What is told of before a break or a visit is not of this span.
            self._quiet.reach(at_ns)

    def said(self, over: bool = False) -> None:
        """The camera itself says that something happens, or that it is over."""
        if not over:
            self._said_until_s = self._now_s + self._limits.camera_s

    def cut(self, until_ns: int = 0) -> None:
        """The stream broke off, or frames are missing: the visit ends, the next frame of use is a
        key frame. What is usual here stays known. ``until_ns`` (UTC): so long the last frame
        lasted."""
        if self._cause is not None:
            self._close()
        elif self._before is not None and not self.is_blind:
            self._quiet.reach(max(until_ns, self._before[0]))
        self._quiet.stop()
        self._before = None
        self._keys.cut()
        self._found_ns = None
        self._peeks.forget(self._now_s)

    def other_shape(self) -> None:
        """The stream is encoded in another way: what was learned of it is void."""
        self.cut()
        self._sizes = Sizes(self._limits.sizes)
        self._keys.forget()
        self._learned = False
        self._own.forget()
        self._judge()
        self._set_calm()
        self._learning_since_s = self._now_s

    # --- time ---------------------------------------------------------------------------------

    def _pass_time(self, wall_ns: int, decode_time: int) -> None:
        before = self._before
        if before is not None and decode_time > before[1]:
            step_s = (decode_time - before[1]) / _TICKS
            if step_s > _LONGEST_STEP_S:
                step_s = _LONGEST_STEP_S
            self._now_s += step_s
        self._before = (wall_ns, decode_time)

    # --- closed -------------------------------------------------------------------------------

    def _is_calm(self) -> bool:
        """Whether there can be no reason to open: most frames of most cameras, told at once."""
        sizes, peeks = self._sizes, self._peeks
        return (
            self._learned
            and sizes.up <= self._calm_up
            and sizes.down <= self._limits.sizes.shrinks_at
            and not sizes.key_is_new
            and not (peeks.found or peeks.is_asked)
            and self._found_ns is None
            and self._said_until_s <= self._now_s
            and not (self.is_blind and self._gop_is_long())
        )

    def _reason(self, is_key: bool) -> VisitCause | None:
        """Why to open now; None to stay closed."""
        if not self._learned:
            return VisitCause.LEARNING
        if self._said_until_s > self._now_s:
            return VisitCause.CAMERA
        if self._found_ns is not None:
            return VisitCause.BLIND
        if self._peeks.waits(self._now_s):
            return None
        if self._peeks.found or self._peeks.is_asked or self._told_by_sizes():
            return VisitCause.SIZES
        if self.is_blind and self._gop_is_long():
            return VisitCause.BLIND
        if is_key and self._now_s >= self._check_s:
            return VisitCause.CHECK
        return None

    def _may_peek(self) -> bool:
        """Whether one picture is enough to begin with: not where sizes told the same again and
        again, nor where the scene is another one, of which one picture tells little."""
        sizes = self._sizes
        if self.is_blind or not self._peeks.may_ask(self._now_s):
            return False
        return not sizes.key_is_new and sizes.down <= self._limits.sizes.shrinks_at

    def _can_wait(self) -> bool:
        """Whether the next key frame and those behind it will do for a peek."""
        limits = self._limits
        if self._sizes.up > limits.eager * self._calm_up:
            return False
        if self._sizes.place < PEEKED - 1:
            return True
        return self._keys.is_next_within(limits.waits_for_key_s, self._now_s)

    def _gop_is_long(self) -> bool:
        return self._keys.are_apart(self._limits.longest_gop_s, self._now_s)

    def _told_by_sizes(self) -> bool:
        sizes, limits = self._sizes, self._limits
        least = limits.blind_opens * limits.sizes.opens_at if self.is_blind else self._calm_up
        if sizes.up > least:
            return True
        return not self.is_blind and (sizes.down > limits.sizes.shrinks_at or sizes.key_is_new)

    def _at_quiet_key(self, wall_ns: int) -> Step:
        if not self._quiet.is_on:
            self._quiet.begin(wall_ns)
        if not self.is_blind:
            self._quiet.reach(self._key_before_ns())
            return Step.PASS
        # In parts of a frame: a second of 15 frames may be told as a little less.
        if self._now_s - self._probed_s < self._limits.probe_s:
            return Step.PASS
        self._probed_s = self._now_s
        return Step.PROBE

    def _open(self, cause: VisitCause) -> Step:
        found_ns, self._found_ns = self._found_ns, None
        self.opened_ns = self._begin_ns(found_ns, cause)
        self._peeks.forget(self._now_s)
        if not self.is_blind:
            self._quiet.reach(self.opened_ns)
        self._quiet.stop()
        self._cause = cause
        self._opened_s = self._sign_s = self._answer_s = self._moved_s = self._now_s
        self._seen_moving = found_ns is not None
        self._sized = cause is VisitCause.SIZES
        if cause is VisitCause.CHECK:
            self._check_s = self._now_s + self._limits.check_every_s
        return Step.OPEN

    def _begin_ns(self, found_ns: int | None, cause: VisitCause) -> int:
        """The last key frame; where pictures alone tell, the last one in which there was nothing:
        what comes is between those two, or behind them. A camera says what it saw a second or two
        ago."""
        unsure_ns = self.unsure_from_ns
        if unsure_ns is not None:
            return unsure_ns
        if found_ns is None and cause not in (VisitCause.SIZES, VisitCause.CAMERA):
            return self._keys.newest_ns
        clear_ns = self._quiet.to_ns if self._quiet.is_on else 0
        if found_ns is not None:
            return self._keys.since(clear_ns)
        before_ns = self._key_before_ns(small=self._peeks.found)
        if before_ns >= clear_ns:
            return before_ns
        # Since the last visit. Where no key frame came between it and what came now, the last one
        # in it: else nothing decodes.
        since_ns = self._keys.since(clear_ns)
        return since_ns if since_ns <= self._calm_ns else self._keys.before(clear_ns)

    # --- open ---------------------------------------------------------------------------------

    def _go_on(self, wall_ns: int) -> Step:
        if self._told_by_sizes():
            self._sized = True
            self._sign_s = self._now_s
            self._sizes.calm()
        if self._cause is VisitCause.LEARNING and self._has_learned():
            self._learned = True
            self._cause = VisitCause.SIZES
            self._sizes.calm()
        if not self._may_close():
            return Step.SEND
        self._close()
        self._quiet.begin(wall_ns)
        return Step.CLOSE

    def _has_learned(self) -> bool:
        limits, sizes = self._limits, self._sizes
        since_s = self._now_s - self._learning_since_s
        if since_s < limits.learn_s:
            return False
        enough = sizes.only_keys or sizes.followed >= limits.learn_frames
        return enough or since_s > limits.learn_most_s

    def _may_close(self) -> bool:
        limits, now_s = self._limits, self._now_s
        seen = self._seen_moving
        linger_s = limits.linger_s if seen else limits.glance_s
        if now_s - self._moved_s < linger_s or now_s < self._said_until_s:
            return False
        if self._cause is VisitCause.LEARNING:
            return False
        if self.is_blind and self._gop_is_long():
            return False
        if self._cause is VisitCause.CHECK and now_s - self._opened_s < limits.check_s:
            return False
        answered = now_s - self._answer_s < limits.unmoved_s and self._answer_s > self._opened_s
        if answered and now_s - self._moved_s > (limits.unmoved_s if seen else linger_s):
            return True  # sizes may say what they like
        waited = answered or now_s - self._answer_s > limits.unanswered_s
        return waited and now_s - self._sign_s > limits.linger_s

    def _close(self) -> None:
        self._own.learn(
            self._cause, moved=self._seen_moving, sized=self._sized, blind=self.is_blind
        )
        self._judge()
        if self._seen_moving:
            self._peeks.moved()
        self._set_calm()
        self._cause = None
        self._sizes.calm()

    def _judge(self) -> None:
        self.is_blind = self._sizes.only_keys or not self._own.believes(self._sizes.tells)

    def _set_calm(self) -> None:
        opens_at = self._limits.sizes.opens_at * (1 + self._peeks.raise_by)
        self._calm_up = opens_at / (1 + 0.5 * self._own.doubt)

    def _drift(self) -> float:
        limits, now_s = self._limits.sizes, self._now_s
        if self._cause is None:
            return limits.drift
        if self._seen_moving and now_s - self._moved_s < self._limits.linger_s:
            return 0.0
        unmoved = self._learned and self._answer_s > self._opened_s
        return limits.drift_unmoved if unmoved else limits.drift
