"""A clip through the recorder's own parts: what the gate lets through is decoded and looked at."""

from dataclasses import dataclass
from itertools import count

from benches.recall.clips import Clip
from benches.recall.scenes import FPS
from watchglass.analytics.gated import Gated
from watchglass.analytics.pipeline import CameraPipeline
from watchglass.analytics.regions import RegionDetector
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.analysis import Analysis, MotionSeen, SkipCause, Understood
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.stream import Track, VideoCodec
from watchglass.model.visit import LOOKS_AT_ONE, Moves, Visited
from watchglass.recording.fileheader import HEADER_BOX_BYTES
from watchglass.recording.track import track_header

_START_NS = 1_800_000_000 * NS_PER_S
_TICKS = 90_000
_CAMERA = CameraId("7fff" + "0" * 28)
_RUN = RunId("5" * 32)


@dataclass
class Told:
    """What was told of a clip. ``moving``: seconds of the clip, first seen and seen; ``decoded``
    and ``probed``: how many pictures."""

    moving: list[tuple[float, float]]
    decoded: int = 0
    probed: int = 0
    blind: bool = False


def shape_of(clip: Clip) -> LiveShape:
    """As the recorder hands it on in front of the first frame."""
    sample = to_length_prefixed(clip.units[0][0], VideoCodec.H264)
    sets = ParameterSets(VideoCodec.H264, sample.parameter_sets)
    header = file_header(sets.parameters(), None).data + bytes(HEADER_BOX_BYTES)
    video = track_header(header, Track.VIDEO)
    return LiveShape(_RUN, video.codec, video.mime, video.width, video.height, video.init)


def frames_of(clip: Clip) -> list[LiveFrame]:
    """All of them, arriving when they were taken."""
    step = _TICKS // FPS
    return [
        LiveFrame(
            _RUN, number * step, (number - 1) * step if number else -1, step, 0, is_key,
            _START_NS + number * NS_PER_S // FPS, to_length_prefixed(unit, VideoCodec.H264).data,
        )
        for number, (unit, is_key) in enumerate(clip.units)
    ]  # fmt: skip


class Ours:
    """One camera, as the camera-worker and the analytics-worker have it."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        numbers = count()
        self._gated = Gated(_CAMERA, self._put, self._account, lambda: f"{next(numbers):x}")
        step_ns = NS_PER_S // FPS
        self._pipeline = CameraPipeline(_CAMERA, RegionDetector(), lambda _: step_ns)
        self._answers: list[Moves] = []
        self.told = Told([])

    def run(self) -> Told:
        """Each frame is recorded, then what the gate sent is looked at, then it hears of it."""
        shape = shape_of(self._clip)
        for number, frame in enumerate(frames_of(self._clip)):
            self._gated([frame] if number else [shape, frame])
            answers, self._answers = self._answers, []
            for answer in answers:
                self._gated.hear(answer)
            self._take(self._pipeline.take(frame.wall_ns))
        self._take(self._pipeline.close())
        self.told.blind = self._gated.numbers().blind
        return self.told

    def _put(self, visited: Visited) -> bool:
        frames = [each for each in visited.items if isinstance(each, LiveFrame)]
        probe = visited.cause in LOOKS_AT_ONE
        self.told.probed += len(frames) if probe else 0
        self.told.decoded += 0 if probe else len(frames)
        moving, _ = self._pipeline.see(visited)
        at_ns = frames[-1].wall_ns if frames else 0
        self._answers.append(Moves(visited.visit, at_ns, moving))
        return True

    def _take(self, told: list[Understood]) -> None:
        for each in told:
            if isinstance(each, MotionSeen):
                self.told.moving.append((_second(each.from_ns), _second(each.to_ns)))

    def _account(
        self, camera: CameraId, from_ns: int, to_ns: int, state: Analysis, cause: SkipCause | None
    ) -> None:
        """What was quiet is not looked into any further here."""


def _second(at_ns: int) -> float:
    return (at_ns - _START_NS) / NS_PER_S
