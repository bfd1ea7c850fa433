"""The masks, areas and rules of a recorded site's cameras, in a database as the recorder has it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from watchglass.app.masks import draw_mask, end_mask
from watchglass.app.watching import Watching
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.act import ActKind
from watchglass.model.control import DrawMaskRequest, EndMaskRequest
from watchglass.model.mask import Mask, Masking
from watchglass.model.polygon import Point
from watchglass.model.watch_control import WatchRequest
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

LEFT: tuple[Point, ...] = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


class MaskDesk:
    """``notes`` is what the ledger was told."""

    def __init__(self, folder: Path, clock: Clock, cameras: Sequence[CameraId]) -> None:
        folder.mkdir(parents=True)
        vault = Vault.load_or_create(folder / "keys" / "secrets", Disk())
        path = folder / "site.db"
        self.store = SiteStore(path, vault, clock)
        self.store.add_volume(VolumeId("b" * 32), folder / "media")
        # Their ids are those of the recordings.
        with closing(sqlite3.connect(path)) as database:
            for camera in cameras:
                database.execute(
                    "INSERT INTO cameras (id, name, volume, state, added_ns, sound)"
                    " VALUES (?, ?, ?, 'enabled', 0, 0)",
                    (camera, camera, "b" * 32),
                )
                database.execute(
                    "INSERT INTO camera_streams (camera, stream, url) VALUES (?, 'main', ?)",
                    (camera, "rtsp://10.0.0.7/"),
                )
            database.commit()
        self.notes: list[tuple[ActKind, CameraId, str, str]] = []
        self.broken = False
        """The database cannot be read."""

        self.watching = Watching(self.store, self.note, clock, lambda: None)

    def note(self, kind: ActKind, camera: CameraId, by: str, detail: str) -> None:
        self.notes.append((kind, camera, by, detail))

    def carry_out(self, order: DrawMaskRequest | EndMaskRequest) -> CameraId:
        if isinstance(order, DrawMaskRequest):
            return draw_mask(self.store, self.note, order)
        return end_mask(self.store, self.note, order)

    def watch(self, order: WatchRequest) -> CameraId:
        return self.watching.carry_out(order)

    def draw(
        self, camera: CameraId, polygon: Sequence[Point] = LEFT, from_ns: int | None = None
    ) -> Mask:
        """As the command line draws one."""
        return self.store.draw_mask(camera, "window", polygon, from_ns, None, "me", "")

    def masks(self, camera: CameraId) -> Sequence[Mask]:
        return self.store.masks(camera)

    def masking(self, camera: CameraId) -> Masking:
        if self.broken:
            raise self.store._database.damaged("it is a test")
        return self.store.masking(camera)

    def masked_cameras(self) -> frozenset[CameraId]:
        return self.store.masked_cameras()
