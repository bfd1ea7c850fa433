"""What the supervisor gives the analytics-worker, through its standard input alone."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.base.ids import CameraId
from watchglass.model.assignment import Shutdown
from watchglass.model.visit import Analysed
from watchglass.model.way import Stand, Way


class AnalystStart(msgspec.Struct, frozen=True, tag="analyse"):
    """The first message; said again to one that runs, its ``cameras`` and ``held`` are others.

    ``stand`` is where camera-workers bring what their gates let through, ``understood`` where it
    tells what it saw. ``models`` is the folder of models, ``model`` the one that is wanted.
    ``held``: cameras whose pictures have made it crash; they are not looked at for now.
    """

    stand: Stand
    vitals: Way
    understood: Way | None
    cameras: tuple[Analysed, ...]
    models: str
    model: str
    threads: int
    log_level: str
    log_json: bool
    held: tuple[CameraId, ...] = ()
    fences: FenceMode = FenceMode.AUTO


ToAnalystProcess = AnalystStart | Shutdown
