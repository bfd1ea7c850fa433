"""What was understood of a recorded site, and found in it, in a database as the recorder has it."""

from collections.abc import Sequence
from pathlib import Path

from watchglass.app.event_desk import EventDesk
from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.model.analysis import Report, Understood
from watchglass.model.event import Event
from watchglass.model.look_back import LookBack
from watchglass.model.review import Review
from watchglass.model.watch_control import (
    LookBackErrand,
    LookBackRequest,
    LooksBackRequest,
    ReviewRequest,
    StopLookBackRequest,
)
from watchglass.store.event_writer import Written


class FoundDesk:
    """``store`` is the api's; ``write`` puts into it what the events-worker would."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._desk = EventDesk(path, Disk(), clock)
        self.store = self._desk.store
        self._clock = clock
        self._looks: list[LookBack] = []
        self._count = 0

    def write(
        self,
        items: Sequence[Understood] = (),
        events: Sequence[Event] = (),
        reviews: Sequence[Review] = (),
        **more: object,
    ) -> None:
        self._count += 1
        report = Report("test", self._count, tuple(items))
        self.store.write(
            Written(report, self._clock.wall_ns(), events, reviews, **more)  # type: ignore[arg-type]
        )

    def order(self, request: ReviewRequest) -> None:
        self._desk.carry_out(request)

    def look_back(self, errand: LookBackErrand) -> Sequence[LookBack]:
        """As a recorder that takes them and has not begun yet."""
        match errand:
            case LookBackRequest():
                self._looks.insert(
                    0,
                    LookBack(
                        id=errand.id, camera=errand.camera, from_ns=errand.from_ns,  # type: ignore[arg-type]
                        to_ns=errand.to_ns, by=errand.by, asked_ns=self._clock.wall_ns(),
                    ),
                )  # fmt: skip
            case StopLookBackRequest():
                self._looks = [each for each in self._looks if each.id != errand.id]
            case LooksBackRequest():
                pass
        return self._looks
