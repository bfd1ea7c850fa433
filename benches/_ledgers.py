"""Ledgers of a site that has recorded for weeks, written faster than a site could live them.

What is in a line is told by the product's ``entry``; its bytes come from an encoder whose output is
canonical for such plain fields. The product's checker reads one of them before it is measured with.
"""

import hashlib
import json
import os
import random
import shutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from benches._harness import BenchError
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording import entry
from watchglass.recording.anchor import Placed
from watchglass.recording.check_ledger import read_ledger
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.ledger import FORMAT_VERSION
from watchglass.recording.linelog import month_name

_GENERATOR = 1
"""Raised with each change of what is written: the cache is named after it."""
BEGAN_NS = 1_790_000_000 * NS_PER_S
FILE_S = 300
_LINES_AT_ONCE = 10_000
_LINE = msgspec.json.Encoder(order="sorted")
_BROKEN = (GapCause.CAMERA_UNREACHABLE, GapCause.STALLED, GapCause.CAMERA_DROPPED)
_SHAPES = {
    StreamName.MAIN: ("hevc", 2560, 1440, ""),
    StreamName.SUB: ("h264", 640, 360, ""),
}


@dataclass(frozen=True, slots=True)
class SiteSize:
    """``run_files`` is how many files a run has, ``hole_files`` how many pass from hole to hole."""

    cameras: int
    days: int = 30
    run_files: int = 288
    hole_files: int = 1000
    generator: int = field(default=_GENERATOR)

    @property
    def stream_files(self) -> int:
        return self.days * 24 * 3600 // FILE_S

    @property
    def files(self) -> int:
        return self.cameras * len(StreamName) * self.stream_files

    @property
    def ends_ns(self) -> int:
        """UTC after the last file."""
        return BEGAN_NS + (self.days * 24 * 3600 + 60) * NS_PER_S

    def digest(self) -> str:
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]

    def camera(self, number: int) -> CameraId:
        return CameraId(_Random(number).id())


def ledgers(size: SiteSize) -> Path:
    """A folder with the ledger of each camera; from the cache, or made now (minutes, gigabytes)."""
    folder = Path.home() / ".cache" / "watchglass" / "ledgers" / size.digest()
    if folder.exists():
        return folder
    made = folder.with_suffix(f".{os.getpid()}")
    try:
        with ProcessPoolExecutor(max(2, os.cpu_count() or 2)) as pool:
            for name in pool.map(partial(_write_ledger, made, size), range(size.cameras)):
                print(f"ledger of {name} written", end="\r", flush=True)
        found = read_ledger(made / size.camera(0), size.camera(0)).findings
        if found:
            raise BenchError(f"the product's checker refuses the ledgers made: {found[0]}")
        made.rename(folder)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    return folder


class _Random(random.Random):
    def id(self) -> str:
        return self.randbytes(16).hex()

    def hash(self) -> bytes:
        return self.randbytes(32)


def _write_ledger(folder: Path, size: SiteSize, number: int) -> str:
    luck = _Random(number)
    camera = CameraId(luck.id())
    into = folder / camera
    into.mkdir(parents=True)
    lines = _Numbered(_life(size, luck, camera))
    newest = ""
    while batch := list(islice(lines, _LINES_AT_ONCE)):
        # As the product: to the month of the time of writing, never to one before the newest.
        newest = max(newest, month_name(lines.t_ns))
        with (into / newest).open("ab") as file:
            file.writelines(batch)
    return camera


class _Numbered:
    """Entries as the lines of one ledger; ``t_ns`` is when the last one given was written."""

    def __init__(self, entries: Iterator[tuple[int, LedgerEntry]]) -> None:
        self._entries = enumerate(entries)
        self.t_ns = 0

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        n, (self.t_ns, (kind, fields)) = next(self._entries)
        kept = {name: value for name, value in fields.items() if value is not None}
        own = {"v": FORMAT_VERSION, "n": str(n), "t": str(self.t_ns), "type": kind}
        return _LINE.encode({**kept, **own}) + b"\n"


# --- what happens to a camera ---------------------------------------------------------------------


def _life(size: SiteSize, luck: _Random, camera: CameraId) -> Iterator[tuple[int, LedgerEntry]]:
    yield BEGAN_NS, ("ledger_started", {"ledger": camera, "epoch": luck.id()})
    added = {"streams": [name.value for name in StreamName], "name": luck.hash().hex()}
    yield BEGAN_NS, ("camera_added", {**added, "address": luck.hash().hex()})
    streams = [_Stream(size, luck, name) for name in StreamName]
    for stream in streams:
        yield from stream.begin()
    for _ in range(size.stream_files):
        for stream in streams:
            yield from stream.file()
    for stream in streams:
        yield from stream.end(GapCause.RECORDER_STOPPED)


class _Stream:
    """One stream, a file after the other; ``at_ns`` is how far it has come."""

    def __init__(self, size: SiteSize, luck: _Random, name: StreamName) -> None:
        self._size = size
        self._luck = luck
        self._name = name
        self._volume = VolumeId(_Random("volume").id())
        self._files = 0
        self._at_ns = BEGAN_NS
        self._gap = GapId(luck.id())
        self._run = RunId("")
        self._sequence = 0
        self._media = 0
        self._fragments = 0

    def begin(self) -> Iterator[tuple[int, LedgerEntry]]:
        cause = GapCause.WAITING_KEY_FRAME
        yield self._now(entry.gap_opened(self._name, self._gap, cause, self._at_ns, None))
        yield from self._start()

    def file(self) -> Iterator[tuple[int, LedgerEntry]]:
        """The next file, with all that is told of it."""
        if self._sequence == self._size.run_files:
            yield from self.end(_BROKEN[self._files % len(_BROKEN)])
            yield from self._start()
        media_from, fragments = self._media, self._luck.randint(590, 610)
        yield self._now(
            entry.file_opened(
                self._run, self._name, self._sequence, self._volume, self._at_ns, media_from,
                self._fragments, self._luck.hash(), _SHAPES[self._name],
            )
        )  # fmt: skip
        seen = Placed(media_from, self._at_ns - self._luck.randint(1, 80_000_000), 0)
        yield self._placed(seen, final=False)
        length_ns = FILE_S * NS_PER_S + self._luck.randint(-1, 1) * NS_PER_S
        self._media += length_ns * 9 // 100_000
        self._at_ns = seen.wall_at(self._media)
        self._files += 1
        if self._files % self._size.hole_files == 0:
            yield from self._hole(media_from + 9_000_000)
        yield self._now(
            entry.file_closed(
                self._run, self._name, self._sequence, self._luck.randint(90, 130) << 20,
                fragments, self._luck.hash(), self._media, recovered=False,
            )
        )  # fmt: skip
        yield self._placed(seen, final=True)
        self._sequence += 1
        self._fragments += fragments

    def end(self, cause: GapCause) -> Iterator[tuple[int, LedgerEntry]]:
        self._gap = GapId(self._luck.id())
        of_run = {"run": self._run, "stream": self._name.value}
        yield self._now(("run_ended", {**of_run, "media": str(self._media)}))
        yield self._now(entry.gap_opened(self._name, self._gap, cause, self._at_ns, self._run))

    def _start(self) -> Iterator[tuple[int, LedgerEntry]]:
        self._run = RunId(self._luck.id())
        self._at_ns += self._luck.randint(1, 20) * NS_PER_S
        self._sequence = self._media = self._fragments = 0
        of_run = {"run": self._run, "stream": self._name.value}
        yield self._now(("run_started", {**of_run, "wall": str(self._at_ns)}))
        yield self._now(entry.gap_closed(self._name, self._gap, self._at_ns, self._run))

    def _hole(self, media: int) -> Iterator[tuple[int, LedgerEntry]]:
        gap, cause = GapId(self._luck.id()), GapCause.CAMERA_DROPPED
        for line in entry.hole(
            gap, self._run, self._name, cause, media, media + 360_000, self._at_ns
        ):
            yield self._now(line)

    def _placed(self, place: Placed, *, final: bool) -> tuple[int, LedgerEntry]:
        return self._now(entry.placed(self._run, self._name, self._sequence, place, final=final))

    def _now(self, line: LedgerEntry) -> tuple[int, LedgerEntry]:
        return self._at_ns, line
