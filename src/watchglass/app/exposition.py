"""Numbers as Prometheus reads them: its text format 0.0.4.

Each metric's help is its row of the table: what it means, what is normal, what to do otherwise.
"""

from collections import defaultdict
from collections.abc import Iterable

from watchglass.analytics.metrics import METRICS as OF_ANALYTICS
from watchglass.api.metrics import METRICS as OF_API
from watchglass.app.anchor_desk import METRICS as OF_ANCHORS
from watchglass.app.egress_desk import METRICS as OF_EGRESS
from watchglass.app.event_metrics import METRICS as OF_EVENTS
from watchglass.app.measures import METRICS as OF_SUPERVISOR
from watchglass.app.notice_desk import METRICS as OF_NOTICES
from watchglass.app.pinger import METRICS as OF_PINGS
from watchglass.bus.metrics import METRICS as OF_BUS
from watchglass.cameras.metrics import METRICS as OF_CAMERAS
from watchglass.live.metrics import METRICS as OF_LIVE
from watchglass.model.metric import Metric, Sample
from watchglass.recording.metrics import METRICS as OF_RECORDING

ALL: tuple[Metric, ...] = (
    *OF_SUPERVISOR, *OF_RECORDING, *OF_BUS, *OF_LIVE, *OF_API, *OF_PINGS, *OF_NOTICES,
    *OF_ANALYTICS, *OF_ANCHORS, *OF_EVENTS, *OF_CAMERAS, *OF_EGRESS,
)  # fmt: skip


def exposition(samples: Iterable[Sample]) -> str:
    """One family for each metric of the tables that has a value.

    Of two values of one series the later counts: a camera that has just gone from one worker to
    another may be told of by both. What no table names is of another version, and left out.
    """
    by_metric: defaultdict[str, dict[tuple[str, ...], float]] = defaultdict(dict)
    for sample in samples:
        by_metric[sample.metric][sample.labels] = sample.value
    lines = []
    for metric in ALL:
        values = by_metric.get(metric.name)
        if values:
            lines += _family(metric, values)
    return "".join(f"{line}\n" for line in lines)


def _family(metric: Metric, values: dict[tuple[str, ...], float]) -> list[str]:
    explained = f"{metric.means} Normal: {metric.normal} Otherwise: {metric.otherwise}"
    lines = [
        f"# HELP {metric.name} {_escaped(explained)}",
        f"# TYPE {metric.name} {metric.kind.value}",
    ]
    for labels, value in sorted(values.items()):
        if len(labels) == len(metric.labels):
            lines.append(f"{metric.name}{_labels(metric.labels, labels)} {_number(value)}")
    return lines


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if not names:
        return ""
    pairs = (
        '{}="{}"'.format(name, _escaped(value).replace('"', '\\"'))
        for name, value in zip(names, values, strict=True)
    )
    return "{" + ",".join(pairs) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
