"""The site: its cameras and volumes, and what people do with them.

The database holds what the operator wants; the ledgers hold what was. Each change goes to the
database, to the ledgers through the keeper, and to the workers, in the order that leaves the truth
in the ledger whatever happens in between.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, get_args

from watchglass.app.camera_changes import CameraChanges, ChangeRequest
from watchglass.app.decisions import Decisions, Forget
from watchglass.app.device_steps import note_step
from watchglass.app.evidence.consent import require_consent
from watchglass.app.hosts import allowed_hosts
from watchglass.app.keeper_port import KeeperPort
from watchglass.app.masks import draw_mask, end_mask
from watchglass.app.restreams import change_restreams, handed_on
from watchglass.app.speaking import spoken_of
from watchglass.app.swapping import Swapping
from watchglass.app.volumes import drain, volume_for_new
from watchglass.app.watching import Watching
from watchglass.app.workers_port import Workers, assigned
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.base.errors import UsageError, WatchglassError
from watchglass.base.ids import ActId, CameraId, is_id, random_id
from watchglass.base.secret import Secret
from watchglass.model.act import MOST_DETAIL, Act, ActKind
from watchglass.model.camera import Camera, CameraState, Credentials, StreamAddress
from watchglass.model.control import (
    AddCameraRequest,
    AddVolumeRequest,
    BeginExportRequest,
    CountryRequest,
    DrainVolumeRequest,
    DrawMaskRequest,
    EditCameraRequest,
    EndMaskRequest,
    HoldRequest,
    ImportFootageRequest,
    KeyRequest,
    NamesRequest,
    NoteBackupRequest,
    NoteClipRequest,
    NoteRequest,
    ReleaseRequest,
    RemoveVolumeRequest,
    RetentionRequest,
    RotateKeyRequest,
    SignExportRequest,
    SoundRequest,
    StateCameraRequest,
    SwapCameraRequest,
    TrustRequest,
)
from watchglass.model.device_path import StepRequest
from watchglass.model.erasure import ErasureRequest, SignStatementRequest
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    AddCamera,
    BeginExport,
    ChangeSound,
    Configure,
    ImportFootage,
    NoteBackup,
    NoteClip,
    NoteNames,
    NotePeople,
    NoteRetention,
    Retention,
    RevokeKey,
    RotateKey,
    SignExport,
    SignStatement,
)
from watchglass.model.restream import RestreamRequest
from watchglass.model.retention import Kept
from watchglass.model.steering import MasksTold
from watchglass.model.subject_request import FilmedRequest
from watchglass.model.watch_control import WatchRequest
from watchglass.recording.volume import create_volume
from watchglass.store.country import default_retention_h
from watchglass.store.site import SiteStore
from watchglass.store.site_settings import USUAL_NAMES_H

_LOG = log.get("site")

CameraRequest = (
    ChangeRequest
    | AddCameraRequest
    | SoundRequest
    | SwapCameraRequest
    | TrustRequest
    | DrawMaskRequest
    | EndMaskRequest
    | NoteClipRequest
    | WatchRequest
)
VolumeRequest = AddVolumeRequest | DrainVolumeRequest | RemoveVolumeRequest
KeepRequest = (
    HoldRequest
    | ReleaseRequest
    | RetentionRequest
    | CountryRequest
    | ErasureRequest
    | FilmedRequest
)
Way: TypeAlias = Callable[[Any], CameraId | None]
SiteRequest = (
    CameraRequest
    | KeepRequest
    | VolumeRequest
    | NoteBackupRequest
    | NamesRequest
    | KeyRequest
    | StepRequest
    | ImportFootageRequest
    | RestreamRequest
)


class Site:
    """Changes to one site. Thread-safe as far as its store and keeper are."""

    def __init__(
        self,
        store: SiteStore,
        keeper: KeeperPort,
        workers: Workers,
        clock: Clock,
        disk: Disk | None = None,
        watch: Callable[[], None] = lambda: None,
        forget: Forget = lambda camera, from_ns, to_ns: None,
    ) -> None:
        """``watch`` is told that areas or rules are others, ``forget`` erases what was understood
        of a span that is gone."""
        self.store = store
        self._keeper = keeper
        self._workers = workers
        self._disk = disk or Disk()
        self._clock = clock
        self.changes = CameraChanges(store, keeper, workers, clock, configuration)
        self._swapping = Swapping(store, keeper, workers, clock)
        self.decisions = Decisions(store, keeper, self._note, clock, forget)
        self._watching = Watching(store, self._note, clock, watch)
        self.ways = self._all_ways()

    def carry_out(self, request: SiteRequest) -> CameraId | None:
        """Do what was asked; the camera it was about. Raises what stands in the way."""
        try:
            return self.ways[type(request)](request)
        finally:
            if not isinstance(request, NoteClipRequest):
                self._hand_on()

    def _all_ways(self) -> dict[type, Way]:
        """Who does what was asked, by what it is."""
        return {
            **self.changes.ways(),
            **self.decisions.ways(),
            **dict.fromkeys(get_args(WatchRequest), self._watching.carry_out),
            EditCameraRequest: self._edit,
            StateCameraRequest: self._state,
            SwapCameraRequest: self._swap,
            AddCameraRequest: self.add_camera,
            SoundRequest: self.change_sound,
            TrustRequest: self.trust,
            DrawMaskRequest: self._draw_mask,
            EndMaskRequest: self._end_mask,
            NoteClipRequest: self.note_clip,
            RetentionRequest: self.keep_for,
            CountryRequest: self.state_country,
            NamesRequest: self.keep_names,
            **dict.fromkeys(get_args(KeyRequest), self._change_key),
            **dict.fromkeys(get_args(RestreamRequest), self._restream),
            NoteBackupRequest: self._note_backup,
            StepRequest: self._step,
            ImportFootageRequest: self._import_footage,
            AddVolumeRequest: self.change_volumes,
            DrainVolumeRequest: self.change_volumes,
            RemoveVolumeRequest: self.change_volumes,
        }

    def _edit(self, request: EditCameraRequest) -> CameraId:
        camera = self.changes.edit(request)
        self._speak()
        return camera

    def _swap(self, request: SwapCameraRequest) -> CameraId:
        camera = self._swapping.swap(request)
        self._speak()
        return camera

    def _state(self, request: StateCameraRequest) -> CameraId:
        camera = self.changes.state(request)
        self._watching.refuse(camera, request.by)
        return camera

    def _draw_mask(self, request: DrawMaskRequest) -> CameraId:
        camera = draw_mask(self.store, self._note, request)
        self._speak()
        return camera

    def _end_mask(self, request: EndMaskRequest) -> CameraId:
        camera = end_mask(self.store, self._note, request)
        self._speak()
        return camera

    def _restream(self, request: RestreamRequest) -> CameraId:
        return change_restreams(self.store, self._note, self._clock, request)

    def _hand_on(self) -> None:
        """Say which cameras are handed on by RTSP, after any change that may bear on it."""
        try:
            self._workers.hand_on(handed_on(self.store, self._note))
        except WatchglassError as error:
            _LOG.error("relays_not_followed", error=error.sentence)
            self._workers.hand_on(())

    def _step(self, request: StepRequest) -> None:
        note_step(self.store.path, self._keeper, self._clock, self._disk, request)

    def _import_footage(self, request: ImportFootageRequest) -> CameraId:
        self._keeper.order(ImportFootage(request.footage, request.name, request.by, request.reason))
        return request.footage.camera

    def _note_backup(self, request: NoteBackupRequest) -> None:
        self._keeper.order(NoteBackup(request.backup, request.with_media, request.by))
        self.store.note_backup(self._clock.wall_ns())

    def masks_told(self, told: MasksTold) -> None:
        """What a camera covers by now."""
        try:
            self.store.set_in_camera(told.camera, told.tokens, told.problem)
        except WatchglassError as error:
            _LOG.error("masks_not_noted", camera=told.camera, error=error.sentence)

    # --- start -------------------------------------------------------------------------------

    def take_up(self) -> int:
        """Tell keeper and workers of all cameras; how many are recorded."""
        self.configure()
        self._workers.allow(allowed_hosts(self.store))
        for known in self.store.cameras(with_credentials=False):
            self._keeper.order(_added(known, "", "start"))
            self._watching.refuse(known.id, "start")
        self._swapping.tell_untold()
        self.changes.pause_due()
        recorded = []
        for known in self.store.cameras(with_credentials=False):
            if known.state is not CameraState.ENABLED:
                continue
            try:
                camera = self.store.camera(known.id)
            except WatchglassError as error:
                # One password that cannot be opened costs one camera.
                _LOG.error("camera_not_recorded", camera=known.id, error=error.sentence)
                continue
            recorded.append(assigned(camera))
        self._workers.record(recorded)
        self._speak()
        self._hand_on()
        return len(recorded)

    def _speak(self) -> None:
        """Say which cameras are spoken to by ONVIF."""
        self._workers.speak(spoken_of(self.store))

    def configure(self) -> None:
        """Tell the keeper how long to keep what, and where."""
        self._keeper.order(configuration(self.store))

    def keep_schedules(self) -> None:
        """Pauses whose time is over end, and those begin that are due."""
        self.changes.resume_due()
        self.changes.pause_due()
        self.decisions.keep_up()
        self._hand_on()

    # --- changes -----------------------------------------------------------------------------

    def add_camera(self, request: AddCameraRequest) -> CameraId:
        volume = volume_for_new(self.store)
        streams = tuple(
            StreamAddress(stream, url, transport=request.transport, fingerprint=request.fingerprint)
            for stream, url in request.streams
        )
        credentials = Credentials(request.user, Secret(request.password)) if request.user else None
        camera = self.store.add_camera(
            request.name, streams, volume, credentials=credentials,
            camera_id=CameraId(request.as_id or random_id()), onvif=request.onvif,
            device=request.device,
        )  # fmt: skip
        self._keeper.order(_added(camera, request.device, request.by))
        self.configure()
        if request.allow:
            self.changes.allow(frozenset(request.allow))
        self._workers.record([assigned(camera)])
        if camera.onvif is not None:
            self._speak()
        return camera.id

    def change_sound(self, request: SoundRequest) -> CameraId:
        camera = self.store.find_camera(request.camera)
        if request.on and not request.reason.strip():
            raise UsageError("Keeping sound needs a reason: --reason 'why'.")
        self.store.set_sound(camera.id, request.on)
        self._keeper.order(ChangeSound(camera.id, request.on, request.by, request.reason))
        self._connect_anew(camera)
        return camera.id

    def trust(self, request: TrustRequest) -> CameraId:
        """Who the camera has to be; an empty fingerprint leaves it to its certificate."""
        camera = self.store.find_camera(request.camera)
        self.store.trust_key(camera.id, request.fingerprint)
        _LOG.info("camera_trusted", camera=camera.id, key=request.fingerprint, by=request.by)
        self._connect_anew(camera)
        return camera.id

    def _connect_anew(self, camera: Camera) -> None:
        """The camera has to be asked anew for what it is to send, and who it is."""
        if camera.state is CameraState.ENABLED:
            self._workers.stop_recording(camera.id, GapCause.WAITING_KEY_FRAME)
            self._workers.record([assigned(self.store.camera(camera.id))])

    def note_clip(self, request: NoteClipRequest) -> CameraId:
        camera = self.store.find_camera(request.camera, with_credentials=False)
        if self.store.statement(camera.id).clip_reason and not request.reason.strip():
            raise UsageError("This camera demands a reason for a clip: --reason 'why'.")
        self._keeper.order(
            NoteClip(
                camera.id, request.stream, request.from_ns, request.to_ns, request.by,
                request.reason,
            )
        )  # fmt: skip
        return camera.id

    # --- what is kept, and where -------------------------------------------------------------

    def keep_for(self, request: RetentionRequest) -> CameraId | None:
        """How long to keep; the camera it was about, None for all."""
        longest_h = default_retention_h(self.store.country())
        if request.hours is not None and request.hours > longest_h and not request.reason.strip():
            raise UsageError(
                f"Longer than {longest_h} hours, the default {country_words(self.store)}, needs a "
                "reason: --reason 'why'. It goes into the ledger."
            )
        camera = None
        if request.camera:
            camera = self.store.find_camera(request.camera, with_credentials=False).id
            self.store.set_retention(camera, request.hours, request.stream, request.kind)
        else:
            self.store.set_default_retention_h(request.hours, request.kind)
        self._keeper.order(
            NoteRetention(
                camera, request.stream, request.kind, request.hours, request.by, request.reason
            )
        )
        self.configure()
        return camera

    def state_country(self, request: CountryRequest) -> None:
        """Whose rules hold from now on."""
        self.store.set_country(request.country)
        self._keeper.order(
            NoteRetention(
                None, None, Kept.CONTINUOUS, None, request.by, "", self.store.country() or ""
            )
        )
        self.configure()

    def keep_names(self, request: NamesRequest) -> None:
        """How long names and reasons beside the ledgers are kept; longer needs a reason."""
        if request.hours > USUAL_NAMES_H and not request.reason.strip():
            raise UsageError(
                f"Longer than {USUAL_NAMES_H // 24} days needs a reason: it goes into the log."
            )
        self.store.set_names_h(request.hours)
        self._keeper.order(NoteNames(request.hours, request.by, request.reason))
        self.configure()

    def _change_key(self, request: KeyRequest) -> None:
        if not request.reason.strip():
            raise UsageError("A change of the signing key needs a reason: it goes into the log.")
        if isinstance(request, RotateKeyRequest):
            self._keeper.order(RotateKey(request.by, request.reason))
        else:
            self._keeper.order(RevokeKey(request.key, request.since_ns, request.by, request.reason))

    def change_volumes(self, request: VolumeRequest) -> None:
        """Cameras that move to another volume begin a new run there."""
        moved: list[CameraId] = []
        match request:
            case AddVolumeRequest():
                volume = create_volume(Path(request.path), self._disk, self._clock)
                self.store.add_volume(volume.id, volume.path)
            case DrainVolumeRequest():
                moved = drain(self.store, request.volume)
            case RemoveVolumeRequest():
                self.store.forget_volume(request.volume)
        self.configure()
        self._workers.use_volumes([(each.id, str(each.path)) for each in self.store.volumes()])
        for camera in map(self.store.camera, moved):
            if camera.state is CameraState.ENABLED:
                self._workers.stop_recording(camera.id, GapCause.WAITING_KEY_FRAME)
                self._workers.record([assigned(camera)])

    def _note(self, kind: ActKind, camera: CameraId, by: str, detail: str) -> None:
        now_ns = self._clock.wall_ns()
        act = Act(ActId(random_id()), by, kind, now_ns, camera, detail[:MOST_DETAIL])
        self._keeper.order(NotePeople((act,)))

    def begin_export(self, request: BeginExportRequest) -> None:
        """Before the first byte of it is read: who cannot be noted gets nothing."""
        if not request.reason.strip():
            raise UsageError("An evidence bundle needs a reason: --reason 'why'.")
        if not is_id(request.bundle) or not request.looks:
            raise UsageError("An evidence bundle is of at least one camera.")
        require_consent(self.store, request.looks, request.consent)
        self._keeper.order(BeginExport(request.bundle, request.looks, request.by, request.reason))

    def sign_export(self, request: SignExportRequest) -> str:
        """The signature (hex) of a bundle's manifest."""
        return self._keeper.order(SignExport(request.bundle, request.manifest, request.by))

    def sign_statement(self, request: SignStatementRequest) -> str:
        """The signature (hex) of a document of the recorder's own."""
        return self._keeper.order(
            SignStatement(request.kind, request.about, request.sha256, request.by)
        )

    def note_people(self, request: NoteRequest) -> None:
        """Of cameras that are gone as well: what was looked at was looked at."""
        self._keeper.order(NotePeople(request.notes))


def country_words(store: SiteStore) -> str:
    """'for DE', or that none is stated."""
    country = store.country()
    return f"for {country}" if country is not None else "while no country is stated"


def configuration(store: SiteStore) -> Configure:
    """What the keeper has to know of the site, as of now."""
    default_h, default_events_h = store.default_retention_h(), store.default_events_h() or 0
    erased = store.to_be_erased()
    retention: list[Retention] = []
    for each in store.cameras(include_removed=True, with_credentials=False):
        if each.id in erased:
            retention.append(Retention(each.id, 0, erase=True))
            continue
        hours = each.retention_h or default_h
        events_h = each.events_h or default_events_h
        retention.append(Retention(each.id, hours, None, events_h))
        retention += [
            Retention(
                each.id, of_one.retention_h or hours, of_one.stream, of_one.events_h or events_h
            )
            for of_one in each.streams
            if of_one.retention_h is not None or of_one.events_h is not None
        ]
    volumes = tuple((volume.id, str(volume.path)) for volume in store.volumes())
    return Configure(
        tuple(retention), volumes, default_h, default_events_h, store.names_h()
    )  # fmt: skip


def _added(camera: Camera, device: str, by: str) -> AddCamera:
    main = camera.streams[0].url if camera.streams else ""
    return AddCamera(
        camera.id, tuple(each.stream for each in camera.streams), camera.name, main, device, by
    )
