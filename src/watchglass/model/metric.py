"""Numbers for monitors: what each is called and means, and one value of it."""

from dataclasses import dataclass
from enum import StrEnum

import msgspec


class MetricKind(StrEnum):
    """A gauge goes up and down; a counter only up, and begins anew with its process."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of a package's table.

    ``name`` is the whole name, of a counter with ``_total``, in base units (seconds, bytes). One
    sentence each: what it ``means``, what is ``normal``, and what to do ``otherwise``.
    """

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    means: str
    normal: str
    otherwise: str

    def at(self, value: float, *labels: str) -> "Sample":
        """A value of it now; ``labels`` in the table's order."""
        assert len(labels) == len(self.labels), self.name
        return Sample(self.name, labels, float(value))


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One value, as it goes between processes."""

    metric: str
    labels: tuple[str, ...]
    value: float
