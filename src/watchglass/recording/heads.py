"""Heads: signed statements of how long a ledger was, and its open files, at a time.

Each head names the one before it by hash, and the latest *hour head* before it, so that old ones
can be thinned to one an hour and the rest still hang together (docs/format.md, section 4).
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import ConfigError, DamagedError
from watchglass.base.ids import RunId
from watchglass.model.stream import StreamName
from watchglass.recording.canonical import canonical_line, decimal, parsed_object
from watchglass.recording.keys import SigningKey, verify_signature
from watchglass.recording.linelog import LineLog, LineReader, month_files

FORMAT_VERSION = 1
NO_HEAD = "0" * 64
KEPT_WHOLE_NS = 48 * 3600 * 1_000_000_000
"""Heads younger than this are never thinned."""

_DOMAIN = b"watchglass.head.v1\n"
_HOUR_NS = 3600 * 1_000_000_000


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file open when a head is signed: its root over the header and its first ``fragments``."""

    run: RunId
    stream: StreamName
    sequence: int
    fragments: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Head:
    """A head as read; hashes are hex, ``t`` is wall time (UTC nanoseconds)."""

    ledger: str
    epoch: str
    t: int
    size: int
    root: str
    open: tuple[OpenFile, ...]
    prev: str
    hour: str
    key: str
    sig: str

    @property
    def utc_hour(self) -> int:
        return self.t // _HOUR_NS


@dataclass(frozen=True, slots=True)
class _Mark:
    """What of a head the next ones need: its line's hash and its hour."""

    hash: str
    utc_hour: int


def parse_head(raw: bytes) -> Head:
    """A head from its line; DamagedError when it is none, ConfigError for a newer version's."""
    fields = parsed_object(raw)
    if fields.get("v") != FORMAT_VERSION:
        raise ConfigError(
            f"The head has the unknown version {fields.get('v')!r:.20}: a newer Watchglass wrote"
            " it; install that version again."
        )
    opened = fields.get("open")
    if not isinstance(opened, list):
        raise DamagedError("The head has no list of open files.")
    return Head(
        _text(fields, "ledger"),
        _text(fields, "epoch"),
        decimal(fields.get("t")),
        decimal(fields.get("size")),
        _text(fields, "root"),
        tuple(_open_file(entry) for entry in opened),
        _text(fields, "prev"),
        _text(fields, "hour"),
        _text(fields, "key"),
        _text(fields, "sig"),
    )


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise DamagedError(f"The head has no text {name!r}.")
    return value


def _open_file(entry: object) -> OpenFile:
    if not isinstance(entry, dict):
        raise DamagedError("An open file in the head is no object.")
    sequence, fragments = entry.get("sequence"), entry.get("fragments")
    if not isinstance(sequence, int) or not isinstance(fragments, int):
        raise DamagedError("An open file in the head has no sequence or count of fragments.")
    try:
        stream, root = StreamName(_text(entry, "stream")), bytes.fromhex(_text(entry, "root"))
    except ValueError as error:
        raise DamagedError(f"An open file in the head is off: {error}.") from error
    return OpenFile(RunId(_text(entry, "run")), stream, sequence, fragments, root)


def signed_bytes(raw: bytes) -> bytes:
    """What the signature of a head's line is over."""
    fields = parsed_object(raw)
    fields.pop("sig", None)
    return _DOMAIN + canonical_line(fields)


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


class _Walk:
    """Goes along a chain and keeps the newest head and the newest hour head.

    All heads since an hour head share its hour, so a head is an hour head when its hour is not that
    of the hour head before it: that can be told where those between were thinned, too.
    """

    def __init__(self) -> None:
        self.newest: _Mark | None = None
        self.hour: _Mark | None = None

    def is_hour(self, utc_hour: int) -> bool:
        return self.hour is None or self.hour.utc_hour != utc_hour

    def step(self, line_hash: str, utc_hour: int) -> None:
        mark = _Mark(line_hash, utc_hour)
        if self.is_hour(utc_hour):
            self.hour = mark
        self.newest = mark


class HeadChain:
    """The heads of one ledger, open for writing. One process, one thread."""

    def __init__(self, folder: Path, disk: Disk, ledger_name: str, epoch: str) -> None:
        """Read the chain in ``folder``, cut a torn last line, go on from the newest head.

        DamagedError when a line before the last is not readable.
        """
        self._folder = folder
        self._disk = disk
        self._ledger = ledger_name
        self._epoch = epoch
        self._walk = _Walk()
        reader = LineReader(folder, parse_head)
        for _, raw, head in reader:
            self._walk.step(_hash(raw), head.utc_hour)
        self._log = LineLog(folder, disk, WriteSite.HEAD_APPEND, reader.torn)

    def sign(
        self, key: SigningKey, t_ns: int, size: int, root: bytes, open_files: Sequence[OpenFile]
    ) -> bytes:
        """Append the next head and give its line. What it covers must be durable already.

        StorageError when it could not be written; the chain is then as before.
        """
        newest, hour = self._walk.newest, self._walk.hour
        fields: dict[str, object] = {
            "v": FORMAT_VERSION,
            "ledger": self._ledger,
            "epoch": self._epoch,
            "t": str(t_ns),
            "size": str(size),
            "root": root.hex(),
            "open": [
                {**asdict(file), "stream": file.stream.value, "root": file.root.hex()}
                for file in sorted(open_files, key=lambda file: (file.run, file.sequence))
            ],
            "prev": newest.hash if newest else NO_HEAD,
            "hour": hour.hash if hour else NO_HEAD,
            "key": key.key_id,
        }
        fields["sig"] = key.sign(_DOMAIN + canonical_line(fields)).hex()
        raw = canonical_line(fields)
        self._log.append([raw], t_ns)
        self._walk.step(_hash(raw), t_ns // _HOUR_NS)
        return raw

    def thin(self, now_ns: int) -> int:
        """Drop heads older than 48 hours that are no hour heads; how many went.

        Only heads before the first younger one go, and never the newest, so the chain stays whole
        whatever the clock did. Each month file is replaced in one step.
        """
        dropped: dict[Path, set[int]] = {}
        walk = _Walk()
        for place, raw, head in LineReader(self._folder, parse_head):
            if head.t >= now_ns - KEPT_WHOLE_NS:
                break
            line_hash = _hash(raw)
            if not walk.is_hour(head.utc_hour) and not self._is_newest(line_hash):
                dropped.setdefault(place.path, set()).add(place.offset)
            walk.step(line_hash, head.utc_hour)
        for path, offsets in dropped.items():
            self._rewrite(path, offsets)
        if dropped:
            self._log.forget()
        return sum(len(offsets) for offsets in dropped.values())

    def _is_newest(self, line_hash: str) -> bool:
        return self._walk.newest is not None and self._walk.newest.hash == line_hash

    def _rewrite(self, path: Path, offsets: set[int]) -> None:
        kept: list[bytes] = []
        offset = 0
        with path.open("rb") as file:
            for line in file:
                if offset not in offsets:
                    kept.append(line)
                offset += len(line)
        self._disk.write_whole(WriteSite.HEAD_THIN, path, b"".join(kept))

    def synced(self) -> None:
        """All heads so far are durable."""
        self._log.synced()

    def write_again(self) -> None:
        """After a sync that failed: hand the heads since ``synced`` to the kernel once more."""
        self._log.write_again()

    def close(self) -> None:
        """Give the descriptor back; the next head opens it again."""
        self._log.close()


def read_heads(folder: Path) -> list[Head]:
    """All heads of a folder, oldest first; a torn last line is left out."""
    return [head for _, _, head in LineReader(folder, parse_head)]


def verify_chain(folder: Path, keys: Mapping[str, str]) -> list[str]:
    """What is wrong with the heads of a folder; empty when all is well.

    ``keys`` maps a key's id to its public key in hex, as the ledger's ``key`` lines name them. A
    place where heads were thinned is no finding; whether the roots are the ledger's is for whoever
    has the ledger.
    """
    if not month_files(folder):
        return []
    findings: list[str] = []
    walk = _Walk()
    before: Head | None = None
    try:
        for place, raw, head in LineReader(folder, parse_head):
            findings += [f"{place}: {what}" for what in _linked(walk, head)]
            findings += [f"{place}: {what}" for what in _signed(raw, head, keys)]
            findings += [f"{place}: {what}" for what in _follows(before, head)]
            walk.step(_hash(raw), head.utc_hour)
            before = head
    except DamagedError as error:
        findings.append(error.sentence)
    return findings


def _linked(walk: _Walk, head: Head) -> list[str]:
    newest, hour = walk.newest, walk.hour
    if newest is None or hour is None:
        return (
            [] if head.prev == head.hour == NO_HEAD else ["the heads before this one are missing"]
        )
    findings = []
    if head.hour != hour.hash:
        findings.append("it does not name the hour head before it")
    # Heads may have been thinned between an hour head and this one, nowhere else.
    if head.prev != newest.hash and newest != hour:
        findings.append("it does not name the head before it")
    return findings


def _signed(raw: bytes, head: Head, keys: Mapping[str, str]) -> list[str]:
    public_hex = keys.get(head.key)
    if public_hex is None:
        return [f"its key {head.key:.16} is not known"]
    try:
        data = signed_bytes(raw)
    except (DamagedError, ValueError) as error:
        return [f"it is not in canonical form ({error})"]
    return [] if verify_signature(public_hex, data, head.sig) else ["its signature is not valid"]


def _follows(before: Head | None, head: Head) -> list[str]:
    if before is None:
        return []
    if before.ledger != head.ledger:
        return ["it is of another ledger than the head before it"]
    if before.epoch == head.epoch and head.size < before.size:
        return ["its ledger is shorter than that of the head before it"]
    return []
