"""Which of what cameras say is new, so that their gates open."""

from collections import OrderedDict
from collections.abc import Iterable

from watchglass.base.ids import CameraId
from watchglass.model.said import Said, SaidKind

_MOST_KEPT = 4096


class CameraCalls:
    """Not thread-safe. What goes on is remembered, so that its end is not taken for news; of too
    many the oldest are forgotten, whose ends then open a gate once more."""

    def __init__(self) -> None:
        self._going_on: OrderedDict[str, None] = OrderedDict()

    def of(self, said: Iterable[Said]) -> set[CameraId]:
        """Cameras before which something happens now, or happened and was over at once: it may
        be told of only when it has ended, or never have had a duration, as a line crossed."""
        return {each.camera for each in said if self._is_new(each)}

    def _is_new(self, said: Said) -> bool:
        if said.to_ns is None:
            self._going_on[said.id] = None
            self._going_on.move_to_end(said.id)
            if len(self._going_on) > _MOST_KEPT:
                self._going_on.popitem(last=False)
            return True
        was_told = said.id in self._going_on
        self._going_on.pop(said.id, None)
        # Of the other kind is also what a camera says of itself: its load, its clock.
        return not was_told and said.kind is not SaidKind.OTHER
