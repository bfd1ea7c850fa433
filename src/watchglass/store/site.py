"""What the operator has set up: cameras, volumes and a few settings.

A camera's password lies here sealed and is opened only for who asks for it. A removed camera's row
stays, without its credentials, because footage and ledgers still name its id.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError, UsageError
from watchglass.base.ids import CameraId, VolumeId, is_id, random_id
from watchglass.model.camera import Camera, CameraState, Credentials, StreamAddress
from watchglass.model.stream import StreamName
from watchglass.store.country import SAME_COUNTRY, default_retention_h
from watchglass.store.database import Database, Synchronous
from watchglass.store.site_tables import (
    ACTIVE,
    CAMERAS,
    NAME_MOST,
    SCHEMA,
    SETTINGS,
    STREAMS,
    VOLUMES,
)
from watchglass.store.vault import Vault

PREFIX_LEAST = 4
RETENTION_MOST_H = 10 * 366 * 24


@dataclass(frozen=True, slots=True)
class VolumeEntry:
    """A volume as the operator named it; ``created_ns`` is UTC. A ``draining`` one gets no more."""

    id: VolumeId
    path: Path
    created_ns: int
    draining: bool = False


class SiteStore:
    """Cameras, volumes and settings. Thread-safe; each method is one transaction.

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

    def close(self) -> None:
        self._database.close()

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
        with self._database.read() as connection:
            rows = self._rows(connection, sa.true() if include_removed else ACTIVE)
        return tuple(
            self._camera(list(of_one), with_credentials=with_credentials)
            for _, of_one in groupby(rows, lambda row: row["id"])
        )

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
                f"No camera has the name or id {_shown(wanted)}: see 'watchglass camera list' "
                f"(an id may be cut to {PREFIX_LEAST} digits or more)."
            )
        if len(found) > 1:
            listed = ", ".join(f"{_shown(camera.name)} ({camera.id[:12]})" for camera in found)
            raise UsageError(f"{_shown(wanted)} could be {listed}: give more digits of the id.")
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
    ) -> Camera:
        """A new camera, added now, with a new id unless one is given."""
        camera = Camera(
            id=camera_id or CameraId(random_id()),
            name=clean_name(name),
            streams=_checked_streams(streams),
            volume=volume,
            state=state,
            added_ns=self._clock.wall_ns(),
            sound=sound,
            credentials=credentials,
            retention_h=_checked_hours(retention_h),
        )
        if not is_id(camera.id) or state is CameraState.REMOVED:
            raise UsageError(
                "A new camera needs an id of 32 hexadecimal digits and is not removed."
            )
        with self._database.write() as connection:
            _refuse_second(connection, camera.name, camera.id)
            if connection.scalar(sa.select(VOLUMES.c.id).filter_by(id=volume)) is None:
                raise NotFoundError(f"No volume has the id {_shown(volume)}: add the volume first.")
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
            connection.execute(
                sa.insert(STREAMS),
                [
                    {"camera": camera.id, "stream": address.stream.value, "url": address.url}
                    for address in camera.streams
                ],
            )
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

    def set_retention(
        self, camera: CameraId, retention_h: int | None, stream: StreamName | None = None
    ) -> None:
        """How long the camera's footage is kept, in hours; None for the site's default.

        With ``stream`` that of one stream alone; None for the camera's.
        """
        hours = _checked_hours(retention_h)
        if stream is None:
            self._change(camera, retention_h=hours)
            return
        of_stream = (STREAMS.c.camera == camera, STREAMS.c.stream == stream.value)
        with self._database.write() as connection:
            change = sa.update(STREAMS).where(*of_stream).values(retention_h=hours)
            if not connection.execute(change).rowcount:
                raise NotFoundError(f"The camera has no stream {stream}.")

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

    def remove_camera(self, camera: CameraId) -> None:
        """Mark it removed and erase its credentials; the row, and all footage, stays."""
        self._change(
            camera,
            state=CameraState.REMOVED.value,
            paused_until_ns=None,
            user=None,
            sealed_password=None,
        )

    def erase_credentials(self) -> int:
        """Erase every camera's user and password, where their key is lost; how many there were."""
        with self._database.write() as connection:
            return connection.execute(
                sa.update(CAMERAS)
                .where(CAMERAS.c.sealed_password.is_not(None))
                .values(user=None, sealed_password=None)
            ).rowcount

    # --- volumes ---------------------------------------------------------------------------

    def volumes(self) -> tuple[VolumeEntry, ...]:
        """All volumes in the order they were added."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(VOLUMES).order_by(VOLUMES.c.created_ns, VOLUMES.c.id)
            ).all()
        return tuple(_volume(row) for row in rows)

    def add_volume(self, volume: VolumeId, path: Path) -> VolumeEntry:
        """Note a volume by the id in its ``volume.json``; the same again changes nothing."""
        if not is_id(volume) or not path.is_absolute() or not str(path).isprintable():
            raise UsageError(
                f"A volume needs an id and an absolute path of printable text, not {_shown(path)}."
            )
        with self._database.write() as connection:
            taken = connection.execute(
                sa.select(VOLUMES).where(
                    sa.or_(VOLUMES.c.id == volume, VOLUMES.c.path == str(path))
                )
            ).first()
            if taken is None:
                entry = VolumeEntry(volume, path, self._clock.wall_ns())
                connection.execute(
                    sa.insert(VOLUMES).values(
                        id=volume, path=str(path), created_ns=entry.created_ns
                    )
                )
                return entry
        if (taken.id, taken.path) != (volume, str(path)):
            raise UsageError(f"The volume {taken.id} is already set up at {taken.path}.")
        return _volume(taken)

    def drain_volume(self, volume: VolumeId) -> None:
        """Say that nothing more is to be recorded to a volume."""
        with self._database.write() as connection:
            connection.execute(
                sa.update(VOLUMES).where(VOLUMES.c.id == volume).values(draining=True)
            )

    def forget_volume(self, volume: VolumeId) -> None:
        """Forget a volume that no camera is recorded to; another has to be there."""
        with self._database.write() as connection:
            used = connection.scalar(
                sa.select(CAMERAS.c.name).where(ACTIVE, CAMERAS.c.volume == volume)
            )
            other = connection.scalar(sa.select(VOLUMES.c.id).where(VOLUMES.c.id != volume))
            if used is not None or other is None:
                raise UsageError("Cameras are recorded to that volume: drain it first.")
            # Rows of removed cameras stay, and have to name a volume that is there.
            connection.execute(
                sa.update(CAMERAS).where(CAMERAS.c.volume == volume).values(volume=other)
            )
            connection.execute(sa.delete(VOLUMES).where(VOLUMES.c.id == volume))

    def move_camera(self, camera: CameraId, volume: VolumeId) -> None:
        """Record a camera to another volume from now on."""
        self._change(camera, volume=volume)

    # --- settings --------------------------------------------------------------------------

    def setting(self, key: str) -> str | None:
        """A setting's text; None while it is not set. Known ones have methods of their own."""
        with self._database.read() as connection:
            found: str | None = connection.scalar(sa.select(SETTINGS.c.value).filter_by(key=key))
            return found

    def set_setting(self, key: str, value: str | None) -> None:
        """Set a setting's text, or unset it with None."""
        with self._database.write() as connection:
            connection.execute(sa.delete(SETTINGS).where(SETTINGS.c.key == key))
            if value is not None:
                connection.execute(sa.insert(SETTINGS).values(key=key, value=value))

    def country(self) -> str | None:
        """The country whose rules hold, in two letters of ISO 3166; None while not stated."""
        return self.setting("country")

    def set_country(self, country: str | None) -> None:
        """State the country, or withdraw it with None."""
        if country is not None:
            country = country.strip().upper()
            if len(country) != 2 or not (country.isascii() and country.isalpha()):
                raise UsageError(f"A country is two letters, such as DE, not {_shown(country)}.")
        self.set_setting("country", SAME_COUNTRY.get(country or "", country))

    def default_retention_h(self) -> int:
        """How long footage is kept where a camera says nothing else, in hours.

        What was set; else 72 in the EEA and 336 elsewhere, or while no country is stated.
        """
        stated = self.setting("retention_h")
        if stated is None:
            return default_retention_h(self.country())
        try:
            return int(stated)
        except ValueError:
            raise self._database.damaged(f"its retention is {_shown(stated)}") from None

    def set_default_retention_h(self, retention_h: int | None) -> None:
        """Set the default for all cameras, or go back to the country's with None."""
        checked = _checked_hours(retention_h)
        self.set_setting("retention_h", None if checked is None else str(checked))

    # --- inside ----------------------------------------------------------------------------

    def _change(self, camera: CameraId, **values: object) -> None:
        with self._database.write() as connection:
            _update(connection, camera, values)

    def _rows(
        self, connection: sa.Connection, which: sa.ColumnElement[bool]
    ) -> list[Mapping[str, Any]]:
        """A row for each camera and stream, cameras in the order they were added."""
        query = (
            sa.select(
                CAMERAS, STREAMS.c.stream, STREAMS.c.url, STREAMS.c.retention_h.label("hours")
            )
            .outerjoin_from(CAMERAS, STREAMS)
            .where(which)
            .order_by(CAMERAS.c.added_ns, CAMERAS.c.id, STREAMS.c.stream)
        )
        return [dict(row) for row in connection.execute(query).mappings()]

    def _camera(self, rows: list[Mapping[str, Any]], *, with_credentials: bool) -> Camera:
        row = rows[0]
        try:
            return Camera(
                id=CameraId(row["id"]),
                name=row["name"],
                streams=tuple(_address(r) for r in rows),
                volume=VolumeId(row["volume"]),
                state=CameraState(row["state"]),
                added_ns=row["added_ns"],
                paused_until_ns=row["paused_until_ns"],
                sound=row["sound"],
                credentials=self._opened(row) if with_credentials else None,
                retention_h=row["retention_h"],
            )
        except ValueError as error:
            raise self._database.damaged(f"camera {_shown(row['id'])}: {error}") from error

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


def _volume(row: Any) -> VolumeEntry:
    return VolumeEntry(VolumeId(row.id), Path(row.path), row.created_ns, row.draining)


def _address(row: Mapping[str, Any]) -> StreamAddress:
    return StreamAddress(StreamName(row["stream"]), row["url"], row["hours"])


def clean_name(text: str) -> str:
    """A camera's name as it is kept: trimmed, NFC, any kind of space a plain one.

    UsageError unless 1 to 100 printable characters are left; what is invisible or turns the
    direction of writing is not printable, so that no name can pose as another.
    """
    plain = "".join(" " if unicodedata.category(sign) == "Zs" else sign for sign in text)
    name = unicodedata.normalize("NFC", plain).strip(" ")
    if not 1 <= len(name) <= NAME_MOST:
        raise UsageError(f"A camera's name has 1 to {NAME_MOST} characters, not {len(name)}.")
    for sign in name:
        if not sign.isprintable():
            raise UsageError(
                f"A camera's name cannot hold U+{ord(sign):04X}, a character that does not print."
            )
    return name


def _password_of(camera: str) -> str:
    return f"camera/{camera}/password"


def _shown(text: object) -> str:
    """Hostile text for a sentence: quoted, escaped, cut."""
    quoted = repr(str(text))
    return quoted if len(quoted) <= NAME_MOST + 2 else f"{quoted[:NAME_MOST]}…'"


def _no_camera(camera: CameraId) -> NotFoundError:
    return NotFoundError(f"No camera has the id {_shown(camera)}: see 'watchglass camera list'.")


def _refuse_second(connection: sa.Connection, name: str, camera: CameraId) -> None:
    same = sa.select(CAMERAS.c.id).where(ACTIVE, CAMERAS.c.name == name, CAMERAS.c.id != camera)
    if connection.scalar(same) is not None:
        raise UsageError(f"A camera named {_shown(name)} is there already: choose another name.")


def _update(connection: sa.Connection, camera: CameraId, values: Mapping[str, object]) -> None:
    """Change a camera that is there and not removed."""
    state = connection.scalar(sa.select(CAMERAS.c.state).filter_by(id=camera))
    if state is None:
        raise _no_camera(camera)
    if state == CameraState.REMOVED.value:
        raise NotFoundError(f"The camera {camera} was removed: add it again to use it.")
    connection.execute(sa.update(CAMERAS).where(CAMERAS.c.id == camera).values(**values))


def _checked_hours(hours: int | None) -> int | None:
    if hours is not None and not 1 <= hours <= RETENTION_MOST_H:
        raise UsageError(f"Retention is 1 to {RETENTION_MOST_H} hours, not {hours}.")
    return hours


def _checked_streams(streams: Iterable[StreamAddress]) -> tuple[StreamAddress, ...]:
    """Main stream first, each once, none with a password in it."""
    ordered = tuple(sorted(streams, key=lambda address: address.stream.number))
    names = [address.stream for address in ordered]
    if StreamName.MAIN not in names or len(set(names)) != len(names):
        raise UsageError("A camera has one main stream and at most one sub-stream.")
    for address in ordered:
        try:
            parts = urlsplit(address.url)
            # A password with a slash in it ends the authority early and leaves no number as port.
            clean = "@" not in parts.netloc and parts.port != 0 and address.url.isprintable()
        except ValueError:
            clean = False
        if not clean:
            # The address is not shown: what is wrong with it may be the password in it.
            raise UsageError(
                f"The address of the {address.stream} stream cannot be used: leave user name and "
                "password out of it and check host and port."
            )
    return ordered
