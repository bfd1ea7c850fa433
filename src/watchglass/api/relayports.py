"""What the API needs of relays: cameras handed on to another system."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from watchglass.base.ids import CameraId
from watchglass.model.restream import Restream, RestreamRequest, RestreamsTold


@dataclass(frozen=True, slots=True)
class RelayPorts:
    """All calls block. ``of`` reads the database as it is now, of one camera or of all; ``order``
    and ``told`` ask the running recorder."""

    of: Callable[[CameraId | None], Sequence[Restream]]
    order: Callable[[RestreamRequest], CameraId]
    told: Callable[[], RestreamsTold]
