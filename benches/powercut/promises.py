"""What a recorder has promised up to a moment, told from its trace alone.

Heads say of ledgers and open files what is on disk; an answer to an order says that it is done; and
a fragment that was handed to the kernel is to be playable two seconds later, whatever happens.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import PurePosixPath

from benches.powercut.oplog import Op, OpKind, Trace
from watchglass.recording.fragment import FRAGMENT_TYPE
from watchglass.recording.heads import Head, parse_head

_UUID = b"uuid"


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A fragment, or a file's header (``is_header``), as it was given to the kernel.

    ``end`` is its end in the file; ``wall_ns`` (UTC) when it was written.
    """

    enter: float
    exit: float
    wall_ns: int
    path: str
    end: int
    is_header: bool


class Promises:
    """By place in the trace: what had been said by then."""

    def __init__(self, trace: Trace) -> None:
        self.orders = trace.orders
        self._heads = [
            (op.enter, parse_head(line))
            for op in trace.ops
            if op.kind is OpKind.WRITE and _is_heads(op.path)
            for line in op.data.splitlines()
        ]
        self._pieces: dict[str, list[HandedOver]] = defaultdict(list)
        for op in trace.ops:
            if op.kind is OpKind.WRITE and op.path.endswith(".mp4"):
                self._hand_over(op)
        self._purged = {
            op.path: op.enter
            for op in trace.ops
            if op.kind is OpKind.UNLINK and op.path.endswith(".mp4")
        }

    def _hand_over(self, op: Op) -> None:
        is_header = op.at == 0
        if is_header or (op.data[4:8], op.data[8:24]) == (_UUID, FRAGMENT_TYPE):
            self._pieces[op.path].append(
                HandedOver(op.enter, op.exit, op.wall_ns, op.path, op.at + len(op.data), is_header)
            )

    def heads(self, cut: int) -> dict[str, list[Head]]:
        """Heads that were being written or had been, by ledger."""
        found: dict[str, list[Head]] = defaultdict(list)
        for enter, head in self._heads:
            if enter < cut:
                found[head.ledger].append(head)
        return found

    def pieces(self, cut: int) -> dict[str, list[HandedOver]]:
        """What had been handed over of each media file, in its order, and was not purged."""
        return {
            path: found
            for path, pieces in self._pieces.items()
            if self._purged.get(path, cut) >= cut
            and (found := [piece for piece in pieces if piece.exit < cut])
        }

    def settings(self, wall_ns: int) -> dict[tuple[str, str], set[str]]:
        """What each field of each camera may be: as answered last, or as asked for since."""
        may_be: dict[tuple[str, str], set[str]] = {}
        for order in self.orders:
            key = (order.camera, order.field)
            if not order.field:
                continue
            if order.accepted_ns < wall_ns:
                may_be[key] = {order.value}
            elif order.asked_ns < wall_ns and key in may_be:
                may_be[key].add(order.value)
        return may_be

    def held(self, wall_ns: int) -> list[tuple[str, int, int]]:
        """Spans (camera, from, to) that nothing may be deleted of."""
        lifted = {
            order.camera
            for order in self.orders
            if order.line == "hold_lifted" and order.asked_ns < wall_ns
        }
        return [
            (order.camera, *order.span)
            for order in self.orders
            if order.span[1] and order.accepted_ns < wall_ns and order.camera not in lifted
        ]

    def lines(self, wall_ns: int) -> Counter[tuple[str, str]]:
        """How many lines of which type the ledger of a camera must have, at the least."""
        return Counter(
            (order.camera, order.line)
            for order in self.orders
            if order.line and order.accepted_ns < wall_ns
        )


def _is_heads(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[:2] == ("state", "ledger") and parts[3:4] == ("heads",)
