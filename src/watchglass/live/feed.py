"""Where live frames come from, whoever brings them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName


@dataclass(frozen=True, slots=True)
class LiveShape:
    """What a player must know before the next frame, which is a key frame.

    ``init`` is ``ftyp`` and ``moov`` with the video track alone. ``mime`` names the codec string in
    full, as MediaSource takes it.
    """

    run: RunId
    codec: str
    mime: str
    width: int
    height: int
    init: bytes


@dataclass(frozen=True, slots=True)
class LiveFrame:
    """One access unit. Times in 1/90000 s of its run; ``wall_ns`` is its arrival, UTC.

    ``after`` is the decode time of the frame before it in the run, -1 for the run's first: whoever
    has not got that one has to wait for a key frame.
    """

    run: RunId
    decode_time: int
    after: int
    duration: int
    composition_offset: int
    is_key: bool
    wall_ns: int
    data: bytes


LiveItem: TypeAlias = LiveShape | LiveFrame
LiveSink: TypeAlias = Callable[[Sequence[LiveItem]], None]


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
        """The shape, and the frames from the last key frame on, as far as they can be read back.

        Empty where nothing is being recorded. What it ends with may have gone to the sink before.
        """
        ...
