"""What of a camera's ledger goes into a bundle: from which line on, under which head.

The lines are read once; kept are their leaves and what is open at each moment, never the lines.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.model.stream import StreamName
from watchglass.recording.anchor import Placed
from watchglass.recording.heads import Head, parse_head
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.linelog import LineReader
from watchglass.recording.merkle import Frontier, audit_path

FileKey = tuple[RunId, int]
_ALWAYS = frozenset({"ledger_started", "key", "restored", "camera_added", "device", "key_revoked"})
_BROAD_NS = 2 * NS_PER_S
"""Files join over a second: a little more never harms."""
_GAPS_NS = 60 * NS_PER_S
"""A gap ends where a run begins, and that may be placed long before its first picture came."""


@dataclass(slots=True)
class ToldFile:
    """A media file by its lines. ``opened`` is the number of its first line."""

    opened: int
    run: RunId
    sequence: int
    stream: StreamName
    volume: VolumeId
    wall_ns: int
    media: int
    codec: str
    placed: Placed
    closed: tuple[int, bytes, int] | None = None
    """End (media), root and count of fragments."""
    deleted: bool = False
    told: int = 0
    """The number of the last line that tells of it."""

    @property
    def from_ns(self) -> int:
        return self.placed.wall_at(self.media)

    @property
    def to_ns(self) -> int | None:
        return self.placed.wall_at(self.closed[0]) if self.closed is not None else None


@dataclass(slots=True)
class _Gap:
    """``needs``: the first line without which its ends are not known."""

    needs: int
    stream: StreamName
    from_ns: int
    to_ns: int | None = None


@dataclass(slots=True)
class LedgerPlan:
    """``first``: the first line that goes in; ``left`` are the peaks of what stands before it."""

    camera: CameraId
    folder: Path
    head: Head
    heads: list[bytes]
    first: int
    left: tuple[bytes, ...]
    earlier: list[tuple[bytes, list[bytes]]]
    files: list[ToldFile]
    """Those of the streams asked for that touch the span, deleted ones among them."""
    commitments: list[str]
    told_by: int
    """A head over so many lines covers all that tell of these files."""
    standing: frozenset[StreamName]
    """Streams that are in a gap at the head, or of a camera that was removed."""

    @property
    def head_hash(self) -> str:
        return hashlib.sha256(self.heads[-1]).hexdigest()

    def lines(self) -> Iterator[bytes]:
        for line in Ledger.read_lines(self.folder):
            if line.n >= self.head.size:
                return
            if line.n >= self.first:
                yield line.raw + b"\n"


@dataclass(slots=True)
class _Reading:
    """The fold of a ledger."""

    files: dict[FileKey, ToldFile] = field(default_factory=dict)
    last: dict[RunId, ToldFile] = field(default_factory=dict)
    gaps: dict[str, _Gap] = field(default_factory=dict)
    earlier: list[tuple[int, Line]] = field(default_factory=list)
    removed: bool = False

    def take(self, line: Line) -> None:
        if line.version != 1:
            return
        if line.type in _ALWAYS:
            self.earlier.append((line.n, line))
        match line.type:
            case "file_opened":
                self._opened(line)
            case "file_closed" | "placed":
                self._told(line)
            case "camera_removed":
                self.removed = True
            case "files_deleted":
                self._deleted(line)
            case "gap_opened":
                self._gap_opened(line)
            case "gap_closed":
                gap = self.gaps.get(line.text("gap"))
                if gap is not None:
                    gap.to_ns = line.integer("wall")

    def _opened(self, line: Line) -> None:
        run, sequence = RunId(line.text("run")), line.number("sequence")
        media, wall_ns = line.integer("media"), line.integer("wall")
        file = ToldFile(
            line.n, run, sequence, StreamName(line.text("stream")), VolumeId(line.text("volume")),
            wall_ns, media, line.text("codec"), Placed(media, wall_ns, 0), told=line.n,
        )  # fmt: skip
        self.files[run, sequence] = self.last[run] = file

    def _told(self, line: Line) -> None:
        file = self.files.get((RunId(line.text("run")), line.number("sequence")))
        if file is None:
            return
        file.told = line.n
        if line.type == "placed":
            file.placed = Placed(
                line.integer("media"), line.integer("wall"), line.number("rate_ppb")
            )
        else:
            root = bytes.fromhex(line.text("root"))
            file.closed = line.integer("media"), root, line.number("fragments")

    def _deleted(self, line: Line) -> None:
        entries = line.fields.get("files")
        for entry in entries if isinstance(entries, list) else []:
            file = self.files.get((RunId(str(entry[0])), int(entry[1])))
            if file is not None:
                file.deleted = True

    def _gap_opened(self, line: Line) -> None:
        of_run = self.last.get(RunId(line.text("run"))) if "run" in line.fields else None
        needs = min(line.n, of_run.opened) if of_run is not None else line.n
        stream = StreamName(line.text("stream"))
        self.gaps[line.text("gap")] = _Gap(needs, stream, line.integer("wall"))


def plan_ledger(
    ledgers: Path, camera: CameraId, streams: frozenset[StreamName], from_ns: int, to_ns: int
) -> LedgerPlan:
    """Read a camera's ledger up to its newest head. NotFoundError where there is none."""
    folder = ledgers / camera
    heads = [(raw, head) for _, raw, head in LineReader(folder / "heads", parse_head)]
    if not heads:
        raise NotFoundError("The recorder has signed nothing of this camera yet: try again later.")
    head = heads[-1][1]
    reading, leaves, before = _Reading(), bytearray(), 0
    for line in Ledger.read_lines(folder):
        if line.n >= head.size:
            break
        reading.take(line)
        leaves += line.leaf
        if line.t < from_ns:
            before = line.n
    files = [
        file
        for file in reading.files.values()
        if file.stream in streams and _touches(file.from_ns, file.to_ns, from_ns, to_ns)
    ]
    needed = [
        gap.needs
        for gap in reading.gaps.values()
        if _touches(gap.from_ns, gap.to_ns, from_ns - _GAPS_NS, to_ns + _GAPS_NS)
    ]
    first = min([before, *(file.opened for file in files), *needed])
    hashes = [bytes(leaves[at : at + 32]) for at in range(0, len(leaves), 32)]
    earlier = [
        (line.raw, audit_path(hashes, n)) for n, line in reading.earlier if n < first
    ]  # fmt: skip
    return LedgerPlan(
        camera, folder, head, [raw for raw, each in heads if each.size >= max(first, 1)], first,
        Frontier(hashes[:first]).peaks, earlier, files, _commitments(reading.earlier),
        max((file.told for file in files), default=first) + 1, _standing(reading),
    )  # fmt: skip


def _standing(reading: _Reading) -> frozenset[StreamName]:
    if reading.removed:
        return frozenset(StreamName)
    return frozenset(gap.stream for gap in reading.gaps.values() if gap.to_ns is None)


def _touches(start: int, end: int | None, from_ns: int, to_ns: int) -> bool:
    return start < to_ns + _BROAD_NS and (end is None or end > from_ns - _BROAD_NS)


def _commitments(lines: list[tuple[int, Line]]) -> list[str]:
    """Of the camera's name and of its hardware; its address stays with the recorder."""
    wanted = {"camera_added": "name", "device": "identity"}
    return [
        line.text(wanted[line.type])
        for _, line in lines
        if line.type in wanted and wanted[line.type] in line.fields
    ]
