"""A recorder's state put together again: from a backup, from the copies on its volumes, or both.

Everything is built in a folder beside the state folder, and one rename puts it in place; a restore
that is cut short before it has changed nothing, and is done again from the start. What follows, the
recordings that no ledger tells of and the tombstones of those that are gone, is done by the keeper
at its first start (``recording.resettle``), as often as it is cut short.
"""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from watchglass.app.backup.make import collectors_of
from watchglass.app.backup.manifest import (
    ANCHORS,
    COLLECTORS,
    EVENTS_DB,
    FACTS,
    KEYS,
    SITE_DB,
    Manifest,
    bound_to,
    verify,
)
from watchglass.app.backup.places import Place, Placing, placed
from watchglass.app.backup.refill import refill
from watchglass.app.ground import Ground, open_store
from watchglass.app.layout import Layout, StateLock
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import AlreadyRunningError, DamagedError, RefusedError, UsageError
from watchglass.base.ids import CameraId, is_id
from watchglass.base.secret import Secret
from watchglass.model.camera import CameraState
from watchglass.recording.alive import Alive
from watchglass.recording.desk import SITE, KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.recording.keys import FILE_NAME as SIGNING_KEY
from watchglass.recording.keys import SigningKey
from watchglass.recording.lineage import Telling, longest, read_telling
from watchglass.recording.resettle import is_marked, mark
from watchglass.recording.restoring import put_ledger
from watchglass.recording.volume import Volume, recreate_volume, volume_at
from watchglass.store.access import AccessStore
from watchglass.store.online_copy import copy_database
from watchglass.store.sealed import unseal
from watchglass.store.site import SiteStore

STAGING = ".restoring"
_SITE = WriteSite.RESTORE
_LOG = log.get("restore")
_OWN = ("site.db", "ledger", "keys")
_ALIVE_NS = 60 * NS_PER_S
_WATCH_S = 3.0
"""A recorder tells that it lives before each sync, which is each second."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to restore. ``passphrase`` None: without the keys of the cameras' passwords.

    ``aside``: a state folder that is there is kept beside the new one, and its ledgers count too.
    ``leave_out``: folders of a backup, volume or state whose ledgers do not count.
    """

    backup: Path | None
    passphrase: Secret | None
    placing: Placing
    aside: bool
    leave_out: frozenset[Path]
    by: str


@dataclass(slots=True)
class Chosen:
    """What would be restored, or was."""

    manifest: Manifest | None
    places: list[Place]
    tellings: dict[str, Telling]
    unsigned: list[str] = field(default_factory=list)
    without_site: list[CameraId] = field(default_factory=list)
    """Cameras that have a ledger and are in no database: their addresses are not known."""
    kept_aside: Path | None = None
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)


class Restorer:
    """One restore onto a data folder."""

    def __init__(self, on: Ground, wanted: Wanted, progress: Progress | None = None) -> None:
        self._on = on
        self._wanted = wanted
        self._tell = progress or (lambda what, done, of: None)
        self._staging = Layout(on.layout.state.with_name(on.layout.state.name + STAGING))

    # --- before anything is changed ----------------------------------------------------------

    def look(self) -> Chosen:
        """Check everything that can be checked beforehand; nothing is changed.

        Raises what stands in the way: a damaged or newer backup, a wrong passphrase, a fork.
        """
        backup = self._wanted.backup
        manifest = None
        secrets: dict[str, bytes] = {}
        if backup is not None:
            self._tell("backup", 0, 1)
            manifest = verify(backup)
            secrets = self._secrets(backup, manifest)
        elif self._wanted.aside:
            secrets = _secrets_of(self._on.layout)
        places = placed(manifest, self._wanted.placing)
        self._refuse_busy(places)
        chosen = Chosen(manifest, places, {}, secrets=secrets)
        self._choose(chosen)
        if not chosen.tellings and manifest is None:
            raise UsageError(
                "No ledger with a signed head is on these volumes: nothing can be restored from "
                "them. Name the folders that recordings lie under."
            )
        return chosen

    def _refuse_busy(self, places: list[Place]) -> None:
        """Two recorders on one volume would take in what the other writes."""
        clock = self._on.clock
        before = {}
        for place in places:
            seen = Alive(place.path, self._on.disk, clock).read() if place.present else None
            if seen is not None and not seen.stopped and seen.boot == clock.boot_id():
                before[place.path] = seen.wall_ns
        if all(clock.wall_ns() - wall_ns > _ALIVE_NS for wall_ns in before.values()):
            return
        clock.wait(threading.Event(), _WATCH_S)
        for path, wall_ns in before.items():
            seen = Alive(path, self._on.disk, clock).read()
            if seen is not None and seen.wall_ns != wall_ns:
                raise AlreadyRunningError(
                    f"A recorder is writing to the volume {path}: stop it first, or try the "
                    "restore with --without-volumes."
                )

    def _secrets(self, backup: Path, manifest: Manifest) -> dict[str, bytes]:
        if not any(part.path == KEYS for part in manifest.parts):
            return {}
        if self._wanted.passphrase is None:
            return {}
        raw = unseal(
            (backup / KEYS).read_bytes(), self._wanted.passphrase, bound_to(manifest.parts)
        )
        return msgspec.json.decode(raw, type=dict[str, bytes])

    def _choose(self, chosen: Chosen) -> None:
        """For each ledger the telling to go on from."""
        sources: dict[str, list[Telling]] = {}
        for where, folder, name in self._ledgers(chosen):
            told = read_telling(folder, name, where)
            sources.setdefault(name, []).append(told)
        for name, tellings in sorted(sources.items()):
            best = longest(tellings)
            if best is not None:
                chosen.tellings[name] = best
            else:
                chosen.unsigned.append(name)

    def _ledgers(self, chosen: Chosen) -> Iterator[tuple[str, Path, str]]:
        """All that tell of something: where, folder, and name of the ledger."""
        wanted = self._wanted
        states = [("the backup", wanted.backup)] if wanted.backup is not None else []
        if wanted.aside:
            states.append(("the state folder", self._on.layout.state))
        for where, state in states:
            if state not in wanted.leave_out:
                for folder in sorted(state.glob("ledger/*")):
                    if folder.name == SITE or is_id(folder.name):
                        yield where, folder, folder.name
        for place in chosen.places:
            if place.present and place.path not in wanted.leave_out:
                yield from _copies(place.path)

    # --- the restore -------------------------------------------------------------------------

    def restore(self, limits: KeeperLimits) -> Chosen:
        """Restore; what was done. RefusedError where a state folder is in the way."""
        layout = self._on.layout
        with ExitStack() as stack:
            if _is_used(layout.state):
                lock = StateLock(layout, self._on.disk)
                stack.callback(lock.release)
                if is_marked(layout.state) and not self._wanted.aside:
                    return self._settle_only(limits)
                if not self._wanted.aside:
                    raise RefusedError(
                        f"{layout.state} holds a recorder's state: nothing is restored over it. "
                        "Give another folder with --data, or keep it beside the new one: --aside."
                    )
            chosen = self.look()
            try:
                self._build(chosen, stack)
                self._put_in_place(chosen)
            except BaseException:
                shutil.rmtree(self._staging.state, ignore_errors=True)
                raise
            self._settle(chosen.places, limits)
        return chosen

    def _settle_only(self, limits: KeeperLimits) -> Chosen:
        """A restore that was cut short when its state was in place already."""
        store = open_store(self._on)
        try:
            places = [Place(each.id, each.path, present=_is_there(each.id, each.path))
                      for each in store.volumes()]  # fmt: skip
        finally:
            store.close()
        self._settle(places, limits)
        return Chosen(None, places, {})

    def _build(self, chosen: Chosen, stack: ExitStack) -> None:
        disk, staging = self._on.disk, self._staging
        if staging.state.exists():
            # Nobody may be at work there; what it left is begun anew.
            StateLock(staging, disk).release()
            shutil.rmtree(staging.state)
        lock = StateLock(staging, disk)
        stack.callback(lock.release)
        for name, data in chosen.secrets.items():
            root = staging.state if name.startswith(f"{COLLECTORS}/") else staging.vault_key.parent
            self._put(root / name, data)
        self._facts()
        self._database(chosen)
        key = SigningKey.load_or_create(staging.vault_key.parent, disk)
        names = sorted({*chosen.tellings, SITE})
        for done, name in enumerate(names):
            self._tell("ledgers", done, len(names))
            self._texts(name)
            told = chosen.tellings.get(name)
            put_ledger(told, name, staging.state, key, disk, self._on.clock, self._wanted.by)
        self._agree(chosen)
        for place in chosen.places:
            if place.anew:
                recreate_volume(place.path, place.volume, disk, self._on.clock)
        if self._wanted.backup is not None and chosen.manifest is not None:
            paths = {place.volume: place.path for place in chosen.places if place.usable}
            refill(self._wanted.backup, chosen.manifest, chosen.tellings, paths, disk, self._tell)
        mark(staging.state, disk)

    def _database(self, chosen: Chosen) -> None:
        """The site's: the backup's, or that of the state folder set aside, or a new one."""
        wanted, staging = self._wanted, self._staging
        if wanted.backup is not None:
            copy_database(wanted.backup / SITE_DB, staging.site_db)
        elif wanted.aside and self._on.layout.site_db.exists():
            copy_database(self._on.layout.site_db, staging.site_db)
        root = wanted.backup or (self._on.layout.state if wanted.aside else None)
        if root is not None and (root / EVENTS_DB).exists():
            try:
                copy_database(root / EVENTS_DB, staging.events_db)
            except DamagedError as error:
                # It can be found again; what else there is must not wait for it.
                staging.events_db.unlink(missing_ok=True)
                _LOG.error("events_not_restored", error=error.sentence)
        with self._store() as store:
            known = {each.id: each.path for each in store.volumes()}
            for place in chosen.places:
                if place.volume not in known:
                    store.add_volume(place.volume, place.path)
                elif known[place.volume] != place.path:
                    store.move_volume(place.volume, place.path)
        access = AccessStore(staging.site_db, self._on.disk)
        access.end_sessions([each.token_hash for each in access.sessions()])
        access.close()

    def _facts(self) -> None:
        """Tables that were put in the place of the package's, and what authorities have stamped."""
        wanted = self._wanted
        root = wanted.backup or (self._on.layout.state if wanted.aside else None)
        if root is None:
            return
        stamped = [path for path in (root / ANCHORS).glob("[!.]*") if path.is_file()]
        for path in sorted([*(root / FACTS).rglob("*.csv"), *stamped]):
            self._put(self._staging.state / path.relative_to(root), path.read_bytes())

    def _put(self, path: Path, data: bytes) -> None:
        self._on.disk.make_folders(_SITE, path.parent, 0o700)
        self._on.disk.write_whole(_SITE, path, data, 0o600)

    def _store(self) -> "_Opened":
        return _Opened(Ground(self._on.settings, self._staging, self._on.disk, self._on.clock))

    def _texts(self, name: str) -> None:
        """Names and reasons: they lie beside ledgers, and not on volumes."""
        roots = [self._wanted.backup] if self._wanted.backup is not None else []
        if self._wanted.aside:
            roots.append(self._on.layout.state)
        target = self._staging.ledgers / name / "texts"
        for root in roots:
            for path in sorted((root / "ledger" / name / "texts").glob("*.json")):
                self._on.disk.make_folders(_SITE, target, 0o700)
                self._on.disk.write_whole(_SITE, target / path.name, path.read_bytes(), 0o600)

    def _agree(self, chosen: Chosen) -> None:
        """The database is as old as the backup: what ledgers say later of its cameras holds."""
        with self._store() as store:
            cameras = {
                each.id: each
                for each in store.cameras(include_removed=True, with_credentials=False)
            }
            for name, told in chosen.tellings.items():
                camera = cameras.get(CameraId(name))
                if camera is None:
                    if name != SITE and told.state != "camera_removed":
                        chosen.without_site.append(CameraId(name))
                    continue
                if camera.state is not CameraState.REMOVED:
                    _agree_on(store, camera.id, camera.state, camera.sound, told)

    def _put_in_place(self, chosen: Chosen) -> None:
        disk, state, staging = self._on.disk, self._on.layout.state, self._staging.state
        fd = disk.open(_SITE, self._staging.run / "lock", 0o600)
        try:
            disk.sync_filesystem(fd, str(staging))
        finally:
            os.close(fd)
        if _is_used(state):
            at_s = self._on.clock.wall_ns() // 10**9
            chosen.kept_aside = state.with_name(f"{state.name}.aside-{at_s}")
            disk.replace(_SITE, state, chosen.kept_aside)
        elif state.exists():
            shutil.rmtree(state)
        disk.replace(_SITE, staging, state)
        disk.sync_folder(_SITE, state.parent)

    def _settle(self, places: list[Place], limits: KeeperLimits) -> None:
        self._tell("recordings", 0, 1)
        keeper = Keeper(self._on.layout.state, self._on.disk, self._on.clock, limits)
        keeper.start([Volume(each.volume, each.path) for each in places if each.usable], fresh=True)
        keeper.close(stopped=True)


def _copies(volume: Path) -> Iterator[tuple[str, Path, str]]:
    for folder in sorted(volume.glob("*/ledger")):
        if is_id(folder.parent.name):
            yield f"the volume {volume}", folder, folder.parent.name


class _Opened:
    """A site's database, closed at the end of a block."""

    def __init__(self, on: Ground) -> None:
        self._store = open_store(on)

    def __enter__(self) -> SiteStore:
        return self._store

    def __exit__(self, *_: object) -> None:
        self._store.close()


def _secrets_of(layout: Layout) -> dict[str, bytes]:
    keys = {
        path.name: path.read_bytes()
        for path in layout.vault_key.parent.glob("*.key")
        if path.name != SIGNING_KEY
    }
    return keys | collectors_of(layout)


def _is_used(state: Path) -> bool:
    return any((state / name).exists() for name in _OWN)


def _is_there(volume: str, path: Path) -> bool:
    return volume_at(path) == volume


def _agree_on(
    store: SiteStore, camera: CameraId, state: CameraState, sound: bool, told: Telling
) -> None:
    if told.state == "camera_removed":
        store.remove_camera(camera)
        return
    if told.state == "camera_paused" and state is not CameraState.PAUSED:
        store.set_state(camera, CameraState.PAUSED)
    elif told.state == "camera_disabled" and state is not CameraState.DISABLED:
        store.set_state(camera, CameraState.DISABLED)
    elif told.state == "camera_enabled" and state is not CameraState.ENABLED:
        store.set_state(camera, CameraState.ENABLED)
    if told.sound is not None and told.sound != sound:
        store.set_sound(camera, told.sound)
