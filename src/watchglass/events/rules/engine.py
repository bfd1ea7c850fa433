"""The rule engine: tracks of all cameras in, events and crossings out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.events.rules.crowd import CrowdWatch
from watchglass.events.rules.geometry import depth
from watchglass.events.rules.lines import CrossingWatch, LineCount, LineWatch
from watchglass.events.rules.stays import (
    EnterWatch,
    LeaveWatch,
    LoiteringWatch,
    MotionWatch,
    ZoneCount,
    ZoneWatch,
)
from watchglass.events.rules.thing import Thing
from watchglass.events.rules.watch import Telling, Watch
from watchglass.model.analysis import AnalysisSpan, Understood
from watchglass.model.area import Area, AreaKind
from watchglass.model.detection import Box
from watchglass.model.found import Found
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.rule import Rule, RuleKind

_LAG_NS = 5 * NS_PER_S
"""What is seen is told so late at the most, or it is late evidence."""
_FORGET_NS = 15 * 60 * NS_PER_S
_FORGET_SETTLED_NS = 7 * 24 * 3600 * NS_PER_S
_MOST_SETTLED = 64
_MOST_ENDED = 256

_ZONE_KINDS: dict[RuleKind, type[ZoneWatch | CrowdWatch]] = {
    RuleKind.MOTION: MotionWatch,
    RuleKind.ENTER: EnterWatch,
    RuleKind.LEAVE: LeaveWatch,
    RuleKind.LOITERING: LoiteringWatch,
    RuleKind.CROWDING: CrowdWatch,
    RuleKind.COUNTING: ZoneCount,
}
_LINE_KINDS: dict[RuleKind, type[LineWatch]] = {
    RuleKind.CROSSING: CrossingWatch,
    RuleKind.COUNTING: LineCount,
}


@dataclass(slots=True)
class _Camera:
    things: dict[TrackId, Thing] = field(default_factory=dict)
    watches: list[Watch] = field(default_factory=list)
    ignored: tuple[Area, ...] = ()
    now_ns: int = 0
    ended: dict[TrackId, int] = field(default_factory=dict)

    def heard_ns(self, track: TrackId) -> int:
        """What was told of it before, or of one that ended not long ago."""
        thing = self.things.get(track)
        return thing.heard_ns if thing is not None else self.ended.get(track, -1)

    def drop(self, thing: Thing) -> None:
        del self.things[thing.id]
        self.ended[thing.id] = thing.heard_ns
        if len(self.ended) > _MOST_ENDED:
            del self.ended[next(iter(self.ended))]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A point of a track, or what comes after the last of a part."""

    at_ns: int
    part: TrackPart
    point: TrackPoint | None


class Engine:
    """A `model.found.RuleEngine`; it needs no clock, and is used by one thread.

    After a crash: `use`, then `take` the stored tracks that have not ended or have settled, from
    their beginning. Over the past: a new one, `use`, `take`, and `finish`.
    """

    def __init__(self) -> None:
        self._cameras: dict[CameraId, _Camera] = {}
        self._telling = Telling()

    def use(self, rules: Sequence[Rule], areas: Sequence[Area]) -> None:
        """These hold from now on. What went on by another rule is over, and told with the next."""
        by_id = {each.id: each for each in areas}
        wanted: dict[CameraId, list[tuple[Rule, Area | None]]] = {}
        for rule in rules:
            area = by_id.get(rule.area) if rule.area is not None else None
            if rule.enabled and (rule.area is None or area is not None):
                wanted.setdefault(rule.camera, []).append((rule, area))
        for name in {*wanted, *self._cameras, *(each.camera for each in areas)}:
            camera = self._cameras.setdefault(name, _Camera())
            camera.ignored = tuple(
                each for each in areas if each.camera == name and each.kind is AreaKind.IGNORE
            )
            self._rule(camera, wanted.get(name, []))

    def take(self, items: Sequence[Understood]) -> Found:
        """More of what was seen. Items of one call may be in any order; what one call tells lies
        after what the calls before it told."""
        moments = sorted(self._moments(items), key=lambda each: (each.at_ns, each.part.track))
        for each in moments:
            self._moment(each)
        for item in items:
            if isinstance(item, AnalysisSpan):
                self._pass(self._of(item.camera), item.to_ns)
        return self._found()

    def pass_time(self, now_ns: int) -> Found:
        """It is now so late."""
        for camera in self._cameras.values():
            self._pass(camera, now_ns - _LAG_NS)
            self._forget(camera, now_ns)
        return self._found()

    def finish(self) -> Found:
        """There is no more: what goes on is over where it was seen last."""
        for camera in self._cameras.values():
            for watch in camera.watches:
                watch.stop(camera.things.__getitem__)
            camera.things.clear()
        return self._found()

    def _rule(self, camera: _Camera, wanted: Sequence[tuple[Rule, Area | None]]) -> None:
        kept = {each.key: each for each in camera.watches}
        watches = []
        for rule, area in wanted:
            watch = _watch(rule, area, self._telling)
            if watch is not None:
                watches.append(kept.pop(watch.key, watch))
        for each in kept.values():
            each.stop(camera.things.__getitem__)
        camera.watches = watches

    def _moments(self, items: Sequence[Understood]) -> Iterator[_Moment]:
        """Without those that were told before."""
        heard: dict[TrackId, int] = {}
        for part in items:
            if not isinstance(part, TrackPart):
                continue
            heard_ns = heard.get(part.track, self._of(part.camera).heard_ns(part.track))
            for point in part.points:
                if point.at_ns > heard_ns:
                    heard_ns = point.at_ns
                    yield _Moment(heard_ns, part, point)
            heard[part.track] = heard_ns
            if part.end is not None:
                yield _Moment(heard_ns, part, None)

    def _moment(self, moment: _Moment) -> None:
        part, point = moment.part, moment.point
        camera = self._of(part.camera)
        self._pass(camera, moment.at_ns)
        thing = camera.things.get(part.track)
        if point is None:
            if thing is not None and part.end is not None:
                self._over(camera, thing, part.end)
            return
        seen = point.seen and not _is_ignored(camera.ignored, point)
        if thing is None:
            if not seen:
                return
            thing = camera.things[part.track] = Thing(
                part.camera, part.track, part.kind, part.detector, point, point.at_ns, point.at_ns
            )
        thing.heard_ns = point.at_ns
        thing.kind, thing.detector, thing.coarse = part.kind, part.detector, part.coarse
        if seen:
            thing.see(point)
            for watch in camera.watches:
                watch.see(thing, point)

    def _over(self, camera: _Camera, thing: Thing, end: TrackEnd) -> None:
        thing.settled = end is TrackEnd.SETTLED
        for watch in camera.watches:
            watch.over(thing, end)
        if not thing.settled:
            camera.drop(thing)

    def _pass(self, camera: _Camera, now_ns: int) -> None:
        if now_ns <= camera.now_ns:
            return
        camera.now_ns = now_ns
        for watch in camera.watches:
            watch.pass_time(now_ns, camera.things.__getitem__)

    def _forget(self, camera: _Camera, now_ns: int) -> None:
        settled = sorted(
            (each for each in camera.things.values() if each.settled),
            key=lambda each: each.heard_ns,
        )
        too_many = {each.id for each in settled[:-_MOST_SETTLED]}
        for thing in list(camera.things.values()):
            wait_ns = _FORGET_SETTLED_NS if thing.settled else _FORGET_NS
            if thing.id not in too_many and now_ns - thing.heard_ns <= wait_ns:
                continue
            for watch in camera.watches:
                watch.forget(thing)
            camera.drop(thing)

    def _of(self, camera: CameraId) -> _Camera:
        return self._cameras.setdefault(camera, _Camera())

    def _found(self) -> Found:
        found = Found(tuple(self._telling.events.values()), tuple(self._telling.crossings))
        self._telling.events.clear()
        self._telling.crossings.clear()
        return found


def _watch(rule: Rule, area: Area | None, telling: Telling) -> Watch | None:
    """None where the rule does not fit the area."""
    if area is not None and area.kind is AreaKind.LINE:
        line = _LINE_KINDS.get(rule.kind)
        return line(rule, area, telling) if line is not None else None
    if area is not None and area.kind is AreaKind.IGNORE:
        return None
    zone = _ZONE_KINDS.get(rule.kind)
    return zone(rule, area, telling) if zone is not None else None


def _is_ignored(areas: Sequence[Area], point: TrackPoint) -> bool:
    return any(
        (each.expires_ns is None or point.at_ns < each.expires_ns) and lies_in(each, point.box)
        for each in areas
    )


def lies_in(area: Area, box: Box) -> bool:
    """Whether a thing there is left out by an ignore area: where its middle lies in it."""
    middle = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    return depth(area.points, middle) > 0
