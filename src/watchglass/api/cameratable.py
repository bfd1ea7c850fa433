"""Routes: a table of cameras, recorded row by row."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.api.paths import CAMERA_TABLE, MOST_TABLE_BYTES
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.cameras.table import Fault, Row, read_table
from watchglass.model.camera_table import (
    Outcome,
    StartTableRequest,
    StopTableRequest,
    TableErrand,
    TableRequest,
    TableState,
    WantedCamera,
)

router = APIRouter(prefix=CAMERA_TABLE, tags=["cameras"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Adder = Annotated[User, Depends(Signed(Action.ADD_CAMERA))]


class TableBody(BaseModel):
    """``table`` is the text of a CSV file whose first line names its columns: `address`, and by
    choice `name`, `user`, `password`, `source`. ``user`` and ``password``: of rows that have none.
    ``allow``: addresses that are refused by default are let in."""

    model_config = ConfigDict(extra="forbid")

    table: str = Field(min_length=1, max_length=MOST_TABLE_BYTES)
    user: str = Field("", max_length=64)
    password: SecretStr = Field(SecretStr(""), max_length=256)
    allow: bool = False


class TableRowInfo(BaseModel):
    line: int
    address: str
    name: str
    outcome: Outcome
    sentence: str
    camera: str | None


class TableInfo(BaseModel):
    """The last table since the recorder was started; ``id`` is 0 where there was none. ``rows``:
    those that changed after what was asked for; ``change``: what to ask for next time."""

    id: int
    by: str
    started_ms: int | None
    ended_ms: int | None
    running: bool
    stopping: bool
    counts: dict[Outcome, int]
    rows: list[TableRowInfo]
    change: int


@router.get("", operation_id="getCameraTable")
async def get_table(
    request: Request, _: Adder, after: Annotated[int, Query(ge=0, lt=1 << 53)] = 0
) -> TableInfo:
    """How far it is."""
    return await _asked(request, TableRequest(after))


@router.post("", operation_id="startCameraTable", status_code=202)
async def start_table(request: Request, user: Adder, body: TableBody) -> TableInfo:
    """Look at the cameras of a table, several at once, and record them. Those that are set up
    already are left as they are; 409 while a table is being read in, 400 for a file that is
    none."""
    of = services(request)
    rows = await of.blocking(read_table, body.table.encode())
    errand = StartTableRequest(
        tuple(map(_wanted, rows)), user.name, body.user.strip(), body.password.get_secret_value(),
        body.allow,
    )  # fmt: skip
    return await _asked(request, errand)


@router.post("/stop", operation_id="stopCameraTable", status_code=202)
async def stop_table(request: Request, _: Adder) -> TableInfo:
    """End it: what is looked at comes to its end, the other rows are left."""
    return await _asked(request, StopTableRequest())


def _wanted(row: Row | Fault) -> WantedCamera:
    if isinstance(row, Fault):
        return WantedCamera(row.line, row.address, fault=row.sentence)
    password = row.password.reveal() if row.password is not None else ""
    return WantedCamera(row.line, row.url, row.url, row.name, row.user, password, row.source)


async def _asked(request: Request, errand: TableErrand) -> TableInfo:
    of = services(request)
    return table_info(await of.blocking.patiently(of.ports.devices.table, errand))


def table_info(state: TableState) -> TableInfo:
    """A table as the API tells it."""
    return TableInfo(
        id=state.id, by=state.by,
        started_ms=state.started_ns // _NS_PER_MS if state.id else None,
        ended_ms=state.ended_ns // _NS_PER_MS if state.ended_ns is not None else None,
        running=state.running, stopping=state.stopping, counts=state.counts,
        rows=[
            TableRowInfo(
                line=each.line, address=each.address, name=each.name, outcome=each.outcome,
                sentence=each.sentence, camera=each.camera,
            )
            for each in state.rows
        ],
        change=state.change,
    )  # fmt: skip
