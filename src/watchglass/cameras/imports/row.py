"""What every import gives: facts, each with the device that it is of."""

from dataclasses import dataclass, field

from watchglass.cameras.survey.seen import Fact

MOST_ROWS = 100_000


class ImportFailedError(Exception):
    """The file is not what it was said to be; the text says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One device of an import: where it is, and what is said of it."""

    facts: tuple[Fact, ...]
    address: str = ""
    mac: str = ""
    ports: dict[Fact, int] = field(default_factory=dict)
    """The port that a fact is of, where it is of one."""


@dataclass(frozen=True, slots=True)
class Imported:
    """``passed_over``: rows that name no device by address or MAC."""

    rows: tuple[Row, ...]
    passed_over: int = 0
