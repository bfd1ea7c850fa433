"""A census: how many camera networks there are where, by banners that somebody has."""

from pathlib import Path

import msgspec

from watchglass.base.fence import FenceMode


class CensusOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Count what is in a file. ``folder``: an empty one for what does not fit into memory.
    ``least``: a cell with fewer networks is not told. ``facts``: where replaced tables lie."""

    file: str
    folder: str
    facts: str
    least: int = 10
    memory_bytes: int = 384 << 20
    threads: int = 2
    fences: FenceMode = FenceMode.AUTO

    @property
    def path(self) -> Path:
        return Path(self.file)


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """One place, or maker. ``networks``: public addresses with at least one camera; ``answers``:
    ports of them that answer as a camera or a recorder. Two units, never added. None: not told,
    because they are few, or because the rest would tell them."""

    keys: tuple[str, ...]
    networks: int | None
    answers: int | None


class CensusTable(msgspec.Struct, frozen=True, kw_only=True):
    """``heads`` name the keys. ``left_out``: cells that are not told."""

    name: str
    heads: tuple[str, ...]
    cells: tuple[Cell, ...]
    left_out: int


class Census(msgspec.Struct, frozen=True, kw_only=True, tag="census"):
    """What was counted. ``rows`` read, ``broken`` that could not be, ``signatures`` told apart and
    ``unjudged`` rows whose signature was beyond those that are judged. ``others``: addresses with
    no camera. ``seconds`` of CPU, ``peak_bytes`` of memory."""

    rows: int
    broken: int
    networks: int | None
    answers: int | None
    others: int
    signatures: int
    unjudged: int
    least: int
    columns: tuple[tuple[str, str], ...]
    tables: tuple[CensusTable, ...]
    facts_version: str
    cpu_s: float
    peak_bytes: int


class CensusFailed(msgspec.Struct, frozen=True, tag="census_failed"):
    """``error`` is a sentence."""

    error: str


CensusAnswer = Census | CensusFailed
