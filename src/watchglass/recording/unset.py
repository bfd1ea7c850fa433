"""A clock that was not set when the recorder started, and what was recorded by it.

A board without a battery begins with the time of its last shutdown, or with none at all. It records
at once, and what it records lies in a wrong time. When the clock is set it is known by how much it
was wrong, for the time since the machine started is counted on by another clock: the runs that
began since are placed anew, each of their files by one more line. Gaps before and behind a run move
with it.

A clock is unset when it is earlier than what was recorded last, or than the day of our release.
"""

from collections import deque
from dataclasses import dataclass

from watchglass.base import log
from watchglass.base.clock import NS_PER_S, ahead_ns
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName
from watchglass.recording.anchor import Placed
from watchglass.recording.backwards import lines_back
from watchglass.recording.desk import Desk, Lines
from watchglass.recording.entry import placed
from watchglass.store.index import DELETING

_STEP_NS = 2 * NS_PER_S
"""A smaller step is a correction, and not a clock that is set."""
_LATE_NS = 60 * NS_PER_S
"""So late a run's start may be told of."""
_WATCHED_NS = 24 * 3600 * NS_PER_S
_MOST_LINES = 500
"""In one cycle of the keeper."""
_EVER_NS, _NEVER_NS = -(1 << 62), 1 << 62
_LOG = log.get("keeper")


@dataclass(frozen=True, slots=True)
class _Step:
    """The clock was set by ``by_ns`` when it said ``told_ns``, and a ledger had so many lines."""

    by_ns: int
    told_ns: int
    sizes: dict[CameraId, int]

    def concerns(self, camera: CameraId, n: int, wall_ns: int) -> bool:
        """Whether a run began before it, whose start is line ``n`` and was at ``wall_ns``."""
        known = n < self.sizes.get(camera, 0)
        return known or self.told_ns - _LATE_NS <= wall_ns <= self.told_ns


@dataclass(slots=True)
class _Moved:
    camera: CameraId
    stream: StreamName
    run: RunId
    by_ns: int
    sequence: int = 0


class UnsetClock:
    """Of one keeper, and used by its thread. What a keeper of before was told, in the same minutes
    before the clock was set, stays where it was told."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._since_ns = desk.clock.boottime_ns()
        self._offset_ns = ahead_ns(desk.clock)
        self._known_ns = 0
        self._watches = False
        self._began: dict[CameraId, int] = {}
        self._sizes: dict[CameraId, int] = {}
        self._steps: list[_Step] = []
        self._moved: deque[_Moved] = deque()

    def begin(self) -> None:
        """Look at the clock: to be called before this start writes its first line."""
        self._known_ns = max(self._desk.limits.released_ns, self._newest_ns())
        self._watches = self._desk.clock.wall_ns() < self._known_ns
        if self._watches:
            self._began = self._sizes = self._lines()
            _LOG.warning("clock_not_set")

    def look(self) -> None:
        """Whether the clock was set meanwhile; before a cycle writes its first line."""
        if not self._watches:
            return
        by_ns = ahead_ns(self._desk.clock) - self._offset_ns
        clock = self._desk.clock
        if abs(by_ns) >= _STEP_NS:
            told_ns = clock.boottime_ns() + self._offset_ns
            self._offset_ns += by_ns
            self._steps.append(_Step(by_ns, told_ns, self._sizes))
            if clock.wall_ns() >= self._known_ns:
                self._watches = False
                self._collect()
        elif clock.boottime_ns() - self._since_ns > _WATCHED_NS:
            self._watches = False
        if self._watches:
            self._sizes = self._lines()

    def place(self, lines: Lines) -> None:
        """Lines for the files of runs that are over by now; the index knows all that was told."""
        told = 0
        for _ in range(len(self._moved)):
            move = self._moved.popleft()
            if told < _MOST_LINES and self._is_over(move):
                told += self._place(move, lines, _MOST_LINES - told)
                if move.sequence < 0:
                    continue
            self._moved.append(move)

    # --- what is concerned -------------------------------------------------------------------

    def _collect(self) -> None:
        for camera in self._desk.books:
            try:
                self._moved.extend(self._of(camera))
            except WatchglassError as error:
                _LOG.error("not_placed_anew", camera=camera, error=error.sentence)
        _LOG.warning("clock_was_set", runs=len(self._moved))

    def _of(self, camera: CameraId) -> list[_Moved]:
        """Runs of a camera, the oldest first."""
        found: list[_Moved] = []
        for _, line in lines_back(self._desk.state / "ledger" / camera):
            if line.n < self._began.get(camera, 0):
                break
            if line.type == "run_started":
                wall_ns = line.integer("wall")
                by_ns = sum(
                    each.by_ns for each in self._steps if each.concerns(camera, line.n, wall_ns)
                )
                run = RunId(line.text("run"))
                found.append(_Moved(camera, StreamName(line.text("stream")), run, by_ns))
        return [each for each in reversed(found) if each.by_ns]

    def _is_over(self, move: _Moved) -> bool:
        book = self._desk.books[move.camera]
        return book.has_ended(move.run) and not book.has_open_files(move.run)

    def _place(self, move: _Moved, lines: Lines, most: int) -> int:
        """How many lines; ``move.sequence`` is that of the file to go on with, or -1 at the end."""
        with self._desk.index.read() as index:
            last = index.last_file(move.run)
            end = last.sequence + 1 if last is not None else 0
            upto = min(end, move.sequence + most)
            rows = [index.file(move.run, each) for each in range(move.sequence, upto)]
        for row in rows:
            if row is not None and row.state != DELETING:
                place = Placed(row.media_from, row.wall_from + move.by_ns, row.rate_ppb)
                lines[move.camera].append(
                    placed(move.run, move.stream, row.sequence, place, final=True)
                )
        move.sequence = upto if upto < end else -1
        return len(rows)

    # --- the clock ---------------------------------------------------------------------------

    def _lines(self) -> dict[CameraId, int]:
        return {camera: self._desk.chronicle(camera).size for camera in self._desk.books}

    def _newest_ns(self) -> int:
        with self._desk.index.read() as index:
            found = (
                index.newest_closed(row.camera, row.stream, _EVER_NS, _NEVER_NS)
                for row in index.streams()
            )
            return max((row.wall_to for row in found if row is not None), default=0)
