"""What the API needs of what was understood and found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.model.look_back import LookBack
from watchglass.model.watch_control import LookBackErrand, ReviewRequest
from watchglass.store.events import EventStore


@dataclass(frozen=True, slots=True)
class EventPorts:
    """``store`` is read alone; ``order`` and ``look_back`` ask the running recorder, and block."""

    store: EventStore
    order: Callable[[ReviewRequest], None]
    look_back: Callable[[LookBackErrand], Sequence[LookBack]]
