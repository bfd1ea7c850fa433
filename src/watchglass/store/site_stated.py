"""What people state of a camera, and when it pauses by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from watchglass.base.ids import CameraId
from watchglass.model.schedule import PauseSchedule
from watchglass.model.statement import Statement
from watchglass.store.database import Database
from watchglass.store.kept_reading import KeptReading
from watchglass.store.site_tables import SCHEDULES, STATED

T = TypeVar("T")

_STATEMENT: msgspec.json.Decoder[Statement] = msgspec.json.Decoder(Statement)
_SCHEDULE: msgspec.json.Decoder[PauseSchedule] = msgspec.json.Decoder(PauseSchedule)


@dataclass(frozen=True, slots=True)
class ScheduleEntry:
    """``holds``: the pause that the camera is in is the schedule's."""

    schedule: PauseSchedule
    holds: bool


class SiteStated:
    """Statements and schedules: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _schedules: KeptReading[Mapping[CameraId, ScheduleEntry]]

    def statement(self, camera: CameraId) -> Statement:
        """What was stated; what holds without, where nothing was."""
        asked = sa.select(STATED.c.statement).filter_by(camera=camera)
        with self._database.read() as connection:
            found = connection.scalar(asked)
        return Statement() if found is None else self._decoded(_STATEMENT, found)

    def set_statement(self, camera: CameraId, statement: Statement) -> None:
        with self._database.write() as connection:
            connection.execute(sa.delete(STATED).where(STATED.c.camera == camera))
            row = {"camera": camera, "statement": msgspec.json.encode(statement)}
            connection.execute(sa.insert(STATED).values(**row))

    def schedules(self) -> dict[CameraId, ScheduleEntry]:
        """Of all cameras that have one."""
        return dict(self._schedules())

    def set_schedule(
        self, camera: CameraId, schedule: PauseSchedule | None, *, holds: bool = False
    ) -> None:
        """Give it one, or take it away with None."""
        with self._database.write() as connection:
            connection.execute(sa.delete(SCHEDULES).where(SCHEDULES.c.camera == camera))
            if schedule is not None:
                row = {
                    "camera": camera, "schedule": msgspec.json.encode(schedule), "holds": holds,
                }  # fmt: skip
                connection.execute(sa.insert(SCHEDULES).values(**row))

    def _schedules_of(self, connection: sa.Connection) -> Mapping[CameraId, ScheduleEntry]:
        return {
            CameraId(camera): ScheduleEntry(self._decoded(_SCHEDULE, schedule), holds)
            for camera, schedule, holds in connection.execute(sa.select(SCHEDULES)).all()
        }

    def _decoded(self, decoder: msgspec.json.Decoder[T], found: bytes) -> T:
        try:
            return decoder.decode(found)
        except msgspec.MsgspecError as error:
            raise self._database.damaged(f"what was stated of a camera: {error}") from error
