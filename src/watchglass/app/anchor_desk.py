"""Anchors: signed heads that outside authorities stamp (RFC 3161), as often as somebody set up.

A thread that nobody waits for lays down what is signed, and has a process of its own ask for the
stamps. While an authority cannot be reached, what it has not stamped waits; it is asked again with
growing waits. Nothing is asked where no authority is set up.
"""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from watchglass.app.authorities import change_authorities, told_of
from watchglass.app.child import Child
from watchglass.app.evidence.heads_now import newest_heads
from watchglass.app.ground import Ground
from watchglass.app.rounds import Rounds
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, WatchglassError
from watchglass.base.ids import ActId, random_id
from watchglass.base.retry import Backoff
from watchglass.evidence.stamps import AnchorShelf, Document
from watchglass.model.act import MOST_DETAIL, Act, ActKind
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.metric import Metric, MetricKind, Sample
from watchglass.model.stamping import (
    AnchorErrand,
    AnchorHeads,
    AnchorHeadsRequest,
    AnchorNowRequest,
    AnchorReply,
    AnchorsRequest,
    AnchorsTold,
    AskStamp,
    Authority,
    AuthorityStatus,
    Stamped,
    StamperStart,
)

_EVERY_S = 5.0
_HOUR_NS = 3600 * NS_PER_S
_TIMEOUT_S = 30.0
_NOW_S = 40.0
_JOIN_S = 2.0
_SENDS_NS = 2 * round(_TIMEOUT_S) * NS_PER_S
_LOG = log.get("anchors")
_ANSWERS: msgspec.json.Decoder[Stamped] = msgspec.json.Decoder(Stamped)

STAMPS = Metric(
    "watchglass_anchor_stamps_total", MetricKind.COUNTER, ("authority",),
    "Time stamps that an authority gave.", "One as often as it is to be asked.",
    "See 'watchglass anchor list' for what it answered.",
)  # fmt: skip
FAILED = Metric(
    "watchglass_anchor_stamps_failed_total", MetricKind.COUNTER, ("authority",),
    "Tries to have heads stamped that failed; each is tried again.", "0.",
    "See 'watchglass anchor list' for what it answered.",
)  # fmt: skip
WAITING = Metric(
    "watchglass_anchor_waiting", MetricKind.GAUGE, ("authority",),
    "Documents that an authority has not stamped yet.", "0, or 1 for a moment.",
    "Look whether this machine reaches the authority: 'watchglass anchor now'.",
)  # fmt: skip
AGE = Metric(
    "watchglass_anchor_age_seconds", MetricKind.GAUGE, ("authority",),
    "Time since the last stamp of an authority. What was recorded since could still be made anew "
    "by whoever has the key of the recorder.", "Less than as often as it is to be asked.",
    "See 'watchglass anchor list' for what it answered.",
)  # fmt: skip
METRICS = (STAMPS, FAILED, WAITING, AGE)


class AnchorDesk:
    """Has heads stamped. ``now`` may be called by any thread; ``note`` tells the site's
    ledger of each stamp."""

    def __init__(self, on: Ground, note: Callable[[Act], None] = lambda act: None) -> None:
        self._on = on
        self._note = note
        self._shelf = AnchorShelf(on.layout.anchors, on.disk)
        self._changed = threading.Condition()
        self._shelf_lock = threading.RLock()
        self._under_way: tuple[int, Document, Authority] | None = None
        self._sent_ns = 0
        self._number = 0
        self._backoff: dict[str, Backoff] = {}
        self._not_before: dict[str, int] = {}
        self._put_ns: dict[str, int] = {}
        self._stamps: dict[str, int] = {}
        self._failed: dict[str, int] = {}
        self._started = False
        self._rounds = Rounds("anchors", self.turn, _EVERY_S)
        self.child = Child(
            "stamper", "watchglass.app.stamp_process", self._first_message, on.clock,
            speaks=True, hear=self._hear, died=self._died,
        )  # fmt: skip

    @property
    def children(self) -> tuple[Child, ...]:
        return (self.child,) if self._started else ()

    def start(self) -> None:
        self._rounds.start()

    def close(self) -> None:
        self._rounds.close()
        with self._changed:
            self._changed.notify_all()
        if self._started:
            self.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            self.child.wait(_JOIN_S)

    def errand(self, request: AnchorErrand) -> AnchorReply:
        """What people ask; raises what stands in the way."""
        match request:
            case AnchorNowRequest():
                return self.now(request.wait_s)
            case AnchorsRequest():
                return told_of(self._shelf)
            case AnchorHeadsRequest():
                return AnchorHeads(tuple(newest_heads(self._on.layout.ledgers)))
            case _:
                with self._shelf_lock:
                    told = change_authorities(self._shelf, request)
                    self._not_before.clear()
                self._rounds.wake()
                return told

    def now(self, patience_s: float = _NOW_S) -> AnchorsTold:
        """Have what is signed by now stamped by all authorities; how they do, when all have
        answered or the time is over. NotFoundError where none is set up."""
        with self._shelf_lock:
            names = [each.name for each in self._shelf.authorities()]
            if not names:
                raise NotFoundError(
                    "No authority is set up: 'watchglass anchor add NAME URL' adds one."
                )
            stem = self._put(names).stem
            self._not_before.clear()
        self._rounds.wake()
        until_ns = self._on.clock.monotonic_ns() + round(patience_s * NS_PER_S)
        with self._changed:
            while not self._rounds.ended and self._waits(stem):
                left_s = (until_ns - self._on.clock.monotonic_ns()) / NS_PER_S
                if left_s <= 0 or not self._changed.wait(left_s):
                    break
        return told_of(self._shelf)

    def _waits(self, stem: str) -> bool:
        """Whether somebody was not asked yet for this document."""
        document = next((each for each in self._shelf.waiting() if each.stem == stem), None)
        return document is not None and any(
            name not in self._not_before for name in document.waits_for
        )

    def samples(self) -> list[Sample]:
        try:
            statuses = self._shelf.statuses()
        except WatchglassError:
            return []
        now_ns = self._on.clock.wall_ns()
        found = []
        for each in statuses:
            found.append(STAMPS.at(self._stamps.get(each.name, 0), each.name))
            found.append(FAILED.at(self._failed.get(each.name, 0), each.name))
            found.append(WAITING.at(each.waiting, each.name))
            if each.stamped_ns is not None:
                age_s = max(0, now_ns - each.stamped_ns) / NS_PER_S
                found.append(AGE.at(age_s, each.name))
        return found

    # --- the thread --------------------------------------------------------------------------

    def turn(self) -> None:
        """Lay down what is due, and have the next one asked."""
        with self._shelf_lock:
            authorities = {each.name: each for each in self._shelf.authorities()}
            if not authorities:
                return
            self._forget_gone(authorities)
            if due := self._due(authorities):
                self._put(due)
                if given_up := self._shelf.tidy():
                    _LOG.error("anchors_given_up", documents=given_up)
            self._ask(authorities)

    def _forget_gone(self, authorities: dict[str, Authority]) -> None:
        for document in self._shelf.waiting():
            for name in set(document.waits_for) - authorities.keys():
                self._shelf.settle(document.stem, name)

    def _due(self, authorities: dict[str, Authority]) -> list[str]:
        """Those of which the last stamp is old, and that have nothing to do."""
        now_ns = self._on.clock.wall_ns()
        newest: dict[str, int] = {}
        for document in self._shelf.waiting():
            for name in document.waits_for:
                newest[name] = document.made_ns
        for status in self._shelf.statuses():
            if status.stamped_ns is not None:
                newest[status.name] = max(newest.get(status.name, 0), status.stamped_ns)
        return [
            name
            for name, each in authorities.items()
            if not 0 <= now_ns - newest.get(name, 0) < each.every_h * _HOUR_NS
            and self._rested(name)
        ]

    def _rested(self, name: str) -> bool:
        """Whether nothing was laid down for it within the hour: the wall clock may jump."""
        last_ns = self._put_ns.get(name)
        return last_ns is None or self._on.clock.monotonic_ns() - last_ns >= _HOUR_NS

    def _put(self, names: list[str]) -> Document:
        heads = newest_heads(self._on.layout.ledgers)
        if not heads:
            raise NotFoundError("The recorder has signed nothing yet: try again in a minute.")
        self._put_ns |= dict.fromkeys(names, self._on.clock.monotonic_ns())
        return self._shelf.put(heads, self._on.clock.wall_ns(), names)

    def _ask(self, authorities: dict[str, Authority]) -> None:
        now_ns = self._on.clock.monotonic_ns()
        if self._under_way is not None and now_ns - self._sent_ns < _SENDS_NS:
            return
        for document in self._shelf.waiting():
            for name in document.waits_for:
                if now_ns >= self._not_before.get(name, 0):
                    self._send(document, authorities[name], now_ns)
                    return

    def _send(self, document: Document, one: Authority, now_ns: int) -> None:
        if not self._started:
            self._started = True
            self.child.start()
        self._number += 1
        self._under_way, self._sent_ns = (self._number, document, one), now_ns
        asked = AskStamp(
            self._number, one.url, document.digest, self._shelf.certificates(one.name), one.allow,
            _TIMEOUT_S,
        )  # fmt: skip
        if not self.child.tell(asked):
            self._under_way = None

    # --- answers -----------------------------------------------------------------------------

    def _first_message(self, _first: bool) -> StamperStart:
        return StamperStart(self._on.settings.log_json, self._on.settings.fences)

    def _hear(self, line: bytes) -> None:
        said = _ANSWERS.decode(line)
        with self._shelf_lock:
            under_way = self._under_way
            if under_way is None or under_way[0] != said.number:
                return
            self._under_way = None
            _, document, one = under_way
            try:
                self._settle(document, one, said)
            except WatchglassError as error:
                _LOG.error("anchor_not_kept", error=error.sentence)
        self._rounds.wake()
        with self._changed:
            self._changed.notify_all()

    def _settle(self, document: Document, one: Authority, said: Stamped) -> None:
        known = {each.name: each for each in self._shelf.statuses()}
        status = known.get(one.name, AuthorityStatus(one.name))
        if said.error:
            self._failed[one.name] = self._failed.get(one.name, 0) + 1
            wait_s = self._backoff.setdefault(one.name, Backoff(30.0, 3600.0)).next_s()
            wait_ns = round(wait_s * NS_PER_S)
            self._not_before[one.name] = self._on.clock.monotonic_ns() + wait_ns
            now_ns = self._on.clock.wall_ns()
            self._shelf.tell(
                msgspec.structs.replace(status, failed_ns=now_ns, error=said.error)
            )  # fmt: skip
            _LOG.warning("anchor_not_stamped", authority=one.name, error=said.error)
            return
        self._stamps[one.name] = self._stamps.get(one.name, 0) + 1
        self._backoff.pop(one.name, None)
        self._not_before.pop(one.name, None)
        self._shelf.stamped(document, one.name, said.response)
        self._shelf.tell(AuthorityStatus(one.name, said.at_ns, said.by, said.root))
        at = datetime.fromtimestamp(said.at_ns // NS_PER_S, UTC)
        detail = f"{one.name}: by {said.by}, {at:%Y-%m-%dT%H:%M:%SZ}"
        # In the site's ledger, too: a stamp that is taken away is missed.
        self._note(
            Act(
                ActId(random_id()), "", ActKind.STAMPED, self._on.clock.wall_ns(), None,
                detail[:MOST_DETAIL],
            )
        )  # fmt: skip

    def _died(self, _exit_code: int) -> None:
        self._under_way = None
