"""A keeper and a worker's streams in one process, killed and started as a test likes."""

import os
from pathlib import Path

from tests.recording.stream_making import RecordedStream, do_jobs, media_files
from tests.second_reader.finding import Finding
from tests.second_reader.report import Report, read_site
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, GapId, random_id
from watchglass.model.fact import Fact, GapOpened, StreamIs
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    AddCamera,
    Configure,
    Done,
    Doubt,
    Facts,
    FromKeeper,
    Order,
    Ordered,
    Retention,
    Synced,
)
from watchglass.model.stream import StreamName
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.job import Abandon, Tell
from watchglass.recording.keeper import Keeper
from watchglass.recording.outbox import Outbox
from watchglass.recording.volume import Volume, create_volume
from watchglass.recording.writer import VolumeWriter
from watchglass.store.index import IndexStore

LIMITS = KeeperLimits(
    sync_s=1.0,
    head_s=20.0,
    floor_bytes=0,
    ballast_bytes=0,
    default_retention_h=24 * 365,
    released_ns=0,  # its clock begins in 2023
)


class QuietDisk(Disk):
    """Syncs cost nothing: what the tests tear off, they tear off themselves."""

    def sync_filesystem(self, fd: int, what: str) -> None:
        self.before_sync(what)

    def before_sync(self, what: str) -> None:
        """For tests that fail or count syncs."""


class Worker:
    """A camera-worker's end of it: an outbox, a writer without a thread, one stream a camera."""

    def __init__(self, site: "Site") -> None:
        self.site = site
        self.session = random_id()
        self.peer = f"w {self.session[:8]}"
        self.outbox = Outbox()
        self.writer = VolumeWriter(site.volume, site.disk, self.outbox, site.clock)
        self.streams: dict[CameraId, RecordedStream] = {}
        self.connected = False

    def stream(self, camera: CameraId, *, sound: bool = False) -> RecordedStream:
        if camera not in self.streams:
            self.streams[camera] = RecordedStream(
                camera, self.writer, self.site.clock, sound=sound, file_s=self.site.file_s
            )
        return self.streams[camera]

    def tell_gap(self, camera: CameraId, cause: GapCause) -> None:
        stream = self.stream(camera)
        stream.end(cause)
        stream.queue.put_always(
            Tell(
                GapOpened(
                    GapId(random_id()), camera, StreamName.MAIN, cause, self.site.clock.wall_ns()
                )
            )
        )

    def send(self) -> None:
        """Do what is queued, and send what is not sent yet."""
        do_jobs(self.writer)
        if self.site.keeper is None:
            return
        if not self.connected:
            self.connect()
        while batch := self.outbox.unsent():
            facts = [fact for _, fact in batch]
            self.site.keeper.take_facts(self.peer, Facts(self.session, batch[-1][0], facts))

    def begin_anew(self, doubt: Doubt) -> None:
        for stream in self.streams.values():
            if stream.run is not None and stream.run in doubt.runs:
                stream.queue.put_always(Abandon(stream.run))

    def connect(self) -> None:
        keeper = self.site.running
        keeper.peer_joined(self.peer)
        self.connected = True
        self.outbox.send_again()
        said: list[Fact] = []
        for camera, stream in self.streams.items():
            said.append(StreamIs(camera, StreamName.MAIN, stream.run))
        keeper.take_facts(self.peer, Facts(self.session, -1, said))

    def die(self) -> None:
        """As SIGKILL leaves it: descriptors closed, no footer, nothing told."""
        for stream in self.streams.values():
            if stream.queue.media is not None:
                os.close(stream.queue.media.fd)
                stream.queue.media = None
        self.streams = {}

    def shut_down(self, cause: GapCause) -> None:
        for camera in list(self.streams):
            self.tell_gap(camera, cause)
        self.send()


class Site:
    """State, volume, clock, and at most one keeper."""

    def __init__(
        self,
        folder: Path,
        *,
        disk: Disk | None = None,
        limits: KeeperLimits = LIMITS,
        file_s: float = 3,
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.clock = SimulatedClock()
        self.disk = disk or QuietDisk()
        self.limits = limits
        self.file_s = file_s
        self.volume: Volume = create_volume(folder / "volume", self.disk, self.clock)
        self.keeper: Keeper | None = None
        self.cameras: list[CameraId] = []
        self._orders = 0
        self._boots = 0

    @property
    def running(self) -> Keeper:
        assert self.keeper is not None
        return self.keeper

    def start(self, *, fresh: bool = True) -> Keeper:
        assert self.keeper is None
        keeper = Keeper(self.state, self.disk, self.clock, self.limits)
        keeper.start([self.volume], fresh=fresh)
        self.keeper = keeper
        return keeper

    def kill_keeper(self) -> None:
        """Its descriptors go; nothing that it had in mind is written."""
        keeper, self.keeper = self.running, None
        for mounted in keeper._volumes.values():
            mounted.close(1.0)
        keeper._state_alive.close()
        os.close(keeper._state_fd)
        for chronicle in keeper._chronicles.values():
            chronicle.close()
        keeper.index.close()

    def stop_keeper(self) -> None:
        self.running.close()
        self.keeper = None

    def reboot(self, off_s: float) -> None:
        self._boots += 1
        self.clock.reboot(f"boot-{self._boots}", round(off_s * NS_PER_S))

    def order(self, order: Order) -> str:
        """Give an order and let it be carried out; the error, if any."""
        self._orders += 1
        number = self._orders
        self.running.take_order("api", Ordered(number, order))
        (done,) = (a for _, a in self.cycle() if isinstance(a, Done) and a.number == number)
        return done.error

    def add_camera(self) -> CameraId:
        camera = CameraId(random_id())
        self.cameras.append(camera)
        added = AddCamera(camera, (StreamName.MAIN,), "Gate", "10.0.0.7", "", "me")
        assert self.order(added) == ""
        return camera

    def keep_for(self, hours: int) -> None:
        retention = tuple(Retention(camera, hours) for camera in self.cameras)
        assert self.order(Configure(retention, ())) == ""

    def cycle(self, *workers: Worker, lasts_s: float = 1.0) -> list[tuple[str, FromKeeper]]:
        """One of the keeper; ``workers`` hear what they may forget."""
        self.clock.advance(round(lasts_s * NS_PER_S))
        answers = self.running.cycle()
        for peer, answer in answers:
            for worker in workers:
                if isinstance(answer, Synced) and peer == worker.peer:
                    assert answer.session == worker.session
                    worker.outbox.acknowledge(answer.last)
                if isinstance(answer, Doubt) and peer == worker.peer:
                    worker.begin_anew(answer)
        return answers

    def disconnect(self, worker: Worker) -> None:
        if self.keeper is not None and worker.connected:
            self.keeper.peer_lost(worker.peer)
        worker.connected = False

    @property
    def files(self) -> list[Path]:
        return media_files(self.volume.path)

    # --- what a second reader says ---------------------------------------------------------------

    def report(self) -> Report:
        return read_site(self.state, [self.volume.path], now=self.clock.wall_ns())

    def check(self, *, allow: tuple[str, ...] = ()) -> Report:
        """No finding of the second reader fails, but those with a text of ``allow``."""
        report = self.report()
        bad = [
            finding
            for finding in report.findings
            if finding.fails and not any(text in finding.text for text in allow)
        ]
        assert not bad, _shown(bad)
        return report


def _shown(findings: list[Finding]) -> str:
    return "\n".join(f"{one.kind}: {one.where}: {one.text}" for one in findings)


def answers_of(index: IndexStore, cameras: list[CameraId]) -> dict[str, object]:
    """All that an index can be asked, in a form that does not depend on row numbers."""
    far = 1 << 62
    with index.read() as asked:
        found: dict[str, object] = {
            "ledgers": asked.ledgers(),
            "streams": asked.streams(),
            "files": sorted(map(repr, asked.all_files())),
            "open_files": sorted(map(repr, asked.open_files())),
            "runs": sorted(asked.open_runs()),
            "holds": sorted(map(repr, asked.holds())),
            "erasures": asked.erasures(),
            "bytes": asked.bytes_by_camera(),
        }
        for camera in cameras:
            for stream in StreamName:
                key = f"{camera} {stream}"
                found[f"{key} files"] = asked.files_between(camera, stream, -far, far)
                found[f"{key} gaps"] = asked.gaps_between(camera, stream, -far, far)
                found[f"{key} purged"] = asked.purged_between(camera, stream, -far, far)
                found[f"{key} open gap"] = asked.open_gap(camera, stream)
    return found
