"""The supervisor: starts keeper, workers and api, and starts them again when they die.

It touches no media. A worker that dies is started again at once with the same cameras, all but the
one that made it crash: that one is tried apart, and held if it crashes again (`quarantine`). The
keeper is started again while the workers go on writing. When the supervisor itself dies, the pipes
to its children break: workers close their files, tell the keeper, and end; the keeper ends after
them.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from watchglass.app.analyst_desk import AnalystDesk
from watchglass.app.camera_calls import CameraCalls
from watchglass.app.child import Child
from watchglass.app.crew import Crew
from watchglass.app.fences import fenced_off
from watchglass.app.in_network import InNetwork
from watchglass.app.last_words import LastWords
from watchglass.app.launch import Spare
from watchglass.app.made_anew import MadeAnew
from watchglass.app.onvif_desk import OnvifDesk
from watchglass.app.picture_errand import PictureErrand
from watchglass.app.placement import Placement
from watchglass.app.refusal import error_of
from watchglass.app.relay_desk import RelayDesk
from watchglass.app.ways import Ways
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import BusError
from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, VolumeId
from watchglass.config.settings import Settings
from watchglass.model.assignment import (
    ApiStart,
    AssignedCamera,
    CameraSays,
    KeeperStart,
    LookAt,
    Record,
    Serving,
    Shutdown,
    StopRecording,
    ToWorker,
    WorkerStart,
)
from watchglass.model.control import Accepted, Refused
from watchglass.model.gap import GapCause
from watchglass.model.look import Look
from watchglass.model.order import Configure
from watchglass.model.restream import Restream
from watchglass.model.said import Heard
from watchglass.model.steering import MasksTold, Spoken
from watchglass.model.still import MediaStart
from watchglass.model.visit import Analysed
from watchglass.recording.volume import volume_at

_WORKER = "watchglass.app.camera_worker"
_API = "watchglass.app.api_process"
_MEDIA = "watchglass.app.media_worker"
_WORKER_END_S = 12.0
_KEEPER_END_S = 15.0
_API_END_S = 5.0
_MEDIA_END_S = 2.0
_HEAR_S = 0.2
_APART_AFTER_S = 0.5
"""The worker that stands by is for the neighbours; the suspect can wait for another."""
_LOG = log.get("supervisor")
_API_ANSWERS: msgspec.json.Decoder[Serving | Refused] = msgspec.json.Decoder(Serving | Refused)
_ANSWERS: msgspec.json.Decoder[Accepted | Refused] = msgspec.json.Decoder(Accepted | Refused)


@dataclass(frozen=True, slots=True)
class SetupOffer:
    """The hash of a token that makes the first user, until ``expires_ns`` (UTC)."""

    token_hash: str
    expires_ns: int


class Supervisor:
    """Processes of one recorder, and which worker has which camera."""

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        volumes: list[tuple[VolumeId, str]],
        configuration: Callable[[], Configure],
        clock: Clock,
        heard: Callable[[Heard | MasksTold], None] = lambda _: None,
        analysed: Callable[[], tuple[Analysed, ...]] = tuple,
        looked: Callable[[Look], None] = lambda _: None,
    ) -> None:
        """``configuration`` is asked at each start of the keeper; ``heard`` is told what cameras
        say, in a thread that may wait; ``analysed`` is asked now and then; ``looked`` is told
        who took what a relay hands on."""
        self._settings = settings
        self._layout = ways.layout
        self._ways = ways
        self._volumes = volumes
        self._configuration = configuration
        self._heard = heard
        self._clock = clock
        self._lock = threading.RLock()
        self._workers: dict[str, Child] = {}
        self._spare = Spare(_WORKER)
        self._placement = Placement(settings.cameras_per_worker, clock)
        self._stopping = False
        self._allow = settings.allow
        self._keeper = Child(
            "keeper", "watchglass.app.keeper_process", self._keep, clock, speaks=True
        )
        self._analyst = AnalystDesk(settings, ways, analysed, clock)
        self.relay = RelayDesk(settings, ways, looked, clock)
        self._api: Child | None = None
        self._media: Child | None = None
        self._calls = CameraCalls()
        self._onvif = OnvifDesk(settings, ways, self._reached, self._hear_camera, clock)
        self._port = settings.port
        self._made_anew = MadeAnew(ways.layout.index_db, ways.layout.events_db)
        self.pictures = PictureErrand(self._tell_api)
        """Of recordings, with masks drawn."""

    # --- life --------------------------------------------------------------------------------

    def start_keeper(self, giving_up: threading.Event) -> bool:
        """Wait until the keeper has taken up what is on disk, which may take minutes after a crash.

        Raises the error that kept it from starting; False when ``giving_up`` was set meanwhile.
        """
        self._keeper.spawn()
        line: bytes | None = None
        while line is None:
            if giving_up.is_set():
                return False
            line = self._keeper.heard(_HEAR_S)
        if not line:
            raise BusError("The keeper ended while it started: what it logged above says why.")
        answer = _ANSWERS.decode(line)
        if isinstance(answer, Refused):
            raise error_of(answer)
        self._keeper.watch()
        return True

    def start_analyst(self) -> None:
        """Have pictures understood, unless the settings are against it."""
        self._analyst.start()

    def start_media(self) -> None:
        """Have pictures made, for whoever shows them: the page, and relays that paint masks."""
        media = self._media = Child(
            "media-worker", _MEDIA, self._make_pictures, self._clock, speaks=True
        )
        media.start()

    def start_api(
        self,
        setup: SetupOffer,
        in_network: Callable[[], InNetwork | None],
        giving_up: threading.Event,
    ) -> Serving | None:
        """Serve the page; None when ``giving_up`` was set meanwhile.

        ``in_network`` is asked at each start.

        Raises what stands in the way, such as a port that is taken; it is tried again and again all
        the same, because recording goes on without.
        """

        def first_message(_first: bool) -> ApiStart:
            start = ApiStart(
                str(self._layout.state), self._ways.live, self._ways.ask_media(), self._port,
                setup.token_hash, setup.expires_ns,
                self._settings.log_level.value, self._settings.log_json,
                fences=self._settings.fences, floor_bytes=self._settings.floor_bytes,
                onvif=self._ways.ask_onvif(), beat_s=self._settings.beat_s,
            )  # fmt: skip
            network = in_network()
            return start if network is None else network.told(start)

        api = self._api = Child(
            "api", _API, first_message, self._clock, speaks=True, hear=self._hear_api
        )
        api.spawn()
        try:
            line: bytes | None = None
            while line is None:
                if giving_up.is_set():
                    return None
                line = api.heard(_HEAR_S)
            if not line:
                raise BusError("The api process ended while it started: its log says why.")
            answer = _API_ANSWERS.decode(line)
            if isinstance(answer, Refused):
                raise error_of(answer)
            # Browsers come back to the port they know.
            self._port = answer.port
            return answer
        finally:
            api.watch()

    def stop_api(self) -> None:
        """End the page. It tells its last looks first, so the control socket must be served."""
        end = Shutdown(GapCause.RECORDER_STOPPED)
        api, self._api = self._api, None
        if api is not None:
            api.stop(end)
            api.wait(_API_END_S)

    def stop_media(self) -> None:
        """End who makes pictures; whoever shows them gets none any more."""
        media, self._media = self._media, None
        if media is not None:
            media.stop(Shutdown(GapCause.RECORDER_STOPPED))
            media.wait(_MEDIA_END_S)

    def stop(self) -> None:
        """End everything in order: workers close their files first, the keeper writes it down."""
        end = Shutdown(GapCause.RECORDER_STOPPED)
        with self._lock:
            self._stopping = True
            workers = list(self._workers.values())
        self._spare.close()
        self.relay.stop()
        self.stop_listening()
        self.stop_api()
        self.stop_media()
        for worker in workers:
            worker.stop(end)
        for worker in workers:
            worker.wait(_WORKER_END_S)
        self._analyst.stop()
        self._keeper.stop(end)
        self._keeper.wait(_KEEPER_END_S)

    def stop_listening(self) -> None:
        """End speaking with cameras: what they say until then is told before this returns."""
        with self._lock:
            self._stopping = True
        self._onvif.stop()

    def crew(self) -> Crew:
        """All processes, and who has which camera, as of now."""
        with self._lock:
            workers = tuple(self._workers.values())
            cameras = {name: self._placement.cameras(name) for name in self._placement.workers}
        analyst = self._analyst.child if self._analyst.runs else None
        kept = (self._api, self._media, self._onvif.child, analyst, self.relay.child)
        others = tuple(child for child in kept if child)
        return Crew(self._keeper, workers, others, cameras, self._analyst.held)

    # --- placement ---------------------------------------------------------------------------

    def record(self, cameras: list[AssignedCamera]) -> None:
        """Give cameras to workers; new workers are started for those that do not fit."""
        with self._lock:
            for camera in cameras:
                self._placement.give(camera)
                self._tell_again(camera.camera)
            self._start_workers()
            self._onvif.tell()

    def stop_recording(self, camera: CameraId, cause: GapCause) -> None:
        """Take a camera from its worker; what follows is a gap of ``cause``."""
        with self._lock:
            name = self._placement.take(camera)
            if name is not None:
                self._tell(name, StopRecording(camera, cause))
            self._onvif.tell()

    def look_at(self, camera: CameraId, on: bool) -> None:
        """Have its pictures looked at from now on, or no longer."""
        with self._lock:
            name = self._placement.look_at(camera, on)
            if name is not None:
                self._tell(name, LookAt(camera, on))

    def allow(self, hosts: frozenset[str]) -> None:
        """Let cameras be at addresses that are refused by default, beyond the settings."""
        with self._lock:
            self._allow = self._settings.allow | hosts
            for name, worker in self._workers.items():
                worker.tell(self._assignment(name))
            self._onvif.tell()

    def speak(self, cameras: list[Spoken]) -> None:
        """Speak by ONVIF with these from now on, while they are recorded; a process for it runs
        once there are any."""
        with self._lock:
            self._onvif.speak(cameras)

    def hand_on(self, restreams: tuple[Restream, ...]) -> None:
        """Hand these on by RTSP, and no others; a process for it runs while there are any."""
        if self.relay.follow(restreams):
            with self._lock:
                for name, worker in self._workers.items():
                    worker.tell(self._assignment(name))

    def _hear_camera(self, heard: Heard | MasksTold) -> None:
        if isinstance(heard, Heard):
            # First: who keeps it waits for the disk, and a gate holds few seconds.
            self._camera_says(self._calls.of(heard.said))
        self._heard(heard)

    def _reached(self, cameras: Iterable[CameraId]) -> tuple[frozenset[str], set[CameraId]]:
        """At which addresses cameras may be, and which of these are recorded."""
        with self._lock:
            return self._allow, {each for each in cameras if self._placement.find(each)}

    def _camera_says(self, cameras: set[CameraId]) -> None:
        """Its gate opens, whatever the sizes of its packets tell."""
        with self._lock:
            for camera in cameras:
                found = self._placement.find(camera)
                if found is not None:
                    self._tell(found[0], CameraSays(camera))

    def use_volumes(self, volumes: list[tuple[VolumeId, str]]) -> None:
        """Let workers record to these from now on."""
        with self._lock:
            self._volumes[:] = volumes
            for name, worker in self._workers.items():
                worker.tell(self._assignment(name))

    def _tell(self, name: str, message: ToWorker) -> None:
        # One that does not run, or not yet, asks for its cameras when it starts.
        worker = self._workers.get(name)
        if worker is not None:
            worker.tell(message)

    def _start_workers(self) -> None:
        """Start those that have cameras and do not run yet."""
        with self._lock:
            for name in self._placement.workers:
                if name not in self._workers and not self._stopping:
                    self._start_worker(name)

    def _start_worker(self, name: str) -> None:
        words = LastWords()

        def first_message(_first: bool) -> WorkerStart:
            return self._assignment(name)

        def died(exit_code: int) -> None:
            self._worker_died(name, words.take_suspect(), exit_code)

        def hear(line: bytes) -> None:
            words.hear(line)
            if off := fenced_off(line):
                self._fenced_off(name, off)

        worker = Child(
            name, _WORKER, first_message, self._clock, start=self._spare.take, hear=hear,
            died=died,
        )  # fmt: skip
        self._workers[name] = worker
        worker.start()

    # --- fences ------------------------------------------------------------------------------

    def _fenced_off(self, name: str, volume: VolumeId) -> None:
        """A worker may not read a volume: give its cameras there to one that is fenced in later.

        Unless we may not either: then it is not there, or not ours, and another would not help.
        """
        with self._lock:
            if self._stopping or not self._is_there(volume):
                return
            _LOG.warning("worker_fenced_off", worker=name, volume=volume)
            moved = self._placement.fenced_off(name, volume)
            if moved is None:
                self._tell(name, Shutdown(GapCause.VOLUME_MISSING))
                return
            for camera in moved:
                self._tell(name, StopRecording(camera, GapCause.VOLUME_MISSING))
                self._tell_again(camera)
            self._start_workers()

    def _tell_api(self, message: object) -> bool:
        api = self._api
        return api is not None and api.tell(message)

    def _hear_api(self, line: bytes) -> None:
        self.pictures.hear(line)
        volume = fenced_off(line)
        if volume is not None and self._is_there(volume):
            _LOG.warning("api_fenced_off", volume=volume)
            self.renew_api()

    def _is_there(self, volume: VolumeId) -> bool:
        path = dict(self._volumes).get(volume)
        return path is not None and volume_at(Path(path)) == volume

    def renew_api(self) -> None:
        """Start the api again, with a fence that is put up now."""
        api = self._api
        if api is not None:
            api.tell(Shutdown(GapCause.RECORDER_STOPPED))

    def keep_up(self) -> None:
        """The api may use the databases that were there when it started; where one was made anew,
        it is started again."""
        self._analyst.keep_up()
        self.relay.keep_up()
        index, events = self._made_anew()
        if events or (index and self._settings.fences is not FenceMode.OFF):
            self.renew_api()

    # --- crashes -----------------------------------------------------------------------------

    def _worker_died(self, name: str, suspect: CameraId | None, exit_code: int) -> None:
        """Before it is started again, which it is without those that may have made it crash."""
        with self._lock:
            found = self._placement.worker_died(name, suspect, exit_code)
            for each in found:
                _LOG.error(
                    "camera_crashed_its_worker", camera=each.camera, worker=name,
                    apart_in=each.worker, held_s=each.held_s,
                )  # fmt: skip
                self._tell_again(each.camera)
                if each.held_s:
                    self._later(each.held_s, partial(self._tell_again, each.camera))
            if found:
                self._later(_APART_AFTER_S, self._start_workers)

    def _tell_again(self, camera: CameraId) -> None:
        """Let the camera's worker record it, or leave it alone, as of now."""
        with self._lock:
            found = self._placement.find(camera)
            if found is not None:
                self._tell(found[0], Record(self._given(*found)))

    def _later(self, seconds: float, do: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, do)
        timer.daemon = True
        timer.start()

    # --- first messages ----------------------------------------------------------------------

    def _given(self, name: str, camera: AssignedCamera) -> AssignedCamera:
        return msgspec.structs.replace(camera, proof=self._ways.tell_of(name, camera.camera))

    def _assignment(self, name: str) -> WorkerStart:
        settings = self._settings
        with self._lock:
            cameras = tuple(self._given(name, each) for each in self._placement.cameras(name))
        return WorkerStart(
            name, self._ways.tell_keeper(name), self._ways.show_live(name),
            self._ways.tell_vitals(name),
            tuple(self._volumes), cameras, tuple(sorted(self._allow)), settings.fragment_ms,
            settings.file_s, settings.queue_bytes, settings.log_level.value, settings.log_json,
            settings.fences,
            str(settings.sources or ""), self._analyst.way(name), self.relay.way(name),
        )  # fmt: skip

    def _make_pictures(self, _first: bool) -> MediaStart:
        settings = self._settings
        return MediaStart(
            self._ways.media, settings.log_level.value, settings.log_json, settings.fences,
            settings.beat_s,
        )  # fmt: skip

    def _keep(self, first: bool) -> KeeperStart:
        settings = self._settings
        return KeeperStart(
            str(self._layout.state), self._ways.keeper, self._ways.tell_vitals("keeper"),
            self._configuration(), first, settings.sync_ms, settings.head_s,
            settings.floor_bytes, settings.ballast_bytes, settings.log_level.value,
            settings.log_json, settings.fences,
        )  # fmt: skip
