"""Live pictures: what a recorder hands out while it records, and a viewer is sent."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from watchglass.base.ids import RunId


class Form(StrEnum):
    """How a picture is shown: as the camera coded it, or made anew by the media-worker."""

    PLAIN = "plain"
    CONVERTED = "converted"


class LiveShape(msgspec.Struct, frozen=True, array_like=True, tag="s"):
    """What a player must know before the next frame.

    ``init`` is ``ftyp`` and ``moov`` with the video track alone. ``mime`` names the codec string in
    full, as MediaSource takes it.
    """

    run: RunId
    codec: str
    mime: str
    width: int
    height: int
    init: bytes


class LiveFrame(msgspec.Struct, frozen=True, array_like=True, tag="f", gc=False):
    """One access unit. Times in 1/90000 s of its run; ``wall_ns`` is its arrival, UTC.

    ``after`` is the decode time of the frame before it in the run, -1 for the run's first: whoever
    has not got that one has to wait for a key frame. ``decode_time`` is as the media file will have
    it; so is ``duration`` once the next frame is known, and before that it is the last one's.
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
"""Takes the frames of one stream in order, each behind its shape. It never blocks."""
