"""What the operator has set up: cameras, volumes and a few settings.

A camera's password lies here sealed and is opened only for who asks for it. A removed camera's row
stays, without its credentials, because footage and ledgers still name its id.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.base.ids import CameraId, VolumeId, is_id, random_id
from watchglass.model.camera import (
    Camera,
    CameraState,
    Credentials,
    OnvifAddress,
    StreamAddress,
    Transport,
)
from watchglass.model.retention import Kept
from watchglass.model.stream import StreamName
from watchglass.store.database import Database, Synchronous
from watchglass.store.kept_reading import KeptReading
from watchglass.store.site_areas import SiteAreas
from watchglass.store.site_devices import SiteDevices, put_first_device
from watchglass.store.site_erasures import SiteErasures
from watchglass.store.site_input import checked_hours, checked_streams, clean_name, shown
from watchglass.store.site_masks import SiteMasks
from watchglass.store.site_onvif import COLUMNS as ONVIF_COLUMNS
from watchglass.store.site_onvif import onvif_of, put_onvif
from watchglass.store.site_restreams import SiteRestreams
from watchglass.store.site_rules import SiteRules
from watchglass.store.site_settings import SiteSettings
from watchglass.store.site_stated import SiteStated
from watchglass.store.site_streams import (
    COLUMNS,
    insert_streams,
    keep_stream_for,
    move_streams,
    stream_of,
    trust_key,
)
from watchglass.store.site_tables import ACTIVE, CAMERAS, ONVIF, SCHEMA, STREAMS, VOLUMES
from watchglass.store.site_volumes import SiteVolumes
from watchglass.store.vault import Vault

PREFIX_LEAST = 4
_COLUMNS = {Kept.CONTINUOUS: "retention_h", Kept.EVENTS: "events_h"}


class SiteStore(
    SiteVolumes,
    SiteSettings,
    SiteStated,
    SiteMasks,
    SiteAreas,
    SiteRules,
    SiteDevices,
    SiteErasures,
    SiteRestreams,
):
    """Cameras, volumes, masks, areas, rules, erasures, settings. Thread-safe; each method is one
    transaction.

    Besides what its methods name, each raises what ``Database`` does. A name, address, user or
    number that cannot be is UsageError; a camera or volume that is not there is NotFoundError.
    """

    def __init__(self, path: Path, vault: Vault, clock: Clock, disk: Disk | None = None) -> None:
        self._vault = vault
        self._clock = clock
        self._database = Database(
            path,
            SCHEMA,
            synchronous=Synchronous.FULL,
            disk=disk,
            check=True,  # a few kilobytes, and nobody can rebuild them
            erase_deleted=True,
        )
        self._active = KeptReading(self._database, self._active_of)
        self._schedules = KeptReading(self._database, self._schedules_of)
        self._holds = KeptReading(self._database, self._holds_of)
        self._subjects = KeptReading(self._database, self._subjects_of)
        self._restreams = KeptReading(self._database, self._restreams_of)

    def close(self) -> None:
        self._database.close()

    @property
    def path(self) -> Path:
        """The file, in which others have tables too."""
        return self._database.path

    # --- cameras: reading ------------------------------------------------------------------

    def camera(self, camera: CameraId, *, with_credentials: bool = True) -> Camera:
        """One camera, removed or not."""
        with self._database.read() as connection:
            rows = self._rows(connection, CAMERAS.c.id == camera)
        if not rows:
            raise _no_camera(camera)
        return self._camera(rows, with_credentials=with_credentials)

    def cameras(
        self, include_removed: bool = False, *, with_credentials: bool = True
    ) -> tuple[Camera, ...]:
        """All cameras in the order they were added.

        One password that does not open fails the whole call; where one camera must not stop the
        others, list without credentials and open each with ``camera``.
        """
        if not include_removed and not with_credentials:
            return self._active()
        with self._database.read() as connection:
            rows = self._rows(connection, sa.true() if include_removed else ACTIVE)
        return self._cameras(rows, with_credentials=with_credentials)

    def user_of(self, camera: CameraId) -> str:
        """As whom the camera is signed in to; empty for nobody. Opens no password."""
        with self._database.read() as connection:
            return connection.scalar(sa.select(CAMERAS.c.user).filter_by(id=camera)) or ""

    def find_camera(self, text: str, *, with_credentials: bool = True) -> Camera:
        """The camera, not removed, that a person means by an id, its first digits or a name.

        UsageError, with a list, when several could be meant.
        """
        wanted = text.strip()
        cameras = self.cameras(with_credentials=False)
        found = [camera for camera in cameras if camera.id == wanted.lower()] or [
            camera
            for camera in cameras
            if camera.name == unicodedata.normalize("NFC", wanted)
            or (len(wanted) >= PREFIX_LEAST and camera.id.startswith(wanted.lower()))
        ]
        if not found:
            raise NotFoundError(
                f"No camera has the name or id {shown(wanted)}: see 'watchglass camera list' "
                f"(an id may be cut to {PREFIX_LEAST} digits or more)."
            )
        if len(found) > 1:
            listed = ", ".join(f"{shown(camera.name)} ({camera.id[:12]})" for camera in found)
            raise UsageError(f"{shown(wanted)} could be {listed}: give more digits of the id.")
        return self.camera(found[0].id) if with_credentials else found[0]

    # --- cameras: changing -----------------------------------------------------------------

    def add_camera(
        self,
        name: str,
        streams: Iterable[StreamAddress],
        volume: VolumeId,
        *,
        credentials: Credentials | None = None,
        sound: bool = False,
        state: CameraState = CameraState.ENABLED,
        retention_h: int | None = None,
        camera_id: CameraId | None = None,
        onvif: OnvifAddress | None = None,
        device: str = "",
    ) -> Camera:
        """A new camera, added now, with a new id unless one is given. ``device``: what it says it
        is."""
        camera = Camera(
            id=camera_id or CameraId(random_id()),
            name=clean_name(name),
            streams=checked_streams(streams),
            volume=volume,
            state=state,
            added_ns=self._clock.wall_ns(),
            sound=sound,
            credentials=credentials,
            retention_h=checked_hours(retention_h),
            onvif=onvif,
        )
        if not is_id(camera.id) or state is CameraState.REMOVED:
            raise UsageError(
                "A new camera needs an id of 32 hexadecimal digits and is not removed."
            )
        with self._database.write() as connection:
            _refuse_second(connection, camera.name, camera.id)
            if connection.scalar(sa.select(VOLUMES.c.id).filter_by(id=volume)) is None:
                raise NotFoundError(f"No volume has the id {shown(volume)}: add the volume first.")
            if connection.scalar(sa.select(CAMERAS.c.id).filter_by(id=camera.id)) is not None:
                raise UsageError(f"A camera with the id {camera.id} is there already.")
            connection.execute(
                sa.insert(CAMERAS).values(
                    id=camera.id,
                    name=camera.name,
                    volume=volume,
                    state=state.value,
                    added_ns=camera.added_ns,
                    sound=sound,
                    retention_h=retention_h,
                    **self._sealed(connection, camera.id, credentials),
                )
            )
            insert_streams(connection, camera.id, camera.streams)
            put_onvif(connection, camera.id, onvif)
            put_first_device(connection, camera, device)
        return camera

    def set_state(
        self, camera: CameraId, state: CameraState, paused_until_ns: int | None = None
    ) -> None:
        """Enable, disable or pause (until UTC ``paused_until_ns``, or until enabled again)."""
        if state is CameraState.REMOVED:
            raise UsageError("A camera is removed with its own command, which erases its password.")
        if paused_until_ns is not None and state is not CameraState.PAUSED:
            raise UsageError("Only a pause has an end: leave the time out, or pause the camera.")
        self._change(camera, state=state.value, paused_until_ns=paused_until_ns)

    def set_sound(self, camera: CameraId, sound: bool) -> None:
        """Whether the camera's sound is kept from now on."""
        self._change(camera, sound=sound)

    def set_analysis(self, camera: CameraId, on: bool, priority: int) -> None:
        """Whether its pictures are looked at, and how much longer than others under load."""
        self._change(camera, analysis=on, priority=priority)

    def set_retention(
        self,
        camera: CameraId,
        retention_h: int | None,
        stream: StreamName | None = None,
        kind: Kept = Kept.CONTINUOUS,
    ) -> None:
        """How long the camera's footage is kept, in hours; None for the site's default.

        With ``stream`` that of one stream alone; None for the camera's.
        """
        column = _COLUMNS[kind]
        value = {column: checked_hours(retention_h)}
        if stream is None:
            self._change(camera, **value)
            return
        with self._database.write() as connection:
            keep_stream_for(connection, camera, stream, value)

    def trust_key(self, camera: CameraId, fingerprint: str) -> None:
        """From now on the camera has to prove that it has this key, over TLS."""
        with self._database.write() as connection:
            trust_key(connection, camera, fingerprint)

    def rename(self, camera: CameraId, name: str) -> None:
        """Give the camera another name; nothing moves on disk."""
        cleaned = clean_name(name)
        with self._database.write() as connection:
            _refuse_second(connection, cleaned, camera)
            _update(connection, camera, {"name": cleaned})

    def set_credentials(self, camera: CameraId, credentials: Credentials | None) -> None:
        """Replace user and password, or erase them with None."""
        with self._database.write() as connection:
            _update(connection, camera, self._sealed(connection, camera, credentials))

    def remove_camera(self, camera: CameraId, *, erase: bool = False) -> None:
        """Mark it removed and erase its credentials; the row stays, and all footage until its time.

        ``erase``: its footage is to go at once.
        """
        self._change(
            camera,
            state=CameraState.REMOVED.value,
            paused_until_ns=None,
            user=None,
            sealed_password=None,
            erase=erase,
        )

    def to_be_erased(self) -> frozenset[CameraId]:
        """The removed cameras whose footage goes at once."""
        asked = sa.select(CAMERAS.c.id).where(CAMERAS.c.erase.is_(True))
        with self._database.read() as connection:
            return frozenset(map(CameraId, connection.scalars(asked)))

    def move_streams(
        self, camera: CameraId, urls: Mapping[StreamName, str], transport: Transport | None
    ) -> None:
        """Have the camera's streams at other addresses; or by another transport.

        Streams that are not named stay where they are. UsageError for one that it does not have.
        """
        checked_streams(
            replace(each, url=urls.get(each.stream, each.url))
            for each in self.camera(camera, with_credentials=False).streams
        )
        with self._database.write() as connection:
            move_streams(connection, camera, urls, transport)

    def erase_credentials(self) -> int:
        """Erase every camera's user and password, where their key is lost; how many there were."""
        with self._database.write() as connection:
            return connection.execute(
                sa.update(CAMERAS)
                .where(CAMERAS.c.sealed_password.is_not(None))
                .values(user=None, sealed_password=None)
            ).rowcount

    def move_camera(self, camera: CameraId, volume: VolumeId) -> None:
        """Record a camera to another volume from now on."""
        self._change(camera, volume=volume)

    # --- inside ----------------------------------------------------------------------------

    def _change(self, camera: CameraId, **values: object) -> None:
        with self._database.write() as connection:
            _update(connection, camera, values)

    def _rows(
        self, connection: sa.Connection, which: sa.ColumnElement[bool]
    ) -> list[Mapping[str, Any]]:
        """A row for each camera and stream, cameras in the order they were added."""
        query = (
            sa.select(CAMERAS, *COLUMNS, *ONVIF_COLUMNS)
            .outerjoin_from(CAMERAS, STREAMS)
            .outerjoin(ONVIF, ONVIF.c.camera == CAMERAS.c.id)
            .where(which)
            .order_by(CAMERAS.c.added_ns, CAMERAS.c.id, STREAMS.c.stream)
        )
        return [dict(row) for row in connection.execute(query).mappings()]

    def _active_of(self, connection: sa.Connection) -> tuple[Camera, ...]:
        return self._cameras(self._rows(connection, ACTIVE), with_credentials=False)

    def _cameras(
        self, rows: list[Mapping[str, Any]], *, with_credentials: bool
    ) -> tuple[Camera, ...]:
        return tuple(
            self._camera(list(of_one), with_credentials=with_credentials)
            for _, of_one in groupby(rows, lambda row: row["id"])
        )

    def _camera(self, rows: list[Mapping[str, Any]], *, with_credentials: bool) -> Camera:
        row = rows[0]
        try:
            return Camera(
                id=CameraId(row["id"]),
                name=row["name"],
                streams=tuple(map(stream_of, rows)),
                volume=VolumeId(row["volume"]),
                state=CameraState(row["state"]),
                added_ns=row["added_ns"],
                paused_until_ns=row["paused_until_ns"],
                sound=row["sound"],
                credentials=self._opened(row) if with_credentials else None,
                retention_h=row["retention_h"],
                events_h=row["events_h"],
                onvif=onvif_of(row),
                device_no=row["device_no"],
                analysis=row["analysis"],
                priority=row["priority"],
            )
        except ValueError as error:
            raise self._database.damaged(f"camera {shown(row['id'])}: {error}") from error

    def _opened(self, row: Mapping[str, Any]) -> Credentials | None:
        if row["sealed_password"] is None:
            return None
        password = self._vault.open(row["sealed_password"], _password_of(row["id"]))
        return Credentials(row["user"] or "", password)

    def _sealed(
        self, connection: sa.Connection, camera: CameraId, credentials: Credentials | None
    ) -> dict[str, object]:
        if credentials is None:
            return {"user": None, "sealed_password": None}
        if not credentials.user.isprintable():
            raise UsageError("The camera's user name holds a character that cannot be printed.")
        if not self._vault.has_key():
            # A new key now would make the passwords sealed with the old one look tampered with.
            others = connection.scalar(
                sa.select(sa.func.count()).where(CAMERAS.c.sealed_password.is_not(None))
            )
            if others:
                raise DamagedError(
                    f"The key file {self._vault.key_path} is missing, and the passwords of "
                    f"{others} cameras are sealed with it: put it back from a backup; if it is "
                    "lost, erase the passwords first and give them again."
                )
        sealed = self._vault.seal(credentials.password, _password_of(camera))
        return {"user": credentials.user, "sealed_password": sealed}


def _password_of(camera: str) -> str:
    return f"camera/{camera}/password"


def _no_camera(camera: CameraId) -> NotFoundError:
    return NotFoundError(f"No camera has the id {shown(camera)}: see 'watchglass camera list'.")


def _refuse_second(connection: sa.Connection, name: str, camera: CameraId) -> None:
    same = sa.select(CAMERAS.c.id).where(ACTIVE, CAMERAS.c.name == name, CAMERAS.c.id != camera)
    if connection.scalar(same) is not None:
        raise UsageError(f"A camera named {shown(name)} is there already: choose another name.")


def _update(connection: sa.Connection, camera: CameraId, values: Mapping[str, object]) -> None:
    """Change a camera that is there and not removed."""
    state = connection.scalar(sa.select(CAMERAS.c.state).filter_by(id=camera))
    if state is None:
        raise _no_camera(camera)
    if state == CameraState.REMOVED.value:
        raise NotFoundError(f"The camera {camera} was removed: add it again to use it.")
    connection.execute(sa.update(CAMERAS).where(CAMERAS.c.id == camera).values(**values))
