"""What the media-worker is asked for, and what it answers."""

import msgspec

from watchglass.base.fence import FenceMode
from watchglass.model.assignment import Shutdown
from watchglass.model.conversion import Converted, ConvertRequest, FormRequest, FormTold, NotKnown
from watchglass.model.mask import Cover
from watchglass.model.stream import VideoCodec
from watchglass.model.way import Stand

MOST_KEY_FRAME_BYTES = 16 * 1024 * 1024
"""More than any camera's key frame has."""
MOST_REQUEST_BYTES = MOST_KEY_FRAME_BYTES + 64 * 1024
"""Encoded: a key frame and what describes it."""


class MediaStart(msgspec.Struct, frozen=True, tag="make_pictures"):
    """The first message to the media-worker. ``beat_s``: how often it says that it is at work; 0
    for never."""

    stand: Stand
    log_level: str
    log_json: bool
    fences: FenceMode = FenceMode.AUTO
    beat_s: float = 0.0


class StillRequest(msgspec.Struct, frozen=True, tag="still"):
    """One picture, with all it takes to make a JPEG of it, at most ``width`` pixels wide.

    ``configuration`` is the payload of ``avcC`` or ``hvcC``; ``access_unit`` is NAL units behind
    their lengths in four bytes. ``later`` are those behind it in decode order, each with how much
    later it is shown (1/90000 s), and ``shown`` is which of them is wanted: 0 the key frame itself.
    ``covers`` are painted over it, those that hold at ``wall_ns``
    (UTC). After ``until_ns`` (monotonic) nobody waits for the answer.
    """

    codec: VideoCodec
    configuration: bytes
    access_unit: bytes
    width: int
    covers: tuple[Cover, ...] = ()
    wall_ns: int = 0
    until_ns: int = 0
    later: tuple[tuple[int, bytes], ...] = ()
    shown: int = 0


class Still(msgspec.Struct, frozen=True, tag="still"):
    """The picture as JPEG."""

    jpeg: bytes


class StillRefused(msgspec.Struct, frozen=True, tag="refused"):
    """Why there is no picture: a sentence."""

    sentence: str


MediaRequest = StillRequest | ConvertRequest | FormRequest
FromMediaWorker = Still | Converted | NotKnown | FormTold | StillRefused
ToMediaWorker = MediaStart | Shutdown
