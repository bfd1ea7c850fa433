"""A file that is being written, and a stream, as far as the keeper was told of them."""

from dataclasses import dataclass

from watchglass.base.ids import GapId, RunId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.anchor import Anchor, Placed
from watchglass.recording.merkle import Frontier
from watchglass.recording.recovery import RecoveredFile


@dataclass(slots=True)
class OpenMedia:
    """A file that is being written, as far as the keeper was told.

    ``behind``: facts are missing, read it again. What was read then is durable with the volume's
    sync of the number ``read_before_sync``, and not signed until then. ``doubted``: a sync failed,
    so that what is told of it counts for nothing; it is recovered, from the disk, when its writer
    has let go.
    """

    run: RunId
    sequence: int
    stream: StreamName
    volume: VolumeId
    opened_ns: int
    first_fragment: int
    media_from: int
    frontier: Frontier
    anchor: Anchor
    peer: str
    next_number: int
    media_to: int
    length: int
    placed: Placed | None = None
    before: Placed | None = None
    behind: bool = False
    doubted: bool = False
    read_before_sync: int = 0


@dataclass(frozen=True, slots=True)
class ClosedMedia:
    """The file that was closed last, of which the index may not know yet. ``lost``: it is gone."""

    run: RunId
    sequence: int
    media_to: int
    placed: Placed
    lost: bool = False


@dataclass(slots=True)
class StreamState:
    """In a run, or in a gap, or (only until the first line) in neither.

    ``since_ns`` is when the gap's cause began (UTC), ``peer`` who told of the run last.
    """

    run: RunId | None = None
    gap: GapId | None = None
    cause: GapCause | None = None
    since_ns: int | None = None
    peer: str = ""
    last: ClosedMedia | None = None


def anchored(media: OpenMedia, found: RecoveredFile) -> Placed:
    """Where a file lies by all that is in it."""
    anchor = Anchor(media.media_from, media.before)
    for entry in found.entries:
        if entry.track is Track.VIDEO:
            anchor.observe(entry.media_time, entry.wall_ns)
    media.anchor = anchor
    return placed_at(media, found.media_to)


def placed_at(media: OpenMedia, media_to: int) -> Placed:
    """Where a file lies, when it reaches so far."""
    return media.anchor.placed(media_to) or Placed(media.media_from, media.opened_ns, 0)
