"""The masks of cameras, those that were taken away too: what was hidden when has to be told."""

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, MaskId, random_id
from watchglass.model.mask import (
    MOST_MASKS,
    MOST_NAME,
    Mask,
    Masking,
    masking,
)
from watchglass.model.polygon import Point, checked_corners
from watchglass.model.steering import CameraMask
from watchglass.store.database import Database
from watchglass.store.site_tables import MASKS

_POLYGON: msgspec.json.Decoder[tuple[Point, ...]] = msgspec.json.Decoder(tuple[Point, ...])
_NOT_REMOVED = MASKS.c.removed_ns.is_(None)


class SiteMasks:
    """Masks: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database
    _clock: Clock

    def masks(self, camera: CameraId) -> tuple[Mask, ...]:
        """Those of a camera that were not taken away, in the order they were drawn."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(MASKS)
                .where(MASKS.c.camera == camera, _NOT_REMOVED)
                .order_by(MASKS.c.drawn_ns, MASKS.c.id)
            ).all()
        return tuple(self._mask(row) for row in rows)

    def masking(self, camera: CameraId) -> Masking:
        """What is covered of a camera; DamagedError rather than less than that."""
        return masking(self.masks(camera))

    def masked_cameras(self) -> frozenset[CameraId]:
        """Those of which anything is covered."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(MASKS.c.camera).where(_NOT_REMOVED).distinct())
            return frozenset(CameraId(row.camera) for row in rows)

    def draw_mask(
        self,
        camera: CameraId,
        name: str,
        polygon: Sequence[Point],
        from_ns: int | None,
        until_ns: int | None,
        by: str,
        reason: str,
        into_camera: bool = False,
    ) -> Mask:
        """Cover a part of a camera's picture from now on, of all footage between the two times."""
        corners = checked_corners(polygon, "A mask")
        if from_ns is not None and until_ns is not None and until_ns <= from_ns:
            raise UsageError("The mask would end before it begins: give a later end.")
        mask = Mask(
            MaskId(random_id()), camera, _name(name), corners, from_ns, until_ns,
            self._clock.wall_ns(), by, reason.strip(), into_camera,
        )  # fmt: skip
        with self._database.write() as connection:
            of_camera = sa.select(sa.func.count()).where(MASKS.c.camera == camera, _NOT_REMOVED)
            if (connection.scalar(of_camera) or 0) >= MOST_MASKS:
                raise RefusedError(f"A camera has at most {MOST_MASKS} masks: take one away first.")
            values = msgspec.structs.asdict(mask)
            values["polygon"] = msgspec.json.encode(corners).decode()
            connection.execute(sa.insert(MASKS).values(**values))
        return mask

    def end_mask(
        self, camera: CameraId, mask: MaskId, until_ns: int | None, by: str, reason: str
    ) -> None:
        """Let it cover nothing that is recorded from ``until_ns`` on; None: nothing at all.

        NotFoundError for one that is not there, or not any more.
        """
        if not reason.strip():
            raise UsageError("Taking a mask away needs a reason: it is kept, with who did it.")
        values: dict[str, object] = {"until_ns": until_ns}
        if until_ns is None:
            values = {
                "removed_ns": self._clock.wall_ns(), "removed_by": by,
                "removed_reason": reason.strip(),
            }  # fmt: skip
        one = (MASKS.c.id == mask, MASKS.c.camera == camera, _NOT_REMOVED)
        with self._database.write() as connection:
            found = connection.execute(sa.select(MASKS).where(*one)).first()
            if found is None:
                raise NotFoundError("This camera has no such mask: see 'watchglass mask list'.")
            if until_ns is not None and found.from_ns is not None and until_ns <= found.from_ns:
                raise UsageError("The mask would end before it begins: take it away altogether.")
            connection.execute(sa.update(MASKS).where(*one).values(**values))

    def camera_masks(self, camera: CameraId) -> tuple[CameraMask, ...]:
        """Those that the camera itself is to cover, and those that it is to cover no longer."""
        concerns = (MASKS.c.into_camera & _NOT_REMOVED) | (MASKS.c.in_camera != "")
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(MASKS)
                .where(MASKS.c.camera == camera, concerns)
                .order_by(MASKS.c.drawn_ns, MASKS.c.id)
            ).all()
        now_ns = self._clock.wall_ns()
        return tuple(
            CameraMask(
                mask.id, mask.polygon, mask.in_camera,
                wanted=mask.into_camera and row.removed_ns is None
                and (mask.until_ns is None or mask.until_ns > now_ns),
            )
            for row in rows
            for mask in (self._mask(row),)
        )  # fmt: skip

    def set_in_camera(self, camera: CameraId, tokens: Mapping[MaskId, str], problem: str) -> None:
        """What the camera covers by now."""
        with self._database.write() as connection:
            for mask, token in tokens.items():
                connection.execute(
                    sa.update(MASKS)
                    .where(MASKS.c.id == mask, MASKS.c.camera == camera)
                    .values(in_camera=token, camera_problem="" if token else problem)
                )

    def _mask(self, row: sa.Row[tuple[object, ...]]) -> Mask:
        values = {key: row._mapping[key] for key in Mask.__struct_fields__}
        try:
            values["polygon"] = checked_corners(_POLYGON.decode(values["polygon"]), "A mask")
            return msgspec.convert(values, Mask)
        except (msgspec.MsgspecError, UsageError):
            # Less than was drawn must never be taken for all of it.
            raise self._database.damaged(f"the mask {row.id} cannot be read") from None


def _name(name: str) -> str:
    cleaned = " ".join("".join(each if each.isprintable() else " " for each in name).split())
    if not cleaned or len(cleaned) > MOST_NAME:
        raise UsageError(f"A mask has a name of 1 to {MOST_NAME} characters, such as 'pavement'.")
    return cleaned
