"""What becomes of what cameras say: rows to be read, and marks that keep the footage.

It may be told in a thread that waits for the disk.
"""

import threading
from collections.abc import Callable

from msgspec.structs import replace

from watchglass.analytics.refused import refused_words
from watchglass.app.kept_for import kept_for
from watchglass.app.mark_desk import MarkDesk
from watchglass.base import log
from watchglass.base.clock import Clock
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import CameraId, is_id
from watchglass.model.said import Heard, Said, SaidKind
from watchglass.store.said import SaidStore
from watchglass.store.site import SiteStore

_PURGE_S = 3600.0
_END_S = 5.0
_ELSE = "something else"
_LOG = log.get("said")


class SaidDesk:
    """Of one recorder."""

    def __init__(
        self,
        said: SaidStore,
        site: SiteStore,
        marks: MarkDesk,
        clock: Clock,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """``waits``: whether nothing is to be erased for its age now."""
        self._said, self._site, self._marks, self._clock = said, site, marks, clock
        self._waits = waits
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._work, name="said", daemon=True)

    def start(self) -> None:
        """What went on at the last end is over."""
        self._said.end_open()
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(_END_S)

    def take(self, heard: Heard) -> None:
        """Keep it. What is not of a camera of ours, or of no sense, is left out; so are the words
        of a camera that say of people what is never told here."""
        known = {each.id for each in self._site.cameras(with_credentials=False)}
        said = [
            replace(each, text=_ELSE) if refused_words(each.text) else each
            for each in heard.said
            if each.camera in known and _has_sense(each)
        ]
        if heard.lost:
            _LOG.error("said_lost", count=heard.lost)
        if not said:
            return
        try:
            self._said.put(said)
        except WatchglassError as error:
            _LOG.error("said_not_kept", count=len(said), error=error.sentence)
        for each in said:
            if each.kind is not SaidKind.OTHER:
                to_ns = each.to_ns if each.to_ns is not None else each.from_ns
                self._marks.add(each.camera, each.from_ns, to_ns)

    def forget(self, camera: CameraId, from_ns: int, to_ns: int) -> None:
        """Erase what was said of footage that was erased."""
        self._said.forget_span(camera, from_ns, to_ns)

    def purge(self) -> None:
        """Erase what was said of footage that is no longer kept."""
        if self._waits():
            return
        for camera, kept_ns in kept_for(self._site, self._said.cameras()):
            self._said.forget(camera, self._clock.wall_ns() - kept_ns)

    def _work(self) -> None:
        while True:
            try:
                self.purge()
            except WatchglassError as error:
                _LOG.error("said_upkeep_failed", error=error.sentence)
            if self._clock.wait(self._over, _PURGE_S):
                return


def _has_sense(said: Said) -> bool:
    span = said.to_ns is None or said.from_ns <= said.to_ns
    return is_id(said.id) and span and 0 <= said.from_ns < 2**62 and said.text.isprintable()
