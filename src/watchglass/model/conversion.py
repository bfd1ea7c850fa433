"""Moving pictures that the media-worker makes anew: what it is asked for, and what it answers.

A session is one decoder and one encoder. Frames of one stream go through it in order, some at a
time, so that many sessions take turns.
"""

import msgspec

from watchglass.base.ids import RunId
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.mask import Cover
from watchglass.model.stream import VideoCodec

MOST_FRAMES_BYTES = 8 * 1024 * 1024
"""Of the frames of one request, unless it is a single one."""
SHOWN_WIDTH = 1280
"""No converted picture is wider: it is for looking at, and the recording is the original."""


class ConvertRequest(msgspec.Struct, frozen=True, tag="convert"):
    """The next frames of a session, in the order of decoding.

    ``begins``: a new session, whose first frame is a key frame; otherwise it has to be known, and
    ``after`` is the decode time of the last frame it was given. The first ``lead`` frames are only
    decoded. ``cut``: the first picture that is given back is a key frame. ``ends``: nothing
    follows, so what the decoder holds back is given too. ``codec`` and ``configuration`` are as in
    a still's request. ``covers`` are those of the whole session. After ``until_ns`` (monotonic)
    nobody waits for the answer.
    """

    session: str
    run: RunId
    codec: VideoCodec
    configuration: bytes
    frames: tuple[LiveFrame, ...]
    begins: bool
    after: int = -1
    lead: int = 0
    cut: bool = False
    ends: bool = False
    width: int = SHOWN_WIDTH
    covers: tuple[Cover, ...] = ()
    until_ns: int = 0


class Converted(msgspec.Struct, frozen=True, tag="converted"):
    """Pictures in the order in which they are shown, each at the very time of its original.

    ``shape`` is None until there was a picture. A decode time here is when a picture is shown, for
    none is held back; ``after`` is that of the picture before it in the session.
    """

    shape: LiveShape | None
    frames: tuple[LiveFrame, ...]


class NotKnown(msgspec.Struct, frozen=True, tag="not_known"):
    """There is no such session, or it has got other frames: begin anew, at a key frame."""


class FormRequest(msgspec.Struct, frozen=True, tag="form"):
    """In which form converted pictures come."""

    until_ns: int = 0


class FormTold(msgspec.Struct, frozen=True, tag="form"):
    """``mime`` is as MediaSource.isTypeSupported takes it."""

    codec: str
    mime: str
