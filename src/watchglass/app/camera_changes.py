"""What people do with a camera that is set up: pause it, change it, switch it off, remove it.

Each change goes to the database, to the ledgers through the keeper, and to the workers, in the
order that leaves the truth in the ledger whatever happens in between. Weekly schedules pause by the
same way as people do.
"""

import threading
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from watchglass.app.hosts import allow_hosts, allowed_hosts
from watchglass.app.keeper_port import KeeperPort
from watchglass.app.workers_port import Workers, assigned
from watchglass.base.clock import Clock
from watchglass.base.errors import RefusedError, UsageError, WatchglassError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.base.secret import Secret
from watchglass.cameras.address import is_same_host, split_url
from watchglass.model.camera import MOST_PRIORITY, Camera, CameraState, Credentials
from watchglass.model.control import (
    AnalysisRequest,
    DisableRequest,
    EditCameraRequest,
    PauseRequest,
    RemoveCameraRequest,
    ResumeRequest,
    ScheduleRequest,
    StateCameraRequest,
)
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    Changed,
    Configure,
    DisableCamera,
    EnableCamera,
    NoteChange,
    PauseCamera,
    RemoveCamera,
)
from watchglass.model.schedule import checked_schedule, paused_until
from watchglass.model.statement import Statement
from watchglass.store.site import SiteStore

ChangeRequest = (
    PauseRequest
    | ResumeRequest
    | DisableRequest
    | EditCameraRequest
    | StateCameraRequest
    | ScheduleRequest
    | AnalysisRequest
    | RemoveCameraRequest
)
_MOST_TEXT = 2000
_OVER = "the pause is over"


class CameraChanges:
    """Of one site. Thread-safe as far as its store and keeper are."""

    def __init__(
        self,
        store: SiteStore,
        keeper: KeeperPort,
        workers: Workers,
        clock: Clock,
        configuration: Callable[[SiteStore], Configure],
    ) -> None:
        self._store = store
        self._keeper = keeper
        self._workers = workers
        self._clock = clock
        self._configuration = configuration
        # A schedule falls due in one thread while people ask in others.
        self._lock = threading.Lock()

    def ways(self) -> dict[type, Callable[[Any], CameraId]]:
        """Who does what was asked, by what it is; each returns the camera it was about, and raises
        what stands in the way."""
        return {
            PauseRequest: self._alone(self._pause),
            ResumeRequest: self._alone(self._resume),
            DisableRequest: self._alone(self._disable),
            EditCameraRequest: self.edit,
            StateCameraRequest: self.state,
            ScheduleRequest: self._alone(self._schedule),
            AnalysisRequest: self._alone(self._analyse),
            RemoveCameraRequest: self._alone(self._remove),
        }

    def edit(self, request: EditCameraRequest) -> CameraId:
        with self._lock:
            return self._edit(request)

    def state(self, request: StateCameraRequest) -> CameraId:
        with self._lock:
            return self._state(request)

    def _alone(self, act: Callable[[Any], CameraId]) -> Callable[[Any], CameraId]:
        def done(request: Any) -> CameraId:
            with self._lock:
                return act(request)

        return done

    # --- schedules ---------------------------------------------------------------------------

    def resume_due(self) -> None:
        """Pauses whose time is over end."""
        now_ns = self._clock.wall_ns()
        with self._lock:
            for camera in self._store.cameras(with_credentials=False):
                until_ns = camera.paused_until_ns
                is_over = until_ns is not None and until_ns <= now_ns
                if camera.state is CameraState.PAUSED and is_over:
                    self._enable(camera.id, "schedule", _OVER)

    def pause_due(self) -> None:
        """Pauses begin that a schedule has for now."""
        now_ns = self._clock.wall_ns()
        with self._lock:
            for camera, entry in self._store.schedules().items():
                schedule = entry.schedule
                if now_ns < schedule.skip_until_ns:
                    continue
                until_ns = paused_until(schedule, now_ns)
                if until_ns is None:
                    continue
                if self._store.camera(camera, with_credentials=False).state is CameraState.ENABLED:
                    by = f"schedule, set by {schedule.by}" if schedule.by else "schedule"
                    self._begin_pause(camera, until_ns, by, schedule.reason)
                    self._store.set_schedule(camera, schedule, holds=True)

    def _schedule(self, request: ScheduleRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        before = self._store.schedules().get(camera.id)
        schedule = request.schedule
        if schedule is not None:
            schedule = checked_schedule(replace(schedule, by=request.by, skip_until_ns=0))
        self._store.set_schedule(camera.id, schedule)
        reason = schedule.reason if schedule is not None else ""
        self._note(camera.id, (Changed.SCHEDULE,), request.by, reason)
        if before is not None and before.holds and camera.state is CameraState.PAUSED:
            # What the new schedule has for now begins anew, with its own reason.
            self._enable(camera.id, request.by, "the schedule was changed")
        return camera.id

    # --- looked at or not --------------------------------------------------------------------

    def _analyse(self, request: AnalysisRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        on = camera.analysis if request.on is None else request.on
        priority = camera.priority if request.priority is None else request.priority
        if not 0 <= priority <= MOST_PRIORITY:
            raise UsageError(f"A priority is 0 to {MOST_PRIORITY}: 0 is what all have.")
        if camera.analysis and not on and not request.reason.strip():
            raise UsageError("Not looking at a camera needs a reason: --reason 'why'.")
        told = []
        if on != camera.analysis:
            told.append("switched on" if on else "switched off")
        if priority != camera.priority:
            told.append(f"priority {priority}")
        if not told:
            return camera.id
        self._store.set_analysis(camera.id, on, priority)
        reason = f": {request.reason.strip()}" if request.reason.strip() else ""
        self._note(camera.id, (Changed.ANALYSIS,), request.by, ", ".join(told) + reason)
        if on != camera.analysis:
            self._workers.look_at(camera.id, on)
        return camera.id

    # --- recorded or not ---------------------------------------------------------------------

    def _pause(self, request: PauseRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        if not request.reason.strip():
            raise UsageError("A pause needs a reason: --reason 'why'.")
        if request.until_ns is not None and request.until_ns <= self._clock.wall_ns():
            raise UsageError("The pause would end before it begins: give a later time.")
        self._begin_pause(camera.id, request.until_ns, request.by, request.reason)
        return camera.id

    def _begin_pause(self, camera: CameraId, until_ns: int | None, by: str, reason: str) -> None:
        self._store.set_state(camera, CameraState.PAUSED, until_ns)
        self._workers.stop_recording(camera, GapCause.PAUSED)
        self._keeper.order(PauseCamera(camera, until_ns, by, reason))

    def _resume(self, request: ResumeRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        if camera.state is CameraState.ENABLED:
            raise RefusedError(f"{camera.name} is not paused.")
        entry = self._store.schedules().get(camera.id)
        if entry is not None:
            # Or the schedule would pause it again at once.
            until_ns = paused_until(entry.schedule, self._clock.wall_ns()) or 0
            self._store.set_schedule(camera.id, replace(entry.schedule, skip_until_ns=until_ns))
        self._enable(camera.id, request.by, request.reason)
        return camera.id

    def _enable(self, camera: CameraId, by: str, reason: str) -> None:
        self._store.set_state(camera, CameraState.ENABLED)
        self._keeper.order(EnableCamera(camera, by, reason))
        self._workers.record([assigned(self._store.camera(camera))])

    def _disable(self, request: DisableRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        if not request.reason.strip():
            raise UsageError("Switching a camera off needs a reason: --reason 'why'.")
        if camera.state is CameraState.DISABLED:
            raise RefusedError(f"{camera.name} is switched off already.")
        self._store.set_state(camera.id, CameraState.DISABLED)
        self._workers.stop_recording(camera.id, GapCause.DISABLED)
        self._keeper.order(DisableCamera(camera.id, request.by, request.reason))
        return camera.id

    def _remove(self, request: RemoveCameraRequest) -> CameraId:
        camera = self._store.find_camera(request.camera)
        if not request.reason.strip():
            raise UsageError("Removing a camera needs a reason: --reason 'why'.")
        self._workers.stop_recording(camera.id, GapCause.DISABLED)
        try:
            self._keeper.order(
                RemoveCamera(camera.id, request.by, request.reason, erase=request.erase)
            )
        except WatchglassError:
            # Nothing of it was written down, so it goes on as before.
            if camera.state is CameraState.ENABLED:
                self._workers.record([assigned(camera)])
            raise
        self._store.remove_camera(camera.id, erase=request.erase)
        self._store.set_schedule(camera.id, None)
        if request.erase:
            self._keeper.order(self._configuration(self._store))
        return camera.id

    def allow(self, hosts: frozenset[str]) -> None:
        """Let cameras be at these hosts although a rule of addresses forbids them."""
        allow_hosts(self._store, hosts)
        self._workers.allow(allowed_hosts(self._store))

    # --- what it is --------------------------------------------------------------------------

    def _state(self, request: StateCameraRequest) -> CameraId:
        camera = self._store.find_camera(request.camera, with_credentials=False)
        self._store.set_statement(camera.id, checked_statement(request.statement))
        self._note(camera.id, (Changed.STATEMENT,), request.by, request.statement.purpose)
        return camera.id

    def _edit(self, request: EditCameraRequest) -> CameraId:
        camera = self._store.find_camera(request.camera)
        login = login_after(camera, request)
        if request.allow:
            self.allow(hosts_of(request))
        changed: list[Changed] = []
        if request.name is not None and request.name.strip() != camera.name:
            self._store.rename(camera.id, request.name)
            changed.append(Changed.NAME)
        if request.streams or request.transport is not None:
            self._store.move_streams(camera.id, dict(request.streams), request.transport)
            changed += [Changed.ADDRESS] * bool(request.streams)
            changed += [Changed.TRANSPORT] * (request.transport is not None)
        if request.user is not None or request.password is not None:
            self._store.set_credentials(camera.id, login)
            changed.append(Changed.LOGIN)
        if request.volume is not None and request.volume != camera.volume:
            self._store.move_camera(camera.id, self._takes(request.volume))
            changed.append(Changed.VOLUME)
        if not changed:
            return camera.id
        self._note(camera.id, tuple(changed), request.by, request.reason)
        if changed != [Changed.NAME] and camera.state is CameraState.ENABLED:
            self._workers.stop_recording(camera.id, GapCause.WAITING_KEY_FRAME)
            self._workers.record([assigned(self._store.camera(camera.id))])
        return camera.id

    def _takes(self, volume: VolumeId) -> VolumeId:
        for each in self._store.volumes():
            if each.id == volume and not each.draining:
                return volume
        raise UsageError("No such volume is recorded to: see 'watchglass volume list'.")

    def _note(self, camera: CameraId, what: tuple[Changed, ...], by: str, reason: str) -> None:
        self._keeper.order(NoteChange(camera, what, by, reason))


def hosts_of(request: EditCameraRequest) -> frozenset[str]:
    """The hosts that the operator lets in by name; none unless that is asked for."""
    if not request.allow:
        return frozenset()
    return frozenset(split_url(url)[0].host for _, url in request.streams if "rtsp" in url[:5])


def login_after(camera: Camera, request: EditCameraRequest) -> Credentials | None:
    """User and password as they will be; UsageError where a stored password would go to a host that
    it was not given for. ``camera`` with its credentials."""
    known = camera.credentials
    user = request.user if request.user is not None else known.user if known is not None else ""
    if not user:
        return None
    if request.password is not None:
        return Credentials(user, Secret(request.password))
    urls = {each.stream: each.url for each in camera.streams}
    elsewhere = [url for name, url in request.streams if not is_same_host(url, urls.get(name, ""))]
    if elsewhere and known is not None:
        raise UsageError(
            "The camera would be at another host: give its password again, so that it goes to none "
            "that it was not meant for."
        )
    return Credentials(user, known.password if known is not None else Secret(""))


def checked_statement(statement: Statement) -> Statement:
    """The same, trimmed; UsageError for what is too long or does not print."""
    texts = {
        name: getattr(statement, name).strip().replace("\r\n", "\n")
        for name in ("purpose", "legal_basis", "sign")
    }
    for text in texts.values():
        if len(text) > _MOST_TEXT:
            raise UsageError(f"What is stated of a camera has at most {_MOST_TEXT} characters.")
        if not text.replace("\n", "").isprintable():
            raise UsageError("What is stated of a camera holds a character that does not print.")
    return replace(statement, **texts)
