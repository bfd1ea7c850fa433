"""A lone video understood: as a camera's pictures are, by the same parts, as fast as it goes."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from watchglass.analytics.detector import Detector, Picture
from watchglass.analytics.pipeline import CameraPipeline, Wanted
from watchglass.analytics.resize import resized
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.events.rules.engine import Engine
from watchglass.media.film import START_NS, Film
from watchglass.model.analysis import AnalysisSpan, MotionSeen, Understood
from watchglass.model.area import Area, AreaId, AreaKind, checked_points
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.found import Crossing
from watchglass.model.live import LiveFrame, LiveItem
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.polygon import Point
from watchglass.model.rule import Rule, RuleId, RuleKind
from watchglass.model.visit import VisitCause, Visited

TILE_WIDTH = 320
MOST_PICTURES = 100
"""Of so many things a picture is kept; of the others only their ways."""
CAMERA = CameraId("f" * 32)
_AT_ONCE = 25
Progress = Callable[[int, int], None]
"""Nanoseconds of the film so far, and of how many; 0 where it does not say how long it is."""


@dataclass(frozen=True, slots=True)
class Best:
    """Where it is seen best. ``tile`` is the whole picture, made small."""

    at_ns: int
    box: Box
    worth: float
    tile: Picture


@dataclass(slots=True)
class Way:
    """One thing and its way through the film; UTC ns as `media.film` has them."""

    track: TrackId
    kind: ObjectClass
    points: list[TrackPoint] = field(default_factory=list)
    coarse: bool = False
    end: TrackEnd | None = None
    best: Best | None = None


@dataclass(slots=True)
class FilmReport:
    """What a film shows. ``understood`` is all that a camera's pictures would have told."""

    length_ns: int = 0
    pictures: int = 0
    looks: int = 0
    failed: int = 0
    ways: list[Way] = field(default_factory=list)
    motion: list[MotionSeen] = field(default_factory=list)
    spans: list[AnalysisSpan] = field(default_factory=list)
    understood: list[Understood] = field(default_factory=list)


def understand(
    film: Film, detector: Detector, rate: float, progress: Progress | None = None
) -> FilmReport:
    """Look at all of it, for things ``rate`` times a second of the film where something moves."""
    interval_ns = round(NS_PER_S / rate)
    pipeline = CameraPipeline(CAMERA, detector, lambda _: interval_ns)
    report = FilmReport()
    gathered = _Gathered(report)
    at_ns = START_NS
    for items, last in _parts(film.items()):
        visited = Visited(
            visit="film", camera=CAMERA, cause=VisitCause.BLIND, items=items, last=last
        )
        _, wanted = pipeline.see(visited)
        gathered.show(wanted)
        for one, found in zip(wanted, detector.detect([each.look for each in wanted]), strict=True):
            one.of.found(one.at_ns, found)
        at_ns = max([at_ns, *(each.wall_ns for each in items if isinstance(each, LiveFrame))])
        gathered.take(pipeline.take(at_ns))
        if progress is not None:
            progress(at_ns - START_NS, film.length_ns)
    gathered.take(pipeline.close())
    report.length_ns = at_ns - START_NS
    report.pictures, report.looks = pipeline.pictures, pipeline.looks
    report.failed = pipeline.failed
    report.ways.sort(key=lambda way: way.points[0].at_ns)
    return report


def crossings(
    understood: Sequence[Understood], line: Sequence[Point], kinds: Sequence[ObjectClass] = ()
) -> list[Crossing]:
    """What a counting rule over that line finds, by the rule engine itself."""
    area = Area(
        id=AreaId("line"), camera=CAMERA, name="line", kind=AreaKind.LINE,
        points=checked_points(AreaKind.LINE, line),
    )  # fmt: skip
    rule = Rule(
        id=RuleId("count"), camera=CAMERA, name="count", kind=RuleKind.COUNTING, area=area.id,
        kinds=tuple(kinds),
    )  # fmt: skip
    engine = Engine()
    engine.use([rule], [area])
    found = engine.take(understood).crossings
    return [*found, *engine.finish().crossings]


class _Gathered:
    """Puts together what is told bit by bit, and keeps for each thing the picture that shows it
    best: large and certain."""

    def __init__(self, report: FilmReport) -> None:
        self._report = report
        self._ways: dict[TrackId, Way] = {}
        self._shown: dict[int, Picture] = {}

    def show(self, wanted: Sequence[Wanted]) -> None:
        """Pictures that things were looked for in; those of the last part are enough."""
        recent = list(self._shown.items())[-_AT_ONCE:]
        self._shown = dict(recent) | {each.at_ns: each.look.picture for each in wanted}

    def take(self, items: Sequence[Understood]) -> None:
        self._report.understood += items
        for item in items:
            match item:
                case TrackPart():
                    self._add(item)
                case MotionSeen():
                    self._report.motion.append(item)
                case AnalysisSpan():
                    _join(self._report.spans, item)
                case _:
                    pass

    def _add(self, part: TrackPart) -> None:
        way = self._ways.get(part.track)
        if way is None:
            if not part.points:
                return
            way = self._ways[part.track] = Way(part.track, part.kind)
            self._report.ways.append(way)
        way.kind = part.kind
        way.points += part.points
        way.coarse = way.coarse or part.coarse
        way.end = part.end if part.end is not None else way.end
        for point in part.points:
            picture = self._shown.get(point.at_ns)
            worth = point.confidence * point.box.area**0.5
            better = way.best is None or worth > 1.05 * way.best.worth
            if point.seen and picture is not None and better and self._may_keep(way):
                way.best = Best(point.at_ns, point.box, worth, _small(picture))

    def _may_keep(self, way: Way) -> bool:
        if way.best is not None:
            return True
        return sum(each.best is not None for each in self._report.ways) < MOST_PICTURES


def _small(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    if width <= TILE_WIDTH:
        return picture.copy()
    rows = max(1, round(height * TILE_WIDTH / width))
    return np.rint(resized(picture, TILE_WIDTH, rows)).astype(np.uint8)


def _join(spans: list[AnalysisSpan], span: AnalysisSpan) -> None:
    if spans:
        last = spans[-1]
        same = (last.state, last.cause, last.coarse) == (span.state, span.cause, span.coarse)
        if same and last.to_ns >= span.from_ns:
            spans[-1] = AnalysisSpan(
                camera=last.camera, from_ns=last.from_ns, to_ns=max(last.to_ns, span.to_ns),
                state=last.state, cause=last.cause, coarse=last.coarse,
            )  # fmt: skip
            return
    spans.append(span)


def _parts(items: Iterator[LiveItem]) -> Iterator[tuple[tuple[LiveItem, ...], bool]]:
    """Some at a time; whether they are the last."""
    now = tuple(islice(items, _AT_ONCE))
    while now:
        following = tuple(islice(items, _AT_ONCE))
        yield now, not following
        now = following
