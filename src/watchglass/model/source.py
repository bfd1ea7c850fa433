"""Where packets come from: the plug-in point ``watchglass.video_source``."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from watchglass.base.clock import Clock
from watchglass.model.camera import Credentials, StreamAddress
from watchglass.model.stream import Packet, SoundParameters, VideoCodec, VideoParameters


class VideoSource(Protocol):
    """One stream of one camera, or anything that gives packets like one.

    Used by one thread, but ``close`` may be called from another to end a blocked call. Errors are
    ``CameraError`` of ``base.errors``, and nothing else, whatever the camera sends.
    """

    def open(self) -> None:
        """Connect and learn what comes. Blocks at most the source's own time-out."""
        ...

    @property
    def codec(self) -> VideoCodec | None:
        """The codec of the pictures; None only before ``open``."""
        ...

    @property
    def video(self) -> VideoParameters | None:
        """Parameters told before the first packet (SDP); None when only the stream tells."""
        ...

    @property
    def sound(self) -> SoundParameters | None:
        """The sound that comes with it, when it was asked for and is of a kind that is kept."""
        ...

    def read(self) -> Packet:
        """The next packet. Blocks until the stall time-out, then StreamStalledError."""
        ...

    def close(self) -> None:
        """End it; a blocked ``read`` or ``open`` of another thread raises soon after."""
        ...


@runtime_checkable
class CountsLosses(Protocol):
    """A source that can tell how many packets of the network never came, since its ``open``."""

    @property
    def lost_packets(self) -> int: ...


@runtime_checkable
class TellsClock(Protocol):
    """A source that can tell how far the camera's clock is from ours."""

    @property
    def clock_offset_ns(self) -> int | None: ...


@runtime_checkable
class SharedSource(VideoSource, Protocol):
    """A source that needs no thread of its own: one thread may read many of them, in turn."""

    def share(self) -> int | None:
        """Called once, after ``open``: from now on ``take`` is called, and not ``read``.

        A descriptor that can be waited for, and is good up to ``close``; None when this connection
        has to be read by a thread that waits for it.
        """
        ...

    def take(self) -> Sequence[Packet]:
        """The packets that are there now; never waits. Errors as ``read``.

        To be called several times a second even if nothing comes, or no stall would be noticed.
        """
        ...

    @property
    def was_much(self) -> bool:
        """Whether the last ``take`` found so much that the sender may be waiting for room."""
        ...


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """What a source is made from: a stream's address, and what the operator allows.

    ``allow``: hosts that are cameras' although a rule of addresses forbids them. ``folder``: where
    files that are played have to lie. The time-outs are the most that ``open``, a ``read`` and the
    first picture may take.
    """

    address: StreamAddress
    clock: Clock
    credentials: Credentials | None = None
    sound: bool = False
    allow: frozenset[str] = frozenset()
    folder: Path | None = None
    open_timeout_s: float = 10.0
    stall_timeout_s: float = 4.5
    first_picture_timeout_s: float = 30.0


class SourceKind(Protocol):
    """What a plug-in names in the entry-point group: it makes the sources of one scheme."""

    def make(self, settings: SourceSettings) -> VideoSource:
        """A source, not opened; RefusedError for an address that a rule forbids or that is none.

        Called anew for each connection, by several threads at once.
        """
        ...
