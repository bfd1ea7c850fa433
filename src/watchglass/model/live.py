"""Live pictures and sound: what a recorder hands out while it records, and a viewer is sent."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TypeAlias

import msgspec

from watchglass.base.ids import RunId
from watchglass.model.stream import SoundCodec


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


class LiveSoundShape(msgspec.Struct, frozen=True, array_like=True, tag="h"):
    """What a player must know before the next sound. ``codec`` is None for a run without any;
    ``config`` is AAC's AudioSpecificConfig."""

    run: RunId
    codec: SoundCodec | None
    sample_rate: int
    channels: int
    config: bytes


class LiveSound(msgspec.Struct, frozen=True, array_like=True, tag="n", gc=False):
    """One packet of sound. ``time`` counts in 1/sample rate s from where the run's pictures count
    from too; ``wall_ns`` is its arrival, UTC."""

    run: RunId
    time: int
    wall_ns: int
    data: bytes


LiveItem: TypeAlias = LiveShape | LiveFrame
LiveSink: TypeAlias = Callable[[Sequence[LiveItem]], None]
"""Takes the frames of one stream in order, each behind its shape. It never blocks."""

SoundItem: TypeAlias = LiveSoundShape | LiveSound
SoundSink: TypeAlias = Callable[[Sequence[SoundItem]], None]
"""The same for the sound of one stream."""
