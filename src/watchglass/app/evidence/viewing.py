"""Copies for browsers, asked of a process that may die of a picture: then there is none."""

from contextlib import suppress
from pathlib import Path

import msgspec

from watchglass.app.task import Task
from watchglass.base import log
from watchglass.base.fence import FenceMode
from watchglass.model.export import ViewingMade, ViewingStart, ViewingWanted

_MODULE = "watchglass.app.evidence.viewing_worker"
_MADE = msgspec.json.Decoder(ViewingMade)
_LOG = log.get("exports")


class ViewingCopies:
    """The process of one export, started before whoever asks is fenced. To be closed."""

    def __init__(self, level: str, fences: FenceMode, *, json: bool) -> None:
        self._task = Task(_MODULE)
        self._level, self._fences, self._json = level, fences, json
        self._begun = False

    def make(self, part: Path, source: Path, target: Path) -> bool:
        """Whether there is a copy of ``source`` at ``target``; both lie in the folder ``part``."""
        if not self._begun:
            self._begun = True
            self._task.tell(
                ViewingStart(
                    str(part), str(target.parent), self._level, self._json, self._fences
                )
            )  # fmt: skip
        self._task.tell(ViewingWanted(str(source), str(target)))
        for line in self._task.lines():
            with suppress(msgspec.MsgspecError):  # it tells what it is fenced by, too
                made = _MADE.decode(line)
                if made.error:
                    _LOG.warning("no_viewing_copy", why=made.error)
                return made.pictures > 0
        _LOG.warning("no_viewing_copy", why="the process that makes it died")
        return False

    def close(self) -> None:
        """Whatever it is at."""
        self._task.close()
