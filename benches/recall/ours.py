"""A clip through the recorder's own parts: what the gate lets through is decoded and looked at."""

from dataclasses import dataclass
from itertools import count

from benches.recall.clips import Clip
from benches.recall.scenes import FPS
from watchglass.analytics.gate import GateLimits
from watchglass.analytics.gated import Gated
from watchglass.analytics.motion import Motion, MotionSettings, Moved
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, RunId
from watchglass.media.bitstream import to_length_prefixed
from watchglass.media.decode import StreamDecoder
from watchglass.media.header import file_header
from watchglass.media.parameter_sets import ParameterSets
from watchglass.model.analysis import Analysis, SkipCause
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.stream import Track, VideoCodec
from watchglass.model.visit import Moves, VisitCause, Visited
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
    """One camera. ``always``: everything is let through, as if there were no gate."""

    def __init__(
        self, clip: Clip, limits: GateLimits, settings: MotionSettings, *, always: bool = False
    ) -> None:
        self._clip = clip
        self._always = always
        numbers = count()
        self._gated = Gated(_CAMERA, self._put, self._account, lambda: f"{next(numbers):x}", limits)
        self._motion = Motion(settings=settings)
        self._decoder: StreamDecoder | None = None
        self._answers: list[Moves] = []
        self.told = Told([])

    def run(self) -> Told:
        """Each frame is recorded, then what the gate sent is looked at, then it hears of it."""
        shape, frames = shape_of(self._clip), frames_of(self._clip)
        self._shape = shape
        if self._always:
            self._look(shape, frames)
            return self.told
        for number, frame in enumerate(frames):
            self._gated([frame] if number else [shape, frame])
            answers, self._answers = self._answers, []
            for answer in answers:
                self._gated.hear(answer)
        self.told.blind = self._gated.numbers().blind
        return self.told

    def _put(self, visited: Visited) -> bool:
        frames = [each for each in visited.items if isinstance(each, LiveFrame)]
        if visited.cause is VisitCause.PROBE:
            moved = self._probe(frames[0])
        else:
            moved = self._look(self._shape, frames)
        if moved is not None:
            seen = moved.moving or bool(moved.hints)
            self._answers.append(Moves(visited.visit, moved.at_ns, seen))
        return True

    def _account(
        self, camera: CameraId, from_ns: int, to_ns: int, state: Analysis, cause: SkipCause | None
    ) -> None:
        """What was quiet is not looked into any further here."""

    def _probe(self, frame: LiveFrame) -> Moved | None:
        self.told.probed += 1
        decoder = StreamDecoder(self._shape)
        pictures = decoder.decode(frame) or decoder.flush()
        return self._motion.probe(pictures[0].luma(), frame.wall_ns) if pictures else None

    def _look(self, shape: LiveShape, frames: list[LiveFrame]) -> Moved | None:
        if self._decoder is None:
            self._decoder = StreamDecoder(shape)
        last = None
        for frame in frames:
            self.told.decoded += 1
            for picture in self._decoder.decode(frame):
                last = self._motion.look(picture.luma(), picture.wall_ns)
                for region in last.regions:
                    self.told.moving.append((_second(region.since_ns), _second(last.at_ns)))
        return last


def _second(at_ns: int) -> float:
    return (at_ns - _START_NS) / NS_PER_S
