"""The numbers of hops between processes: one table, and how a hop fills it."""

from watchglass.bus.hop import HopStats
from watchglass.model.metric import Metric, MetricKind, Sample

_LABELS = ("hop", "peer", "policy")
_FULL = "Look which process is slow (watchglass_process_cpu_seconds_total), and at its log."

DEPTH = Metric(
    "watchglass_hop_depth_bytes", MetricKind.GAUGE, _LABELS,
    "What waits at the sender for the other process to take it.",
    "Near 0, and far from the limit.", _FULL,
)  # fmt: skip
DEPTH_ITEMS = Metric(
    "watchglass_hop_depth_messages", MetricKind.GAUGE, _LABELS,
    "How many messages wait at the sender.", "0 or a few.", _FULL,
)  # fmt: skip
LIMIT = Metric(
    "watchglass_hop_limit_bytes", MetricKind.GAUGE, _LABELS,
    "What may wait before the hop's policy drops something.", "It does not change.",
    "Nothing: it is a bound.",
)  # fmt: skip
DROPPED = Metric(
    "watchglass_hop_dropped_messages_total", MetricKind.COUNTER, _LABELS,
    "Messages that the hop's policy has dropped, or refused to take.",
    "0; what must not be lost is kept by its sender and sent again.", _FULL,
)  # fmt: skip
SENT = Metric(
    "watchglass_hop_sent_bytes_total", MetricKind.COUNTER, _LABELS,
    "Bytes of messages that were sent.", "It rises while there is something to tell.",
    "Where it stands still while the depth is not 0, the receiver is stuck: see its log.",
)  # fmt: skip
STARVED = Metric(
    "watchglass_hop_starved_total", MetricKind.COUNTER, _LABELS,
    "How often a message had to wait because the receiver was behind.", "It rises seldom.", _FULL,
)  # fmt: skip

METRICS = (DEPTH, DEPTH_ITEMS, LIMIT, DROPPED, SENT, STARVED)


def hop_samples(stats: HopStats, hop: str, peer: str) -> list[Sample]:
    """A hop as its sender sees it; ``peer`` is the process that is one of many at it."""
    labels = (hop, peer, stats.policy.value)
    return [
        DEPTH.at(stats.depth_bytes, *labels),
        DEPTH_ITEMS.at(stats.depth_items, *labels),
        LIMIT.at(stats.limit_bytes, *labels),
        DROPPED.at(stats.dropped_items, *labels),
        SENT.at(stats.sent_bytes, *labels),
        STARVED.at(stats.starved, *labels),
    ]
