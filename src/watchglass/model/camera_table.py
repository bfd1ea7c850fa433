"""A table of cameras that are recorded one by one: what is asked, and what becomes of each row."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import CameraId


class Outcome(StrEnum):
    """What became of a row. ``ready``: it would be recorded, in a dry run. ``left``: it was not
    looked at, because somebody ended it."""

    WAITING = "waiting"
    LOOKING = "looking"
    ADDED = "added"
    READY = "ready"
    THERE = "there"
    FAILED = "failed"
    LEFT = "left"


class WantedCamera(msgspec.Struct, frozen=True):
    """A row, ``line`` of the file. Empty ``url``: it has no sense, and ``fault`` says why."""

    line: int
    address: str
    url: str = ""
    name: str = ""
    user: str = ""
    password: str = ""
    source: str = ""
    fault: str = ""

    def __repr__(self) -> str:
        return f"WantedCamera({self.line})"


class StartTableRequest(msgspec.Struct, frozen=True, tag="start_table"):
    """Record the cameras of a table. ``user`` and ``password``: of rows that have none. ``allow``:
    their addresses may be ones that are refused by default."""

    rows: tuple[WantedCamera, ...]
    by: str
    user: str = ""
    password: str = ""
    allow: bool = False

    def __repr__(self) -> str:
        return f"StartTableRequest({len(self.rows)} rows)"


class StopTableRequest(msgspec.Struct, frozen=True, tag="stop_table"):
    """What is looked at comes to its end; the other rows are left."""


class TableRequest(msgspec.Struct, frozen=True, tag="which_table"):
    """How far it is; of the rows only those that changed after ``after``."""

    after: int = 0


class RowState(msgspec.Struct, frozen=True):
    """``change`` counts up with all that changes in the table."""

    line: int
    address: str
    name: str
    outcome: Outcome
    sentence: str
    camera: CameraId | None
    change: int


class TableState(msgspec.Struct, frozen=True, tag="table_state", kw_only=True):
    """The last table since the recorder was started; ``id`` is 0 where there was none.

    ``counts``: of all rows, by outcome.
    """

    id: int
    by: str = ""
    started_ns: int = 0
    ended_ns: int | None = None
    running: bool = False
    stopping: bool = False
    counts: dict[Outcome, int] = {}
    rows: tuple[RowState, ...] = ()
    change: int = 0


TableErrand = StartTableRequest | StopTableRequest | TableRequest
