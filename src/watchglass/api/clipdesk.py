"""Clips that somebody may fetch, and how far each has gone out.

A clip is laid out and noted before it gets a place here; what is kept of it is its index and where
its recordings lie. Places are few: the oldest that nobody fetches makes room for a new one.
"""

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import NotFoundError, RefusedError, WatchglassError
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.recording.cliplayout import LaidOutFile

MOST = 8
_KEPT_NS = 900 * NS_PER_S


class ClipState(StrEnum):
    """``failed``: what was recorded could not be read to its end, or the receiver went."""

    READY = "ready"
    SENDING = "sending"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(slots=True)
class Clip:
    """``from_ns`` and ``to_ns`` are what was asked for; ``user`` is the id of whose it is."""

    id: str
    user: str
    camera: CameraId
    stream: StreamName
    from_ns: int
    to_ns: int
    name: str
    files: tuple[LaidOutFile, ...]
    seen_ns: int = 0
    sent: int = 0
    """Bytes of the file that goes out, or went last."""
    number: int = 0
    state: ClipState = ClipState.READY
    sentence: str = ""

    @property
    def times(self) -> tuple[int, int]:
        """From the first picture in it, which may be before what was asked for, to its end."""
        ends_ns = max(self.to_ns, *(file.to_ns for file in self.files))
        return min(self.from_ns, self.files[0].from_ns), ends_ns

    def stop(self) -> None:
        """Have it end where it is."""
        if self.state in (ClipState.READY, ClipState.SENDING):
            self.state = ClipState.STOPPED


class ClipDesk:
    """Of one event loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self.masked = 0
        """How many are being made anew, as they go out."""

    def put(self, clip: Clip) -> None:
        """RefusedError when as many as may be are going out."""
        self._tidy()
        while len(self._clips) >= MOST:
            idle = next(iter(self._idle()), None)
            if idle is None:
                raise RefusedError(
                    f"{MOST} clips are being downloaded: wait for one of them, or stop one."
                )
            del self._clips[idle]
        clip.seen_ns = self._clock.monotonic_ns()
        self._clips[clip.id] = clip

    def get(self, clip: str, camera: CameraId, user: str) -> Clip:
        """Somebody's own clip of a camera; NotFoundError."""
        found = self._clips.get(clip)
        if found is None or (found.camera, found.user) != (camera, user):
            raise NotFoundError("There is no such clip any more: mark it again.")
        found.seen_ns = self._clock.monotonic_ns()
        return found

    def _idle(self) -> list[str]:
        return [each.id for each in self._clips.values() if each.state is not ClipState.SENDING]

    def _tidy(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for name in self._idle():
            if now_ns - self._clips[name].seen_ns > _KEPT_NS:
                del self._clips[name]


def sentence_of(error: WatchglassError) -> str:
    """What went wrong, without where on the recorder's disks it did."""
    if error.code == "masked":
        return error.sentence
    if isinstance(error, NotFoundError):
        return "A part of this recording is not there any more: choose a span without it."
    return "A part of this recording cannot be read as it was recorded, so the copy was ended."
