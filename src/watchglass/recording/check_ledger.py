"""Ledgers and heads, read as a stranger would: numbering, canonical bytes, roots, signatures.

On the way, what the lines say of media files is gathered for whoever looks at those.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base.errors import DamagedError, StorageError
from watchglass.base.ids import CameraId, RunId, VolumeId
from watchglass.model.finding import Finding, FindingKind, Severity
from watchglass.model.stream import StreamName
from watchglass.recording.canonical import canonical_line, parsed_object
from watchglass.recording.erasure import TOLD, erased_files
from watchglass.recording.fold import deleted_files
from watchglass.recording.heads import KEPT_WHOLE_NS, Head, parse_head, verify_chain
from watchglass.recording.keys import key_id_of
from watchglass.recording.ledger import FORMAT_VERSION, Line, line_reader
from watchglass.recording.lineage import (
    RESTORED,
    Relation,
    fork_words,
    read_telling,
    relation,
    shared_lines,
)
from watchglass.recording.linelog import LineReader, month_files
from watchglass.recording.mediapath import media_path
from watchglass.recording.merkle import Frontier

FileKey = tuple[RunId, int]

_KEEP = "Keep the folder as it is, and bring the ledger back from its copy on the volume."
_ASK = "Keep all copies: somebody changed what was signed, or the disk did."


@dataclass(slots=True)
class ToldFile:
    """What a ledger says of a media file. ``closed`` is (length, fragments, root)."""

    stream: StreamName
    volume: VolumeId
    wall_ns: int
    header: bytes
    closed: tuple[int, int, bytes] | None = None
    deleted: bool = False
    longer: int = 0
    """Its length before something of it was erased."""

    def path(self, root: Path, camera: CameraId, key: FileKey) -> Path:
        return media_path(root, camera, self.stream, self.wall_ns, key[0], key[1])


@dataclass(slots=True)
class ReadLedger:
    """A ledger as it was found. ``whole`` unless a line before the last is not readable.

    ``signed`` are the roots that heads give for files while they were open: by file, the root over
    its header and so many fragments.
    """

    name: str
    folder: Path
    whole: bool = True
    lines: int = 0
    heads: int = 0
    last_ns: int = 0
    files: dict[FileKey, ToldFile] = field(default_factory=dict)
    signed: dict[FileKey, dict[int, bytes]] = field(default_factory=lambda: defaultdict(dict))
    findings: list[Finding] = field(default_factory=list)

    def add(self, kind: FindingKind, severity: Severity, where: str, what: str, step: str) -> None:
        self.findings.append(Finding(kind, severity, where, what, step))


def read_ledger(folder: Path, name: str) -> ReadLedger:
    """Read and check the ledger in ``folder`` with its heads; StorageError when the disk fails."""
    found = ReadLedger(name, folder)
    # Heads first: a ledger that grows meanwhile does no harm.
    heads = _read_heads(found)
    signed = _read_lines(found, {head.size for _, head in heads})
    if not found.whole:
        return found
    _check_heads(found, heads, signed)
    return found


# --- lines ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Signing:
    """What lines say of heads. ``roots`` are those at the sizes that heads are over; ``keys`` are
    (line, id, public key), ``epochs`` (line, epoch), ``restores`` (line, the head it names)."""

    roots: dict[int, bytes]
    keys: list[tuple[int, str, str]] = field(default_factory=list)
    epochs: list[tuple[int, str]] = field(default_factory=list)
    restores: list[tuple[int, str]] = field(default_factory=list)


def _read_lines(found: ReadLedger, sizes: set[int]) -> _Signing:
    frontier = Frontier()
    signing = _Signing({0: frontier.root()})
    reader = line_reader(found.folder)
    try:
        for place, raw, line in reader:
            _check_line(found, str(place), raw, line, frontier.count)
            frontier.append(line.leaf)
            if frontier.count in sizes:
                signing.roots[frontier.count] = frontier.root()
            found.last_ns = max(found.last_ns, line.t)
            _gather_signing(signing, line)
            _gather(found, line)
    except (DamagedError, ValueError) as error:
        found.whole = False
        found.add(FindingKind.LEDGER_DAMAGED, Severity.DAMAGE, str(found.folder), str(error), _KEEP)
    if reader.torn is not None:
        found.add(
            FindingKind.LEDGER_LINE_TORN, Severity.NOTICE, str(reader.torn),
            "The last lines were cut off while they were written; they count for nothing.",
            "Nothing: the next start of the recorder cuts it off.",
        )  # fmt: skip
    found.lines = frontier.count
    if not found.lines and found.whole:
        found.whole = False
        found.add(
            FindingKind.LEDGER_DAMAGED, Severity.DAMAGE, str(found.folder),
            "The ledger has no lines.", _KEEP,
        )  # fmt: skip
    return signing


def _gather_signing(signing: _Signing, line: Line) -> None:
    if line.type == "key":
        signing.keys.append((line.n, line.text("key"), line.text("public_key")))
    elif line.type in ("ledger_started", RESTORED):
        signing.epochs.append((line.n, line.text("epoch")))
        if line.type == RESTORED and "head" in line.fields:
            signing.restores.append((line.n, line.text("head")))


def _check_line(found: ReadLedger, place: str, raw: bytes, line: Line, expected: int) -> None:
    wrong = ""
    if line.n != expected:
        raise DamagedError(f"{place}: line {line.n} stands where line {expected} should.")
    if not _is_canonical(raw):
        wrong = "is not in its canonical form"
    elif expected == 0 and (line.type, line.fields.get("ledger")) != ("ledger_started", found.name):
        wrong = f"does not begin the ledger {found.name}"
    elif line.type == "key" and line.text("key") != key_id_of(line.text("public_key")):
        wrong = "names a key by an id that is not its own"
    if wrong:
        found.add(
            FindingKind.LEDGER_DAMAGED, Severity.DAMAGE, place, f"Line {line.n} {wrong}.", _KEEP
        )


def _is_canonical(raw: bytes) -> bool:
    try:
        return canonical_line(parsed_object(raw)) == raw
    except ValueError:
        return False


def _gather(found: ReadLedger, line: Line) -> None:
    if line.version != FORMAT_VERSION:
        return
    if line.type == "file_opened":
        found.files[_key(line)] = ToldFile(
            StreamName(line.text("stream")), VolumeId(line.text("volume")), line.integer("wall"),
            bytes.fromhex(line.text("header")),
        )  # fmt: skip
    elif line.type == "file_closed" and _key(line) in found.files:
        found.files[_key(line)].closed = (
            line.integer("length"), line.number("fragments"), bytes.fromhex(line.text("root")),
        )  # fmt: skip
    elif line.type == "files_deleted":
        for key in deleted_files(line):
            if key in found.files:
                found.files[key].deleted = True
    elif line.type == TOLD:
        for file in erased_files(line):
            told = found.files.get((file.run, file.sequence))
            if told is not None and told.closed is not None:
                told.longer = told.closed[0]
                told.closed = file.length, told.closed[1], told.closed[2]


def _key(line: Line) -> FileKey:
    return RunId(line.text("run")), line.number("sequence")


def files_since(ledger: ReadLedger) -> tuple[set[FileKey], set[FileKey]]:
    """Files that were opened, and deleted, by lines written since the ledger was read."""
    later = ReadLedger(ledger.name, ledger.folder)
    deleted: set[FileKey] = set()
    for _, _, line in line_reader(ledger.folder):
        if line.n >= ledger.lines:
            _gather(later, line)
            if line.type == "files_deleted":
                deleted.update(deleted_files(line))
    return set(later.files), deleted


# --- heads ----------------------------------------------------------------------------------------


def _read_heads(found: ReadLedger) -> list[tuple[str, Head]]:
    """Heads with the hashes of their lines."""
    heads: list[tuple[str, Head]] = []
    reader = LineReader(found.folder / "heads", parse_head)
    with suppress(DamagedError):  # said below, with the chain
        heads.extend((hashlib.sha256(raw).hexdigest(), head) for _, raw, head in reader)
    if reader.torn is not None:
        found.add(
            FindingKind.LEDGER_LINE_TORN, Severity.NOTICE, str(reader.torn),
            "The last head was cut off while it was written; it counts for nothing.",
            "Nothing: the next start of the recorder cuts it off.",
        )  # fmt: skip
    found.heads = len(heads)
    return heads


def _check_heads(found: ReadLedger, heads: list[tuple[str, Head]], signing: _Signing) -> None:
    known = {key: public for _, key, public in signing.keys}
    where = found.folder / "heads"
    for what in verify_chain(where, known):
        found.add(FindingKind.HEAD_INVALID, Severity.DAMAGE, str(where), what, _ASK)
    for _, head in heads:
        for what in _off(head, found, signing):
            found.add(FindingKind.HEAD_DIFFERS, Severity.DAMAGE, f"{where}, {head.t}", what, _ASK)
        for file in head.open:
            found.signed[(file.run, file.sequence)][file.fragments] = file.root
    _check_restores(found, heads, signing)


def _check_restores(found: ReadLedger, heads: list[tuple[str, Head]], signing: _Signing) -> None:
    """The head that a restore names is one before it; it may have been thinned since, and then an
    hour head of before is there."""
    for line, named in signing.restores:
        before = [hashed for hashed, head in heads if head.size <= line]
        newest = max((head.t for _, head in heads), default=0)
        last = max((head.t for _, head in heads if head.size <= line), default=0)
        thinned = bool(before) and last < newest - KEPT_WHOLE_NS
        if named not in before and not thinned:
            found.add(
                FindingKind.HEAD_DIFFERS, Severity.DAMAGE, str(found.folder / "heads"),
                f"Line {line} names a head before a restore that is not there.", _ASK,
            )  # fmt: skip


def _off(head: Head, found: ReadLedger, signing: _Signing) -> Iterator[str]:
    if head.ledger != found.name:
        yield f"A head of the ledger {head.ledger:.40} lies in the folder of {found.name}."
    if head.size > found.lines:
        yield f"A head was signed over {head.size} lines, and {found.lines} are left."
    elif signing.roots[head.size].hex() != head.root:
        yield f"The first {head.size} lines are not those that were signed."
    due = [key for n, key, _ in signing.keys if n < head.size]
    if due and head.key != due[-1]:
        yield f"A head was signed with the key {head.key:.16}, not with {due[-1]}."
    epochs = [epoch for n, epoch in signing.epochs if n < head.size]
    if epochs and head.epoch != epochs[-1]:
        yield f"A head is of the epoch {head.epoch:.32}, not of {epochs[-1]}."


# --- copies ---------------------------------------------------------------------------------------


def check_copy(ledger: ReadLedger, copy: Path) -> Iterator[Finding]:
    """The copy of a ledger on a volume lags behind, and is otherwise the same; so are copies that
    were kept beside it, unless a restore gave them up."""
    if not all(_begins(ledger.folder / path.name, path) for path in month_files(copy)):
        yield from _another(ledger, copy)
    for kept in sorted(copy.parent.glob(f"{copy.name}.*")):
        yield from _another(ledger, kept)


def _another(ledger: ReadLedger, copy: Path) -> Iterator[Finding]:
    mine = read_telling(ledger.folder, ledger.name, str(ledger.folder))
    other = read_telling(copy, ledger.name, str(copy))
    shared = shared_lines(mine, other)
    match relation(mine, other):
        case Relation.FORK:
            yield Finding(
                FindingKind.LEDGER_FORKED, Severity.DAMAGE, str(copy), fork_words(mine, other),
                "Two recorders went on from one past, or somebody wrote it anew: find out which "
                "is true, and keep the other as evidence.",
            )  # fmt: skip
        case Relation.AHEAD | Relation.FOLLOWS if other.signed > shared == len(mine.leaves):
            yield Finding(
                FindingKind.LEDGER_BEHIND, Severity.DAMAGE, str(copy),
                f"The copy has {other.signed - shared} signed lines that the ledger lacks: the "
                "state folder is older than the volume.",
                "Stop the recorder and run 'watchglass restore --from-volumes --aside'.",
            )  # fmt: skip
        case Relation.LEFT:
            yield Finding(
                FindingKind.LEDGER_LEFT, Severity.NOTICE, str(copy),
                f"{len(other.leaves) - shared} lines that a restore did not have are kept here.",
                "Keep it: it tells what was recorded before the restore.",
            )  # fmt: skip
        case _:
            yield Finding(
                FindingKind.LEDGER_COPY_DIFFERS, Severity.DAMAGE, str(copy),
                f"The copy is not what {ledger.folder} says, from line {shared} on.", _ASK,
            )  # fmt: skip


def _begins(original: Path, copy: Path) -> bool:
    return (_bytes(original) if original.exists() else b"").startswith(_bytes(copy))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error
