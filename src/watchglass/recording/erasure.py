"""Erasures as a ledger tells of them: ordered, told of file by file, done.

What was ordered and is not done is finished by whoever opens the ledger next; which fragments of a
file go is in its line, so that doing it twice does the same.
"""

from dataclasses import dataclass, field
from typing import Protocol

from watchglass.base.errors import DamagedError
from watchglass.base.ids import RunId

ORDERED, TOLD, DONE = "erasure_ordered", "files_erased", "erasure_done"
ERASURES = frozenset({ORDERED, TOLD, DONE})

Ranges = tuple[tuple[int, int], ...]
"""First and last fragment of each stretch, counted in the file: 1 is its first."""


class ErasureLine(Protocol):
    """A line of a ledger, as far as it matters here."""

    @property
    def type(self) -> str: ...
    @property
    def n(self) -> int: ...
    @property
    def fields(self) -> dict[str, object]: ...
    def text(self, name: str) -> str: ...
    def integer(self, name: str) -> int: ...


@dataclass(slots=True)
class PendingErasure:
    """``told``: files of which a line says what goes, whether it has gone yet or not."""

    id: str
    from_ns: int
    to_ns: int
    told: dict[tuple[RunId, int], Ranges] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ErasedFile:
    """What a line says of one file: how long it is from then on, and which fragments are not."""

    run: RunId
    sequence: int
    length: int
    ranges: Ranges


class PendingErasures(dict[str, PendingErasure]):
    """Those that were ordered and are not done, by id, in their order."""

    def apply(self, line: ErasureLine) -> None:
        match line.type:
            case "erasure_ordered":
                # Of a site's ledger, whose lines name the camera, it means nothing.
                if "camera" not in line.fields:
                    id = line.text("erasure")
                    self[id] = PendingErasure(id, line.integer("from"), line.integer("to"))
            case "files_erased":
                pending = self.get(line.text("erasure"))
                for file in erased_files(line) if pending is not None else ():
                    assert pending is not None
                    pending.told[file.run, file.sequence] = file.ranges
            case "erasure_done":
                self.pop(line.text("erasure"), None)

    def touches(self, from_ns: int, to_ns: int) -> bool:
        """Whether some of a span is about to go."""
        return any(each.from_ns < to_ns and each.to_ns > from_ns for each in self.values())

    def takes(self, run: RunId, sequence: int) -> bool:
        """Whether a file may be replaced at this moment."""
        return any((run, sequence) in each.told for each in self.values())


def told_line(erasure: str, files: list[ErasedFile]) -> tuple[str, dict[str, object]]:
    """The line that is written before the files are."""
    return TOLD, {
        "erasure": erasure,
        "files": [
            [each.run, each.sequence, str(each.length), [list(pair) for pair in each.ranges]]
            for each in files
        ],
    }


def erased_files(line: ErasureLine) -> list[ErasedFile]:
    """The files that a ``files_erased`` line names; DamagedError when it names none."""
    files = line.fields.get("files")
    if not isinstance(files, list):
        raise DamagedError(f"Line {line.n} lists no files.")
    return [_file(each, line.n) for each in files]


def _file(entry: object, n: int) -> ErasedFile:
    match entry:
        case [str(run), int(sequence), str(length), list(ranges)] if length.isdecimal():
            return ErasedFile(RunId(run), sequence, int(length), _ranges(ranges, n))
        case _:
            raise DamagedError(f"Line {n} lists something that is no file.")


def _ranges(found: list[object], n: int) -> Ranges:
    ranges: list[tuple[int, int]] = []
    for each in found:
        match each:
            case [int(first), int(last)] if 0 < first <= last:
                ranges.append((first, last))
            case _:
                raise DamagedError(f"Line {n} lists fragments that are none.")
    return tuple(ranges)


def ranges_of(indices: list[int]) -> Ranges:
    """Stretches of numbers that follow each other; ``indices`` in order."""
    found: list[tuple[int, int]] = []
    for each in indices:
        if found and found[-1][1] == each - 1:
            found[-1] = found[-1][0], each
        else:
            found.append((each, each))
    return tuple(found)


def in_ranges(ranges: Ranges) -> set[int]:
    return {each for first, last in ranges for each in range(first, last + 1)}
