"""The gauge and counters of one hop, for metrics and ``doctor``."""

from dataclasses import dataclass

from watchglass.base.queues import DropPolicy


@dataclass(frozen=True, slots=True)
class HopStats:
    """One direction between two processes, as its sender sees it.

    Sizes count each message's bytes plus a fixed overhead. ``dropped`` counts what the policy cost
    and, on a server, what was still queued for a peer that went away. ``credit_bytes`` is what the
    receiver lets in now (0 or less: it is behind); ``starved`` counts how often that held a
    message back. ``unfinished_bytes`` were sent and not yet dealt with at the other end, as far as
    is known here. Counters run on across sessions.
    """

    name: str
    policy: DropPolicy
    depth_items: int
    depth_bytes: int
    limit_bytes: int
    dropped_items: int
    dropped_bytes: int
    sent_items: int
    sent_bytes: int
    received_items: int
    received_bytes: int
    credit_bytes: int
    unfinished_bytes: int
    starved: int
