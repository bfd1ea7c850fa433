"""What the API needs of areas and rules."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import CameraId
from watchglass.model.area import Area
from watchglass.model.rule import Rule
from watchglass.model.watch_control import WatchRequest


@dataclass(frozen=True, slots=True)
class WatchPorts:
    """All calls block. ``order`` asks the running recorder; the others read the database as it is
    now, of one camera or of all."""

    order: Callable[[WatchRequest], CameraId]
    areas: Callable[[CameraId | None], Sequence[Area]]
    rules: Callable[[CameraId | None], Sequence[Rule]]
