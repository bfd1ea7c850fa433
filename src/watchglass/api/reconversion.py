"""Recorded pictures made anew, segment by segment, for browsers without the codec.

Each segment begins with a key frame of its own, so a player may begin with any. What plays on goes
through one session of the media-worker; where that is gone, or somebody begins in the middle of a
group of pictures, what lies before is decoded again. All of it blocks.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from msgspec.structs import replace

from watchglass.api.errors import MediaWorkerError, PictureDamagedError
from watchglass.api.fileframes import frames_of, from_last_key
from watchglass.api.filetable import ReadableFile
from watchglass.base.ids import RunId, random_id
from watchglass.live.chunk import encode_chunk
from watchglass.model.conversion import Converted, ConvertRequest
from watchglass.model.live import LiveFrame, LiveShape
from watchglass.model.mask import BARE, Masking
from watchglass.model.stream import Track
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import HAS_KEY
from watchglass.recording.track import video_configuration

Convert = Callable[[ConvertRequest], Converted | None]

MOST_AT_ONCE = 8
"""Frames of a request: live pictures have their turn between."""
_MOST_OPEN = 16


@dataclass(frozen=True, slots=True)
class _Open:
    """A session that can go on, and the last frame it was given."""

    session: str
    after: int


class OpenSessions:
    """Where the sessions of the media-worker stand, by what would follow. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: OrderedDict[tuple[RunId, int, str], _Open] = OrderedDict()

    def take(self, run: RunId, media_time: int, masks: str) -> _Open | None:
        """The one that has got everything before a moment of a run, with that version of masks;
        nobody else has it then."""
        with self._lock:
            return self._open.pop((run, media_time, masks), None)

    def keep(self, run: RunId, media_time: int, masks: str, open_: _Open) -> None:
        """It goes on at that moment; the oldest are forgotten."""
        with self._lock:
            self._open[run, media_time, masks] = open_
            while len(self._open) > _MOST_OPEN:
                self._open.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Reconversion:
    """One segment: ``entries`` are fragments of video of ``file``, which is open as ``fd``."""

    convert: Convert
    sessions: OpenSessions
    fd: int
    file: ReadableFile
    entries: Sequence[Entry]
    masking: Masking = BARE

    def segment(self) -> bytes:
        """A ``moof`` and an ``mdat`` for each picture, on the file's own time line. Raises as
        ``pictures``."""
        begins = self.file.info.media_start(Track.VIDEO)
        return b"".join(
            encode_chunk(frame, number, max(0, frame.decode_time - begins))
            for number, frame in enumerate(self.pictures())
        )

    def pictures(self) -> list[LiveFrame]:
        """Each picture, lasting until the next.

        PictureDamagedError where nothing of it can be decoded, MediaWorkerError where nobody
        answers.
        """
        frames = list(self._made().frames)
        if not frames:
            raise PictureDamagedError("Nothing of this segment can be decoded.")
        lasts = [two.decode_time - one.decode_time for one, two in pairwise(frames)]
        timed = [replace(f, duration=d) for f, d in zip(frames, lasts, strict=False)]
        return [*timed, frames[-1]]

    def shape(self) -> LiveShape:
        """What a player must know first, as the first picture of ``entries`` tells it."""
        frames = self._since_key(self.entries[0]) or frames_of(
            self.fd, self.entries[:1], self.file.info.run
        )
        made = self._run(random_id(), frames[:1], 0, begins=True)
        if made is None or made.shape is None:
            raise PictureDamagedError("The first picture of this file cannot be decoded.")
        return made.shape

    def _made(self) -> Converted:
        run = self.file.info.run
        frames = frames_of(self.fd, self.entries, run)
        last = self.entries[-1]
        follows_at = last.media_time + last.duration
        masks = self.masking.version
        open_ = (
            None if frames[0].is_key else self.sessions.take(run, self.entries[0].media_time, masks)
        )
        made, session = None, random_id()
        if open_ is not None:
            session = open_.session
            first = replace(frames[0], after=open_.after)
            made = self._run(session, [first, *frames[1:]], 0, begins=False)
        if made is None:
            lead = [] if frames[0].is_key else self._lead()
            made = self._run(session, [*lead, *frames], len(lead), begins=True)
        if made is None:
            raise MediaWorkerError(
                "Too much is converted at once: try again, or watch fewer pictures."
            )
        self.sessions.keep(run, follows_at, masks, _Open(session, frames[-1].decode_time))
        return made

    def _lead(self) -> list[LiveFrame]:
        """What has to be decoded before the first fragment's first picture."""
        before = [
            each for each in self.file.of(Track.VIDEO) if each.number < self.entries[0].number
        ]
        at = max((at for at, each in enumerate(before) if each.flags & HAS_KEY), default=-1)
        if at < 0:
            return []
        return from_last_key(frames_of(self.fd, before[at:], self.file.info.run))

    def _since_key(self, entry: Entry) -> list[LiveFrame]:
        if not entry.flags & HAS_KEY:
            return []
        return from_last_key(frames_of(self.fd, [entry], self.file.info.run))

    def _run(
        self, session: str, frames: Sequence[LiveFrame], lead: int, *, begins: bool
    ) -> Converted | None:
        """All frames through a session; None when the worker does not know it (any more)."""
        codec, configuration = video_configuration(self.file.header)
        shape: LiveShape | None = None
        found: list[LiveFrame] = []
        after = frames[0].after
        for at in range(0, len(frames), MOST_AT_ONCE):
            part = tuple(frames[at : at + MOST_AT_ONCE])
            made = self.convert(
                ConvertRequest(
                    session, self.file.info.run, codec, configuration, part,
                    begins=begins and at == 0, after=after, lead=max(0, min(len(part), lead - at)),
                    cut=at == 0, ends=at + MOST_AT_ONCE >= len(frames),
                    covers=self.masking.covers,
                )
            )  # fmt: skip
            if made is None:
                return None
            shape = made.shape or shape
            found += made.frames
            after = part[-1].decode_time
        return Converted(shape, tuple(found))
