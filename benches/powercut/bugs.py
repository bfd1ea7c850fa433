"""Ordering bugs, planted into a trace: what it would be if the product had synced in another order.

Each is one that a recorder can have and that no test without a power cut would show. The bench has
to catch all of them before anything it says of the product counts.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace

from benches.powercut.oplog import Op, OpKind, Sync, Trace

_EPSILON = 0.25
"""Calls count in whole numbers: there is room between any two."""


@dataclass(frozen=True, slots=True)
class Bug:
    """``plant`` gives the trace with the bug, and the spans of it in which a cut may show it."""

    name: str
    plant: Callable[[Trace], tuple[Trace, list[tuple[float, float]]]]


Planted = tuple[Trace, list[tuple[float, float]]]


def _lines_before_media(trace: Trace) -> Planted:
    """The keeper syncs the volume only after the ledger lines that tell of it."""
    states = sorted(sync.exit for sync in trace.syncs if _syncs_all(sync, "state"))
    begins = sorted(sync.enter for sync in trace.syncs)
    spans = []
    syncs = []
    for sync in trace.syncs:
        at = bisect_right(states, sync.exit)
        if _syncs_all(sync, "media") and at < len(states):
            after = bisect_right(begins, states[at])
            end = begins[after] if after < len(begins) else states[at] + 1
            spans.append((states[at], end))
            syncs.append(replace(sync, enter=states[at] + _EPSILON, exit=end - _EPSILON))
        else:
            syncs.append(sync)
    return replace(trace, syncs=syncs), sorted(set(spans))


def _unlink_before_tombstone(trace: Trace) -> Planted:
    """The purger unlinks files before the line that says so is written."""
    tombstones = [op for op in trace.ops if b'"files_deleted"' in op.data and _is_ledger(op.path)]
    exits = [op.exit for op in tombstones]
    spans = []

    def moved(op: Op) -> Op:
        at = bisect_left(exits, op.enter) - 1
        if op.kind is not OpKind.UNLINK or not op.path.endswith(".mp4") or at < 0:
            return op
        before = tombstones[at].enter - _EPSILON
        spans.append((before, tombstones[at].exit))
        return replace(op, enter=before, exit=before)

    return _reordered(trace, [moved(op) for op in trace.ops]), spans


def _head_too_early(trace: Trace) -> Planted:
    """A head is signed as soon as its lines are written, and not when they are synced."""
    spans = []
    last: dict[str, float] = {}
    ops = []
    for op in trace.ops:
        ledger = op.path.split("/")[2] if _is_ledger(op.path) else ""
        if ledger and "/heads/" not in op.path and op.kind is OpKind.WRITE:
            last[ledger] = op.exit
        elif ledger in last and op.kind is OpKind.WRITE:
            early = last[ledger] + _EPSILON
            spans.append((early, op.exit))
            ops.append(replace(op, enter=early, exit=early))
            continue
        ops.append(op)
    return _reordered(trace, ops), spans


def _rename_without_fsync(trace: Trace) -> Planted:
    """A file is put in the place of another before its bytes are synced."""
    dropped = [sync for sync in trace.syncs if sync.path.endswith(".part")]
    renames = {op.path: op.exit for op in trace.ops if op.kind is OpKind.RENAME}
    spans = [(renames[sync.path], _next_sync(trace, renames[sync.path])) for sync in dropped]
    return _without(trace, dropped), spans


def _database_unsynced(trace: Trace) -> Planted:
    """The site's database is written with ``synchronous = OFF``."""
    dropped = [sync for sync in trace.syncs if sync.path.startswith("state/site.db")]
    spans = []
    for order in trace.orders:
        answered = next((place for place, wall in trace.walls if wall > order.accepted_ns), 0)
        written = max((sync.exit for sync in dropped if sync.exit < answered), default=0)
        spans.append((answered, _next_sync(trace, written)))
    # Where the ledgers were synced after the database was written, nothing is lost with it.
    return _without(trace, dropped), [span for span in spans if span[1] > span[0] + 1]


def _erased_before_told(trace: Trace) -> Planted:
    """What is left of a file takes its place before the line that says what went is written."""
    lines = [op for op in trace.ops if b'"files_erased"' in op.data and _is_ledger(op.path)]
    exits = [op.exit for op in lines]
    spans = []

    def early(path: str, exit: float) -> float | None:
        at = bisect_left(exits, exit) - 1
        return lines[at].enter - _EPSILON if path.endswith(".left") and at >= 0 else None

    def moved(op: Op) -> Op:
        before = early(op.path, op.enter)
        if before is None:
            return op
        spans.append((before, next(line.exit for line in lines if line.enter > before)))
        return replace(op, enter=before, exit=before)

    ops = [moved(op) for op in trace.ops]
    syncs = [
        sync if (before := early(sync.path, sync.enter)) is None
        else replace(sync, enter=before, exit=before)
        for sync in trace.syncs
    ]  # fmt: skip
    return replace(_reordered(trace, ops), syncs=syncs), sorted(set(spans))


BUGS = (
    Bug("ledger lines before the media they tell of", _lines_before_media),
    Bug("unlink before the tombstone", _unlink_before_tombstone),
    Bug("head above the watermark", _head_too_early),
    Bug("rename without fsync", _rename_without_fsync),
    Bug("database without sync", _database_unsynced),
    Bug("erased before it is told", _erased_before_told),
)


def _syncs_all(sync: Sync, folder: str) -> bool:
    return sync.kind == "filesystem" and sync.path == folder


def _is_ledger(path: str) -> bool:
    return path.startswith("state/ledger/")


def _next_sync(trace: Trace, place: float) -> float:
    """When all that was written by then is durable, whatever else was forgotten."""
    return min(
        (sync.exit for sync in trace.syncs if _syncs_all(sync, "state") and sync.enter > place),
        default=place,
    )


def _without(trace: Trace, dropped: list[Sync]) -> Trace:
    gone = {id(sync) for sync in dropped}
    return replace(trace, syncs=[sync for sync in trace.syncs if id(sync) not in gone])


def _reordered(trace: Trace, ops: list[Op]) -> Trace:
    return replace(trace, ops=sorted(ops, key=lambda op: op.exit))
