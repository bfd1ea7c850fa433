"""What the keeper knows of one camera, and which ledger lines a fact leads to.

A book does no input or output of its own besides questions to the index: it is given facts, and
gives lines. Facts may be told twice and after a restart; what is known already leads to no line.
"""

from watchglass.base import log
from watchglass.base.ids import CameraId, GapId, RunId, VolumeId, random_id
from watchglass.model.fact import (
    FileClosed,
    FileOpened,
    FragmentWritten,
    GapOpened,
    Hole,
    RunEnded,
    RunStarted,
    SoundBroke,
)
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording import entry as lines
from watchglass.recording.anchor import Anchor, Placed
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.fileheader import FileInfo
from watchglass.recording.mediafile import ScannedFile
from watchglass.recording.merkle import Frontier
from watchglass.recording.openmedia import ClosedMedia, OpenMedia, StreamState, anchored, placed_at
from watchglass.recording.recovery import RecoveredFile, holes, media_end
from watchglass.store.index import DELETING, IndexStore

FileKey = tuple[RunId, int]

_MOVED_NS = 100_000_000
_TOLD_LATE_NS = 1_000_000_000
_LOG = log.get("keeper")


class CameraBook:
    """The streams and open files of one camera."""

    def __init__(self, camera: CameraId, index: IndexStore) -> None:
        self.camera = camera
        self.streams: dict[StreamName, StreamState] = {}
        self.files: dict[FileKey, OpenMedia] = {}
        self.volume: VolumeId | None = None
        self.removed = False
        self.lost_cause = GapCause.MEDIA_MISSING
        """Why files that were recorded are not there."""
        self._index = index
        self._told: set[GapId | FileKey] = set()
        self._runs: dict[RunId, bool] = {}
        self._holes: set[tuple[RunId, int]] = set()

    # --- facts -------------------------------------------------------------------------------

    def knows_stream(self, name: StreamName) -> bool:
        """Whether somebody added it: of others there is nothing to write."""
        return name in self.streams

    def run_started(self, fact: RunStarted, peer: str = "") -> list[LedgerEntry]:
        entries: list[LedgerEntry] = []
        if not self.knows_run(fact.run):
            entries = self.start_run(fact.run, fact.stream, fact.wall_ns)
        state = self.stream(fact.stream)
        if state.run == fact.run:
            state.peer = peer
        return entries

    def start_run(
        self, run: RunId, stream: StreamName, wall_ns: int, *, joins_gap: bool = True
    ) -> list[LedgerEntry]:
        """A run that is new; ends the open gap, which moves with its start if it ``joins_gap``."""
        state = self.stream(stream)
        entries = [lines.run_started(run, stream, wall_ns)]
        if state.gap is not None:
            joined = run if joins_gap else None
            entries.append(lines.gap_closed(stream, state.gap, wall_ns, joined))
        state.run, state.gap, state.cause, state.peer = run, None, None, ""
        self._runs[run] = False
        return entries

    def run_ended(self, fact: RunEnded) -> list[LedgerEntry]:
        if self.has_ended(fact.run):
            return []
        return self.end_run(
            fact.run, fact.stream, fact.media_to, fact.wall_ns, fact.cause, fact.gap
        )

    def end_run(
        self,
        run: RunId,
        stream: StreamName,
        media_to: int,
        wall_ns: int,
        cause: GapCause,
        gap: GapId | None = None,
    ) -> list[LedgerEntry]:
        """A run is over; opens the gap behind it, unless the stream has gone on already."""
        state = self.stream(stream)
        self._runs[run] = True
        entries: list[LedgerEntry] = [
            ("run_ended", {"run": run, "stream": stream.value, "media": str(media_to)})
        ]
        if state.run == run or (state.run is None and state.gap is None):
            new_gap = gap or GapId(random_id())
            entries.append(self._opening(stream, new_gap, cause, wall_ns, run))
            state.run, state.gap, state.cause, state.since_ns = None, new_gap, cause, wall_ns
        return entries

    def file_opened(self, fact: FileOpened, peer: str) -> list[LedgerEntry]:
        key = (fact.run, fact.sequence)
        known = self.files.get(key)
        if known is not None:
            known.peer = peer
            return []
        if not self.knows_run(fact.run) or self.knows_file(key):
            return []
        self._told.add(key)
        before = self.last_placed(fact.stream, fact.run, fact.sequence)
        self.files[key] = OpenMedia(
            fact.run, fact.sequence, fact.stream, fact.volume, fact.wall_ns, fact.first_fragment,
            fact.media_from, Frontier([fact.header_leaf]), Anchor(fact.media_from, before), peer,
            fact.first_fragment, fact.media_from, fact.header_bytes, before=before,
        )  # fmt: skip
        self.volume = fact.volume
        return [
            lines.file_opened(
                fact.run, fact.stream, fact.sequence, fact.volume, fact.wall_ns, fact.media_from,
                fact.first_fragment, fact.header_leaf,
                (fact.codec, fact.width, fact.height, fact.sound),
            )
        ]  # fmt: skip

    def fragment(self, fact: FragmentWritten, peer: str) -> OpenMedia | None:
        """Adds no line: the file tells of its fragments itself. The file, if it is an open one."""
        media = self.files.get((fact.run, fact.sequence))
        if media is None or fact.number < media.next_number:
            return media
        media.peer = peer
        if media.doubted:
            return media
        if media.behind or fact.number > media.next_number:
            media.behind = True  # some facts were dropped on the way; the file has them all
            return media
        media.frontier.append(fact.leaf)
        media.next_number += 1
        media.length = fact.offset + fact.length
        if fact.track is Track.VIDEO:
            media.media_to = max(media.media_to, fact.media_time + fact.duration)
            media.anchor.observe(fact.media_time, fact.wall_ns)
        return media

    def file_closed(self, fact: FileClosed) -> list[LedgerEntry]:
        media = self.files.get((fact.run, fact.sequence))
        if media is None or media.doubted:
            return []
        del self.files[fact.run, fact.sequence]
        if media.frontier.root() != fact.root and not media.behind:
            _LOG.error("root_differs", camera=self.camera, run=fact.run, sequence=fact.sequence)
        return self._closed(
            media, fact.length, fact.fragments, fact.root, fact.media_to, recovered=False
        )

    def gap_opened(self, fact: GapOpened, now_ns: int) -> list[LedgerEntry]:
        state = self.stream(fact.stream)
        if self.removed or state.run is not None or state.cause is fact.cause:
            return []
        if _is_old(fact.wall_ns, state.since_ns, now_ns) or self._knows_gap(fact.gap):
            return []
        # Told late, it begins where an order has begun another: there is one cause at a time.
        since_ns = state.since_ns
        late = since_ns is not None and fact.wall_ns < since_ns <= now_ns
        wall_ns = since_ns if late and since_ns is not None else fact.wall_ns
        return self.change_cause(fact.stream, fact.cause, wall_ns, fact.gap)

    def change_cause(
        self, stream: StreamName, cause: GapCause, wall_ns: int, gap: GapId | None = None
    ) -> list[LedgerEntry]:
        """A gap of another cause takes the place of the open one."""
        state = self.stream(stream)
        if state.cause is cause:
            return []
        entries: list[LedgerEntry] = []
        if state.gap is not None:
            entries.append(lines.gap_closed(stream, state.gap, wall_ns, None))
        new_gap = gap or GapId(random_id())
        entries.append(self._opening(stream, new_gap, cause, wall_ns, None))
        state.gap, state.cause, state.since_ns = new_gap, cause, wall_ns
        return entries

    def hole(self, fact: Hole) -> list[LedgerEntry]:
        if not self._has_files(fact) or self._knows_gap(fact.gap):
            return []
        if fact.media_from in self._holes_known(fact.run, fact.media_from):
            return []  # found in the file, while its writer was not heard
        self._told.add(fact.gap)
        self._holes.add((fact.run, fact.media_from))
        return lines.hole(
            fact.gap,
            fact.run,
            fact.stream,
            fact.cause,
            fact.media_from,
            fact.media_to,
            fact.wall_ns,
        )

    def sound_broke(self, fact: SoundBroke) -> list[LedgerEntry]:
        if not self.knows_run(fact.run):
            return []
        return [
            (
                "sound_broke",
                {
                    "run": fact.run, "stream": fact.stream.value, "wall": str(fact.wall_ns),
                    "what": fact.what,
                },
            )
        ]  # fmt: skip

    # --- places ------------------------------------------------------------------------------

    def place(self) -> list[LedgerEntry]:
        """Lines for open files that have no place yet, or whose run turned out to be earlier."""
        entries = []
        for media in self.files.values():
            if media.before is not None:
                placed: Placed | None = Placed(
                    media.media_from, media.before.wall_at(media.media_from), media.before.rate_ppb
                )
            else:
                placed = media.anchor.placed(media.media_to)
            if placed is None:
                continue
            known = media.placed
            if known is None or (media.before is None and known.wall - placed.wall > _MOVED_NS):
                media.placed = placed
                entries.append(
                    lines.placed(media.run, media.stream, media.sequence, placed, final=False)
                )
        return entries

    # --- recovery ----------------------------------------------------------------------------

    def read_again(self, media: OpenMedia, found: ScannedFile) -> None:
        """Take over what the file itself says, after facts about it were missed."""
        media.frontier = Frontier([found.header_leaf, *(entry.leaf for entry in found.entries)])
        media.anchor = Anchor(media.media_from, media.before)
        for entry in found.entries:
            if entry.track is Track.VIDEO:
                media.anchor.observe(entry.media_time, entry.wall_ns)
        media.next_number = media.first_fragment + len(found.entries)
        media.media_to = media_end(found.info, found.entries)
        media.length = found.whole_bytes
        media.behind = False

    def file_recovered(self, media: OpenMedia, found: RecoveredFile) -> list[LedgerEntry]:
        """A file known to be open was closed by recovery."""
        self.files.pop((media.run, media.sequence), None)
        anchored(media, found)
        holes_found = self._holes_found(found)
        entries = self._closed(
            media, found.length, len(found.entries), found.root, found.media_to, recovered=True
        )
        return entries + holes_found

    def file_missing(self, media: OpenMedia) -> list[LedgerEntry]:
        """A file known to be open is not on its volume any more."""
        self.files.pop((media.run, media.sequence), None)
        entries = self._closed(
            media, 0, 0, media.frontier.root(), media.media_to, recovered=True, lost=True
        )
        # What it held is known only while its fragments were told; nothing is made up.
        root = "" if media.behind else media.frontier.root().hex()
        entries.append(
            (
                "files_deleted",
                {
                    "cause": self.lost_cause.value,
                    "files": [[media.run, media.sequence, root]],
                },
            )
        )
        return entries

    def file_unreadable(self, media: OpenMedia) -> list[LedgerEntry]:
        """A file known to be open has no header that can be read: there is no media in it."""
        self.files.pop((media.run, media.sequence), None)
        return self._closed(media, 0, 0, media.frontier.root(), media.media_from, recovered=True)

    def media_end(self, run: RunId) -> int:
        """How far a run reaches, as far as is known."""
        for media in self.files.values():
            if media.run == run:
                return media.media_to
        lasts = (state.last for state in self.streams.values())
        closed = max((last.media_to for last in lasts if last and last.run == run), default=0)
        with self._index.read() as index:
            row = index.last_file(run)
        return max(closed, row.media_to if row is not None else 0)

    def adopt(self, found: RecoveredFile, volume: VolumeId) -> list[LedgerEntry]:
        """A file that was never told of. Its run is ended by the caller."""
        info = found.info
        before = self.last_placed(info.stream, info.run, info.sequence)
        media = OpenMedia(
            info.run, info.sequence, info.stream, volume, info.wall_ns, info.first_fragment,
            info.media_from, Frontier(), Anchor(info.media_from, before), "", 0,
            found.media_to, found.length, before=before,
        )  # fmt: skip
        entries = self._adopt_run(media, found)
        entries.append(
            lines.file_opened(
                info.run, info.stream, info.sequence, volume, info.wall_ns, info.media_from,
                info.first_fragment, found.header_leaf, found.shape,
            )
        )  # fmt: skip
        return entries + self.file_recovered(media, found)

    def _adopt_run(self, media: OpenMedia, found: RecoveredFile) -> list[LedgerEntry]:
        if self.knows_run(media.run):
            return []
        state = self.stream(media.stream)
        wall_ns = media.opened_ns
        # One from before the open gap is media inside an older gap, and changes nothing now.
        if state.run is not None or (state.since_ns is not None and wall_ns < state.since_ns):
            self._runs[media.run] = False
            return [lines.run_started(media.run, media.stream, wall_ns)]
        if media.sequence == 0:
            return self.start_run(media.run, media.stream, wall_ns)
        # Its first files are gone unnamed: the gap ends where this one lies, which is not moved.
        return self.start_run(media.run, media.stream, anchored(media, found).wall, joins_gap=False)

    def close_gap(self, stream: StreamName, wall_ns: int) -> list[LedgerEntry]:
        """End the open gap without another after it: nothing is to be accounted for any more."""
        state = self.stream(stream)
        if state.gap is None:
            return []
        entry = lines.gap_closed(stream, state.gap, wall_ns, None)
        state.gap, state.cause = None, None
        return [entry]

    def last_placed(self, stream: StreamName, run: RunId, sequence: int) -> Placed | None:
        """Where the file before lies; None for a run's first."""
        if sequence == 0:
            return None
        last = self.stream(stream).last
        if last is not None and last.run == run:
            return last.placed
        with self._index.read() as index:
            row = index.file(run, sequence - 1)
        return None if row is None else Placed(row.media_from, row.wall_from, row.rate_ppb)

    def has_open_files(self, run: RunId) -> bool:
        return any(key[0] == run for key in self.files)

    def _has_files(self, hole: Hole) -> bool:
        """Whether something is known of the run, that could say when the hole was."""
        last = self.stream(hole.stream).last
        if self.has_open_files(hole.run) or (last is not None and last.run == hole.run):
            return True
        with self._index.read() as index:
            return index.file_with_media(hole.run, hole.media_from) is not None

    def _holes_found(self, found: RecoveredFile) -> list[LedgerEntry]:
        """Holes that the dead writer had no time to tell of, from the end of the file before on."""
        info = found.info
        before, lost = self._end_before(info)
        known = self._holes_known(info.run, info.media_from if before is None else before)
        entries: list[LedgerEntry] = []
        for media_from, media_to in holes(found.entries, found.media_to, before):
            if media_from not in known:
                of_lost = lost and media_from == before
                self._holes.add((info.run, media_from))
                entries += lines.hole(
                    GapId(random_id()), info.run, info.stream,
                    self.lost_cause if of_lost else GapCause.CAMERA_DROPPED,
                    media_from, media_to, info.wall_ns,
                )  # fmt: skip
        return entries

    def _end_before(self, info: FileInfo) -> tuple[int | None, bool]:
        """Where the file before ends, if there is one, and whether it is lost."""
        last = self.stream(info.stream).last
        # Of files that are found together the index knows none yet.
        if last is not None and (last.run, last.sequence + 1) == (info.run, info.sequence):
            return last.media_to, last.lost
        with self._index.read() as index:
            row = index.file(info.run, info.sequence - 1) if info.sequence else None
        if row is None:
            return None, False
        return row.media_to, (row.state, row.length) == (DELETING, 0)

    def _holes_known(self, run: RunId, media_from: int) -> set[int]:
        """Where holes of a run begin that lines tell of, from a media time on."""
        known = {begins for of, begins in self._holes if of == run}
        with self._index.read() as index:
            if index.has_run(run):
                found = index.holes_of(run, media_from)
                known |= {hole.media_from for hole in found if hole.media_from is not None}
        return known

    # --- lines -------------------------------------------------------------------------------

    def stream(self, name: StreamName) -> StreamState:
        return self.streams.setdefault(name, StreamState())

    def _closed(
        self,
        media: OpenMedia,
        length: int,
        fragments: int,
        root: bytes,
        media_to: int,
        *,
        recovered: bool,
        lost: bool = False,
    ) -> list[LedgerEntry]:
        placed = placed_at(media, media_to)
        last = ClosedMedia(media.run, media.sequence, media_to, placed, lost)
        self.stream(media.stream).last = last
        return [
            lines.file_closed(
                media.run, media.stream, media.sequence, length, fragments, root, media_to,
                recovered=recovered,
            ),
            lines.placed(media.run, media.stream, media.sequence, placed, final=True),
        ]  # fmt: skip

    def _opening(
        self, stream: StreamName, gap: GapId, cause: GapCause, wall_ns: int, run: RunId | None
    ) -> LedgerEntry:
        self._told.add(gap)
        return lines.gap_opened(stream, gap, cause, wall_ns, run)

    def knows_run(self, run: RunId) -> bool:
        if run in self._runs:
            return True
        with self._index.read() as index:
            return index.has_run(run)

    def knows_file(self, key: FileKey) -> bool:
        """Whether there is a line that tells of a file."""
        if key in self.files or key in self._told:
            return True
        with self._index.read() as index:
            return index.file(*key) is not None

    def _knows_gap(self, gap: GapId) -> bool:
        if gap in self._told:
            return True
        with self._index.read() as index:
            return index.has_gap(gap)

    def folded(self) -> None:
        """All lines given so far are in the index: it knows what was told, and which runs ended."""
        self._told.clear()
        self._holes.clear()
        self._runs = {run: ended for run, ended in self._runs.items() if not ended}

    def has_ended(self, run: RunId) -> bool:
        """Whether the run's end is written (or the run unknown: then it has none to write)."""
        ended = self._runs.get(run)
        if ended is not None:
            return ended
        with self._index.read() as index:
            open_runs = {open_run for open_run, _, _ in index.open_runs()}
            known = index.has_run(run)
        return not known or run not in open_runs


def _is_old(wall_ns: int, since_ns: int | None, now_ns: int) -> bool:
    """Whether a gap was told before what is known came to be, and is only told again.

    A cause that led to no line leaves no trace by which it could be known. Where the clock was set
    back, earlier times are new.
    """
    return since_ns is not None and wall_ns < since_ns - _TOLD_LATE_NS and since_ns <= now_ns
