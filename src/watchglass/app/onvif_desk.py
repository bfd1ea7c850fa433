"""The onvif-worker, as the supervisor keeps it: run once there are cameras to speak with by ONVIF,
and told which of them are recorded."""

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

import msgspec

from watchglass.app.child import Child
from watchglass.app.ways import Ways
from watchglass.base.clock import Clock
from watchglass.base.ids import CameraId
from watchglass.config.settings import Settings
from watchglass.model.assignment import Shutdown
from watchglass.model.gap import GapCause
from watchglass.model.said import Heard
from watchglass.model.steering import MasksTold, OnvifStart, Spoken

NAME = "onvif-worker"
_MODULE = "watchglass.app.onvif_worker"
_END_S = 4.0
_HEARD: msgspec.json.Decoder[Heard | MasksTold] = msgspec.json.Decoder(Heard | MasksTold)


class OnvifDesk:
    """One caller at a time, but for `stop`.

    ``told`` says at which addresses cameras may be, and which of some cameras are recorded now.
    ``heard`` is told what cameras say, in a thread that may wait.
    """

    def __init__(
        self,
        settings: Settings,
        ways: Ways,
        told: Callable[[Iterable[CameraId]], tuple[frozenset[str], set[CameraId]]],
        heard: Callable[[Heard | MasksTold], None],
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._ways = ways
        self._told = told
        self._heard = heard
        self._clock = clock
        self._lock = threading.Lock()
        """Of starting and ending. Whoever ``told`` asks waits for it nowhere."""
        self._spoken: tuple[Spoken, ...] = ()
        self._stopped = False
        self.child: Child | None = None

    def speak(self, cameras: Iterable[Spoken]) -> None:
        """Speak with these from now on, while they are recorded."""
        with self._lock:
            self._spoken = tuple(cameras)
            if self.child is None and self._spoken and not self._stopped:
                self.child = Child(
                    NAME, _MODULE, self._start, self._clock, speaks=True, hear=self._hear
                )
                self.child.start()
                return
        self.tell()

    def tell(self) -> None:
        """What is recorded, or where cameras may be, has changed."""
        child = self.child
        if child is not None:
            child.tell(self._start(False))

    def stop(self) -> None:
        """What cameras say until then is told before this returns."""
        with self._lock:
            self._stopped = True
            child, self.child = self.child, None
        if child is not None:
            child.stop(Shutdown(GapCause.RECORDER_STOPPED))
            child.wait(_END_S)

    def _start(self, _first: bool) -> OnvifStart:
        settings, spoken = self._settings, self._spoken
        allow, recorded = self._told([each.camera for each in spoken])
        return OnvifStart(
            self._ways.onvif, tuple(each for each in spoken if each.camera in recorded),
            tuple(sorted(allow)), settings.log_level.value, settings.log_json, settings.fences,
            self._ways.tell_vitals(NAME),
        )  # fmt: skip

    def _hear(self, line: bytes) -> None:
        with suppress(msgspec.MsgspecError):  # of a worker that was taken over, or of nobody
            self._heard(_HEARD.decode(line))
