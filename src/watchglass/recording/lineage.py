"""Several tellings of one ledger, and what one says against another.

A ledger lies in the state folder, lags behind in the copy on a volume, and is as old as the backup
in a backup. A *telling* counts up to its first line that cannot be read, and its heads up to the
first that does not hold: signed by a key that the lines name, over lines that are there. Lines that
no head is over may be cut off by a power cut and written otherwise; lines under a head never are:
two heads of one epoch over lines that differ are a fork, and evidence of one.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from watchglass.base.errors import DamagedError, RefusedError
from watchglass.recording.heads import Head, parse_head, signed_bytes
from watchglass.recording.keys import verify_signature
from watchglass.recording.ledger import Line, line_reader
from watchglass.recording.linelog import LineReader, Place
from watchglass.recording.merkle import Frontier

RESTORED = "restored"
_STATES = frozenset(
    {"camera_added", "camera_paused", "camera_disabled", "camera_enabled", "camera_removed"}
)


class Relation(StrEnum):
    """What another telling is to mine."""

    SAME = "same"
    BEHIND = "behind"
    """It is a beginning of mine, or what it says beyond was never signed."""
    AHEAD = "ahead"
    """Mine is a beginning of it, or what mine says beyond was never signed."""
    LEFT = "left"
    """A restore that mine tells of went on from before its end."""
    FOLLOWS = "follows"
    """A restore that it tells of went on from before the end of mine."""
    FORK = "fork"
    """Both were signed, in one epoch or by two restores of one past, and say different things."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A head that holds: lines it is over, its epoch, its time (UTC ns), its line's SHA-256."""

    size: int
    epoch: str
    t_ns: int
    hash: str


@dataclass(slots=True)
class Telling:
    """One telling of a ledger. ``where`` names it for people.

    ``lines_end`` and ``heads_end`` are month file and offset behind the last that counts.
    """

    name: str
    where: str
    folder: Path
    leaves: list[bytes] = field(default_factory=list)
    heads: list[Signed] = field(default_factory=list)
    epochs: list[tuple[int, str]] = field(default_factory=list)
    restores: set[int] = field(default_factory=set)
    lines_end: tuple[str, int] = ("", 0)
    heads_end: tuple[str, int] = ("", 0)
    known_ns: int = 0
    damage: str = ""
    streams: list[str] = field(default_factory=list)
    state: str = ""
    """The last line about whether the camera is recorded: ``camera_added``, ``_paused`` …"""
    sound: bool | None = None

    @property
    def signed(self) -> int:
        """How many of its lines a head is over."""
        return max((head.size for head in self.heads), default=0)

    def epoch_of(self, line: int) -> str:
        """The epoch that a line was written in."""
        at = bisect_right(self.epochs, line, key=lambda each: each[0])
        return self.epochs[at - 1][1] if at else ""


def read_telling(folder: Path, name: str, where: str) -> Telling:
    """What a ledger's folder tells; somebody else may be writing. No line is no error.

    ConfigError when a newer version wrote its heads, StorageError when the disk fails.
    """
    told = Telling(name, where, folder)
    # Heads first: a ledger that grows meanwhile does no harm.
    heads = _read_heads(folder / "heads", told)
    keys, roots = _read_lines(told, {head.size for _, _, head in heads})
    for place, raw, head in heads:
        if not _holds(raw, head, told, keys, roots):
            break
        told.heads.append(Signed(head.size, head.epoch, head.t, _hash(raw)))
        told.heads_end = (place.path.name, place.offset + len(raw) + 1)
        told.known_ns = max(told.known_ns, head.t)
    return told


def _read_heads(folder: Path, told: Telling) -> list[tuple[Place, bytes, Head]]:
    found: list[tuple[Place, bytes, Head]] = []
    try:
        found.extend(LineReader(folder, parse_head))
    except DamagedError as error:
        told.damage = error.sentence
    return found


def _read_lines(
    told: Telling, sizes: set[int]
) -> tuple[list[tuple[int, str, str]], dict[int, bytes]]:
    """Keys by the line that names them, and roots at the sizes that heads are over."""
    frontier = Frontier()
    keys: list[tuple[int, str, str]] = []
    roots: dict[int, bytes] = {}
    try:
        for place, raw, line in line_reader(told.folder):
            if line.n != frontier.count:
                raise DamagedError(f"{place}: line {line.n} stands where {frontier.count} should.")
            _take(told, line, keys)
            frontier.append(line.leaf)
            told.leaves.append(line.leaf)
            if frontier.count in sizes:
                roots[frontier.count] = frontier.root()
            told.lines_end = (place.path.name, place.offset + len(raw) + 1)
            told.known_ns = max(told.known_ns, line.t)
    except DamagedError as error:
        told.damage = error.sentence
    return keys, roots


def _take(told: Telling, line: Line, keys: list[tuple[int, str, str]]) -> None:
    if line.n == 0 and (line.type, line.fields.get("ledger")) != ("ledger_started", told.name):
        raise DamagedError(f"{told.folder} is not the ledger of {told.name}.")
    if line.type in ("ledger_started", RESTORED):
        told.epochs.append((line.n, line.text("epoch")))
        if line.type == RESTORED:
            told.restores.add(line.n)
    elif line.type == "key":
        keys.append((line.n, line.text("key"), line.text("public_key")))
    elif line.type in _STATES:
        told.state = line.type
        streams = line.fields.get("streams")
        if isinstance(streams, list):
            told.streams = [str(name) for name in streams]
    elif line.type == "sound_changed":
        told.sound = line.flag("on")


def _holds(
    raw: bytes,
    head: Head,
    told: Telling,
    keys: list[tuple[int, str, str]],
    roots: dict[int, bytes],
) -> bool:
    key = next((each for each in reversed(keys) if each[0] < head.size), None)
    root = roots.get(head.size)
    if key is None or root is None or head.ledger != told.name:
        return False
    if (head.key, head.root, head.epoch) != (key[1], root.hex(), told.epoch_of(head.size - 1)):
        return False
    with suppress(DamagedError, ValueError):
        return verify_signature(key[2], signed_bytes(raw), head.sig)
    return False


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


# --- one against another --------------------------------------------------------------------------


def shared_lines(mine: Telling, other: Telling) -> int:
    """How many lines both begin with."""
    most = min(len(mine.leaves), len(other.leaves))
    if mine.leaves[:most] == other.leaves[:most]:
        return most
    return next(at for at in range(most) if mine.leaves[at] != other.leaves[at])


def relation(mine: Telling, other: Telling) -> Relation:
    """What another telling of the same ledger is to mine."""
    shared = shared_lines(mine, other)
    if shared == len(mine.leaves) == len(other.leaves):
        return Relation.SAME
    if shared == len(other.leaves) or (shared < len(mine.leaves) and other.signed <= shared):
        return Relation.BEHIND
    if shared == len(mine.leaves) or mine.signed <= shared:
        return Relation.AHEAD
    here, there = shared in mine.restores, shared in other.restores
    if here == there:
        return Relation.FORK
    return Relation.LEFT if here else Relation.FOLLOWS


def longest(tellings: Iterable[Telling]) -> Telling | None:
    """The telling to go on from: of those with a head that holds, the one that tells most.

    RefusedError, which names both, where two are a fork: only a person can say which is true.
    """
    best: Telling | None = None
    for told in tellings:
        if not told.heads:
            continue
        if best is None:
            best = told
            continue
        match relation(best, told):
            case Relation.AHEAD | Relation.FOLLOWS:
                best = told
            case Relation.FORK:
                raise RefusedError(fork_words(best, told) + " Nothing is restored: leave out the "
                                   "one that is not to count with --leave-out.")  # fmt: skip
            case Relation.SAME | Relation.BEHIND | Relation.LEFT:
                pass
    return best


def fork_words(one: Telling, other: Telling) -> str:
    """Both sides of a fork, and where they part."""
    at = shared_lines(one, other)
    return (
        f"The ledger of {one.name} was signed twice with different lines from line {at} on, in "
        f"{one.where} and in {other.where}: a fork. Keep both."
    )
