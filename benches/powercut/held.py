"""Holds what the product made of a crash to what it had promised before."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from benches.powercut.promises import HandedOver, Promises
from benches.powercut.story import USER
from watchglass.base.clock import NS_PER_S, SystemClock
from watchglass.base.disk import Disk
from watchglass.base.errors import WatchglassError
from watchglass.recording.erasure import erased_files, in_ranges
from watchglass.recording.fold import deleted_files
from watchglass.recording.heads import Head
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.mediafile import ScannedFile, parse_media_path, scan
from watchglass.recording.merkle import Frontier
from watchglass.store.access import AccessStore
from watchglass.store.site import SiteStore
from watchglass.store.vault import Vault

_FRAGMENT_NS = NS_PER_S // 2
"""No camera of the bench is silent for longer while it is recorded."""


@dataclass(slots=True)
class Held:
    """``whole`` is what the kernel had been given up to the cut, ``left`` what the cut left of it.

    ``lost_s``, and the fragments of each file that can be ``playable``, are found on the way.
    """

    promises: Promises
    whole: dict[str, bytes]
    cut: int
    wall_ns: int
    left: dict[str, bytes]
    lost_s: float = 0.0
    playable: dict[str, list[HandedOver]] = field(default_factory=dict)


def broken_promises(root: Path, held: Held) -> Iterator[str]:
    """What was said before the cut and does not hold after the start."""
    ledgers = _read_ledgers(root)
    deleted = {key for lines in ledgers.values() for key, _ in _deletions(lines)}
    yield from _made_up(ledgers)
    erased = _erased(ledgers)
    yield from _media(root, held, deleted, erased)
    yield from (f"{path.name} is left over" for path in sorted(root.rglob("*.left")))
    yield from _heads(root, held, ledgers, deleted)
    yield from _orders(root, held, ledgers)


def _read_ledgers(root: Path) -> dict[str, list[Line]]:
    ledgers = {}
    for folder in sorted((root / "state" / "ledger").glob("*")):
        try:
            ledgers[folder.name] = list(Ledger.read_lines(folder))
        except WatchglassError:
            ledgers[folder.name] = []  # the check tells of it
    return ledgers


def _deletions(lines: list[Line]) -> Iterator[tuple[tuple[str, int], str]]:
    for line in lines:
        if line.type == "files_deleted":
            for key in deleted_files(line):
                yield key, line.text("cause")


def _made_up(ledgers: dict[str, list[Line]]) -> Iterator[str]:
    """Causes that no power cut may lead to: what the ledger knew of was on disk."""
    for name, lines in ledgers.items():
        for key, cause in _deletions(lines):
            if cause != "retention":
                yield f"the ledger {name} knew of the file {key}, and it is gone ({cause})"


# --- media ----------------------------------------------------------------------------------------


def _erased(ledgers: dict[str, list[Line]]) -> dict[tuple[str, int], set[int]]:
    """By file the fragments that went, counted in it from 1."""
    found: dict[tuple[str, int], set[int]] = {}
    for line in (line for lines in ledgers.values() for line in lines):
        for each in erased_files(line) if line.type == "files_erased" else ():
            found.setdefault((each.run, each.sequence), set()).update(in_ranges(each.ranges))
    return found


def _media(
    root: Path, held: Held, deleted: set[tuple[str, int]], erased: dict[tuple[str, int], set[int]]
) -> Iterator[str]:
    handed_over = held.promises.pieces(held.cut)
    spans = held.promises.held(held.wall_ns)
    # While nobody records, as when everything was killed, nothing grows older.
    newest_ns = max(
        (piece.wall_ns for pieces in handed_over.values() for piece in pieces), default=0
    )
    until_ns = min(held.wall_ns, newest_ns + _FRAGMENT_NS)
    for path, pieces in handed_over.items():
        name = parse_media_path(Path(path))
        if name is None:
            continue
        key = (name.run, name.sequence)
        if key in deleted:
            if _is_held(path, pieces, spans):
                yield f"{path} is held, and was deleted"
            continue
        whole = held.whole[path]
        if key in erased:
            yield from cut_out(root / path, held, path, pieces, erased[key])
            lost = [
                piece
                for number, piece in enumerate(pieces)
                if number and number not in erased[key] and piece not in held.playable[path]
            ]
            held.lost_s = max([held.lost_s, *((until_ns - p.wall_ns) / NS_PER_S for p in lost)])
            continue
        was = _playable(pieces, held.left.get(path, b""), whole)
        now = 0
        if (root / path).exists():
            data = (root / path).read_bytes()
            now = _playable(pieces, data, whole)
        if now < was:
            yield f"recovery left {now} playable bytes of {was} in {path}"
        fragments = [piece for piece in pieces if not piece.is_header]
        held.playable[path] = [piece for piece in fragments if piece.end <= now]
        for piece in fragments:
            if piece.end > now:
                held.lost_s = max(held.lost_s, (until_ns - piece.wall_ns) / NS_PER_S)


def _is_held(path: str, pieces: list[HandedOver], spans: list[tuple[str, int, int]]) -> bool:
    camera = PurePosixPath(path).parts[1]
    return any(
        camera == of and begins + NS_PER_S < piece.wall_ns < ends
        for of, begins, ends in spans
        for piece in pieces
        if not piece.is_header
    )


def cut_out(
    there: Path, held: Held, path: str, pieces: list[HandedOver], gone: set[int]
) -> Iterator[str]:
    """What was erased is not in the file, and all else that the cut left of it is, in its order."""
    data = there.read_bytes() if there.exists() else b""
    left, whole = held.left.get(path, b""), held.whole[path]
    begins = [0, *(piece.end for piece in pieces)]
    parts = [whole[begin : piece.end] for begin, piece in zip(begins, pieces, strict=False)]
    kept = [number for number in range(len(pieces)) if number not in gone]
    # What was not synced may be lost as everywhere, before it was cut out of or, in a start whose
    # power went too, before that start.
    end = _playable(pieces, left, whole)
    before = [number for number in kept if pieces[number].end <= end]
    after = [n for at, n in enumerate(kept, 1) if left.startswith(_joined(parts, kept[:at]))]
    kept = max(before, after, key=len)
    held.playable[path] = [pieces[number] for number in kept if not pieces[number].is_header]
    for number in gone & set(range(len(pieces))):
        if parts[number] in data:
            yield f"fragment {number} of {path} was erased, and is there"
    if not data.startswith(_joined(parts, kept)):
        yield f"what was kept of {path} when some of it was erased is not as it was"


def _joined(parts: list[bytes], numbers: list[int]) -> bytes:
    return b"".join(parts[number] for number in numbers)


def _playable(pieces: list[HandedOver], data: bytes, whole: bytes) -> int:
    """The end of the last fragment up to which nothing is missing or changed."""
    end = 0
    for piece in pieces:
        if data[end : piece.end] != whole[end : piece.end]:
            break
        end = piece.end
    return end


# --- heads ----------------------------------------------------------------------------------------


def _heads(
    root: Path, held: Held, ledgers: dict[str, list[Line]], deleted: set[tuple[str, int]]
) -> Iterator[str]:
    for name, heads in held.promises.heads(held.cut).items():
        roots = _roots(ledgers.get(name, []))
        for head in heads:
            if head.size >= len(roots):
                yield f"{head.size} lines of {name} were signed, and {len(roots) - 1} are left"
                break
            if roots[head.size].hex() != head.root:
                yield f"the first {head.size} lines of {name} are not those that were signed"
                break
        yield from _open_files(root, name, heads, deleted)


def _roots(lines: list[Line]) -> list[bytes]:
    frontier = Frontier()
    roots = [frontier.root()]
    for line in lines:
        frontier.append(line.leaf)
        roots.append(frontier.root())
    return roots


def _open_files(
    root: Path, camera: str, heads: list[Head], deleted: set[tuple[str, int]]
) -> Iterator[str]:
    signed = {
        (each.run, each.sequence): (each.fragments, each.root, each.stream)
        for head in heads
        for each in head.open
        if (each.run, each.sequence) not in deleted
    }
    for (run, sequence), (fragments, signed_root, stream) in signed.items():
        found = None
        pattern = f"{camera}/{stream}/*/*/*/*-{run}-{sequence:04d}.mp4"
        for path in (root / "media").glob(pattern):
            found = _scanned(path)
        if found is None or len(found.entries) < fragments:
            yield f"{fragments} fragments of {run} {sequence} were signed, and are not there"
            continue
        leaves = [found.header_leaf, *(entry.leaf for entry in found.entries[:fragments])]
        if Frontier(leaves).root() != signed_root:
            yield f"the first {fragments} fragments of {run} {sequence} are not those signed"


def _scanned(path: Path) -> ScannedFile | None:
    fd = os.open(path, os.O_RDONLY)
    try:
        return scan(fd, os.fstat(fd).st_size)
    except WatchglassError:
        return None
    finally:
        os.close(fd)


# --- orders ---------------------------------------------------------------------------------------


def _orders(root: Path, held: Held, ledgers: dict[str, list[Line]]) -> Iterator[str]:
    found = _settings(root / "state")
    for (camera, name), may_be in held.promises.settings(held.wall_ns).items():
        value = found.get((camera, name), "absent")
        if value not in may_be:
            yield f"{name} of {camera} is {value}, and was answered to be {' or '.join(may_be)}"
    written = Counter((name, line.type) for name, lines in ledgers.items() for line in lines)
    for key, count in held.promises.lines(held.wall_ns).items():
        if written[key] < count:
            yield f"{count} lines {key[1]} of {key[0]} were answered for, {written[key]} are there"


def _settings(state: Path) -> dict[tuple[str, str], str]:
    """What the database has, in the words of the orders."""
    disk = Disk()
    found: dict[tuple[str, str], str] = {}
    site = SiteStore(state / "site.db", Vault(state / "keys" / "vault.key", disk), SystemClock())
    try:
        for camera in site.cameras(include_removed=True):
            found[camera.id, "state"] = camera.state.value
            found[camera.id, "sound"] = str(camera.sound)
    finally:
        site.close()
    access = AccessStore(state / "site.db", disk)
    try:
        if access.has_user():
            found[USER, "user"] = "there"
    finally:
        access.close()
    return found
