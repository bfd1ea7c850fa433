"""Which worker runs which file, and in which turn; and that a worker that dies ends no run."""

from typing import TypeAlias

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped] # it has no types
from xdist.workermanage import WorkerController  # type: ignore[import-untyped] # nor has this

Unit: TypeAlias = dict[str, bool]
"""The tests of one file, and whether each has been run."""

_FROM_THE_END = "gw0"


class FileScheduling(LoadFileScheduling):  # type: ignore[misc] # see above
    """A file's tests run on one worker: they share what was recorded for them.

    When a worker dies, the plain scheduling waits for ever: it hands out the dead worker's files
    anew with nothing left to run in them, or gives the new worker a file with a single test, which
    a worker begins only when it knows the one after it. Here only tests that were not run are
    handed out anew, without the one that the worker died in, which has failed.

    The longest files come first, and most of their tests wait for recorders and cameras. So one of
    several workers begins at the other end, with what only reckons: it fills the time in which the
    others wait, and they meet in the middle.
    """

    def remove_node(self, node: WorkerController) -> str | None:
        """The test in which the node died; None if it had nothing left to do."""
        left = _not_run(self.assigned_work.pop(node))
        if not left:
            return None
        tests = next(iter(left.values()))
        died_in = next(iter(tests))
        del tests[died_in]
        self.workqueue.update(_not_run(left))
        for other in self.nodes:
            self._reschedule(other)
        return died_in

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node.gateway.id == _FROM_THE_END and len(self.nodes) > 1:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)

    def schedule(self) -> None:
        """Hand out the first files; afterwards, give a worker that came later its first ones."""
        late = self.collection is not None
        super().schedule()
        if late:  # see above: a single test would not be begun
            super().schedule()


def _not_run(units: dict[str, Unit]) -> dict[str, Unit]:
    left = {
        file: {test: False for test, done in tests.items() if not done}
        for file, tests in units.items()
    }
    return {file: tests for file, tests in left.items() if tests}
