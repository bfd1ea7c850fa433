"""What a reader hands to its writer, in order: files to open, fragments, files to close, facts."""

from dataclasses import dataclass

from watchglass.base.ids import RunId
from watchglass.model.fact import GapOpened, Hole, RunStarted, SoundBroke
from watchglass.model.gap import GapCause
from watchglass.model.stream import Track, VideoParameters
from watchglass.recording.fileheader import FileInfo


@dataclass(frozen=True, slots=True)
class OpenFile:
    """Create the next file of a run; ``started`` is set on a run's first."""

    info: FileInfo
    header: bytes
    video: VideoParameters
    sound: str
    started: RunStarted | None


@dataclass(frozen=True, slots=True)
class WriteFragment:
    """Append one fragment; ``data`` is all of its bytes, the other fields are its footer entry."""

    run: RunId
    number: int
    track: Track
    flags: int
    media_time: int
    duration: int
    samples: int
    wall_ns: int
    data: bytes


@dataclass(frozen=True, slots=True)
class CloseFile:
    """Write the footer; ``media_to`` is the end of the file's last picture."""

    run: RunId
    media_to: int


@dataclass(frozen=True, slots=True)
class EndRun:
    """Close the run's file and tell of its end."""

    run: RunId
    media_to: int
    wall_ns: int
    cause: GapCause


@dataclass(frozen=True, slots=True)
class Abandon:
    """End the run where it is, without a footer: what was written of it may not be on disk."""

    run: RunId


@dataclass(frozen=True, slots=True)
class Tell:
    """A fact that has to come after the writes before it."""

    fact: Hole | SoundBroke | GapOpened


Job = OpenFile | WriteFragment | CloseFile | EndRun | Abandon | Tell
