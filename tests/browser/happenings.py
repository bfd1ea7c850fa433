"""What was found, written into a recorder's own database as its analytics and its rules would."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from playwright.sync_api import Page

from tests.browser.conftest import Bed
from tests.store.understood import event_of, review_of, walk
from watchglass.app.layout import Layout
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, random_id
from watchglass.model.analysis import MotionSeen, Report, Understood
from watchglass.model.area import AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.event import ReviewId
from watchglass.model.found import Crossing
from watchglass.model.object_track import TrackId, TrackPart, TrackPoint
from watchglass.model.rule import Direction, Rule, RuleId, RuleKind
from watchglass.store.event_writer import Written
from watchglass.store.events import EventStore

Way = tuple[tuple[float, float], tuple[float, float]]
FROM_LEFT: Way = ((0.1, 0.6), (0.4, 0.6))
FROM_RIGHT: Way = ((0.9, 0.6), (0.6, 0.6))
_HEADERS = {"X-Watchglass": "1"}


class Happenings:
    """Of one recorder; what is made is so long before this began, where there is footage of it."""

    def __init__(self, bed: Bed, page: Page) -> None:
        self._page, self._url = page, bed.url
        cameras = page.evaluate("() => fetch('/api/v1/cameras').then((it) => it.json())")
        self.ids = {each["name"]: CameraId(each["id"]) for each in cameras["cameras"]}
        self.store = EventStore(Layout(bed.data / "state").events_db)
        self._session, self._number = random_id(), 0
        self._began_ns = time.time_ns()

    def close(self) -> None:
        self.store.close()

    def at_ns(self, ago_s: float) -> int:
        return self._began_ns - round(ago_s * NS_PER_S)

    def asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the recorder answers to whoever is signed in before the page."""
        answer = self._page.context.request.post(
            f"{self._url}api/v1/{path}", data=body,
            headers=_HEADERS | {"Origin": self._url.rstrip("/")},
        )  # fmt: skip
        assert answer.ok, answer.text()
        return dict(answer.json())

    def walked(
        self, camera: str, ago_s: float, way: Way, *, kind: ObjectClass = ObjectClass.PERSON,
        for_s: float = 2.0,
    ) -> TrackPart:  # fmt: skip
        """Somebody who went that way, and whom no rule told of."""
        part = self._part(camera, ago_s, way, kind, for_s)
        self.told(part)
        return part

    def happened(
        self, camera: str, rule: str, ago_s: float, *, kind: ObjectClass = ObjectClass.PERSON,
        alarm: bool = False, way: Way = FROM_LEFT, by: RuleId | None = None,
        area: AreaId | None = None,
    ) -> ReviewId:  # fmt: skip
        """Somebody of whom a rule told; the item in which it stands. ``by``: the id of a rule that
        is made; without it the rule is gone."""
        part = self._part(camera, ago_s, way, kind, 2.0)
        met = Rule(
            id=by or RuleId(random_id()), camera=part.camera, name=rule, kind=RuleKind.MOTION,
            area=area, alarm=alarm,
        )  # fmt: skip
        event = event_of(part, met, random_id())
        moved = MotionSeen(
            camera=part.camera, from_ns=event.from_ns, to_ns=event.to_ns or 0, amount=0.3,
            where=part.points[0].box,
        )  # fmt: skip
        review = msgspec.structs.replace(review_of(event, alarm=alarm), open=False)
        self._write(Written(self._report(part, moved), time.time_ns(), [event], [review]))
        return review.id

    def counted(
        self, camera: str, rule: str, ago_s: float, direction: Direction,
        kind: ObjectClass = ObjectClass.PERSON,
    ) -> None:  # fmt: skip
        """One way over the line of a counting rule."""
        way = Crossing(
            id=random_id(), camera=self.ids[camera], rule=RuleId(rule), track=TrackId(random_id()),
            kind=kind, at_ns=self.at_ns(ago_s), direction=direction,
        )  # fmt: skip
        self._write(Written(self._report(), time.time_ns(), crossings=[way]))

    def told(self, *items: Understood) -> None:
        """Such as how a span was looked at."""
        self._write(Written(self._report(*items), time.time_ns()))

    def _part(
        self, camera: str, ago_s: float, way: Way, kind: ObjectClass, for_s: float
    ) -> TrackPart:
        made = walk(random_id(), 0, for_s, camera=self.ids[camera], kind=kind, way=way)
        return _later(made, self.at_ns(ago_s) - made.points[0].at_ns)

    def _report(self, *items: Understood) -> Report:
        self._number += 1
        return Report(self._session, self._number, items)

    def _write(self, *written: Written) -> None:
        self.store.write(*written)


def _later(part: TrackPart, by_ns: int) -> TrackPart:
    points: Sequence[TrackPoint] = [
        TrackPoint(each.at_ns + by_ns, each.box, each.confidence) for each in part.points
    ]
    return TrackPart(
        camera=part.camera, track=part.track, kind=part.kind, points=tuple(points),
        detector=part.detector, end=part.end,
    )  # fmt: skip
