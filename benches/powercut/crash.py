"""What is on disk after a power cut: all that was synced, and any part of what was not.

``kept``   all that the kernel was given is there: the lucky end.
``lost``   nothing that was not synced is there.
``ext4``   names in the order in which they changed, up to some moment, and of each file a beginning
           of what was written to it; any ``fsync`` takes all names with it, as one journal does.
``posix``  each change by itself is there, or not, or torn; a lost write may leave zeros. Names and
           bytes are apart: only a sync of the folder, or of the file system, keeps a name. Bytes
           that are written over are there or not by whole sectors, and never zeros.

State folder and volume are two file systems (``+two``), or one.
"""

import random
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate
from math import inf
from pathlib import PurePosixPath

from benches.powercut.oplog import CONTENT, GONE, Op, OpKind, Sync, Trace, replay

MODES = ("kept", "lost", "ext4", "posix", "kept+two", "lost+two", "ext4+two", "posix+two")
_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Case:
    """One power cut: before the line ``cut`` of the trace returned.

    With ``again``, the power goes once more during the start after it, when so many thousandths of
    what that start does are done.
    """

    cut: int
    seed: int
    mode: str
    again: int = 0

    def __str__(self) -> str:
        return f"{self.cut}:{self.seed}:{self.mode}:{self.again}"

    @classmethod
    def of(cls, text: str) -> "Case":
        cut, seed, mode, again = text.split(":")
        if mode not in MODES:
            raise ValueError(f"a mode is one of {', '.join(MODES)}")
        return cls(int(cut), int(seed), mode, int(again))


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of a change that was not synced: it is there up to ``bytes`` (all for None, which
    says nothing of names), and what is missing of it is zeros, or as it was before."""

    bytes: int | None = None
    zeros: bool = False


KEPT = Fate()
LOST = Fate(0)
Fates = dict[int, Fate]
"""By the place of the change in the trace's list; those not named were synced, or kept."""


class Crashes:
    """The power cuts that a trace can end in."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._durable = {
            (two, journal): _durable(trace, two, journal)
            for two in (False, True)
            for journal in (False, True)
        }
        self._walls = sorted(trace.walls)
        self._written_over = _written_over(trace)

    def wall_ns(self, cut: int) -> int:
        """When (UTC) the last call before the cut was seen."""
        after = bisect_left(self._walls, (cut, 0))
        return self._walls[max(0, after - 1)][1]

    def keeper_is_away(self, cut: int) -> bool:
        """Whether the keeper had been killed, and no other one had synced the volume since."""
        wall_ns = self.wall_ns(cut)
        deaths = [each for each in self.trace.keeper_deaths if each <= wall_ns]
        return bool(deaths) and not any(
            sync.path == "media" and sync.exit < cut and self.wall_ns(int(sync.enter)) > deaths[-1]
            for sync in self.trace.syncs
        )

    def fates(self, case: Case) -> Fates:
        """What becomes of each change that was not synced; the same for the same case."""
        mode, _, disks = case.mode.partition("+")
        durable = self._durable[disks == "two", mode == "ext4"]
        at_risk = [
            number
            for number, op in enumerate(self.trace.ops)
            if op.enter < case.cut <= durable[number]
        ]
        chance = random.Random(f"{case}")
        match mode:
            case "kept":
                return {}
            case "lost":
                return dict.fromkeys(at_risk, LOST)
            case "ext4":
                return dict(self._in_order(at_risk, chance))
            case _:
                return dict(self._any(at_risk, chance))

    def image(self, case: Case, fates: Fates) -> tuple[dict[str, bytes], set[str]]:
        """Files and folders that are left."""
        return replay(self._left(case, fates))

    def whole(self, case: Case) -> dict[str, bytes]:
        """What the kernel had been given, files that were unlinked meanwhile as well, and those of
        which something was erased as they were."""
        ops = (op for op in self.trace.ops if op.enter < case.cut)
        return replay(op for op in ops if not _takes_away(op))[0]

    def _left(self, case: Case, fates: Fates) -> Iterator[Op]:
        for number, op in enumerate(self.trace.ops):
            if op.enter >= case.cut:
                continue
            fate = fates.get(number, KEPT)
            if fate.bytes is None:
                yield op
            elif op.kind is OpKind.WRITE:
                data = op.data[: fate.bytes]
                if fate.zeros:
                    data += bytes(len(op.data) - len(data))
                if data:
                    yield replace(op, data=data)

    def _in_order(self, at_risk: list[int], chance: random.Random) -> Iterator[tuple[int, Fate]]:
        of: dict[object, list[int]] = defaultdict(list)
        for number in at_risk:
            op = self.trace.ops[number]
            of[op.inode if op.kind in CONTENT else _disk(op.path)].append(number)
        for numbers in of.values():
            kept = chance.randint(0, len(numbers))
            for place, number in enumerate(numbers[kept:]):
                op = self.trace.ops[number]
                torn = place == 0 and op.kind is OpKind.WRITE
                yield number, Fate(_border(op, chance, 8 * _SECTOR)) if torn else LOST

    def _any(self, at_risk: list[int], chance: random.Random) -> Iterator[tuple[int, Fate]]:
        lose = chance.choice((0.1, 0.5, 0.9))
        for number in at_risk:
            op = self.trace.ops[number]
            if chance.random() >= lose:
                continue
            if op.kind is not OpKind.WRITE:
                yield number, LOST
                continue
            border = _border(op, chance, _SECTOR)
            if self._written_over[number]:
                yield number, Fate(border)
                continue
            size = chance.choice((0, 0, border, chance.randint(0, len(op.data))))
            yield number, Fate(size, zeros=chance.random() < 0.25)


def _takes_away(op: Op) -> bool:
    if op.kind is OpKind.RENAME:
        return op.to.endswith(".mp4")
    return op.kind in (OpKind.UNLINK, OpKind.RMDIR) or op.path.endswith(GONE)


def _border(op: Op, chance: random.Random, unit: int) -> int:
    """Bytes of a write up to a border of blocks in its file."""
    last = (op.at + len(op.data)) // unit
    block = chance.randint(op.at // unit, last)
    return max(0, min(block * unit - op.at, len(op.data)))


def _written_over(trace: Trace) -> list[bool]:
    """Of each change, whether it is a write over bytes that were there."""
    sizes: dict[int, int] = defaultdict(int)
    found = []
    for op in trace.ops:
        end = op.at + len(op.data)
        found.append(op.kind is OpKind.WRITE and end <= sizes[op.inode])
        if op.kind is OpKind.WRITE:
            sizes[op.inode] = max(sizes[op.inode], end)
        elif op.kind is OpKind.TRUNCATE:
            sizes[op.inode] = op.at
    return found


# --- what is durable when ------------------------------------------------------------------------


class _Syncs:
    """When, at the earliest, a sync that began after a moment had returned."""

    def __init__(self, syncs: Iterable[Sync]) -> None:
        ordered = sorted(syncs, key=lambda sync: sync.enter)
        self._enter = [sync.enter for sync in ordered]
        exits = [sync.exit for sync in ordered]
        self._exit = [*reversed(list(accumulate(reversed(exits), min))), inf]

    def after(self, place: float) -> float:
        return self._exit[bisect_right(self._enter, place)]


def _durable(trace: Trace, two: bool, journal: bool) -> list[float]:
    """For each change the place in the trace from which on nothing can take it."""
    disk = _disk if two else _one
    of: dict[object, list[Sync]] = defaultdict(list)
    for sync in trace.syncs:
        if sync.kind == "filesystem":
            of["disk", disk(sync.path)].append(sync)
        elif sync.kind == "file":
            of["file", sync.inode].append(sync)
        else:
            of["folder", sync.path].append(sync)
        if journal:
            of["names", disk(sync.path)].append(sync)
    known = {key: _Syncs(syncs) for key, syncs in of.items()}
    none = _Syncs(())

    def first(op: Op) -> float:
        keys: list[object] = [("disk", disk(op.path))]
        if op.kind in CONTENT:
            keys.append(("file", op.inode))
        else:
            keys += [("folder", str(PurePosixPath(op.path).parent)), ("names", disk(op.path))]
        return min(known.get(key, none).after(op.exit) for key in keys)

    return [first(op) for op in trace.ops]


def _disk(path: str) -> str:
    return "media" if path == "media" or path.startswith("media/") else "state"


def _one(_: str) -> str:
    return "one"
