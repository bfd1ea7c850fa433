"""Coverage: where was looked, and how much of it answered. A silent network is a finding too."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CollectorId, ScanId
from watchglass.model.observation import Source


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A network that the operator named. ``place`` is his word for where it is: a building.

    ``ours``: he stated that this one is his although its addresses are public.
    """

    cidr: str
    place: str = ""
    ours: bool = False


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """What a scan (or an import) reached of one network.

    ``asked`` counts addresses; ``answered`` gave at least one observation, ``refused`` closed every
    port, ``silent`` said nothing: the three add up to ``asked``. ``doors`` are those that were
    tried. ``ended_ns`` is None while it goes on; ``complete`` is false for what was stopped, and
    ``note`` says why. For an import ``cidr`` is empty and ``asked`` is its rows.
    """

    scan: ScanId
    cidr: str
    place: str
    started_ns: int
    ended_ns: int | None
    asked: int
    answered: int
    silent: int
    refused: int
    doors: tuple[Source, ...]
    complete: bool = True
    note: str = ""
    collector: CollectorId = CollectorId("")


class ScanKind(StrEnum):
    """How things were seen."""

    SCAN = "scan"
    IMPORT = "import"
    COLLECTED = "collected"
    """Carried back from a collector."""
    OWN = "own"
    """The recorder's own cameras."""


class ScanEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One look, as it is remembered. ``ended_ns`` is None while it goes on (or was cut off)."""

    scan: ScanId
    kind: ScanKind
    started_ns: int
    ended_ns: int | None = None
    by: str = ""
    note: str = ""
