"""Where live frames come from, whoever brings them."""

from collections.abc import Sequence
from typing import Protocol

from watchglass.base.ids import CameraId
from watchglass.model.live import LiveItem, LiveSink, SoundSink
from watchglass.model.stream import StreamName


class FrameFeed(Protocol):
    """Brings the frames of the streams that somebody watches.

    The frames of a run come in order, whole, and behind the shape they belong to; a new run, or new
    parameters, begin with a shape and a key frame. The three calls may block and are made from
    threads; a sink may be called from any thread, and never blocks.
    """

    def start(self, camera: CameraId, stream: StreamName, sink: LiveSink) -> None:
        """From now on give new frames to ``sink``. Called once until ``stop``."""
        ...

    def stop(self, camera: CameraId, stream: StreamName) -> None:
        """Nobody watches any more. The sink may be called once more while this returns."""
        ...

    def since_key_frame(self, camera: CameraId, stream: StreamName) -> Sequence[LiveItem]:
        """The shape, and the frames from the last key frame on, up to what goes to the sink.

        Empty where nothing is being recorded. What it ends with may have gone to the sink before.
        It waits a moment where there would be a hole; one that stays shows in a frame's ``after``.
        """
        ...


class SoundFeed(Protocol):
    """Brings the sound of the streams that somebody hears, behind the shape it belongs to; a new
    run begins with a shape, which says so where there is none. As for frames, the calls may block,
    and a sink never does."""

    def start_sound(self, camera: CameraId, stream: StreamName, sink: SoundSink) -> None:
        """From now on give new sound to ``sink``. Called once until ``stop_sound``."""
        ...

    def stop_sound(self, camera: CameraId, stream: StreamName) -> None:
        """Nobody hears any more."""
        ...


class FullFeed(FrameFeed, SoundFeed, Protocol):
    """Both."""
