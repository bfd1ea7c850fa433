"""A recorded site and the API over it: real files, real index, real server on loopback."""

import asyncio
import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, cast

import av
import httpx
import uvicorn
from fastapi import FastAPI
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.api.decision_desk import decision_ports
from tests.api.found_desk import FoundDesk
from tests.api.mask_desk import MaskDesk
from tests.api.own_worker import OwnWorker
from tests.api.relay_desk import relay_ports
from tests.app.running import free_port
from tests.recording.keeper_making import Site, Worker
from watchglass.access.directory import Directory
from watchglass.access.door import Door
from watchglass.access.second_factor import SecondFactors
from watchglass.access.session import Sessions
from watchglass.access.throttle import Throttle
from watchglass.access.token import new_token, token_hash
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
from watchglass.api.egressports import EgressPorts
from watchglass.api.eventports import EventPorts
from watchglass.api.exportports import ExportPorts
from watchglass.api.filetable import FileTable
from watchglass.api.maskports import MaskPorts
from watchglass.api.notespool import NoteSpool
from watchglass.api.noticeports import NoticePorts
from watchglass.api.openfile import OpenFileReader
from watchglass.api.ports import (
    ApiPorts,
    CauseWords,
    DevicePathPorts,
    FleetPorts,
    PeoplePorts,
    Reach,
    ScanErrand,
)
from watchglass.api.redactionports import RedactionPorts
from watchglass.api.watchports import WatchPorts
from watchglass.app.anchor_desk import AnchorDesk
from watchglass.app.device_steps import note_step
from watchglass.app.evidence.desk import ExportDesk, Notary
from watchglass.app.evidence.redact_desk import RedactionDesk, RedactionNotary
from watchglass.app.exposition import exposition
from watchglass.app.fleet_process import make_views
from watchglass.app.ground import Ground
from watchglass.app.kept_index import KeptIndex
from watchglass.app.layout import Layout
from watchglass.app.looking import looked_at_words
from watchglass.app.notice_ways import change_way
from watchglass.app.onvif_port import OnvifPort
from watchglass.app.page_exports import anchor_ports
from watchglass.app.settings_desk import SettingsDesk
from watchglass.app.survey_desk import SurveyDesk
from watchglass.app.words import CAUSES, REMEDIES
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.cameras.probe import probe_camera
from watchglass.config.settings import Settings
from watchglass.live.relayfeed import RelayFeed
from watchglass.model.act import Act, Note
from watchglass.model.camera import Camera, StreamAddress
from watchglass.model.camera_table import TableErrand, TableState
from watchglass.model.control import (
    Accepted,
    AddCameraRequest,
    CountryRequest,
    NamesRequest,
    RetentionRequest,
)
from watchglass.model.device_path import StepRequest
from watchglass.model.egress import EgressState, EgressStateRequest, EgressTaken
from watchglass.model.health import Health, HealthState
from watchglass.model.look import Look
from watchglass.model.metric import Sample
from watchglass.model.order import Order, Synced
from watchglass.model.retention import Keeping
from watchglass.model.settings_import import SettingsRead
from watchglass.model.statement import Statement
from watchglass.model.steering import PtzState, Steering
from watchglass.model.still import StillRequest
from watchglass.model.stream import StreamName
from watchglass.model.survey_control import (
    FleetMade,
    FleetOrder,
    FleetRequest,
    LookedAt,
    LookRequest,
    RecordRequest,
    Scans,
    SurveyRequest,
)
from watchglass.model.system import SystemReport
from watchglass.model.way import Stand
from watchglass.store.access import AccessStore
from watchglass.store.arrangement import ArrangementStore
from watchglass.store.country import default_retention_h
from watchglass.store.egress import EgressStore
from watchglass.store.notices import NoticeStore
from watchglass.store.quick_index import QuickIndex
from watchglass.store.said import SaidStore
from watchglass.store.trust import TrustStore
from watchglass.store.vault import Vault

PASSWORD = "four words make one"
COOKIE = "__Host-watchglass"


class Recorded:
    """Cameras recorded on a simulated clock; ``record`` lets them go on."""

    def __init__(self, folder: Path, cameras: int = 1, *, sound: bool = False) -> None:
        folder.mkdir(exist_ok=True)
        self.site = Site(folder, file_s=6)
        self.site.start()
        self.began_ns = self.site.clock.wall_ns()
        self.cameras = [self.site.add_camera() for _ in range(cameras)]
        self.worker = Worker(self.site)
        for camera in self.cameras:
            self.worker.stream(camera, sound=sound)

    @property
    def camera(self) -> CameraId:
        return self.cameras[0]

    def record(self, seconds: int) -> None:
        """So many seconds of each camera, on disk and in the index."""
        for _ in range(seconds):
            began_ns = self.site.clock.wall_ns()
            for camera in self.cameras:
                self.site.clock.step_wall(began_ns - self.site.clock.wall_ns())
                self.worker.stream(camera).feed(10)
            self.cycle()

    def cycle(self) -> None:
        """What was written is told and synced, in no time."""
        self.worker.send()
        for peer, answer in self.site.running.cycle():
            if isinstance(answer, Synced) and peer == self.worker.peer:
                self.worker.outbox.acknowledge(answer.last)

    def close(self) -> None:
        self.worker.die()
        self.site.kill_keeper()


@dataclass
class Served:
    """The API over a recorded site. ``noted``, ``orders`` and ``recording`` are what went to
    the ports; what ``health`` holds first is how the recorder is; ``trust`` is what was seen."""

    recorded: Recorded
    ports: ApiPorts
    app: FastAPI
    feed: RelayFeed
    token: str
    noted: list[Note] = field(default_factory=list)
    orders: list[CameraOrder] = field(default_factory=list)
    about: dict[CameraId, CameraAbout] = field(default_factory=dict)
    removed: list[RemovedCamera] = field(default_factory=list)
    notices: NoticeStore | None = None
    system: list[SystemReport] = field(default_factory=list)
    numbers: list[Sample] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    recording: list[RecordRequest] = field(default_factory=list)
    trust: TrustStore | None = None
    store: AccessStore | None = None
    masks: MaskDesk | None = None
    found: FoundDesk | None = None
    exports: ExportDesk | None = None
    redactions: RedactionDesk | None = None

    @property
    def access(self) -> AccessStore:
        """What users are kept in: changed here, as another process does."""
        assert self.store is not None
        return self.store

    @property
    def looks(self) -> list[Look]:
        """Those of ``noted`` that are looks."""
        return [note for note in self.noted if isinstance(note, Look)]

    @property
    def acts(self) -> list[Act]:
        """Those of ``noted`` that are acts."""
        return [note for note in self.noted if isinstance(note, Act)]


class NotedSteps:
    """Steps of devices, noted over a keeper that writes down what it is ordered."""

    def __init__(self, site: Site) -> None:
        self.orders: list[Order] = []
        self._site = site

    def note(self, request: StepRequest) -> None:
        note_step(self._site.state / "site.db", self, self._site.clock, Disk(), request)

    def order(self, order: Order) -> str:
        self.orders.append(order)
        return ""


class Keeps:
    """For how long is kept, as a site holds it."""

    def __init__(self) -> None:
        self.now = Keeping(336, 336, None)

    def order(self, order: RetentionRequest | CountryRequest) -> None:
        if isinstance(order, CountryRequest):
            default_h = default_retention_h(order.country)
            hours = self.now.hours if self.now.hours != self.now.default_h else default_h
            self.now = Keeping(hours, default_h, order.country)
        else:
            self.now = replace(self.now, hours=order.hours or self.now.default_h)


def _stated(about: dict[CameraId, CameraAbout], camera: CameraId) -> CameraAbout:
    if camera not in about:
        raise NotFoundError("There is no such camera.")
    return about[camera]


def served(
    recorded: Recorded, port: int, ui: Path | None = None,
    decode: Callable[[StillRequest], bytes] | None = None, worker: OwnWorker | None = None,
    masks: MaskDesk | None = None,
    steer: Callable[[Steering], PtzState | None] | None = None,
) -> Served:  # fmt: skip
    """Ports over a recorded site, as the composition root would fill them."""
    site = recorded.site
    noted: list[Note] = []
    orders: list[CameraOrder] = []
    about = {
        each: CameraAbout(Statement(), None, 336, 336, None, "admin") for each in recorded.cameras
    }
    removed: list[RemovedCamera] = []
    notes = NoticeStore(site.state / "site.db", Vault(site.state / "vault", site.disk), site.disk)
    system = [SystemReport("test", 0, (), (), (), None, None)]
    numbers: list[Sample] = []
    volume = VolumeNow(site.volume.id, str(site.volume.path), False, 2, 10**9, 10**10, 10**9, 11.0)
    health = [Health(HealthState.OK, 2, 2, ())]
    access = AccessStore(site.state / f"site-{port}.db")
    token = new_token()
    access.offer_setup(token_hash(token), site.clock.wall_ns() + 3600 * NS_PER_S)
    directory = Directory(access)
    factors = SecondFactors(
        access, Vault(site.state / f"accounts-{port}.key", site.disk), site.clock
    )
    sessions = Sessions(access, site.clock, directory)
    files = FileTable()
    reader = OpenFileReader(lambda _: site.volume.path, files, site.clock)
    # No worker relays: what there is to see is on disk, and nobody waits for more.
    feed = RelayFeed(
        Stand(f"ipc://{site.state}/live-{port}", "key"), reader.since_key_frame, site.clock,
        waits_s=(),
    )  # fmt: skip

    def volume_path(volume: VolumeId) -> Path | None:
        return site.volume.path if volume == site.volume.id else None

    def cameras() -> list[Camera]:
        return [
            Camera(
                camera, f"Gate {number}", (StreamAddress(StreamName.MAIN, "rtsp://10.0.0.7/"),),
                site.volume.id, added_ns=recorded.began_ns,
            )
            for number, camera in enumerate(recorded.cameras)
        ]  # fmt: skip

    desk_of_masks = masks or MaskDesk(site.state / f"masks-{port}", site.clock, recorded.cameras)

    found = FoundDesk(site.state / f"events-{port}.db", site.clock)
    evidence = export_desk(site, port, desk_of_masks, noted)
    on = Ground(
        Settings(site.folder, site.folder / "media"), Layout(site.state), site.disk, site.clock
    )
    redactions = redaction_desk(evidence, noted)

    def carry_out(order: CameraOrder) -> CameraId:
        orders.append(order)
        return CameraId(order.camera)

    keeps = Keeps()
    trust = TrustStore(site.state / "site.db")
    egress = EgressStore(site.state / "site.db")
    desk = survey_desk(site, desk_of_masks)
    recording: list[RecordRequest] = []
    steps = NotedSteps(site)

    def scans(errand: ScanErrand) -> Scans:
        told = desk.answer(errand)
        assert isinstance(told, Scans)
        return told

    def fleet(request: FleetRequest) -> FleetMade:
        made = desk.answer(request)
        assert isinstance(made, FleetMade)
        return made

    def table(errand: TableErrand) -> TableState:
        state = desk.answer(errand)
        assert isinstance(state, TableState)
        return state

    def record(order: RecordRequest) -> Accepted:
        recording.append(order)
        return Accepted(recorded.camera, already=len(recording) > 1)

    def look(order: LookRequest) -> LookedAt:
        return looked_at_words(probe_camera(order.camera.url))

    worker = worker or OwnWorker()
    names_h = [180 * 24]
    uploads = Layout(site.state).run
    uploads.mkdir(parents=True, exist_ok=True)

    def keep_names(request: NamesRequest) -> None:
        names_h.append(request.hours)

    ports = ApiPorts(
        clock=site.clock,
        reach=Reach(frozenset({f"127.0.0.1:{port}"})),
        sessions=sessions,
        door=Door(access, sessions, site.clock, Throttle(site.clock), factors),
        cameras=cameras,
        index=QuickIndex(site.state / "index.db"),
        volume_path=volume_path,
        notices=NoticePorts(
            notes.notices,
            lambda notice, by: notes.acknowledge(notice, by, site.clock.wall_ns()),
            notes.way,
            notes.status,
            notes.has_secret,
            lambda request: change_way(notes, request, site.clock.wall_ns()),
        ),
        system=lambda: system[0],
        numbers=lambda: numbers,
        of_cameras=CameraPorts(
            carry_out, partial(_stated, about), lambda: [volume], lambda: removed
        ),
        masks=MaskPorts(
            desk_of_masks.carry_out,
            desk_of_masks.masks,
            desk_of_masks.masking,
            desk_of_masks.masked_cameras,
        ),
        relays=relay_ports(desk_of_masks, site.clock),
        decisions=decision_ports(site, desk_of_masks, found),
        watch=WatchPorts(desk_of_masks.watch, desk_of_masks.store.areas, desk_of_masks.store.rules),
        exports=ExportPorts(evidence.errand, evidence.folder),
        anchors=anchor_ports(AnchorDesk(on).errand),
        redactions=RedactionPorts(redactions.errand, redactions.folder),
        events=EventPorts(found.store, found.order, found.look_back),
        note_people=noted.extend,
        spool=NoteSpool(site.folder, Disk()),
        keeping=lambda: keeps.now,
        keep=keeps.order,
        feed=feed,
        still=decode or worker.still,
        convert=worker.convert,
        form=worker.form,
        tokens=Tokens(access, site.clock, directory),
        users=Users(access, site.clock),
        factors=factors,
        measurements=exposition,
        health=lambda: health[0],
        devices=FleetPorts(
            fleet,
            trust.profile,
            trust.set_profile,
            trust.put_purchase,
            scans,
            record,
            look,
            table,
            answering(desk, SettingsRead),
            answering(desk, Accepted),
            egress.needs,
            egress.set_needs,
            egress.contained,
            egress.put_contained,
            DevicePathPorts(
                trust.paths,
                trust.put_paths,
                trust.put_plan_change,
                trust.plan_change,
                trust.drop_plan_change,
                steps.note,
                trust.put_document,
                trust.document,
            ),
            EgressPorts(
                uploads,
                site.disk,
                answering(desk, EgressTaken),
                lambda: answering(desk, EgressState)(EgressStateRequest()),
            ),
        ),
        people=PeoplePorts(site.state / "ledger" / "site", lambda: names_h[-1], keep_names),
        steer=steer or OnvifPort(None, site.clock).steer,
        arrangement=ArrangementStore(site.state / "site.db"),
        said=SaidStore(site.state / f"site-{port}.db").between,
        words=CauseWords(CAUSES, REMEDIES),
        ui=ui or site.folder / "no-ui",
        version="test",
    )
    return Served(
        recorded, ports, create_app(ports, files), feed, token, noted, orders, about, removed,
        notes, system, numbers, health, recording, trust, access, desk_of_masks, found,
        evidence, redactions,
    )  # fmt: skip


def export_desk(site: Site, port: int, masks: MaskDesk, noted: list[Note]) -> ExportDesk:
    """That of a recorder on this site; no process makes a bundle."""
    data = site.folder / f"exports-{port}"
    on = Ground(Settings(data, data / "media"), Layout(data / "state"), site.disk, site.clock)
    on.layout.state.mkdir(parents=True)
    on.layout.exports.mkdir()
    keeping = Notary(lambda _: None, lambda _: "", noted.append)
    return ExportDesk(on, masks.store, keeping, KeptIndex(site.state / "index.db"))


def redaction_desk(of: ExportDesk, noted: list[Note]) -> RedactionDesk:
    """Beside it; no process makes a copy."""
    notary = RedactionNotary(noted.append, lambda _: "")
    return RedactionDesk(of._on, of._store, notary, of._index)


T = TypeVar("T")


def answering(desk: SurveyDesk, kind: type[T]) -> Callable[[SurveyRequest], T]:
    """What the desk answers, which is of that kind."""

    def answer(request: SurveyRequest) -> T:
        told = desk.answer(request)
        assert isinstance(told, kind)
        return told

    return answer


def survey_desk(site: Site, drawn: MaskDesk) -> SurveyDesk:
    """That of a recorder on this site; it judges in this process."""
    settings = Settings(site.folder, site.folder / "media")
    on = Ground(settings, Layout(site.state), site.disk, site.clock)

    def judge(order: FleetOrder) -> None:
        make_views(on, Path(order.folder), report=order.report)

    def nobody(_: RecordRequest) -> Accepted:
        raise AssertionError

    def unseen(_: RecordRequest) -> LookedAt:
        raise AssertionError

    def added(_: AddCameraRequest) -> CameraId:
        raise AssertionError

    settings_of = SettingsDesk(settings, drawn.store, added, drawn.watch)
    return SurveyDesk(on, nobody, tuple, unseen, settings_of, judge)


class Running:
    """uvicorn in a thread, on loopback."""

    def __init__(self, of: Served, port: int) -> None:
        self.of = of
        self.port = port
        config = uvicorn.Config(
            of.app, "127.0.0.1", port, log_config=None, ws="websockets-sansio", lifespan="on",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self.server = uvicorn.Server(config)
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        async def serve() -> None:
            self.loop = asyncio.get_running_loop()
            await self.server.serve()

        asyncio.run(serve())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self.thread.start()
        until_s = time.monotonic() + 10
        while not self.server.started:
            assert time.monotonic() < until_s
            assert self.thread.is_alive()
            time.sleep(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.should_exit = True
        self.thread.join(10)


class Browser:
    """What a page of the recorder sends; the cookie is kept as a browser would, Secure or not."""

    def __init__(self, running: Running) -> None:
        self.origin = running.url
        self.cookie = ""
        self.http = httpx.Client(base_url=running.url, timeout=10)

    def headers(self) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.http.get(path, headers=self.headers() | more.pop("headers", {}), **more)

    def json(self, path: str, **more: Any) -> Any:
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = self.headers() | {"Origin": self.origin, "X-Watchglass": "1"}
        answer = self.http.request(method, path, json=body, headers=headers)
        if "set-cookie" in answer.headers:
            self.cookie = answer.headers["set-cookie"].partition(";")[0].partition("=")[2]
        return answer

    def set_up(self, token: str) -> httpx.Response:
        return self.send("POST", "/api/v1/setup", {"token": token, "password": PASSWORD})


@contextmanager
def running(
    recorded: Recorded, ui: Path | None = None,
    decode: Callable[[StillRequest], bytes] | None = None,
    steer: Callable[[Steering], PtzState | None] | None = None,
) -> Iterator[tuple[Running, Browser]]:  # fmt: skip
    """A server over a recorded site, and a browser that is signed in."""
    port = free_port()
    of = served(recorded, port, ui, decode, steer=steer)
    with Running(of, port) as at:
        browser = Browser(at)
        try:
            assert browser.set_up(of.token).status_code == 201
            yield at, browser
        finally:
            browser.http.close()
            of.feed.close()


def live_link(url: str, origin: str | None, headers: dict[str, str]) -> ClientConnection:
    """A WebSocket to ``url`` (http), as a page of ``origin`` opens it."""
    return connect(
        url.replace("http://", "ws://"), origin=cast(Origin | None, origin),
        additional_headers=headers, compression=None, max_size=None, proxy=None,
    )  # fmt: skip


def pictures(parts: bytes) -> list[av.VideoFrame]:
    """What a player decodes of a file with one track of video."""
    with av.open(io.BytesIO(parts), "r") as file:
        assert [stream.type for stream in file.streams] == ["video"]
        return list(file.decode(video=0))
