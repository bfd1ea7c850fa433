"""Which devices have stood behind a camera, and since when."""

from abc import abstractmethod
from urllib.parse import urlsplit

import sqlalchemy as sa

from watchglass.base.ids import CameraId
from watchglass.model.camera import BehindCamera, Camera, Credentials, OnvifAddress, StreamAddress
from watchglass.store.database import Database
from watchglass.store.site_input import checked_streams
from watchglass.store.site_onvif import put_onvif
from watchglass.store.site_streams import swap_streams
from watchglass.store.site_tables import CAMERAS, DEVICES, MASKS

_MOST_CHARS = 500
_OF_DEVICE = ("number", "since_ns", "identity", "host", "by", "reason")


def put_first_device(connection: sa.Connection, camera: Camera, identity: str) -> None:
    """The one that the camera was added with."""
    first = BehindCamera(1, camera.added_ns, identity, _host_of(camera.streams))
    _put(connection, camera.id, first, in_ledger=True)


class SiteDevices:
    """Devices behind cameras: a part of ``SiteStore``, whose rules for errors hold."""

    _database: Database

    @abstractmethod
    def camera(self, camera: CameraId, *, with_credentials: bool = True) -> Camera: ...

    @abstractmethod
    def _sealed(
        self, connection: sa.Connection, camera: CameraId, credentials: Credentials | None
    ) -> dict[str, object]: ...

    def devices_behind(self, camera: CameraId) -> tuple[BehindCamera, ...]:
        """All that have stood in its place, the first first; the last is the one of now.

        Of a camera that was added before this was kept, the first is not known and not told.
        """
        asked = sa.select(*(DEVICES.c[name] for name in _OF_DEVICE)).where(
            DEVICES.c.camera == camera
        )
        with self._database.read() as connection:
            rows = connection.execute(asked.order_by(DEVICES.c.number))
            return tuple(BehindCamera(*row) for row in rows)

    def untold_devices(self) -> dict[CameraId, tuple[BehindCamera, ...]]:
        """Those that the ledger may not tell of yet."""
        asked = sa.select(DEVICES.c.camera).where(DEVICES.c.in_ledger.is_(False)).distinct()
        with self._database.read() as connection:
            cameras = [CameraId(each) for each in connection.scalars(asked)]
            untold = {
                (row.camera, row.number)
                for row in connection.execute(
                    sa.select(DEVICES.c.camera, DEVICES.c.number)
                    .where(DEVICES.c.in_ledger.is_(False))
                )
            }  # fmt: skip
        return {
            each: tuple(
                device for device in self.devices_behind(each) if (each, device.number) in untold
            )
            for each in cameras
        }

    def told_of_device(self, camera: CameraId, number: int) -> None:
        """The ledger tells of it."""
        of_it = (DEVICES.c.camera == camera, DEVICES.c.number == number)
        with self._database.write() as connection:
            connection.execute(sa.update(DEVICES).where(*of_it).values(in_ledger=True))

    def swap_device(
        self,
        camera: Camera,
        device: BehindCamera,
        streams: tuple[StreamAddress, ...],
        credentials: Credentials | None,
        onvif: OnvifAddress | None,
    ) -> None:
        """Have another device behind a camera. Its name, areas, rules, rights, masks and how long
        it is kept stay; what the device before covered itself, this one does not yet."""
        checked_streams(streams)
        with self._database.write() as connection:
            known = sa.select(DEVICES.c.number).filter_by(camera=camera.id)
            if connection.scalar(known.limit(1)) is None:
                put_first_device(connection, camera, "")
            swap_streams(connection, camera.id, streams)
            put_onvif(connection, camera.id, onvif)
            _put(connection, camera.id, device, in_ledger=False)
            connection.execute(
                sa.update(CAMERAS)
                .where(CAMERAS.c.id == camera.id)
                .values(
                    device_no=device.number, **self._sealed(connection, camera.id, credentials)
                )
            )  # fmt: skip
            connection.execute(
                sa.update(MASKS).where(MASKS.c.camera == camera.id)
                .values(in_camera="", camera_problem="")
            )  # fmt: skip


def _put(
    connection: sa.Connection, camera: CameraId, device: BehindCamera, *, in_ledger: bool
) -> None:
    row = {name: getattr(device, name) for name in _OF_DEVICE}
    row["identity"], row["host"] = device.identity[:_MOST_CHARS], device.host[:_MOST_CHARS]
    connection.execute(sa.insert(DEVICES).values(camera=camera, in_ledger=in_ledger, **row))


def _host_of(streams: tuple[StreamAddress, ...]) -> str:
    try:
        return urlsplit(streams[0].url).hostname or "" if streams else ""
    except ValueError:
        return ""
