"""A lone video that is looked at by a process of its own: what it is asked, and what it tells."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.analysis import AnalysisSpan, MotionSeen
from watchglass.model.assignment import FenceTold
from watchglass.model.control import Refused
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.found import Crossing
from watchglass.model.object_track import TrackEnd, TrackPoint
from watchglass.model.polygon import Point


class FilmOrder(msgspec.Struct, frozen=True, kw_only=True):
    """Look at ``file`` for things ``rate`` times a second where something moves; count over
    ``line``. ``sheet``: make a picture of what is found. ``models`` is the folder of models,
    ``model`` the one that is wanted."""

    file: str
    rate: float
    line: tuple[Point, Point] | None
    sheet: bool
    models: str
    model: str
    threads: int
    fences: FenceMode


class FilmAt(msgspec.Struct, frozen=True, tag="film_at"):
    """How far it is, of how much: ns of the film; 0 where it does not say how long it is."""

    now_ns: int
    whole_ns: int


class FilmThing(msgspec.Struct, frozen=True, kw_only=True):
    """One thing and its way. ``best_ns``: where it is seen best; None where that is not known."""

    kind: ObjectClass
    points: tuple[TrackPoint, ...]
    coarse: bool
    end: TrackEnd | None
    best_ns: int | None
    best_box: Box | None

    @property
    def from_ns(self) -> int:
        return self.points[0].at_ns

    @property
    def to_ns(self) -> int:
        return max((each.at_ns for each in self.points if each.seen), default=self.from_ns)

    @property
    def confidence(self) -> float:
        return max(each.confidence for each in self.points)


class FilmTold(msgspec.Struct, frozen=True, tag="film_told", kw_only=True):
    """All that was seen. Times are as if its first frame had come at ``began_ns``. ``instead``: why
    the detector is not the one that was wanted. ``crossings``: None where none were asked for;
    ``sheet``: a JPEG, or empty."""

    began_ns: int
    length_ns: int
    pictures: int
    looks: int
    failed: int
    detector: str
    names: tuple[ObjectClass, ...]
    instead: str
    things: tuple[FilmThing, ...]
    motion: tuple[MotionSeen, ...]
    spans: tuple[AnalysisSpan, ...]
    crossings: tuple[Crossing, ...] | None
    sheet: bytes = b""


FilmAnswer = FenceTold | FilmAt | FilmTold | Refused
