"""Entry of the api process: reads what to serve from standard input."""

import signal
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import uvicorn
import uvloop

import watchglass
from watchglass.access.directory import Directory
from watchglass.access.door import Door
from watchglass.access.second_factor import SecondFactors
from watchglass.access.session import Sessions
from watchglass.access.throttle import Throttle
from watchglass.access.tokens import Tokens
from watchglass.access.users import Users
from watchglass.api.application import create_app
from watchglass.api.cameraports import (
    CameraAbout,
    CameraOrder,
    CameraPorts,
    RemovedCamera,
    VolumeNow,
)
from watchglass.api.connection import CountedWebSocket, PatientHttp
from watchglass.api.decisionports import DecisionOrder, DecisionPorts
from watchglass.api.egressports import EgressPorts, forget_uploads
from watchglass.api.eventports import EventPorts
from watchglass.api.filetable import FileTable
from watchglass.api.maskports import MaskOrder, MaskPorts
from watchglass.api.metrics import CAMERA_INFO
from watchglass.api.notespool import NoteSpool
from watchglass.api.openfile import OpenFileReader
from watchglass.api.pages import UI
from watchglass.api.ports import ApiPorts, CauseWords, PeoplePorts, Reach, ScanErrand
from watchglass.api.relayports import RelayPorts
from watchglass.api.watchports import WatchPorts
from watchglass.app.exposition import exposition
from watchglass.app.fences import fence_in, lay_out_databases, of_api, say_if_fenced_off, tell
from watchglass.app.fleet_ports import fleet_ports
from watchglass.app.forecast import forecasts
from watchglass.app.health import named
from watchglass.app.layout import Layout
from watchglass.app.media_port import MediaPort
from watchglass.app.notice_pictures import NoticePictures
from watchglass.app.onvif_port import OnvifPort
from watchglass.app.page_exports import anchor_ports, export_ports
from watchglass.app.page_notices import notice_ports
from watchglass.app.page_redactions import redaction_ports
from watchglass.app.page_server import PageServer
from watchglass.app.page_socket import page_hosts, page_listener, page_tls
from watchglass.app.pipes import first_message, leave, say, take_messages
from watchglass.app.refusal import error_of, refusal
from watchglass.app.ways import control_client
from watchglass.app.words import CAUSES, REMEDIES
from watchglass.base import heap, log
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import BusError, ConfigError, WatchglassError
from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId, VolumeId
from watchglass.live.relayfeed import RelayFeed
from watchglass.model.act import Note
from watchglass.model.assignment import ApiStart, Serving, Shutdown, ToApiProcess
from watchglass.model.camera import Camera, CameraState
from watchglass.model.camera_table import TableErrand, TableState
from watchglass.model.control import (
    Accepted,
    CountryRequest,
    EditCameraRequest,
    HealthRequest,
    Measurements,
    MeasureRequest,
    NamesRequest,
    NoteRequest,
    Refused,
    Reply,
    Request,
    RetentionRequest,
    SwapFoundRequest,
)
from watchglass.model.egress import EgressState, EgressStateRequest, EgressTaken
from watchglass.model.erasure import SignedStatement, StatementRequest
from watchglass.model.health import Health
from watchglass.model.look_back import LookBack
from watchglass.model.metric import Sample
from watchglass.model.notice_picture import PictureWanted
from watchglass.model.restream import RestreamRequest, RestreamsRequest, RestreamsTold
from watchglass.model.retention import Keeping
from watchglass.model.settings_import import SettingsRead
from watchglass.model.survey_control import (
    FleetMade,
    FleetRequest,
    LookedAt,
    LookRequest,
    RecordRequest,
    Scans,
)
from watchglass.model.system import LogLine, SystemReport, SystemRequest
from watchglass.model.watch_control import (
    LookBackErrand,
    LooksBack,
    ReviewRequest,
    WatchRequest,
)
from watchglass.recording.volume import volume_at
from watchglass.store.access import AccessStore
from watchglass.store.arrangement import ArrangementStore
from watchglass.store.country import default_retention_h
from watchglass.store.egress import EgressStore
from watchglass.store.events import EventStore
from watchglass.store.notices import NoticeStore
from watchglass.store.quick_index import QuickIndex
from watchglass.store.said import SaidStore
from watchglass.store.site import SiteStore
from watchglass.store.trust import TrustStore
from watchglass.store.vault import Vault

T = TypeVar("T")
_ORDER_S = 30.0
_JUDGED_S, _LOOKED_S = 130.0, 120.0
"""A look at a camera asks for as many streams as its maker may have."""
_FORECAST_NS = 60 * NS_PER_S
_END_S = 2
_NOT_ASKED = "The recorder answers what was not asked: is it of another version?"
_LOG = log.get("api")


def main() -> None:
    """Serve until told to stop, or until the supervisor is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    heap.bound()
    decoder: msgspec.json.Decoder[ToApiProcess] = msgspec.json.Decoder(ToApiProcess)
    try:
        start = first_message(decoder)
    except EOFError:
        return
    assert isinstance(start, ApiStart)
    log.configure(start.log_level, json=start.log_json)
    try:
        _serve(start, decoder)
    except WatchglassError as error:
        _LOG.error("api_ended", error=error.sentence)
        say(refusal(error))
        sys.exit(error.exit_code)
    leave()


def _serve(start: ApiStart, decoder: msgspec.json.Decoder[ToApiProcess]) -> None:
    if start.lan and not (start.certificate and start.key):
        raise ConfigError("The page is served in a network only with a certificate.")
    listener = page_listener(start.port, lan=start.lan)
    port: int = listener.getsockname()[1]
    tls = page_tls(start)
    accounts = _fence_in(start)
    files = FileTable()
    site = _Site(start, port, files, accounts)
    config = uvicorn.Config(
        create_app(site.ports, files), log_config=None, access_log=False,
        http=PatientHttp, ws=CountedWebSocket, ws_max_size=64 * 1024,
        ws_per_message_deflate=False, lifespan="on", server_header=False, date_header=False,
        proxy_headers=False, timeout_graceful_shutdown=_END_S,
    )  # fmt: skip
    config.load()
    config.ssl = tls
    server = PageServer(config, start.beat_s)
    pictures = NoticePictures(site.ports, files)

    def on_message(message: ToApiProcess) -> None:
        match message:
            case Shutdown():
                server.end()
            case PictureWanted():
                pictures.take(message)

    take_messages(decoder, on_message, server.end)
    heap.tend(site.ports.clock)
    say(Serving(port, site.ports.door.is_set_up()))
    uvloop.run(server.serve([listener]))
    site.close()


def _fence_in(start: ApiStart) -> Vault:
    """Once the port is ours, and before anything is opened that has a thread. What the secrets of
    second factors are sealed with is read before: afterwards no key can be."""
    layout, disk = Layout(Path(start.state)), Disk()
    store = SiteStore(layout.site_db, Vault(layout.vault_key, disk), SystemClock(), disk)
    volumes = [each.path for each in store.volumes()]
    store.close()
    # What an older version left is brought up here: the copy of it that is kept is a file of its
    # own, and the fence lets none be made.
    AccessStore(layout.site_db, disk).close()
    ArrangementStore(layout.site_db, disk).close()
    EventStore(layout.events_db, disk).close()
    disk.make_folders(WriteSite.NOTE_SPOOL, layout.notes, 0o700)
    if start.fences is not FenceMode.OFF:
        lay_out_databases(layout, disk)
    accounts = Vault(layout.accounts_key, disk)
    accounts.make_key()
    tell(fence_in(of_api(layout, volumes, Path(start.ui) if start.ui else UI), start.fences))
    return accounts


class _Site:
    """What the API stands on in this process: databases to look at, and the way to the recorder."""

    def __init__(self, start: ApiStart, port: int, files: FileTable, accounts: Vault) -> None:
        self._layout = Layout(Path(start.state))
        disk, clock = Disk(), SystemClock()
        # The key of the cameras' passwords is never read here: nothing asks for a password.
        self._store = SiteStore(
            self._layout.site_db, Vault(self._layout.vault_key, disk), clock, disk
        )
        self._index = QuickIndex(self._layout.index_db)
        self._access = AccessStore(self._layout.site_db, disk)
        self._trust = TrustStore(self._layout.site_db, disk)
        self._egress = EgressStore(self._layout.site_db, disk)
        self._notices = NoticeStore(self._layout.site_db, Vault(self._layout.vault_key, disk), disk)
        self._arrangement = ArrangementStore(self._layout.site_db, disk)
        self._said = SaidStore(self._layout.site_db, disk)
        self._events = EventStore(self._layout.events_db, disk)
        if start.setup_hash:
            self._access.offer_setup(start.setup_hash, start.setup_expires_ns)
        self._control = control_client(self._layout)
        directory = Directory(self._access)
        factors = SecondFactors(self._access, accounts, clock)
        sessions = Sessions(self._access, clock, directory)
        reader = OpenFileReader(self._root_of, files, clock)
        self._volumes: tuple[int, dict[VolumeId, Path]] = (-NS_PER_S, {})
        self._media = MediaPort(start.media, clock)
        self._onvif = OnvifPort(start.onvif, clock)
        self._numbers: tuple[int, tuple[Sample, ...]] = (-NS_PER_S, ())
        self._numbers_lock = threading.Lock()
        self._floor_bytes = start.floor_bytes
        self._forecast: tuple[int, Sequence[VolumeNow]] = (-_FORECAST_NS, ())
        self._forecast_lock = threading.Lock()
        self._feed = RelayFeed(start.live, reader.since_key_frame, clock)
        asks = self._fleet, self._scans, self._record, self._look, self._table
        reads = partial(self._told, SettingsRead, timeout_s=_JUDGED_S)
        takes = partial(self._told, Accepted, timeout_s=_LOOKED_S)
        forget_uploads(self._layout.run)
        taken = EgressPorts(
            self._layout.run,
            disk,
            partial(self._told, EgressTaken, timeout_s=_JUDGED_S),
            partial(self._told, EgressState, EgressStateRequest()),
        )
        self.ports = ApiPorts(
            clock=clock,
            reach=Reach(
                page_hosts(port, start.hosts), "https" if start.lan else "http", start.strict
            ),
            sessions=sessions,
            door=Door(self._access, sessions, clock, Throttle(clock), factors),
            cameras=self._cameras,
            index=self._index,
            volume_path=self._volume_path,
            notices=notice_ports(self._notices, clock, self._ask),
            system=self._system,
            numbers=self._recorders,
            of_cameras=CameraPorts(self._carry_out, self._about, self._volumes_now, self._removed),
            masks=MaskPorts(
                self._carry_out, self._store.masks, self._store.masking, self._store.masked_cameras
            ),
            relays=RelayPorts(
                self._store.restreams,
                self._carry_out,
                partial(self._told, RestreamsTold, RestreamsRequest()),
            ),
            decisions=DecisionPorts(
                self._order,
                self._statement,
                self._store.erasures,
                self._store.hold_notes,
                self._store.subject_requests,
            ),
            watch=WatchPorts(self._carry_out, self._store.areas, self._store.rules),
            exports=export_ports(self._call, self._layout.exports),
            anchors=anchor_ports(self._call),
            redactions=redaction_ports(self._call, self._layout.redacted),
            events=EventPorts(self._events, self._order, self._look_back),
            note_people=self._note_people,
            spool=NoteSpool(self._layout.notes, disk),
            keeping=self._keeping,
            keep=self._keep,
            feed=self._feed,
            still=self._media.still,
            convert=self._media.convert,
            form=self._media.form,
            tokens=Tokens(self._access, clock, directory),
            users=Users(self._access, clock, self._store.names_h),
            factors=factors,
            measurements=self._measurements,
            health=self._health,
            devices=fleet_ports(self._trust, self._egress, self._ask, *asks, reads, takes, taken),
            people=PeoplePorts(self._layout.ledgers / "site", self._store.names_h, self._keep),
            steer=self._onvif.steer,
            arrangement=self._arrangement,
            said=self._said.between,
            words=CauseWords(CAUSES, REMEDIES),
            ui=Path(start.ui) if start.ui else UI,
            version=watchglass.__version__,
        )

    def close(self) -> None:
        self._feed.close()
        databases = (
            self._access,
            self._trust,
            self._egress,
            self._notices,
            self._arrangement,
            self._index,
        )
        for each in (*databases, self._said, self._events, self._store):
            _quietly(each.close)

    def _volume_path(self, volume: VolumeId) -> Path | None:
        """As of a second ago at most: it is asked for each file of a playback."""
        now_ns = self.ports.clock.monotonic_ns()
        asked_ns, paths = self._volumes
        if now_ns - asked_ns > NS_PER_S:
            known = {each.id: each.path for each in self._store.volumes()}
            paths = {each: path for each, path in known.items() if volume_at(path) == each}
            for each in known.keys() - paths.keys():
                say_if_fenced_off(each, known[each])
            self._volumes = now_ns, paths
        return paths.get(volume)

    def _root_of(self, camera: CameraId) -> Path | None:
        return self._volume_path(self._store.camera(camera, with_credentials=False).volume)

    def _carry_out(
        self, request: CameraOrder | MaskOrder | WatchRequest | RestreamRequest
    ) -> CameraId:
        looks = isinstance(request, EditCameraRequest | SwapFoundRequest)
        accepted = self._ask(request, _LOOKED_S if looks else _ORDER_S)
        if accepted.camera is None:
            raise BusError(_NOT_ASKED)
        return accepted.camera

    def _statement(self, request: StatementRequest) -> SignedStatement:
        return self._told(SignedStatement, request)

    def _order(self, request: ReviewRequest | DecisionOrder) -> None:
        self._ask(request)

    def _look_back(self, errand: LookBackErrand) -> Sequence[LookBack]:
        reply = self._call(errand)
        if not isinstance(reply, LooksBack):
            raise BusError(_NOT_ASKED)
        return reply.looks

    def _system(self) -> SystemReport:
        reply = self._call(SystemRequest(), _LOOKED_S)
        if not isinstance(reply, SystemReport):
            raise BusError(_NOT_ASKED)
        own = tuple(LogLine(at, level, "api", text) for at, level, text in log.recent())
        lines = sorted((*reply.lines, *own), key=lambda line: line.at)
        return msgspec.structs.replace(reply, lines=tuple(lines))

    def _about(self, camera: CameraId) -> CameraAbout:
        entry = self._store.schedules().get(camera)
        country = self._store.country()
        return CameraAbout(
            self._store.statement(camera), entry.schedule if entry is not None else None,
            self._store.default_retention_h(), default_retention_h(country), country,
            self._store.user_of(camera), self._store.devices_behind(camera),
        )  # fmt: skip

    def _removed(self) -> Sequence[RemovedCamera]:
        default_h, erased = self._store.default_retention_h(), self._store.to_be_erased()
        return [
            RemovedCamera(each.id, each.name, each.id in erased, each.retention_h or default_h)
            for each in self._store.cameras(include_removed=True, with_credentials=False)
            if each.state is CameraState.REMOVED
        ]

    def _volumes_now(self) -> Sequence[VolumeNow]:
        """As of a minute ago at most: the index is summed up for it."""
        with self._forecast_lock:
            now_ns = self.ports.clock.monotonic_ns()
            made_ns, found = self._forecast
            if now_ns - made_ns > _FORECAST_NS:
                found = self._forecasts()
                self._forecast = now_ns, found
            return found

    def _forecasts(self) -> Sequence[VolumeNow]:
        with self._index.read() as index:
            found = forecasts(self._store, index, self._floor_bytes, self.ports.clock.wall_ns())
        return [
            VolumeNow(
                each.volume.id, str(each.volume.path), each.volume.draining, each.cameras,
                each.recorded_bytes, each.free_bytes, each.bytes_per_day, each.days,
            )
            for each in found
        ]  # fmt: skip

    def _note_people(self, notes: Sequence[Note]) -> None:
        self._ask(NoteRequest(tuple(notes)))

    def _fleet(self, request: FleetRequest) -> FleetMade:
        return self._told(FleetMade, request, _JUDGED_S)

    def _scans(self, errand: ScanErrand) -> Scans:
        return self._told(Scans, errand)

    def _record(self, request: RecordRequest) -> Accepted:
        reply = self._call(request, _LOOKED_S)
        if not isinstance(reply, Accepted) or reply.camera is None:
            raise BusError(_NOT_ASKED)
        return reply

    def _table(self, errand: TableErrand) -> TableState:
        return self._told(TableState, errand)

    def _keeping(self) -> Keeping:
        country = self._store.country()
        hours = self._store.default_retention_h()
        return Keeping(hours, default_retention_h(country), country)

    def _keep(self, request: RetentionRequest | CountryRequest | NamesRequest) -> None:
        self._ask(request)

    def _look(self, request: LookRequest) -> LookedAt:
        return self._told(LookedAt, request, _LOOKED_S)

    def _measurements(self, own: Sequence[Sample]) -> str:
        names = [CAMERA_INFO.at(1, each.id, each.name) for each in self._cameras()]
        parts = (self._recorders(), own, self._feed.samples(), self._media.samples(), names)
        return exposition(sample for part in parts for sample in part)

    def _recorders(self) -> tuple[Sample, ...]:
        """As of a second ago at most, and asked for once, however many monitors ask."""
        with self._numbers_lock:
            now_ns = self.ports.clock.monotonic_ns()
            asked_ns, samples = self._numbers
            if now_ns - asked_ns > NS_PER_S:
                reply = self._call(MeasureRequest())
                if not isinstance(reply, Measurements):
                    raise BusError(_NOT_ASKED)
                samples = reply.samples
                self._numbers = self.ports.clock.monotonic_ns(), samples
            return samples

    def _health(self) -> Health:
        reply = self._call(HealthRequest())
        if not isinstance(reply, Health):
            raise BusError(_NOT_ASKED)
        return named(reply, {each.id: each.name for each in self._cameras()})

    def _cameras(self) -> Sequence[Camera]:
        return self._store.cameras(with_credentials=False)

    def _ask(self, request: Request, timeout_s: float = _ORDER_S) -> Accepted:
        return self._told(Accepted, request, timeout_s)

    def _told(self, kind: type[T], request: Request, timeout_s: float = _ORDER_S) -> T:
        reply = self._call(request, timeout_s)
        if not isinstance(reply, kind):
            raise BusError(_NOT_ASKED)
        return reply

    def _call(self, request: Request, timeout_s: float = _ORDER_S) -> Reply:
        reply = self._control.call(request, timeout_s)
        if isinstance(reply, Refused):
            raise error_of(reply)
        return reply


def _quietly(close: Callable[[], None]) -> None:
    try:
        close()
    except WatchglassError as error:
        _LOG.error("not_closed", error=error.sentence)


if __name__ == "__main__":
    main()
