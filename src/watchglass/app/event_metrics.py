"""The numbers of the events-worker."""

from watchglass.model.metric import Metric, MetricKind

FOUND = Metric(
    "watchglass_events_found_total", MetricKind.COUNTER, (),
    "What rules found, since the events-worker started.", "As much as happens.",
    "Nothing for days: see 'watchglass rule list'.",
)  # fmt: skip
WAITING = Metric(
    "watchglass_events_waiting_reports", MetricKind.GAUGE, (),
    "Reports of the analytics-worker that are not on disk yet.", "0.",
    "The disk of the state folder refuses them or is slow: its log says why.",
)  # fmt: skip
METRICS = (FOUND, WAITING)
