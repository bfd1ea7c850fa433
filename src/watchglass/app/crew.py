"""All processes of a recorder, as of one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from watchglass.app.child import Child
from watchglass.app.processes import waits_in_kernel
from watchglass.base.ids import CameraId
from watchglass.model.assignment import AssignedCamera
from watchglass.model.process import ProcessStatus


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes at one moment. ``cameras`` by worker; a worker may not run yet. ``apart``: see
    `AnalystDesk.held`."""

    keeper: Child
    workers: tuple[Child, ...]
    others: tuple[Child, ...]
    cameras: Mapping[str, tuple[AssignedCamera, ...]]
    apart: Mapping[CameraId, int] = field(default_factory=dict)

    @property
    def all(self) -> tuple[Child, ...]:
        return (self.keeper, *self.workers, *self.others)

    def kill(self, name: str) -> None:
        """End one that is stuck; it is started again, as one that crashed."""
        for each in self.all:
            if each.name == name:
                each.kill()

    def waits_in_kernel(self, name: str) -> bool:
        return any(waits_in_kernel(each.pid) for each in self.all if each.name == name)

    def statuses(self) -> tuple[ProcessStatus, ...]:
        return tuple(each.status(len(self.cameras.get(each.name, ()))) for each in self.all)
