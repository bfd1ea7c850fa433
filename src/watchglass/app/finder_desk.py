"""The events-worker, as the recorder keeps it: started again, and told of other rules and areas."""

from collections.abc import Callable
from contextlib import suppress

import msgspec

from watchglass.app.child import Child
from watchglass.app.ways import Ways
from watchglass.base.clock import Clock
from watchglass.config.settings import Settings
from watchglass.model.assignment import Shutdown
from watchglass.model.event_work import EventsStart, FromEventsWorker
from watchglass.model.gap import GapCause
from watchglass.store.site import SiteStore

NAME = "events-worker"
_MODULE = "watchglass.app.events_worker"
_END_S = 4.0
_SAID: msgspec.json.Decoder[FromEventsWorker] = msgspec.json.Decoder(FromEventsWorker)


class FinderDesk:
    """Of one recorder. ``said`` is told what the worker says, in a thread that may wait; ``gone``
    that it has died, with its exit code."""

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        site: SiteStore,
        said: Callable[[FromEventsWorker], None],
        gone: Callable[[int], None],
        clock: Clock,
    ) -> None:
        self._settings, self._ways, self._site, self._said = settings, ways, site, said
        self.child = Child(
            NAME, _MODULE, self._message, clock, speaks=True, hear=self._hear,
            died=gone,
        )  # fmt: skip
        self._runs = False

    @property
    def runs(self) -> bool:
        return self._runs

    @property
    def looks(self) -> bool:
        """Whether it is up, and would say what it finds."""
        return self._runs and self.child.fence is not None

    def start(self) -> None:
        if not self._runs:
            self._runs = True
            self.child.start()

    def watch(self) -> None:
        """Rules or areas are others."""
        if self._runs:
            self.child.tell(self._message(False))

    def stop(self) -> None:
        """End it: what was told to it and is not written yet is told again at the next start."""
        if self._runs:
            self._runs = False
            self.child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            self.child.wait(_END_S)

    def _message(self, _first: bool) -> EventsStart:
        settings = self._settings
        return EventsStart(
            str(self._ways.layout.state), self._ways.understood, self._ways.tell_vitals(NAME),
            self._site.rules(), self._site.areas(), settings.log_level.value, settings.log_json,
            settings.fences,
        )  # fmt: skip

    def _hear(self, line: bytes) -> None:
        with suppress(msgspec.MsgspecError):  # of a worker that was taken over, or of nobody
            self._said(_SAID.decode(line))
