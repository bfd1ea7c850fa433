"""A ledger: numbered lines that are only ever added, and the root over all of them.

What is appended is written but not synced; whoever asks for a line to be durable syncs the file
system (docs/format.md, section 3). Opening reads and hashes every line once.
"""

import builtins
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import msgspec

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import DamagedError
from watchglass.base.ids import random_id
from watchglass.model.gap import GapCause
from watchglass.recording.canonical import (
    MOST_LINE_BYTES,
    canonical_line,
    decimal,
    parsed_object,
)
from watchglass.recording.erasure import ERASURES, PendingErasures
from watchglass.recording.linelog import LineLog, LineReader
from watchglass.recording.marks import Marks
from watchglass.recording.merkle import Frontier, leaf_hash

T = TypeVar("T")

FORMAT_VERSION = 1
MARKED = "span_marked"
_OF_HOLDS = ("hold_set", "hold_lifted")
_STANDS_STILL = {
    "camera_paused": GapCause.PAUSED, "camera_disabled": GapCause.DISABLED, "camera_enabled": None,
}  # fmt: skip
_OWN_FIELDS = ("v", "n", "t", "type", "more")


class _Envelope(msgspec.Struct, frozen=True):
    """What every line has, of whatever version."""

    v: int
    n: str
    t: str
    type: str
    more: bool = False


_ENVELOPE = msgspec.json.Decoder(_Envelope)


# No dataclass: a start makes millions of them, and these are made several times as quickly.
class Line(msgspec.Struct, frozen=True):
    """A line as read or written; ``fields`` are those that its type has.

    ``t`` is the wall time (UTC nanoseconds) of writing, ``raw`` the bytes without line feed.
    ``more``: the next line was written with it, and they count only together. The accessors raise
    DamagedError when a field is missing or of another kind.
    """

    version: int
    n: int
    t: int
    type: str
    fields: dict[str, object]
    raw: bytes
    more: bool = False

    @property
    def leaf(self) -> bytes:
        """The line's leaf in its ledger."""
        return leaf_hash(self.raw)

    def text(self, name: str) -> str:
        """A field that is text: an id, a hash, a name of ours."""
        return self._of(name, str)

    def number(self, name: str) -> int:
        """A field that is a small number."""
        return self._of(name, int)

    def flag(self, name: str) -> bool:
        """A field that is true or false."""
        return self._of(name, bool)

    def integer(self, name: str) -> int:
        """A field of 64 bits, written as a decimal string: a wall or media time."""
        try:
            return decimal(self.fields.get(name))
        except DamagedError as error:
            raise DamagedError(f"Line {self.n}, {name!r}: {error.sentence}") from error

    def _of(self, name: str, kind: builtins.type[T]) -> T:
        value = self.fields.get(name)
        # To Python, true is a number.
        if isinstance(value, kind) and (kind is not int or type(value) is not bool):
            return value
        raise DamagedError(f"Line {self.n} ({self.type}) has no {kind.__name__} {name!r}.")


def _parse_envelope(raw: bytes) -> _Envelope:
    try:
        envelope = _ENVELOPE.decode(raw)
    except (ValueError, RecursionError) as error:  # msgspec's own errors are ValueErrors
        raise DamagedError(f"This is no line of a ledger ({error}).") from error
    decimal(envelope.n)
    decimal(envelope.t)
    return envelope


def parse_line(raw: bytes) -> Line:
    """A line from its bytes without line feed; DamagedError when it is none."""
    fields = parsed_object(raw)
    version, n, t, kind, more = (fields.pop(name, None) for name in _OWN_FIELDS)
    if type(version) is not int or not isinstance(kind, str):
        raise DamagedError("This is no line of a ledger (it tells no version or type).")
    return Line(version, decimal(n), decimal(t), kind, fields, bytes(raw), more is True)


def line_reader(folder: Path) -> LineReader[Line]:
    """Reads the lines of a ledger; those of a last batch without its end are not given."""
    return LineReader(folder, parse_line, attrgetter("more"))


class Ledger:
    """One ledger, open for writing. One process, one thread; others use ``read_lines``."""

    def __init__(self, folder: Path, log: LineLog, clock: Clock, ledger: str) -> None:
        """Use ``Ledger.open``."""
        self.folder = folder
        self.name = ledger
        self._log = log
        self._clock = clock
        self._frontier = Frontier()
        self._epoch = ""
        self.last_key = ""
        """Id of the signing key that was named last when the ledger was opened."""
        self.stood_still: GapCause | None = None
        """Whether its camera was paused or disabled when the ledger was opened."""
        self.known_ns = 0
        """How far (UTC ns) the lines told before the last restore, when the ledger was opened."""
        self.holds: dict[str, tuple[int, int]] = {}
        """Spans (UTC ns) that are held, by the hold's id. Of a site's ledger they mean nothing."""
        self.marks = Marks()
        """Spans in which something happened."""
        self.erasures = PendingErasures()
        """What was ordered to go and has not gone yet."""

    @classmethod
    def open(
        cls, folder: Path, disk: Disk, clock: Clock, *, ledger: str, epoch: str | None = None
    ) -> "Ledger":
        """Open the ledger of a camera (its id) or of the ``site``, made where there is none.

        ``epoch`` is for a new one (random when None); an old one keeps its own. A torn last line is
        cut off, and so is a last batch that has not all its lines. DamagedError, and nothing is
        changed, when the lines do not number on, one before the last is not readable, or it is
        another's ledger.
        """
        reader = LineReader(folder, _parse_envelope, attrgetter("more"))
        frontier = Frontier()
        known_epoch = last_key = ""
        holds: dict[str, tuple[int, int]] = {}
        marks = Marks()
        erasures = PendingErasures()
        stood_still: GapCause | None = None
        known_ns = 0
        for place, raw, envelope in reader:
            if envelope.n != str(frontier.count):
                raise DamagedError(
                    f"{place}: line {envelope.n} stands where line {frontier.count} should."
                )
            if frontier.count == 0 or envelope.type == "restored":
                known_epoch = _epoch_of(raw, ledger, str(place))
                known_ns = _known_of(raw)
            elif envelope.type == "key":
                last_key = parse_line(raw).text("key")
            elif envelope.type in _OF_HOLDS:
                _apply_hold(holds, parse_line(raw))
            elif envelope.type == MARKED:
                _apply_mark(marks, parse_line(raw))
            elif envelope.type in ERASURES:
                erasures.apply(parse_line(raw))
            elif envelope.type in _STANDS_STILL:
                stood_still = _STANDS_STILL[envelope.type]
            frontier.append(leaf_hash(raw))
        log = LineLog(folder, disk, WriteSite.LEDGER_APPEND, reader.torn)
        opened = cls(folder, log, clock, ledger)
        opened._frontier = frontier
        opened._epoch = known_epoch
        opened.last_key = last_key
        opened.holds = holds
        opened.marks = marks
        opened.erasures = erasures
        opened.stood_still = stood_still
        opened.known_ns = known_ns
        if frontier.count == 0:
            opened._start(epoch or random_id())
        return opened

    def _start(self, epoch: str) -> None:
        self.append("ledger_started", {"ledger": self.name, "epoch": epoch})
        self._epoch = epoch

    @property
    def size(self) -> int:
        """Number of lines."""
        return self._frontier.count

    @property
    def epoch(self) -> str:
        """Id of the life that this ledger is in; a restore begins another."""
        return self._epoch

    @property
    def frontier(self) -> Frontier:
        """A copy of the tree as it is now, to be signed once what it covers is durable."""
        return self._frontier.copy()

    def root(self) -> bytes:
        """The tree hash over all lines so far."""
        return self._frontier.root()

    def append(self, type: str, fields: Mapping[str, object]) -> Line:
        """Write one line. A field that is None is left out.

        StorageError when it could not be written: the ledger is then as before. ValueError for
        fields that are no JSON of ours.
        """
        return self.append_batch([(type, fields)])[0]

    def append_batch(self, entries: Sequence[tuple[str, Mapping[str, object]]]) -> list[Line]:
        """Write lines of one time in one write; all of them or none, after a power cut as well."""
        t_ns = self._clock.wall_ns()
        first = self._frontier.count
        last = len(entries) - 1
        lines = [
            _line(first + index, t_ns, type, fields, more=index < last)
            for index, (type, fields) in enumerate(entries)
        ]
        if lines:
            self._log.append([line.raw for line in lines], t_ns)
        for line in lines:
            self._frontier.append(line.leaf)
            if line.type in _OF_HOLDS:
                _apply_hold(self.holds, line)
            elif line.type == MARKED:
                _apply_mark(self.marks, line)
            elif line.type in ERASURES:
                self.erasures.apply(line)
        return lines

    def lines(self) -> Iterator[Line]:
        """The lines there are now, from disk, one at a time."""
        size = self.size
        for line in Ledger.read_lines(self.folder):
            if line.n >= size:
                return
            yield line

    @staticmethod
    def read_lines(folder: Path) -> Iterator[Line]:
        """The lines of a ledger that somebody else may be writing; a torn last one is not given.

        DamagedError names file and line of what is off.
        """
        for expected, (place, _, line) in enumerate(line_reader(folder)):
            if line.n != expected:
                raise DamagedError(f"{place}: line {line.n} stands where line {expected} should.")
            yield line

    def synced(self) -> None:
        """All lines so far are durable."""
        self._log.synced()

    def write_again(self) -> None:
        """After a sync that failed: hand the lines since ``synced`` to the kernel once more."""
        self._log.write_again()

    def close(self) -> None:
        """Give the descriptor back; an append opens it again."""
        self._log.close()


def _line(n: int, t_ns: int, type: str, fields: Mapping[str, object], *, more: bool) -> Line:
    clash = fields.keys() & set(_OWN_FIELDS)
    if clash:
        raise ValueError(f"{sorted(clash)} are written by the ledger itself")
    kept = {name: value for name, value in fields.items() if value is not None}
    own = {"v": FORMAT_VERSION, "n": str(n), "t": str(t_ns), "type": type}
    raw = canonical_line(own | kept | ({"more": True} if more else {}))
    if len(raw) >= MOST_LINE_BYTES:
        raise ValueError(f"a line of {len(raw)} bytes is too long; write several")
    return Line(FORMAT_VERSION, n, t_ns, type, kept, raw, more)


def _apply_hold(holds: dict[str, tuple[int, int]], line: Line) -> None:
    if line.type == "hold_set" and "from" in line.fields:
        holds[line.text("hold")] = line.integer("from"), line.integer("to")
    elif line.type == "hold_lifted":
        holds.pop(line.text("hold"), None)


def _apply_mark(marks: Marks, line: Line) -> None:
    marks.add(line.text("mark"), line.integer("from"), line.integer("to"))


def _epoch_of(raw: bytes, ledger: str, place: str) -> str:
    line = parse_line(raw)
    if line.n == 0 and (line.type, line.fields.get("ledger")) != ("ledger_started", ledger):
        raise DamagedError(f"{place}: this is not the first line of the ledger {ledger}.")
    return line.text("epoch")


def _known_of(raw: bytes) -> int:
    line = parse_line(raw)
    return line.integer("known") if line.type == "restored" else 0
