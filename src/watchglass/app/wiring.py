"""The map of the product: what is made of what, and the way a packet goes.

    camera ── RTSP ──▶ media.rtsp.RtspSource          read in turn (recording.rounds), in a worker
                       cameras.source.open_camera     the address is checked at each connection
                       cameras.kinds                  files, devices, plug-ins: by the scheme
                    ─▶ recording.recorder             in a run, or in a gap with its cause
                    ─▶ recording.assembler            samples → fragments → files
                    ─▶ recording.writer (StreamQueue) a byte-bounded queue, the volume's thread
                    ─▶ base.disk.Disk                 the media file: locked, appended, footer last
    facts              recording.outbox ─ bus ─▶ recording.keeper_service ─▶ recording.keeper
                       sync the volume → ledger lines → sync the state → index → acknowledge → head
    people             browser ── HTTP, WebSocket ──▶ app.api_process (api.application)
                       looks: index and files, read; orders: the control socket, as the commands do
    setting up         app.adding ─▶ cameras.probe_worker, of a stream; of a device,
                       cameras.onvif.setup_worker: each ends with its answer
    moving a camera    api.ptzsocket, api.ptz ─ bus ─▶ app.onvif_worker ─▶ cameras.onvif.steering
    what cameras say   cameras.onvif.listening, in the same worker ─▶ app.said_desk ─▶ store.said
                       (rows), and the keeper (marks)
    live               recording.tap ─▶ live.outlet ─ bus ─▶ live.relayfeed ─▶ live.viewer
                       while somebody watches; from the last key frame on: api.openfile, read
    handing on         recording.tap ─▶ live.outlet ─ bus ─▶ app.relay_worker (live.restreaming)
                       ── RTSP ──▶ an old system, while a relay is set up
    looking            recording.tap ─▶ analytics.gated (analytics.gate): sizes, nothing decoded
                       ─▶ analytics.outlet ─ bus, what may show something ─▶ app.analytics_worker
    understanding      analytics.pipeline: media.decode ─▶ motion ─▶ detector ─▶ tracker
                       ─▶ analytics.reports ─ bus, kept until taken ─▶ app.events_worker
    the past           app.look_back_desk ─▶ app.look_back_worker: reads recordings, decodes nothing
                       ─ bus ─▶ analytics.past, while nothing of now waits
    a lone video       ``analyse FILE`` ─▶ app.film_process: read and decoded there alone, and told
    evidence           app.evidence.desk ─▶ app.evidence.worker ─▶ a bundle; api.exports, read
    redacted copies    app.evidence.redact_desk ─▶ app.evidence.redact_worker: looks at each
                       picture, paints, encodes ─▶ a copy; api.redactions, read
    events             events.rules ─▶ store.events; marks and notices, said to the supervisor
    pictures           api.keyframe ─ bus ─▶ app.media_worker ─▶ media.still, a JPEG
    devices around     app.survey_desk ─▶ app.scan_desk ─▶ cameras.scan_worker, ─▶ store.trust
                       ─▶ app.fleet_process: judged, as files ─▶ api.fleetfiles, read
    notices            app.observer ─▶ app.notice_desk, ─▶ store.notices ─▶ app.notice_process
                       ─▶ a web server, a mail server, services of apprise, a plug-in
                       or app.mqtt_process ─▶ a broker, where it stands, and Home Assistant
    pictures of them   app.picture_errand ─▶ app.notice_pictures (api), as for people
    anchors            app.anchor_desk: heads of now ─▶ app.stamp_process ─▶ an authority's stamp,
                       kept in evidence.stamps
    signs of life      app.reporter in each process ─ bus ─▶ app.listener, app.observer, app.health
                       ─▶ app.pulse: systemd's watchdog, and a ping by app.ping_process
    numbers            each package's ``metrics`` ─ bus, when asked ─▶ app.measures ─▶ /metrics

Processes: ``supervisor`` (this one, serving), ``keeper``, ``camera-worker-N``, ``api``,
``media-worker``, ``analytics-worker``, ``events-worker``, ``onvif-worker`` where one is spoken to
so, ``relay-worker`` where one is handed on, ``look-back`` while the past is looked at again, one
for each evidence bundle and redacted copy, ``ping``, ``mqtt``, ``stamper``, ``notice-sender`` where
that is set up, for a look at a camera ``cameras.probe_worker``. Media to be recorded crosses no
process border. Orders go through the control socket to ``app.site``, which tells database, keeper
and workers.
"""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import watchglass
from watchglass.access.token import new_token, token_hash
from watchglass.app.adding import record_found
from watchglass.app.anchor_desk import AnchorDesk
from watchglass.app.crew import Crew
from watchglass.app.event_desk import EventDesk
from watchglass.app.exporting import SignedRequest, export_desk, redaction_desk, signed
from watchglass.app.fence_trial import require_fences
from watchglass.app.finder_desk import FinderDesk
from watchglass.app.ground import Ground, ground, open_store
from watchglass.app.health import Patience
from watchglass.app.in_network import InNetwork
from watchglass.app.keeper_port import OwnKeeper, RunningKeeper
from watchglass.app.kept_index import KeptIndex
from watchglass.app.layout import StateLock
from watchglass.app.left_out import LeftOut
from watchglass.app.listener import Listener
from watchglass.app.look_back_desk import LookBackDesk
from watchglass.app.looking import look_told
from watchglass.app.mark_desk import MarkDesk
from watchglass.app.measures import supervisor_samples
from watchglass.app.model_note import note_model
from watchglass.app.notice_desk import NoticeDesk, Outside
from watchglass.app.notice_events import Watched
from watchglass.app.notify import Notifier
from watchglass.app.observer import Observer
from watchglass.app.page_certificate import PageInNetwork
from watchglass.app.pinger import pinger
from watchglass.app.pulse import Pulse
from watchglass.app.refusal import refusal
from watchglass.app.replacement import Replacement
from watchglass.app.said_desk import SaidDesk
from watchglass.app.settings_desk import SettingsDesk
from watchglass.app.site import Site, configuration
from watchglass.app.supervisor import SetupOffer, Supervisor
from watchglass.app.survey_desk import SurveyDesk
from watchglass.app.swap_look import changed_found
from watchglass.app.system_desk import SystemDesk
from watchglass.app.upkeep import Upkeep
from watchglass.app.volumes import missing, prepare, present
from watchglass.app.ways import Ways, control_server
from watchglass.app.workers_port import NoWorkers
from watchglass.base import log
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import WatchglassError
from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId
from watchglass.base.pool import full_pool
from watchglass.bus.request import Token
from watchglass.config.settings import Settings
from watchglass.model.act import Note
from watchglass.model.control import (
    Accepted,
    EditCameraRequest,
    HealthRequest,
    Measurements,
    MeasureRequest,
    NoteRequest,
    Refused,
    Reply,
    Request,
    Status,
    StatusRequest,
    SwapFoundRequest,
)
from watchglass.model.event_work import FromEventsWorker, MarkTold
from watchglass.model.notice_control import DropWayRequest, SetWayRequest, TryWayRequest
from watchglass.model.redaction_control import RedactionErrand
from watchglass.model.restream import RestreamsRequest
from watchglass.model.said import Heard
from watchglass.model.steering import MasksTold
from watchglass.model.survey_control import SurveyRequest
from watchglass.model.system import SystemRequest
from watchglass.model.watch_control import (
    AcknowledgeRequest,
    AlarmNoteRequest,
    AssignRequest,
    LookBackRequest,
    LooksBack,
    LooksBackRequest,
    SeenRequest,
    StopLookBackRequest,
)
from watchglass.recording.alive import Alive
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.keeper import Keeper
from watchglass.store.said import SaidStore

_UPKEEP_NS = 5 * NS_PER_S
_Slow = SignedRequest | EditCameraRequest | SwapFoundRequest | SystemRequest
_Asked = StatusRequest | HealthRequest | MeasureRequest | SystemRequest | RestreamsRequest
_MEASURE_S = 1.0
_SETUP_NS = 24 * 3600 * NS_PER_S
_LOG = log.get("recorder")


def keeper_limits(settings: Settings) -> KeeperLimits:
    return KeeperLimits(
        sync_s=settings.sync_ms / 1000, head_s=settings.head_s,
        floor_bytes=settings.floor_bytes, ballast_bytes=settings.ballast_bytes,
    )  # fmt: skip


@contextmanager
def own_site(on: Ground) -> Iterator[Site]:
    """The site without a running recorder: a keeper in this process, under the state lock."""
    with ExitStack() as stack:
        lock = StateLock(on.layout, on.disk)
        stack.callback(lock.release)
        store = open_store(on)
        stack.callback(store.close)
        volumes = prepare(on, store)
        keeper = Keeper(on.layout.state, on.disk, on.clock, keeper_limits(on.settings))
        keeper.start(present(volumes), fresh=True)
        stack.callback(keeper.close, stopped=True)
        site = Site(store, OwnKeeper(keeper), NoWorkers(), on.clock, on.disk)
        site.take_up()
        yield site


class Recorder:
    """A whole recorder in this process and its children, from start to a clean end."""

    def __init__(self, on: Ground) -> None:
        """Take the state lock and open the site; ConfigError, AlreadyRunningError and others say
        what stands in the way, before anything runs."""
        self._on = on
        with ExitStack() as stack:
            lock = StateLock(on.layout, on.disk)
            stack.callback(lock.release)
            self._store = open_store(on)
            stack.callback(self._store.close)
            self._volumes = prepare(on, self._store)
            if on.settings.fences is FenceMode.REQUIRE:
                paths = [Path(path) for _, path in self._volumes]
                require_fences(paths, on.settings.sources)
            patience = Patience.of(on.settings.stuck_s)
            ways = Ways(on.layout, patience.look_s)
            self._control = control_server(on.layout, on.disk)
            stack.callback(self._control.close)
            self._listener = Listener(ways.vitals, on.clock)
            stack.callback(self._listener.close)
            self._keeper = RunningKeeper(ways.order_keeper(), on.clock)
            stack.callback(self._keeper.close)
            said = SaidStore(on.layout.site_db, on.disk)
            stack.callback(said.close)
            self._marks = MarkDesk(self._keeper, on.clock)
            self._said = SaidDesk(said, self._store, self._marks, on.clock, on.waits_for_clock)
            self._events = EventDesk(
                on.layout.events_db, on.disk, on.clock, self._note, on.waits_for_clock
            )
            stack.callback(self._events.close)
            self._ending = stack.pop_all()
        self._supervisor = Supervisor(
            on.settings, ways, self._volumes, lambda: configuration(self._store), on.clock,
            self._told_by_cameras, LeftOut(self._store, on.layout.site_db, on.clock), self._note,
        )  # fmt: skip
        self._finder = FinderDesk(
            on.settings, ways, self._store, self._found, self._finder_died, on.clock
        )
        self.site = Site(
            self._store, self._keeper, self._supervisor, on.clock, on.disk, self._finder.watch,
            self._forget,
        )  # fmt: skip
        self._survey = SurveyDesk(
            on, partial(record_found, on.settings, self.site),
            partial(self._store.cameras, with_credentials=False),
            partial(look_told, on.settings, self.site),
            SettingsDesk(on.settings, self._store, self.site.add_camera, self.site.carry_out),
        )  # fmt: skip
        self._pinger = pinger(on)
        self._serving_ns: int | None = None
        self._page = PageInNetwork(on)
        self._origin, self._anchors = "", AnchorDesk(on, self._note)
        observer = Observer(
            self._crew, self._listener.words, self._served_ns, on.clock,
            lambda: (*self._supervisor.relay.unserved(), *self._survey.egress.unserved()),
        )  # fmt: skip
        replacement = Replacement(self._crew, patience, on.clock)
        index = self._index = KeptIndex(on.layout.index_db)
        self._looks_back = LookBackDesk(
            on.settings, ways, index, self._store.volumes, self._events.forget_look,
            self._events.missed, self._events.resumed_ns, on.disk, on.clock,
        )  # fmt: skip
        self._exports, self._redactions = (
            export_desk(on, self.site, self._anchors, index), redaction_desk(on, self.site, index)
        )  # fmt: skip
        self._ending.callback(index.close)
        self._notices = NoticeDesk(
            on, self._store, index,
            Outside(
                observer.observe, lambda: missing(self._volumes), self._supervisor.pictures.picture,
                self._note,
                Watched(self._store.rules, lambda: self._origin, lambda: self._finder.looks),
                self._page.certificate, self._exports.unreviewed,
            ),
            self._off_ns(),
        )  # fmt: skip
        self._ending.callback(self._notices.close)
        self._pulse = Pulse(observer.observe, patience, Notifier(), self._pinger, replacement)
        self._system = SystemDesk(
            on, self._store, index, self.status, self._pulse.health, self._listener
        )  # fmt: skip
        self._pool, self._look_s = full_pool(4, "control"), patience.look_s
        self._replies: queue.SimpleQueue[tuple[Token, Reply]] = queue.SimpleQueue()
        self._stopping, self._started_ns = threading.Event(), on.clock.wall_ns()
        self._upkeep: Future[None] | None = None
        self._due = Upkeep(
            on, self.site, self._supervisor, self._page, self._notices.say, self._volumes
        )
        self._ending.callback(self._due.close)

    def start(self) -> int:
        """Start keeper and workers; how many cameras are recorded. Raises what kept the keeper."""
        self._listener.start()
        if not self._supervisor.start_keeper(self._stopping):
            return 0
        self._marks.start()
        self._said.start()
        self._finder.start()
        self._events.start(self._store, self._index, off=not self._on.settings.analysis)
        self._supervisor.start_analyst()
        self._supervisor.start_media()
        self._looks_back.start()
        self._exports.start()
        self._redactions.start()
        recorded = self.site.take_up()
        note_model(self._on.settings, self._store, self._on.clock, self._note)
        if self._pinger is not None:
            self._pinger.start()
        self._pulse.start()
        self._notices.start()
        self._anchors.start()
        return recorded

    def open_page(self) -> str | None:
        """Serve the page; its URL, with the token that sets it up until somebody has. None when
        ``stop`` was called meanwhile.

        Raises what stands in the way; it is tried again meanwhile, and recording goes on without.
        """
        token = new_token()
        offer = SetupOffer(token_hash(token), self._on.clock.wall_ns() + _SETUP_NS)
        self._page.begin()
        serving = self._supervisor.start_api(offer, lambda: self._page.now, self._stopping)
        if serving is None:
            return None
        where = "http://127.0.0.1" if self.in_network is None else self.in_network.origin
        self._origin = f"{where}:{serving.port}"
        url = f"{self._origin}/"
        # Behind the '#', which no browser sends and no proxy logs.
        return url if serving.set_up else f"{url}#token={token}"

    @property
    def in_network(self) -> InNetwork | None:
        """How the page is reached in a network; None where it is served on loopback alone."""
        return self._page.now

    def missing_volumes(self) -> list[str]:
        """A sentence for each volume that is not there."""
        return list(self._due.missing.values())

    def serve(self) -> None:
        """Answer the control socket until ``stop``, and until the api has told its last looks."""
        due_ns = 0
        while not self._stopping.is_set():
            self._take_requests()
            now_ns = self._on.clock.monotonic_ns()
            if now_ns >= due_ns and (self._upkeep is None or self._upkeep.done()):
                due_ns = now_ns + _UPKEEP_NS
                # Not here: an order waits for the keeper, and the socket must not.
                self._upkeep = self._pool.submit(self._due.look)
                self._survey.keep_up()
        self._pulse.stop()
        ending = self._pool.submit(self._supervisor.stop_api)
        ending.add_done_callback(lambda _: self._control.wake())
        while not ending.done():
            self._take_requests()

    def _served_ns(self) -> int:
        """When the control socket was last looked at; before it is first, that is not late."""
        served_ns = self._serving_ns
        return self._on.clock.monotonic_ns() if served_ns is None else served_ns

    def _take_requests(self) -> None:
        self._serving_ns = self._on.clock.monotonic_ns()
        for token, request in self._control.poll(self._look_s):
            takes_long = isinstance(request, SurveyRequest | _Slow)
            pool = self._survey.pool if takes_long else self._pool
            pool.submit(self._answer, token, request)
        while not self._replies.empty():
            self._control.reply(*self._replies.get())

    def stop(self) -> None:
        """End the ``serve`` loop; for signal handlers and other threads."""
        self._stopping.set()
        self._control.wake()

    def close(self) -> None:
        """End all processes in order."""
        self._pulse.stop()
        self._survey.close()
        self._pool.shutdown(cancel_futures=True)
        if self._pinger is not None:
            self._pinger.close()
        self._supervisor.stop_listening()
        self._anchors.close()
        self._said.close()
        self._marks.close()
        self._looks_back.close()
        self._exports.close()
        self._redactions.close()
        self._supervisor.stop()
        self._finder.stop()
        self._ending.close()

    def status(self) -> Status:
        return Status(watchglass.__version__, self._started_ns, self._crew().statuses())

    def _crew(self) -> Crew:
        """All processes, the one that pings too."""
        crew = self._supervisor.crew()
        others = [self._pinger.child] if self._pinger is not None else []
        others += self._notices.children
        others += self._anchors.children
        others += [self._finder.child] if self._finder.runs else []
        others += self._survey.egress.children
        return replace(crew, others=(*crew.others, *others))

    def measurements(self) -> Measurements:
        """All numbers of now; takes as long as the slowest process, and a second at most."""
        found = self._listener.measure(_MEASURE_S)
        found += supervisor_samples(self._pulse.health(), self._crew(), self._control.refused)
        found += self._keeper.samples()
        found += self._notices.samples()
        found += self._anchors.samples()
        found += self._survey.egress.samples()
        if self._pinger is not None:
            found += self._pinger.samples()
        return Measurements(tuple(found))

    def _off_ns(self) -> int | None:
        """For how long nothing ran before this start; None where nothing ever did."""
        seen = Alive(self._on.layout.state, self._on.disk, self._on.clock).read()
        return None if seen is None else max(0, self._on.clock.wall_ns() - seen.wall_ns)

    def _answer(self, token: Token, request: Request) -> None:
        """In a thread of the pool: an order waits for the disk, and the socket must not."""
        self._replies.put((token, self._reply_to(request)))
        self._control.wake()

    def _reply_to(self, request: Request) -> Reply:
        try:
            told = self._told(request)
            if told is not None:
                return told
            return self._changed(request)
        except WatchglassError as error:
            return refusal(error)
        except Exception:  # noqa: BLE001 - the border of a request: whoever asked gets an answer
            _LOG.exception("request_failed", request=type(request).__name__)
            return Refused(
                WatchglassError.code,
                WatchglassError.exit_code,
                "The recorder failed at this request: its log says where.",
            )

    def _changed(self, request: Request) -> Reply:
        assert not isinstance(request, _Asked)  # told before
        if isinstance(request, SurveyRequest):
            return self._survey.answer(request)
        if isinstance(request, SignedRequest):
            return signed(self._on, self.site, self._exports, self._anchors, request)
        if isinstance(request, RedactionErrand):
            return self._redactions.errand(request)
        match request:
            case NoteRequest():
                self.site.note_people(request)
                return Accepted()
            case SetWayRequest() | DropWayRequest() | TryWayRequest():
                self._notices.change(request)
                return Accepted()
            case SeenRequest() | AcknowledgeRequest() | AssignRequest() | AlarmNoteRequest():
                self._events.carry_out(request)
                return Accepted()
            case LookBackRequest() | StopLookBackRequest() | LooksBackRequest():
                return LooksBack(tuple(self._looks_back.errand(request)))
            case EditCameraRequest() | SwapFoundRequest():
                return Accepted(changed_found(self._on.settings, self.site, request))
            case _:
                return Accepted(self.site.carry_out(request))

    def _told(self, request: Request) -> Reply | None:
        """What only asks how things are; None for what changes them."""
        match request:
            case StatusRequest():
                return self.status()
            case HealthRequest():
                return self._pulse.health()
            case MeasureRequest():
                return self.measurements()
            case SystemRequest():
                return self._system.report()
            case RestreamsRequest():
                return self._supervisor.relay.told()
            case _:
                return None

    def _note(self, act: Note) -> None:
        self.site.note_people(NoteRequest((act,)))

    def _forget(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        self._events.forget(self._index, camera, from_ns, to_ns)
        self._said.forget(camera, from_ns, to_ns)
        self._exports.forget(camera, from_ns, to_ns)
        self._redactions.forget(camera, from_ns, to_ns)

    def _told_by_cameras(self, told: Heard | MasksTold) -> None:
        if isinstance(told, MasksTold):
            self.site.masks_told(told)
        else:
            self._said.take(told)

    def _found(self, said: FromEventsWorker) -> None:
        if isinstance(said, MarkTold):
            self._marks.add(said.camera, said.from_ns, said.to_ns)
        else:
            self._notices.take(said)

    def _finder_died(self, exit_code: int) -> None:
        self._events.finder_died(exit_code)
        self._notices.events_lost()


__all__ = ["Ground", "Recorder", "ground", "keeper_limits", "open_store", "own_site", "prepare"]
