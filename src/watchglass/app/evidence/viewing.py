"""Copies for browsers, asked of a process that may die of a picture: then there is none."""

import subprocess
from contextlib import suppress
from pathlib import Path

import msgspec

from watchglass.app.launch import launch
from watchglass.base import log
from watchglass.base.fence import FenceMode
from watchglass.model.export import ViewingMade, ViewingStart, ViewingWanted

_MODULE = "watchglass.app.evidence.viewing_worker"
_MADE = msgspec.json.Decoder(ViewingMade)
_LOG = log.get("exports")


class ViewingCopies:
    """The process of one export, started before whoever asks is fenced. To be closed."""

    def __init__(self, level: str, fences: FenceMode, *, json: bool) -> None:
        self._process = launch(_MODULE, speaks=True)
        self._level, self._fences, self._json = level, fences, json
        self._begun = False

    def make(self, part: Path, source: Path, target: Path) -> bool:
        """Whether there is a copy of ``source`` at ``target``; both lie in the folder ``part``."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        messages: list[ViewingStart | ViewingWanted] = []
        if not self._begun:
            self._begun = True
            messages.append(
                ViewingStart(
                    str(part), str(target.parent), self._level, self._json, self._fences
                )
            )  # fmt: skip
        messages.append(ViewingWanted(str(source), str(target)))
        with suppress(OSError):
            for message in messages:
                self._process.stdin.write(msgspec.json.encode(message) + b"\n")
            self._process.stdin.flush()
        for line in self._process.stdout:
            with suppress(msgspec.MsgspecError):  # it tells what it is fenced by, too
                made = _MADE.decode(line)
                if made.error:
                    _LOG.warning("no_viewing_copy", why=made.error)
                return made.pictures > 0
        _LOG.warning("no_viewing_copy", why="the process that makes it died")
        return False

    def close(self) -> None:
        """Whatever it is at."""
        self._process.kill()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
