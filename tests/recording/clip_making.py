"""A camera that is recorded with a number in each picture, and what is in a clip of it."""

from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import av

from tests.media.encoded import encode
from tests.recording.keeper_making import QuietDisk, Site, Worker
from tests.recording.stream_making import FPS, GOP, RecordedStream
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.encode import VideoCodecName
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.stream import StreamName, VideoCodec
from watchglass.recording.clip import ClipResult, write_clip
from watchglass.recording.clipplan import ClipPlan, plan_clip
from watchglass.simulate import frame_sei

FRAME_NS = NS_PER_S // FPS
MAIN = StreamName.MAIN


class NumberedStream(RecordedStream):
    """Each picture carries its number; ``seen_ns`` is when it came."""

    def __init__(self, site: Site, worker: Worker, camera: CameraId, **options: Any) -> None:
        super().__init__(camera, worker.writer, site.clock, file_s=site.file_s, **options)
        self.seen_ns: list[int] = []

    def use_size(self, width: int) -> None:
        units = encode(VideoCodec.H264, width, 48, GOP, (("g", str(GOP)),), FPS)
        sets = ParameterSets(VideoCodec.H264)
        samples = [to_length_prefixed(unit, VideoCodec.H264) for unit in units]
        for sample in samples:
            sets.update(sample.parameter_sets)
        self._pictures = [(sample.data, sample.is_key) for sample in samples]
        self._parameters = sets.parameters()

    def _add(self, data: bytes, is_key: bool) -> None:
        sei = frame_sei.encode(len(self.seen_ns), "h264")
        self.seen_ns.append(self.clock.wall_ns())
        super()._add(len(sei).to_bytes(4, "big") + sei + data, is_key)


@dataclass
class Recorded:
    """A site with one camera that is recorded; ``root`` may take the volume away."""

    folder: Path
    sound: bool = False
    site: Site = field(init=False)
    camera: CameraId = field(init=False)
    worker: Worker = field(init=False)
    stream: NumberedStream = field(init=False)
    root: Path | None = field(init=False)

    def __post_init__(self) -> None:
        self.site = Site(self.folder)
        self.site.start()
        self.camera = self.site.add_camera()
        self.worker = Worker(self.site)
        self.stream = NumberedStream(self.site, self.worker, self.camera, sound=self.sound)
        self.worker.streams[self.camera] = self.stream
        self.root = self.site.volume.path

    def feed(self, frames: int) -> None:
        self.stream.feed(frames)
        self.told()

    def told(self) -> None:
        self.worker.send()
        self.site.running.cycle()

    def plan(self, from_ns: int, to_ns: int) -> ClipPlan:
        with self.site.running.index.read() as index:
            return plan_clip(
                index, lambda volume: self.root, self.camera, MAIN, from_ns, to_ns,
                now_ns=self.site.clock.wall_ns(),
            )  # fmt: skip

    def clip(self, from_ns: int, to_ns: int, name: str = "clip.mp4") -> ClipResult:
        return write_clip(self.plan(from_ns, to_ns), self.folder / name, QuietDisk())

    def at(self, number: int) -> int:
        return self.stream.seen_ns[number]

    @property
    def leftovers(self) -> list[str]:
        return [path.name for path in self.folder.glob("*.part")]


def numbers(path: Path, codec: VideoCodecName = "h264") -> list[int]:
    """Of the pictures in a file, in its order; the file decodes and its times grow."""
    found = []
    times = []
    with av.open(str(path)) as file:
        for packet in file.demux(video=0):
            if packet.size:
                assert packet.dts is not None
                times.append(packet.dts)
                found.append(number_of(bytes(packet), codec))
    assert all(a < b for a, b in pairwise(times))
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) == len(found)
    return found


def number_of(sample: bytes, codec: VideoCodecName) -> int:
    units = []
    at = 0
    while at < len(sample):
        size = int.from_bytes(sample[at : at + 4], "big")
        units.append(sample[at + 4 : at + 4 + size])
        at += 4 + size
    number = frame_sei.find(units, codec)
    assert number is not None
    return number


def packet_times(packet: Any) -> tuple[float, float]:
    """Seconds from a file's start at which a packet begins and ends."""
    begins = float(packet.pts * packet.time_base)
    return begins, begins + float(packet.duration * packet.time_base)


def boxes(path: Path) -> list[bytes]:
    data = path.read_bytes()
    found = []
    at = 0
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += int.from_bytes(data[at : at + 4], "big")
    return found
