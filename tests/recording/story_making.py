"""A camera's life, told as facts to a real book, ledger and index; no media file is made."""

from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId, random_id
from watchglass.model.fact import (
    FileClosed,
    FileOpened,
    FragmentWritten,
    Hole,
    RunEnded,
    RunStarted,
)
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.book import CameraBook
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.fold import fold_lines
from watchglass.recording.ledger import Ledger
from watchglass.store.index import IndexStore

CAMERA = CameraId("c0" * 16)
VOLUME = VolumeId("d0" * 16)
MAIN = StreamName.MAIN
TICKS = 90_000
LEAF = bytes(32)


@dataclass(slots=True)
class ToldRun:
    """A run that goes on; ``media`` is where its next fragment begins."""

    id: RunId
    sequence: int = 0
    number: int = 0
    media: int = 0


@dataclass(slots=True)
class Story:
    """``drift_ppb``: how much faster than ours the camera's clock runs."""

    folder: Path
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    drift_ppb: int = 0
    run: ToldRun | None = None
    index: IndexStore = field(init=False)
    book: CameraBook = field(init=False)
    ledger: Ledger = field(init=False)

    def __post_init__(self) -> None:
        self.index = IndexStore(self.folder / "index.db")
        self.book = CameraBook(CAMERA, self.index)
        self.ledger = Ledger.open(self.folder / "ledger", Disk(), self.clock, ledger=CAMERA)

    def close(self) -> None:
        self.index.close()
        self.ledger.close()

    def write(self, entries: list[LedgerEntry]) -> None:
        if entries:
            lines = self.ledger.append_batch(entries)
            with self.index.write() as index:
                fold_lines(index, CAMERA, lines)

    def cycle(self) -> None:
        """As the keeper does: places, and how far open files reach."""
        self.write(self.book.place())
        rows = [
            (file.run, file.sequence, file.media_to, file.placed.wall_at(file.media_to), 1000)
            for file in self.book.files.values()
            if file.placed is not None
        ]
        with self.index.write() as index:
            index.grow_files(rows)

    # --- what happens ------------------------------------------------------------------------

    def add(self) -> None:
        commitment = "00" * 32
        now_ns = self.clock.wall_ns()
        self.write(
            [
                (
                    "camera_added",
                    {"streams": ["main"], "name": commitment, "address": commitment},
                ),
                *self.book.change_cause(MAIN, GapCause.WAITING_KEY_FRAME, now_ns),
            ]
        )

    def wait(self, seconds: float) -> None:
        self.clock.advance(round(seconds * NS_PER_S))

    def cause(self, cause: GapCause) -> None:
        if self.run is None:
            self.write(self.book.change_cause(MAIN, cause, self.clock.wall_ns()))

    def start(self) -> None:
        self.run = ToldRun(RunId(random_id()))
        self.write(
            self.book.run_started(RunStarted(self.run.id, CAMERA, MAIN, self.clock.wall_ns()))
        )
        self.open_file(self.run)

    def record(self, seconds: int, late_s: float = 0.0) -> None:
        """Fragments of a second; each is told ``late_s`` after its first picture was seen."""
        run = self.run
        assert run is not None
        for _ in range(seconds):
            passed = TICKS * (10**9 + self.drift_ppb) // 10**9
            self.book.fragment(
                FragmentWritten(
                    run.id, CAMERA, run.sequence, run.number, Track.VIDEO, 0, 1000, run.media,
                    passed, 3, self.clock.wall_ns() + round(late_s * NS_PER_S), LEAF,
                ),
                "worker",
            )  # fmt: skip
            run.number += 1
            run.media += passed
            self.wait(1)
        self.cycle()

    def hole(self, seconds: int, cause: GapCause = GapCause.CAMERA_DROPPED) -> None:
        run = self.run
        assert run is not None
        begins = run.media
        run.media += seconds * TICKS
        self.wait(seconds)
        self.write(
            self.book.hole(
                Hole(
                    GapId(random_id()), run.id, CAMERA, MAIN, cause, begins, run.media,
                    self.clock.wall_ns(),
                )
            )
        )  # fmt: skip

    def next_file(self) -> None:
        run = self.run
        assert run is not None
        self.close_file(run)
        run.sequence += 1
        self.open_file(run)

    def end(self, cause: GapCause) -> None:
        run, self.run = self.run, None
        assert run is not None
        self.close_file(run)
        fact = RunEnded(
            run.id, CAMERA, MAIN, run.media, self.clock.wall_ns(), GapId(random_id()), cause
        )
        self.write(self.book.run_ended(fact))

    def purge(self, files: int, cause: GapCause = GapCause.RETENTION) -> None:
        """The oldest closed files go."""
        with self.index.read() as index:
            rows = index.oldest_closed(None, files)
        if not rows:
            return
        gone = [[row.run, row.sequence, "00" * 32] for row in rows]
        self.write([("files_deleted", {"cause": cause.value, "files": gone})])
        with self.index.write() as index:
            for row in rows:
                index.forget_file(row.run, row.sequence)

    def open_file(self, run: ToldRun) -> None:
        fact = FileOpened(
            run.id, CAMERA, MAIN, VOLUME, run.sequence, run.number, run.media,
            self.clock.wall_ns(), 500, LEAF, "h264", 320, 192, "",
        )  # fmt: skip
        self.write(self.book.file_opened(fact, "worker"))

    def close_file(self, run: ToldRun) -> None:
        fact = FileClosed(run.id, CAMERA, MAIN, run.sequence, 2000, 1, LEAF, run.media)
        self.write(self.book.file_closed(fact))
