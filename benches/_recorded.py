"""A site for the bench ``seek``: an hour of real media, in an index that is as large as a month's.

Sixteen simulated cameras are recorded for real, then the index is filled with the files that they
would have recorded in the thirty days before. It is made once and kept in the user's cache.
"""

import hashlib
import json
import os
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benches._frames import media_files
from benches._harness import BenchError, RunningRecorder
from watchglass.app.layout import Layout
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId, VolumeId, random_id
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import FORMAT_VERSION
from watchglass.recording.volume import volume_at
from watchglass.simulate.loop_cache import cache_folder
from watchglass.simulate.process import Simulator, arguments
from watchglass.store.index import IndexStore
from watchglass.store.index_tables import SCHEMA

FPS = 15
LOOP_S = 20
_FILE_NS = 300 * NS_PER_S
_ROWS_AT_ONCE = 5000
_MADE = "made.json"


@dataclass(frozen=True, slots=True)
class Size:
    """``seconds`` are recorded of each camera; ``days`` stand before them in the index alone."""

    cameras: int = 16
    seconds: int = 240
    days: int = 30
    bit_rate: int = 3_000_000
    version: int = 1


@dataclass(frozen=True, slots=True)
class RecordedSite:
    """Times are UTC ns: from when to when every camera was recorded without a gap."""

    data: Path
    cameras: tuple[CameraId, ...]
    from_ns: int
    to_ns: int
    index_rows: int

    @property
    def state(self) -> Path:
        return self.data / "state"

    @property
    def media(self) -> Path:
        return self.data / "media"

    @property
    def media_h(self) -> float:
        return len(self.cameras) * (self.to_ns - self.from_ns) / NS_PER_S / 3600

    def evict(self) -> None:
        """Take all media out of the page cache."""
        for path in self.media.rglob("*.mp4"):
            fd = os.open(path, os.O_RDONLY)
            try:
                os.fsync(fd)
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(fd)


def recorded_site(size: Size | None = None) -> RecordedSite:
    """The site, made where it is not in the cache yet (some five minutes)."""
    size = size or Size()
    key = json.dumps([asdict(size), FORMAT_VERSION, SCHEMA.version])
    folder = cache_folder().parent / "seek" / hashlib.sha256(key.encode()).hexdigest()[:16]
    if not (folder / _MADE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _make(folder, size)
    made = json.loads((folder / _MADE).read_text())
    return RecordedSite(folder / "data", tuple(map(CameraId, made.pop("cameras"))), **made)


def _make(folder: Path, size: Size) -> None:
    cameras, from_ns, to_ns = _record(folder / "data", size)
    index = IndexStore(Layout(folder / "data" / "state").index_db)
    try:
        rows = _fill(index, cameras, _volume(folder / "data" / "media"), from_ns, size.days)
    finally:
        index.close()
    made = {"cameras": cameras, "from_ns": from_ns, "to_ns": to_ns, "index_rows": rows}
    (folder / _MADE).write_text(json.dumps(made))


def _record(data: Path, size: Size) -> tuple[list[CameraId], int, int]:
    options = arguments(
        cameras=size.cameras, kind="a", width=1920, height=1080, bit_rate=size.bit_rate,
        seconds=LOOP_S, no_sound=True,
    )  # fmt: skip
    with Simulator(*options, show_progress=True) as simulator:
        recorder = RunningRecorder(data)
        try:
            cameras = [recorder.add(camera) for camera in simulator.urls]
            time.sleep(5.0)
            from_ns = time.time_ns()
            for left_s in range(size.seconds, 0, -10):
                print(f"\rrecording: {left_s} s left ", end="", file=sys.stderr, flush=True)
                time.sleep(10)
            to_ns = time.time_ns()
            time.sleep(2.0)
        finally:
            recorder.stop()
        print(file=sys.stderr)
    if not all(media_files(recorder.media, camera, StreamName.MAIN) for camera in cameras):
        raise BenchError(f"not all cameras were recorded:\n{recorder.log()}")
    return cameras, from_ns, to_ns


def _volume(media: Path) -> VolumeId:
    found = volume_at(media)
    if found is None:
        raise BenchError(f"{media} is no volume")
    return found


def _fill(
    index: IndexStore, cameras: list[CameraId], volume: VolumeId, until_ns: int, days: int
) -> int:
    """The files of the days before, a run a day, without a hole; how many rows there are then."""
    a_day = 24 * 3600 * NS_PER_S // _FILE_NS
    for camera in cameras:
        for stream, shape in (
            (StreamName.MAIN, ("h264", 1920, 1080, "")), (StreamName.SUB, ("h264", 640, 360, "")),
        ):  # fmt: skip
            first_ns = until_ns - 60 * NS_PER_S - days * a_day * _FILE_NS
            for day in range(days):
                with index.write() as writer:
                    run = RunId(random_id())
                    writer.add_run(run, camera, stream)
                    for at in range(a_day):
                        from_ns = first_ns + (day * a_day + at) * _FILE_NS
                        media = at * 300 * 90_000
                        writer.add_file(
                            run, at, camera, stream, volume, shape, from_ns, at * 750, media
                        )
                        to_ns = from_ns + _FILE_NS
                        writer.close_file(run, at, media + 300 * 90_000, to_ns, 110_000_000)
                        writer.place_file(run, at, from_ns, to_ns, 0)
                    writer.end_run(run)
    with index.read() as reader:
        return sum(1 for _ in reader.all_files())
