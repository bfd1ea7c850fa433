"""The file of a redacted copy: pictures encoded anew, with what is hidden painted over first.

For a process of its own that may die: what a stranger's camera sent is decoded.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from watchglass.base.errors import StreamInvalidError
from watchglass.media.av_errors import FOREIGN_ERRORS
from watchglass.media.copyfile import CopyFile
from watchglass.media.cover import Painter, hide
from watchglass.media.decode import Picture
from watchglass.media.scaling import own
from watchglass.model.detection import Box
from watchglass.model.mask import Cover

TICKS = 90_000
_LEAST_APART = TICKS // 100


class RedactedFile:
    """Pictures in the order they are shown. ``covers``: the camera's masks, which stay painted. It
    is whole once it is finished and closed."""

    def __init__(self, target: Path, covers: Sequence[Cover]) -> None:
        self._target = target
        self._painter = Painter(covers)
        self._file: CopyFile | None = None
        self._last = -_LEAST_APART

    @property
    def pictures(self) -> int:
        return self._file.pictures if self._file is not None else 0

    def put(
        self, picture: Picture, aspect: Fraction, at_ns: int, at: int, boxes: Sequence[Box] | None
    ) -> None:
        """A picture of the time ``at_ns`` (UTC), shown at ``at`` (1/90000 s) of the copy, with
        ``boxes`` hidden, or all of it (None). StreamInvalidError where it cannot be encoded."""
        # Where a clock was set back it comes right behind the one before it.
        self._last = max(at, self._last + _LEAST_APART)
        try:
            if self._file is None:
                self._file = CopyFile(self._target, picture.frame, aspect)
            fitted = own(self._file.fitted(picture.frame))
            self._painter.paint(fitted, at_ns)
            hide(fitted, boxes)
            self._file.put(fitted, self._last)
        except FOREIGN_ERRORS as error:
            raise StreamInvalidError("A picture of this span cannot be encoded.") from error

    def finish(self) -> None:
        """StreamInvalidError where there is no picture."""
        if self._file is None:
            raise StreamInvalidError("There is no picture in this span that can be read.")
        self._file.finish()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
