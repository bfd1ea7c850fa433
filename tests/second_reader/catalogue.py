"""What a camera's ledger says of its runs, files and gaps: section 3.2."""

import hashlib
from dataclasses import dataclass, field

from . import schema
from .finding import Finding, Findings
from .ledger import Ledger, Line

Key = tuple[str, int]  # run and sequence


@dataclass
class FileRecord:
    line: Line
    opened_at: int  # place in the ledger
    closed: Line | None = None
    closed_at: int | None = None
    placed: Line | None = None
    deleted: str = ""  # the cause

    @property
    def run(self) -> str:
        return self.line.text("run")

    @property
    def stream(self) -> str:
        return self.line.text("stream")

    @property
    def sequence(self) -> int:
        return self.line.whole("sequence")

    @property
    def media(self) -> int:
        return self.line.whole("media")

    def utc(self, media: int) -> int:
        """UTC of a media time; without a `placed` line, by the first picture's arrival."""
        line = self.placed or self.line
        rate = self.placed.whole("rate_ppb") if self.placed else 0
        ticks = media - line.whole("media")
        return line.whole("wall") + ticks * 100000 * (10**9 + rate) // (9 * 10**9)


@dataclass
class RunRecord:
    run: str
    stream: str
    wall: int
    ended: Line | None = None
    files: list[FileRecord] = field(default_factory=list)  # by sequence


@dataclass
class GapRecord:
    opened: Line
    closed: Line | None = None


@dataclass
class Catalogue:
    camera: str
    files: dict[Key, FileRecord] = field(default_factory=dict)
    runs: dict[str, RunRecord] = field(default_factory=dict)
    gaps: dict[str, GapRecord] = field(default_factory=dict)
    accountable: dict[str, list[list[int]]] = field(default_factory=dict)  # [from] or [from, to]
    findings: list[Finding] = field(default_factory=list)


class _Builder:
    def __init__(self, camera: str) -> None:
        self.say = Findings(f"ledger {camera}")
        self.made = Catalogue(camera)
        self.made.findings = self.say.found
        self.restored = False

    def restored_(self, _line: Line, _: int) -> None:
        self.restored = True

    def camera_added(self, line: Line, _: int) -> None:
        self.say.unless(not self.made.accountable, "added again", line.raw.where)
        streams = line.data["streams"]
        assert isinstance(streams, list)
        for stream in streams:
            spans = self.made.accountable.setdefault(str(stream), [])
            if not spans or len(spans[-1]) == 2:
                spans.append([line.time])

    def camera_removed(self, line: Line, _: int) -> None:
        for spans in self.made.accountable.values():
            if len(spans[-1]) == 1:
                spans[-1].append(line.time)

    def run_started(self, line: Line, _: int) -> None:
        run = line.text("run")
        self.say.unless(run not in self.made.runs, f"run {run} starts again", line.raw.where)
        self.made.runs[run] = RunRecord(run, line.text("stream"), line.whole("wall"))

    def run_ended(self, line: Line, _: int) -> None:
        run = self._run(line)
        if run is not None:
            self.say.unless(run.ended is None, f"run {run.run} ends again", line.raw.where)
            run.ended = line

    def _run(self, line: Line) -> RunRecord | None:
        run = self.made.runs.get(line.text("run"))
        if run is None:
            self.say.damage(f"run {line.text('run')} never started", line.raw.where)
        elif run.stream != line.text("stream"):
            self.say.damage(f"run {run.run} is of stream {run.stream}", line.raw.where)
        return run

    def _file(self, line: Line) -> FileRecord | None:
        key = (line.text("run"), line.whole("sequence"))
        file = self.made.files.get(key)
        self.say.unless(file is not None, f"file {key} was never opened", line.raw.where)
        return file

    def file_opened(self, line: Line, place: int) -> None:
        key = (line.text("run"), line.whole("sequence"))
        run = self._run(line)
        if not self.say.unless(key not in self.made.files, "opened again", line.raw.where):
            return
        file = self.made.files[key] = FileRecord(line, place)
        if run is None:
            return
        due = run.files[-1].sequence + 1 if run.files else 0
        fits = key[1] == due or (self.restored and key[1] > due)
        self.say.unless(fits, f"sequence {key[1]}, not {due}", line.raw.where)
        run.files.append(file)
        run.files.sort(key=lambda one: one.sequence)

    def file_closed(self, line: Line, place: int) -> None:
        file = self._file(line)
        if file is not None:
            self.say.unless(file.closed is None, "closed again", line.raw.where)
            file.closed, file.closed_at = line, place

    def placed(self, line: Line, _: int) -> None:
        file = self._file(line)
        if file is not None:
            file.placed = line
            self.say.unless(
                line.whole("media") == file.media, "not placed by its start", line.raw.where
            )
        rate = line.whole("rate_ppb")
        self.say.unless(abs(rate) <= 20_000_000, f"rate_ppb {rate}", line.raw.where)

    def gap_opened(self, line: Line, _: int) -> None:
        gap = line.text("gap")
        self.say.unless(gap not in self.made.gaps, f"gap {gap} opened again", line.raw.where)
        inside = not line.has("media") or line.has("run")
        self.say.unless(inside, "a gap with media, without run", line.raw.where)
        if line.has("media"):
            self._run(line)
        self.made.gaps[gap] = GapRecord(line)

    def gap_closed(self, line: Line, _: int) -> None:
        gap = self.made.gaps.get(line.text("gap"))
        if gap is None:
            self.say.damage(f"gap {line.text('gap')} was never opened", line.raw.where)
            return
        self.say.unless(gap.closed is None, "a gap closed again", line.raw.where)
        same = gap.opened.text("stream") == line.text("stream")
        self.say.unless(same, "a gap of another stream", line.raw.where)
        inside = gap.opened.has("media") == line.has("media")
        if line.has("media"):
            inside = inside and line.data.get("run") == gap.opened.data.get("run")
        self.say.unless(inside, "a gap half inside a run", line.raw.where)
        gap.closed = line

    def files_deleted(self, line: Line, _: int) -> None:
        files = line.data["files"]
        assert isinstance(files, list)
        for run, sequence, root in files:
            file = self.made.files.get((run, int(sequence)))
            if file is None:
                self.say.damage(f"deleted {run} {sequence}, never opened", line.raw.where)
                continue
            file.deleted = line.text("cause")
            if file.closed is None:
                self.say.damage(f"{run} {sequence} deleted, never closed", line.raw.where)
            elif root not in (file.closed.text("root"), ""):
                self.say.damage(f"{run} {sequence} had another root", line.raw.where)

    def key(self, line: Line, _: int) -> None:
        check_key(line, self.say)


def check_key(line: Line, say: Findings) -> None:
    public = bytes.fromhex(line.text("public_key"))
    due = hashlib.sha256(public).hexdigest()[:16]
    say.unless(line.text("key") == due, f"the key's id should be {due}", line.raw.where)


def build(ledger: Ledger) -> Catalogue:
    builder = _Builder(ledger.name)
    for place, line in enumerate(ledger.lines):
        if not line.usable or line.type not in schema.CAMERA:
            continue
        name = "restored_" if line.type == "restored" else line.type
        handler = getattr(builder, name, None)
        if handler is not None:
            handler(line, place)
    for run in builder.made.runs.values():
        _check_run(run, builder.say)
    return builder.made


def _check_run(run: RunRecord, say: Findings) -> None:
    due, may_be_more, sequence = 0, False, 0
    for file in run.files:
        where = f"{run.run} {file.sequence}"
        first = file.line.whole("first_fragment")
        # Files between that a restore did not find.
        may_be_more = may_be_more or file.sequence > sequence
        fits = first == due or due < 0 or (may_be_more and first > due)
        sequence = file.sequence + 1
        say.unless(fits, f"first fragment {first}, not {due}", where)
        lost = file.closed is None or not file.closed.whole("length")
        due = -1 if file.closed is None or lost else first + file.closed.whole("fragments")
        may_be_more = file.closed is not None and file.closed.data["recovered"] is True
