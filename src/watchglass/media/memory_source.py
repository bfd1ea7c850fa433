"""The `VideoSource` that the others are measured by: packets that lie in memory."""

import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import replace

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import CameraError, CameraUnreachableError, StreamStalledError
from watchglass.model.stream import Packet, SoundParameters, Track, VideoCodec, VideoParameters


class MemorySource:
    """Gives ``script`` in its order: each packet at once, as if it arrived then.

    An error in the script is raised where it stands. Behind its end nothing comes, which is a stall
    after ``stall_timeout_s``. ``absent`` makes ``open`` fail.
    """

    def __init__(
        self,
        video: VideoParameters,
        script: Iterable[Packet | CameraError],
        clock: Clock,
        *,
        sound: SoundParameters | None = None,
        stall_timeout_s: float = 4.5,
        absent: bool = False,
    ) -> None:
        self._video = video
        self._sound = sound
        self._script = deque(script)
        self._clock = clock
        self._stall_timeout_s = stall_timeout_s
        self._absent = absent
        self._open = False
        self._closed = threading.Event()

    def open(self) -> None:
        """See `VideoSource.open`."""
        if self._closed.is_set():
            raise CameraUnreachableError("The source was closed by us.")
        if self._absent:
            raise CameraUnreachableError("There is no camera here: put one into the memory.")
        self._open = True

    @property
    def codec(self) -> VideoCodec | None:
        """See `VideoSource.codec`."""
        return self._video.codec if self._open else None

    @property
    def video(self) -> VideoParameters | None:
        """See `VideoSource.video`."""
        return self._video if self._open else None

    @property
    def sound(self) -> SoundParameters | None:
        """See `VideoSource.sound`."""
        return self._sound if self._open else None

    def read(self) -> Packet:
        """See `VideoSource.read`."""
        if not self._open or self._closed.is_set():
            raise CameraUnreachableError("The source is not open.")
        while self._script:
            found = self._script.popleft()
            if isinstance(found, CameraError):
                raise found
            if found.track is Track.VIDEO or self._sound is not None:
                return replace(
                    found,
                    arrival_wall_ns=self._clock.wall_ns(),
                    arrival_monotonic_ns=self._clock.monotonic_ns(),
                )
        return self._nothing()

    def _nothing(self) -> Packet:
        until_ns = self._clock.monotonic_ns() + round(self._stall_timeout_s * NS_PER_S)
        while not self._closed.is_set() and self._clock.monotonic_ns() < until_ns:
            self._clock.wait(self._closed, (until_ns - self._clock.monotonic_ns()) / NS_PER_S)
        if self._closed.is_set():
            raise CameraUnreachableError("The source was closed by us.")
        raise StreamStalledError("Nothing more lies in the memory: put more into it.")

    def close(self) -> None:
        """See `VideoSource.close`."""
        self._closed.set()
