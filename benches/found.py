"""events.db: what a camera-day of it weighs, what a report costs, how soon it is searched.

Things walk through the picture, five pictures a second, told about once a second as the
analytics-worker tells them; the events-worker's own work finds what rules say of them (motion, a
line that is crossed and counted) and writes it. In between it is told to be quiet.
"""

import argparse
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

from benches._harness import percentile, report, workplace
from watchglass.app.event_work import EventWork
from watchglass.base.clock import NS_PER_S, SimulatedClock
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, MotionSeen, Report, Understood
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.object_track import TrackEnd, TrackId, TrackPart, TrackPoint
from watchglass.model.rule import Rule, RuleId, RuleKind
from watchglass.store.event_search import Wanted
from watchglass.store.events import EventStore

_CAMERA = CameraId("c" * 32)
_BEGAN_NS = 1_800_000_000 * NS_PER_S
_DAY_S = 86_400
_RATE = 5
_LINE = Area(
    id=AreaId("1" * 32), camera=_CAMERA, name="gate", kind=AreaKind.LINE,
    points=((0.5, 0.0), (0.5, 1.0)),
)  # fmt: skip
_RULES = tuple(
    Rule(id=RuleId(name * 32), camera=_CAMERA, name=kind.value, kind=kind, area=area)
    for name, kind, area in (
        ("a", RuleKind.MOTION, None),
        ("b", RuleKind.CROSSING, _LINE.id),
        ("c", RuleKind.COUNTING, _LINE.id),
    )
)
_REGION = ((0.6, 0.3), (0.9, 0.3), (0.9, 0.7), (0.6, 0.7))


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench found")
    parser.add_argument("--quick", action="store_true")
    asked = parser.parse_args()
    few, many = (20, 100) if asked.quick else (50, 500)
    with workplace() as folder:
        quiet_bytes, _, _, _ = _day(folder / "quiet.db", few)
        busy_bytes, reports, cpu_s, searches = _day(folder / "busy.db", many)
    figures: dict[str, float | int | None] = {
        "things": many,
        "mb_camera_day": round(busy_bytes / 1e6, 3),
        "bytes_per_thing": round((busy_bytes - quiet_bytes) / (many - few)),
        "report_cpu_ms": round(cpu_s * 1000 / reports, 3),
        "search_p95_ms": round(percentile(searches, 0.95), 2),
        "reports": reports,
    }
    return report("found", asked.quick, figures, {}, enough=not asked.quick)


def _day(path: Path, things: int) -> tuple[int, int, float, list[float]]:
    """Bytes, reports, CPU seconds, and milliseconds of each search."""
    luck = random.Random(things)
    clock = SimulatedClock(wall_ns=_BEGAN_NS)
    store = EventStore(path)
    work = EventWork(store, clock, lambda _: None)
    work.resume(_RULES, (_LINE,))
    number, quiet_s = 0, 0.0
    before = os.times()
    for name, at_s in enumerate(sorted(luck.uniform(10, _DAY_S - 60) for _ in range(things))):
        lasts_s = luck.uniform(5, 20)
        first: list[Understood] = [_span(at_s - 2, at_s + lasts_s, Analysis.ANALYSED)]
        if quiet_s < at_s - 2:
            first.append(_span(quiet_s, at_s - 2, Analysis.QUIET))
        quiet_s = at_s + lasts_s
        for items in _walk(f"{name:032d}", at_s, lasts_s, luck):
            number += 1
            work.take(Report("bench", number, (*first, *items)))
            first = []
        clock.step_wall(_at(quiet_s) - clock.wall_ns())
        work.pass_time()
    after = os.times()
    searches = _searches(store, luck)
    store.close()
    cpu_s = after.user + after.system - before.user - before.system
    return path.stat().st_size, number, cpu_s, searches


def _walk(name: str, at_s: float, lasts_s: float, luck: random.Random) -> list[list[Understood]]:
    count = round(lasts_s * _RATE)
    begin, end = sorted(luck.uniform(0.05, 0.95) for _ in range(2))
    points = []
    for n in range(count):
        x = begin + (end - begin) * n / (count - 1)
        points.append(TrackPoint(_at(at_s + n / _RATE), Box(x - 0.03, 0.3, x + 0.03, 0.6), 0.8))
    told: list[list[Understood]] = []
    for first in range(0, count, _RATE):
        part = tuple(points[first : first + _RATE])
        over = TrackEnd.LEFT if first + _RATE >= count else None
        track = TrackPart(
            camera=_CAMERA, track=TrackId(name), kind=ObjectClass.PERSON, points=part,
            detector="regions", end=over,
        )  # fmt: skip
        moved = MotionSeen(
            camera=_CAMERA, from_ns=part[0].at_ns, to_ns=part[0].at_ns + NS_PER_S,
            amount=luck.random(), where=part[0].box,
        )  # fmt: skip
        told.append([track, moved])
    return told


def _searches(store: EventStore, luck: random.Random) -> list[float]:
    """By a region, of a part of the day."""

    def timed(do: Callable[[], object]) -> float:
        began_s = time.perf_counter()
        do()
        return (time.perf_counter() - began_s) * 1000

    found = []
    for _ in range(50):
        from_ns = _at(luck.uniform(0, _DAY_S / 2))
        wanted = Wanted(
            {_CAMERA: [(0, 2**63 - 1)]}, from_ns, from_ns + 6 * 3600 * NS_PER_S, region=_REGION
        )
        found.append(timed(lambda wanted=wanted: store.events(wanted)))  # type: ignore[misc]
    return found


def _span(from_s: float, to_s: float, state: Analysis) -> AnalysisSpan:
    return AnalysisSpan(camera=_CAMERA, from_ns=_at(from_s), to_ns=_at(to_s), state=state)


def _at(seconds: float) -> int:
    return _BEGAN_NS + round(seconds * NS_PER_S)


if __name__ == "__main__":
    raise SystemExit(main())
