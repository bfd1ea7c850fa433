"""Entry of the process that reads a recording again for who looks at pictures, and ends.

It reads files of the recorder and decodes nothing: pictures go to the analytics-worker as those of
now do, and wait there until nothing of now does. Behind everybody else in line.
"""

import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from watchglass.app.fences import fence_in, of_look_back, tell
from watchglass.app.look_back_gops import Gop, chosen, gops_of, pictures_of
from watchglass.app.pipes import say, take_messages
from watchglass.app.worker_main import live
from watchglass.base import log
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import random_id
from watchglass.bus.client import BusClient, LinkRenewed
from watchglass.bus.message import Codec
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.live import LiveFrame
from watchglass.model.look_back import LATE, LookBack, LookBackStart, LookBackTold, ToLookBack
from watchglass.model.visit import (
    Accounted,
    FromAnalyst,
    Moves,
    Noted,
    ToAnalyst,
    VisitCause,
    Visited,
)
from watchglass.model.way import Way

NAME = "look-back"
_NICE = 5
_WINDOW_NS = 600 * NS_PER_S
_MOST_GOPS = 600
_AT_ONCE = 16
_GOPS_AT_ONCE = 6
_MESSAGE_BYTES = 512 << 10
_MESSAGE_PICTURES = 30
"""Pictures of now wait while they are looked at."""
_LIMIT_BYTES = 8 << 20
_POLL_S = 0.5
_TELL_S = 1.0
_LOG = log.get("look_back")


class Stopped(Exception):
    """Nobody wants it any more."""


class AnalystDied(Exception):
    """Who looks has died, maybe of what it was asked."""


class Analysts:
    """Brings messages to who looks, and waits until all of them are answered."""

    def __init__(self, way: Way, name: str, stopping: threading.Event) -> None:
        self._stopping = stopping
        self._client: BusClient[ToAnalyst, FromAnalyst] = BusClient(
            way.endpoint, name, Codec[ToAnalyst](ToAnalyst), Codec[FromAnalyst](FromAnalyst),
            limit_bytes=_LIMIT_BYTES, clock=SystemClock(), proof=way.proof,
        )  # fmt: skip

    def wake(self) -> None:
        self._client.wake()

    def close(self) -> None:
        self._client.close()

    def ask(self, messages: Sequence[ToAnalyst]) -> dict[str, Moves]:
        """The answers, by the names of the visits. AnalystDied where they do not come."""
        answers: dict[str, Moves] = {}
        waiting = {_name(each) for each in messages}
        unsent = list(messages)
        while waiting:
            while unsent and self._client.send(unsent[0]):
                del unsent[0]
            for each in self._client.poll(_POLL_S):
                match each:
                    case LinkRenewed(server_restarted=True):
                        raise AnalystDied
                    case LinkRenewed():
                        pass  # what it had not got yet is sent again
                    case Moves():
                        answers[each.visit] = each
                        waiting.discard(each.visit)
                    case Noted():
                        waiting.discard(f"{each.session} {each.last}")
            if self._stopping.is_set():
                raise Stopped
        return answers


def _name(message: ToAnalyst) -> str:
    if isinstance(message, Visited):
        return message.visit
    return f"{message.session} {message.number}"


class LookingBack:
    """One look. Where who looks dies, it is over, and says at what; see `LookBackStart`."""

    def __init__(
        self, look: LookBack, analysts: Analysts, careful_to_ns: int = 0,
        left_out: Sequence[int] = (),
    ) -> None:  # fmt: skip
        self._look, self._analysts = look, analysts
        self._careful_to_ns, self._left_out = careful_to_ns, frozenset(left_out)
        self._at: Sequence[Gop] = ()
        self._session = random_id()
        self._visits = 0
        self._accounts = 0
        self._pictures = 0
        self._footage_ns = 0
        self._began_s = time.monotonic()
        self._told_s = 0.0
        self._done_ns = max(look.from_ns, look.done_to_ns)

    def look(self, files: Sequence[Path]) -> None:
        """All of it; says how far it is."""
        try:
            self._analysts.ask([self._visit((), anew_ns=self._done_ns)])
            gops = gops_of(files, self._done_ns, self._look.to_ns)
            for window in windows(wanted(gops, self._look)):
                self._window(window)
            self._analysts.ask([self._visit((), last=True)])
        except AnalystDied:
            self._tell(died=True)
            return
        self._done_ns = self._look.to_ns
        self._tell(over=True)

    def _window(self, gops: Sequence[Gop]) -> None:
        apart = [each for each in gops if each.from_ns in self._left_out]
        gops = [each for each in gops if each.from_ns not in self._left_out]
        self._account([self._span(each, Analysis.SKIPPED, SkipCause.SET_APART) for each in apart])
        if not gops:
            return
        changed: list[bool] = []
        while len(changed) < len(gops):
            self._at = self._some(gops[len(changed) :], _AT_ONCE)
            probes = [
                self._visit((each.shape, each.key), cause=VisitCause.PROBE) for each in self._at
            ]
            answers = self._analysts.ask(probes)
            changed += [answers[each.visit].moving for each in probes]
        self._at = ()
        quiet: list[AnalysisSpan] = []
        waiting: list[Gop] = []
        for gop, is_chosen in zip(gops, chosen(gops, changed), strict=True):
            span = self._span(gop, Analysis.QUIET)
            self._footage_ns += max(0, span.to_ns - span.from_ns)
            if is_chosen:
                waiting.append(gop)
            else:
                quiet.append(span)
            if len(waiting) == (1 if self._is_careful(gop) else _GOPS_AT_ONCE):
                self._look_at(waiting)
                waiting = []
            if not waiting:
                self._done_ns = max(self._done_ns, min(gop.to_ns, self._look.to_ns))
            if time.monotonic() - self._told_s >= _TELL_S:
                self._tell()
        self._look_at(waiting)
        self._done_ns = max(self._done_ns, min(gops[-1].to_ns, self._look.to_ns))
        self._account(quiet)
        self._tell()

    def _is_careful(self, gop: Gop) -> bool:
        return gop.from_ns <= self._careful_to_ns

    def _some(self, gops: Sequence[Gop], most: int) -> Sequence[Gop]:
        """The first of them, as many as may be looked at at once."""
        return gops[: 1 if self._is_careful(gops[0]) else most]

    def _account(self, spans: Sequence[AnalysisSpan]) -> None:
        if spans:
            self._accounts += 1
            self._analysts.ask([Accounted(self._session, self._accounts, joined(spans))])

    def _look_at(self, gops: Sequence[Gop]) -> None:
        """Some at once, so that nobody waits for the disk after each."""
        self._at = gops
        coded = [(gop, frames) for gop in gops if (frames := self._pictures_of(gop))]
        self._analysts.ask([each for gop, frames in coded for each in self._parts(gop, frames)])
        self._pictures += sum(len(frames) for _, frames in coded)
        self._at = ()

    def _pictures_of(self, gop: Gop) -> list[LiveFrame]:
        try:
            return pictures_of(gop)
        except WatchglassError as error:  # erased meanwhile
            _LOG.warning("not_looked_back_at", file=gop.path.name, error=error.sentence)
            return []

    def _parts(self, gop: Gop, frames: Sequence[LiveFrame]) -> list[Visited]:
        return [self._visit((gop.shape, *piece)) for piece in pieces(frames)]

    def _visit(
        self, items: tuple[object, ...], cause: VisitCause = VisitCause.JOB, *, last: bool = False,
        anew_ns: int = 0,
    ) -> Visited:  # fmt: skip
        self._visits += 1
        return Visited(
            visit=f"{self._session[:12]}-{self._visits:x}", camera=self._look.camera, cause=cause,
            items=items, last=last, job=self._look.id,  # type: ignore[arg-type] # as _visit is asked
            anew_ns=anew_ns,
        )  # fmt: skip

    def _span(self, gop: Gop, state: Analysis, cause: SkipCause | None = None) -> AnalysisSpan:
        return AnalysisSpan(
            camera=self._look.camera, from_ns=max(gop.from_ns, self._look.from_ns),
            to_ns=min(gop.to_ns, self._look.to_ns), state=state, cause=cause,
        )  # fmt: skip

    def _tell(self, *, over: bool = False, died: bool = False) -> None:
        self._told_s = time.monotonic()
        busy_s = self._told_s - self._began_s
        died_at = tuple(each.from_ns for each in self._at) or (self._done_ns,)
        say(
            LookBackTold(
                self._done_ns, self._pictures, round(busy_s, 3), over, died_at if died else (),
                round(self._footage_ns / NS_PER_S, 3),
            )
        )  # fmt: skip


def wanted(gops: Iterable[Gop], look: LookBack) -> Iterator[Gop]:
    """Those that a look is for. What makes up for something leaves alone what was looked at for the
    most part: who went over a line there is counted."""
    for gop in gops:
        inside_ns = min(gop.to_ns, look.to_ns) - max(gop.from_ns, look.from_ns)
        if not look.id.startswith(LATE) or 2 * inside_ns >= gop.to_ns - gop.from_ns:
            yield gop


def windows(gops: Iterator[Gop]) -> Iterator[list[Gop]]:
    """Some minutes at a time."""
    window: list[Gop] = []
    for gop in gops:
        if window and (gop.to_ns - window[0].from_ns > _WINDOW_NS or len(window) >= _MOST_GOPS):
            yield window
            window = []
        window.append(gop)
    if window:
        yield window


def pieces(frames: Sequence[LiveFrame]) -> Iterator[list[LiveFrame]]:
    """As much as a message may hold."""
    left = iter(frames)
    piece, size = list(islice(left, 1)), len(frames[0].data) if frames else 0
    for frame in left:
        if size + len(frame.data) > _MESSAGE_BYTES or len(piece) >= _MESSAGE_PICTURES:
            yield piece
            piece, size = [], 0
        piece.append(frame)
        size += len(frame.data)
    if piece:
        yield piece


def joined(spans: Sequence[AnalysisSpan]) -> tuple[AnalysisSpan, ...]:
    """Those that touch, as one."""
    found: list[AnalysisSpan] = []
    for each in spans:
        near = found and each.from_ns - found[-1].to_ns <= NS_PER_S // 2
        if near and each.cause is found[-1].cause:
            found[-1] = msgspec.structs.replace(found[-1], to_ns=max(found[-1].to_ns, each.to_ns))
        elif each.to_ns > each.from_ns:
            found.append(each)
    return tuple(found)


def main() -> None:
    """Look back until it is over, or nobody wants it any more."""
    decoder: msgspec.json.Decoder[ToLookBack] = msgspec.json.Decoder(ToLookBack)
    live(decoder, LookBackStart, _look_back, NAME)


def _look_back(start: LookBackStart, decoder: msgspec.json.Decoder[ToLookBack]) -> None:
    os.nice(_NICE)
    tell(fence_in(of_look_back([Path(each) for each in start.volumes]), start.fences))
    stopping = threading.Event()
    analysts = Analysts(start.analyst, NAME, stopping)

    def stop(*_: object) -> None:
        stopping.set()
        analysts.wake()

    take_messages(decoder, stop, stop)
    try:
        looking = LookingBack(start.look, analysts, start.careful_to_ns, start.left_out)
        looking.look([Path(each) for each in start.files])
    except Stopped:
        pass
    finally:
        analysts.close()


if __name__ == "__main__":
    main()
