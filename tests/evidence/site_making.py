"""A recorded site on a simulated clock, with a real keeper, that bundles are made of."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from benches.tamper.authority import Authority as Clock
from tests.recording.keeper_making import QuietDisk, Site, Worker
from tests.recording.stream_making import RecordedStream, pictures
from watchglass.app.evidence.heads_now import newest_heads
from watchglass.app.evidence.make import Made, Progress, Recorder, Wanted, make_bundle
from watchglass.app.evidence.told import Told
from watchglass.app.evidence.viewing import ViewingCopies
from watchglass.app.ground import Ground, open_store
from watchglass.app.layout import Layout
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, VolumeId, random_id
from watchglass.config.settings import Settings
from watchglass.evidence.stamps import AnchorShelf
from watchglass.model.camera import StreamAddress
from watchglass.model.control import BeginExportRequest, SignExportRequest
from watchglass.model.gap import GapCause
from watchglass.model.order import (
    AddCamera,
    BeginExport,
    Done,
    EraseSpan,
    Order,
    Ordered,
    RevokeKey,
    RotateKey,
    SignExport,
)
from watchglass.model.stamping import Authority
from watchglass.model.stream import StreamName, VideoParameters
from watchglass.recording.keys import SigningKey
from watchglass.recording.lineage import read_telling
from watchglass.recording.resettle import mark
from watchglass.recording.restoring import put_ledger

MAIN = StreamName.MAIN


@dataclass(frozen=True)
class Bundle:
    """A bundle that was made of a site."""

    made: Made
    path: Path


class ExportedSite:
    """One camera at first; `record` runs it, `export` makes a bundle."""

    def __init__(
        self, folder: Path, *, cameras: int = 1, sound: bool = False, file_s: float = 3,
        picture_bytes: int = 0, disk: QuietDisk | None = None,
    ) -> None:  # fmt: skip
        """``picture_bytes``: pictures are filled up to that length, as a camera would."""
        self.folder = folder
        self.site = Site(folder / "site", disk=disk or QuietDisk(), file_s=file_s)
        self._picture_bytes = picture_bytes
        self._pictures: tuple[list[tuple[bytes, bool]], VideoParameters] | None = None
        self.site.start()
        settings = Settings(folder / "site", folder / "site" / "volume")
        self.on = Ground(settings, Layout(self.site.state), self.site.disk, self.site.clock)
        self.sound = sound
        store = open_store(self.on)
        store.add_volume(self.site.volume.id, self.site.volume.path)
        for number in range(cameras):
            camera = self._add(f"Gate {number}")
            store.add_camera(
                f"Gate {number}", [StreamAddress(MAIN, "rtsp://192.0.2.1/m")],
                self.site.volume.id, camera_id=camera,
            )  # fmt: skip
        store.close()
        self.worker = Worker(self.site)
        self._numbers = 10_000

    def _add(self, name: str) -> CameraId:
        camera = CameraId(random_id())
        self.site.cameras.append(camera)
        device = "Example IPC-2, serial 00:00:5e:00:53:01"
        assert self.site.order(AddCamera(camera, (MAIN,), name, "10.0.0.7", device, "me")) == ""
        return camera

    @property
    def camera(self) -> CameraId:
        return self.site.cameras[0]

    @property
    def now_ns(self) -> int:
        return self.site.clock.wall_ns()

    # --- what happens ---

    def record(self, seconds: int) -> None:
        """All cameras; 10 pictures a second."""
        for _ in range(seconds):
            for camera in self.site.cameras:
                stream = self._stream(camera)
                stream.feed(10, lasts_s=0.1 / len(self.site.cameras))
            self.worker.send()
            self.site.cycle(self.worker, lasts_s=0)

    def _stream(self, camera: CameraId) -> RecordedStream:
        stream = self.worker.stream(camera, sound=self.sound)
        if self._pictures is not None:
            stream._pictures, stream._parameters = self._pictures
        if self._picture_bytes:
            filler = self._picture_bytes.to_bytes(4, "big") + b"\x0c"
            filler += b"\xff" * (self._picture_bytes - 1)
            if not stream._pictures[0][0].endswith(b"\xff"):
                stream._pictures = [(data + filler, key) for data, key in stream._pictures]
        return stream

    def change_codec(self) -> None:
        """From now on the cameras send pictures of another size, or those of before again."""
        self._pictures = pictures(*((64, 48) if self._pictures is not None else (96, 64)))
        for camera in self.site.cameras:
            self._stream(camera).to_key_frame()

    def skip(self, seconds: float) -> None:
        """Nothing comes for a while, in runs that go on."""
        for camera in self.site.cameras:
            self._stream(camera).skip(seconds / len(self.site.cameras))

    def gap(self, seconds: float, cause: GapCause = GapCause.CAMERA_UNREACHABLE) -> None:
        for camera in self.site.cameras:
            self.worker.tell_gap(camera, cause)
        self.worker.send()
        self.site.cycle(self.worker)
        self.site.clock.advance(round(seconds * NS_PER_S))

    def crash(self, off_s: float = 5) -> None:
        """All processes die at once; the machine is up again a little later."""
        self.worker.die()
        self.site.kill_keeper()
        self.site.clock.advance(round(off_s * NS_PER_S))
        self.site.start()
        self.worker = Worker(self.site)

    def power_cut(self, off_s: float) -> None:
        self.worker.die()
        self.site.kill_keeper()
        self.site.reboot(off_s)
        self.site.start()
        self.worker = Worker(self.site)

    def restart_keeper(self, *, unheard: bool = False) -> None:
        """The keeper alone is gone and comes again; the workers go on. ``unheard``: it waits for
        them in vain, while their cameras stand still, and looks at the files itself."""
        self.site.kill_keeper()
        self.site.start(fresh=False)
        self.worker.connected = False
        if unheard:
            for _ in range(4):
                self.site.cycle(self.worker)
        else:
            # It waits for what the workers have to say; pictures go on coming meanwhile.
            self.record(4)

    def delete_old(self) -> None:
        """An hour later, what was recorded up to now is older than it may be."""
        self.gap(3600)
        self.site.keep_for(1)
        for _ in range(3):
            self.site.cycle(self.worker)

    def erase(self, from_ns: int, to_ns: int) -> None:
        """Of the first camera, as two people decided."""
        self.order(EraseSpan(self.camera, random_id(), from_ns, to_ns, "ann", "bob", "asked for"))
        for _ in range(3):
            self.site.cycle(self.worker)

    def restore(self, off_s: float = 20) -> None:
        """The state folder is lost, and put together again from what the ledgers said: a new key
        and a new epoch."""
        self.worker.die()
        self.site.cycle()
        self.site.kill_keeper()
        state, aside = self.site.state, self.folder / f"aside-{self.now_ns}"
        state.rename(aside)
        self.site.clock.advance(round(off_s * NS_PER_S))
        key = SigningKey.load_or_create(state / "keys", self.site.disk)
        for folder in sorted((aside / "ledger").iterdir()):
            told = read_telling(folder, folder.name, "aside")
            put_ledger(told, folder.name, state, key, self.site.disk, self.site.clock, "ada")
            shutil.copytree(
                folder / "texts", state / "ledger" / folder.name / "texts", dirs_exist_ok=True
            )
        for path in aside.glob("site.db*"):
            shutil.copy(path, state / path.name)
        mark(state, self.site.disk)
        self.site.start()
        self.worker = Worker(self.site)

    def stamp(self, authority: Clock, name: str, after_s: float = 2) -> None:
        """What is signed by now, stamped a little later."""
        self.sign_heads()
        shelf = AnchorShelf(self.on.layout.anchors, self.on.disk)
        shelf.add(Authority(name, "https://tsa.example/"), authority.pem)
        document = shelf.put(newest_heads(self.on.layout.ledgers), self.now_ns, [name])
        at_ns = self.now_ns + round(after_s * NS_PER_S)
        shelf.stamped(document, name, authority.stamp(document.path.read_bytes(), at_ns))

    # --- exports ---

    def order(self, order: Order) -> str:
        self._numbers += 1
        self.site.running.take_order("api", Ordered(self._numbers, order))
        answers = self.site.cycle(self.worker, lasts_s=0)
        (done,) = (a for _, a in answers if isinstance(a, Done) and a.number == self._numbers)
        assert not done.error, done.error
        return done.signature

    def sign_heads(self) -> None:
        """What is known by now, as it is before an export."""
        self.order(BeginExport(random_id(), (), "ada", "to have all signed"))

    def rotate_key(self) -> None:
        self.order(RotateKey("ada", "it is time"))

    def revoke_key(self, key: str, since_ns: int) -> None:
        self.order(RevokeKey(key, since_ns, "ada", "a disk was lost"))

    def _begin(self, request: BeginExportRequest) -> None:
        self.order(BeginExport(request.bundle, request.looks, request.by, request.reason))

    def _sign(self, request: SignExportRequest) -> str:
        return self.order(SignExport(request.bundle, request.manifest, request.by))

    def wanted(
        self, from_ns: int, to_ns: int, *, sound: bool = True, reason: str = "case 17",
        cameras: list[CameraId] | None = None,
    ) -> Wanted:  # fmt: skip
        store = open_store(self.on)
        found = tuple((store.camera(each), False) for each in cameras or self.site.cameras)
        store.close()
        return Wanted(found, frozenset({MAIN}), from_ns, to_ns, sound, "ada", reason)

    def export(
        self,
        from_ns: int,
        to_ns: int,
        name: str = "bundle",
        *,
        sound: bool = True,
        reason: str = "case 17",
        cameras: list[CameraId] | None = None,
        progress: Progress = lambda what, done, whole: None,
        viewing: ViewingCopies | None = None,
    ) -> Bundle:
        target = self.folder / name
        made = make_bundle(
            self.on, Recorder(self._begin, self._sign),
            self.wanted(from_ns, to_ns, sound=sound, reason=reason, cameras=cameras), target,
            Told(self.on), self._volume_path, progress, viewing,
        )  # fmt: skip
        return Bundle(made, target)

    def _volume_path(self, volume: VolumeId) -> Path | None:
        return self.site.volume.path if volume == self.site.volume.id else None

    def copy(self, bundle: Bundle, name: str) -> Path:
        target = self.folder / name
        shutil.copytree(bundle.path, target)
        return target
