"""Zones, lines and ignore areas of cameras, as they are drawn now."""

import msgspec
import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import CameraId
from watchglass.model.area import MOST_AREAS, Area, AreaId, checked_name, checked_points
from watchglass.store.database import Database
from watchglass.store.site_tables import AREAS, RULES

_AREA: msgspec.json.Decoder[Area] = msgspec.json.Decoder(Area)


class SiteAreas:
    """Areas: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _clock: Clock

    def areas(self, camera: CameraId | None = None) -> tuple[Area, ...]:
        """Those of a camera, or all, in the order they were drawn; those that have expired too."""
        asked = sa.select(AREAS.c.area).order_by(AREAS.c.drawn_ns, AREAS.c.id)
        if camera is not None:
            asked = asked.where(AREAS.c.camera == camera)
        with self._database.read() as connection:
            return tuple(self._area(each) for each in connection.scalars(asked))

    def set_area(self, area: Area, by: str, *, new: bool) -> Area:
        """Draw it, or draw it anew; the area as it is kept. NotFoundError for one to be changed
        that is not there."""
        area = msgspec.structs.replace(
            area, name=checked_name(area.name, "An area"),
            points=checked_points(area.kind, area.points),
        )  # fmt: skip
        one = (AREAS.c.id == area.id, AREAS.c.camera == area.camera)
        with self._database.write() as connection:
            found = connection.scalar(sa.select(AREAS.c.area).where(*one))
            if found is None and not new:
                raise no_area()
            if found is not None and self._area(found).kind is not area.kind:
                raise RefusedError("A zone stays a zone, and a line a line: draw another one.")
            row: dict[str, object] = {"area": msgspec.json.encode(area), "drawn_by": by}
            if found is not None:
                connection.execute(sa.update(AREAS).where(*one).values(**row))
                return area
            of_camera = sa.select(sa.func.count()).where(AREAS.c.camera == area.camera)
            if (connection.scalar(of_camera) or 0) >= MOST_AREAS:
                raise RefusedError(f"A camera has at most {MOST_AREAS} areas: take one away first.")
            row |= {"id": area.id, "camera": area.camera, "drawn_ns": self._clock.wall_ns()}
            connection.execute(sa.insert(AREAS).values(**row))
        return area

    def drop_area(self, camera: CameraId, area: AreaId) -> Area:
        """Forget it; the area as it was. RefusedError while a rule is about it."""
        one = (AREAS.c.id == area, AREAS.c.camera == camera)
        with self._database.write() as connection:
            found = connection.scalar(sa.select(AREAS.c.area).where(*one))
            if found is None:
                raise no_area()
            if connection.scalar(sa.select(sa.func.count()).where(RULES.c.area == area)):
                raise RefusedError("A rule is about this area: take the rule away first.")
            connection.execute(sa.delete(AREAS).where(*one))
        return self._area(found)

    def _area(self, found: bytes) -> Area:
        try:
            return _AREA.decode(found)
        except msgspec.MsgspecError as error:
            raise self._database.damaged(f"an area of a camera: {error}") from error


def no_area() -> NotFoundError:
    return NotFoundError("This camera has no such area: see 'watchglass zone list'.")
