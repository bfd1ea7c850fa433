"""What the events-worker is told through its standard input, and says on its standard output."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId
from watchglass.model.area import Area
from watchglass.model.assignment import Shutdown
from watchglass.model.notice_event import EventTold, ReviewTold
from watchglass.model.rule import Rule
from watchglass.model.way import Stand, Way


class EventsStart(msgspec.Struct, frozen=True, tag="events_start"):
    """The first message, and again at each change of rules and areas: those of all cameras.
    ``understood`` is where it listens."""

    state: str
    understood: Stand
    vitals: Way
    rules: tuple[Rule, ...]
    areas: tuple[Area, ...]
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO


class MarkTold(msgspec.Struct, frozen=True, tag="mark_told"):
    """Something happened then (UTC ns), and its footage is to be kept as that of events."""

    camera: CameraId
    from_ns: int
    to_ns: int


ToEventsWorker = EventsStart | Shutdown
FromEventsWorker = MarkTold | EventTold | ReviewTold
