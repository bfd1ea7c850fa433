"""What is fuzzed of the readers of the disk, and what must hold whatever lies there."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benches import _mutate
from watchglass.api.filetable import FileTable
from watchglass.base.clock import SimulatedClock
from watchglass.base.disk import Disk
from watchglass.base.errors import WatchglassError
from watchglass.model.stream import Track
from watchglass.recording.alive import last_seen
from watchglass.recording.check import check
from watchglass.recording.desk import KeeperLimits
from watchglass.recording.fileheader import decode_header
from watchglass.recording.footer import Entry
from watchglass.recording.fragment import decode_fragment
from watchglass.recording.heads import read_heads, verify_chain
from watchglass.recording.keeper import Keeper
from watchglass.recording.ledger import Ledger
from watchglass.recording.mediafile import ScannedFile, scan, verify
from watchglass.recording.recovery import holes, media_end
from watchglass.recording.shape import shape_of
from watchglass.recording.timeline import timeline
from watchglass.recording.track import track_header, video_configuration
from watchglass.recording.volume import Volume, volume_at

GOLDEN = Path(__file__).parents[1] / "tests" / "golden" / "v1"
_NOW_NS = 1_772_000_000 * 10**9
"""Some weeks after what the golden site tells of."""


class BrokenPromise(Exception):
    """An invariant did not hold; the text says which."""


@dataclass(frozen=True, slots=True)
class Target:
    """``run`` takes an input; what comes out of it besides ``allowed`` is a finding. ``parts`` are
    more samples to take pieces of; ``mutators`` are taken by chance; ``share`` is that of the time.
    """

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[bytes], None]
    mutators: tuple[_mutate.Mutator, ...]
    allowed: tuple[type[Exception], ...] = (WatchglassError,)
    share: float = 1.0
    parts: tuple[bytes, ...] = ()
    modules: tuple[str, ...] = field(default=("watchglass/recording/",))
    """Parts of the paths of what is to be covered."""


# --- seeds ----------------------------------------------------------------------------------------


def _media() -> list[Path]:
    return sorted((GOLDEN / "volume").rglob("*.mp4"))


def _ledgers() -> list[Path]:
    return [
        path for path in sorted((GOLDEN / "state").rglob("*.jsonl")) if "heads" not in path.parts
    ]


def _heads() -> list[Path]:
    return [path for path in sorted((GOLDEN / "state").rglob("*.jsonl")) if "heads" in path.parts]


def _bytes(paths: list[Path]) -> tuple[bytes, ...]:
    return tuple(path.read_bytes() for path in paths)


def _fragments() -> tuple[bytes, ...]:
    found = []
    for data in _bytes(_media()):
        with _file(data) as (fd, size):
            entries = scan(fd, size).entries
        found += [data[each.offset : each.offset + each.length] for each in entries]
    return tuple(sorted(found, key=len)[:12])


def _headers() -> tuple[bytes, ...]:
    return tuple({data[: decode_header(data)[1]] for data in _bytes(_media())})


@contextmanager
def _file(data: bytes) -> Iterator[tuple[int, int]]:
    fd = os.memfd_create("fuzz")
    try:
        os.write(fd, data)
        yield fd, len(data)
    finally:
        os.close(fd)


# --- one reader each ------------------------------------------------------------------------------


def _fragment(data: bytes) -> None:
    decoded = decode_fragment(data)
    ends = [*decoded.offsets[1:], decoded.length]
    if decoded.length > len(data) or any(end > len(data) for end in ends):
        raise BrokenPromise("a sample reaches past the fragment's end")
    if not 0 <= decoded.duration <= 0xFFFFFFFF:
        raise BrokenPromise("a duration does not fit the footer")


def _header(data: bytes) -> None:
    for reader in (decode_header, shape_of, video_configuration):
        with suppress(WatchglassError):
            reader(data)
    for track in Track:
        with suppress(WatchglassError):
            if track_header(data, track).track is not track:
                raise BrokenPromise("another track's header")


def _whole(data: bytes) -> None:
    with _file(data) as (fd, size):
        found = scan(fd, size)
        _see_that_it_adds_up(found, size)
        verify(fd, size)
        list(holes(found.entries, media_end(found.info, found.entries)))
        quick = scan(fd, size, hash_leaves=False)
        if found.footer is not None and quick.entries != found.entries:
            raise BrokenPromise("a closed file reads otherwise without hashing")
        FileTable(most=2).file(Path(f"/proc/self/fd/{fd}"))


def _see_that_it_adds_up(found: ScannedFile, size: int) -> None:
    if found.whole_bytes + found.torn_bytes > size or found.whole_bytes > size:
        raise BrokenPromise("more is whole than there is")
    end = found.header_bytes
    for entry in found.entries:
        if entry.erased:
            continue
        if entry.offset != end:
            raise BrokenPromise("fragments do not lie one after the other")
        end = entry.offset + entry.length


class _Folder:
    """A folder for one file of lines, made once."""

    def __init__(self) -> None:
        self._made = tempfile.TemporaryDirectory(prefix="wg-fuzz-", dir=_SHM)
        self.path = Path(self._made.name)

    def lines(self, data: bytes) -> Path:
        (self.path / "2026-01.jsonl").write_bytes(data)
        return self.path


_SHM = "/dev/shm" if Path("/dev/shm").is_dir() else None
tempfile.tempdir = _SHM  # for what `check` makes, too


def _ledger(data: bytes) -> None:
    folder = _FOLDER().lines(data)
    for number, line in enumerate(Ledger.read_lines(folder)):
        if line.n != number:
            raise BrokenPromise("lines do not number on")


def _chain(data: bytes) -> None:
    folder = _FOLDER().lines(data)
    with suppress(WatchglassError):
        read_heads(folder)
    verify_chain(folder, _KEYS)


def _mark(data: bytes) -> None:
    folder = _FOLDER().path
    (folder / "volume.json").write_bytes(data)
    volume_at(folder)
    (folder / "alive").write_bytes(data)
    seen = last_seen([folder], Disk(), SimulatedClock())
    if seen is not None:
        seen.cause_since(SimulatedClock())


_made: list[_Folder] = []
_KEYS = {"k": "00" * 32}


def _FOLDER() -> _Folder:  # noqa: N802 - made when first asked for
    if not _made:
        _made.append(_Folder())
    return _made[0]


# --- the product on a spoilt site -----------------------------------------------------------------


class _QuietDisk(Disk):
    """Syncs cost nothing: no power is cut here."""

    def sync_filesystem(self, fd: int, what: str) -> None:
        """Nothing is on a disk."""


_LIMITS = KeeperLimits(
    sync_s=1.0, head_s=20.0, floor_bytes=0, ballast_bytes=0, default_retention_h=24 * 36_500
)


class _SpoiltSite:
    """The golden site, one file of it spoilt: the keeper starts on it, and it is checked."""

    def __init__(self, spoilt: Path) -> None:
        self._spoilt = spoilt.relative_to(GOLDEN)

    def __call__(self, data: bytes) -> None:
        with tempfile.TemporaryDirectory(prefix="wg-fuzz-", dir=_SHM) as name:
            folder = Path(name)
            shutil.copytree(GOLDEN, folder, dirs_exist_ok=True)
            (folder / self._spoilt).write_bytes(data)
            before = _playable(folder / "volume")
            volume = volume_at(folder / "volume")
            volumes = [Volume(volume, folder / "volume")] if volume is not None else []
            check(folder / "state", volumes, deep=True)
            try:
                _run_keeper(folder, volumes)
            finally:
                _see_that_all_is_kept(before, folder / "volume")


def _run_keeper(folder: Path, volumes: list[Volume]) -> None:
    clock = SimulatedClock(wall_ns=_NOW_NS)
    keeper = Keeper(folder / "state", _QuietDisk(), clock, _LIMITS)
    try:
        keeper.start(volumes, fresh=True)
        for _ in range(2):
            clock.advance(2 * 10**9)
            keeper.cycle()
        now_ns = clock.wall_ns()
        with keeper.index.read() as index:
            for row in index.streams():
                timeline(index, row.camera, row.stream, 0, now_ns, now_ns)
    finally:
        keeper.close()


def _playable(volume: Path) -> dict[Path, bytes]:
    """What of each file is whole fragments."""
    found = {}
    for path in volume.rglob("*.mp4"):
        data = path.read_bytes()
        with _file(data) as (fd, size), suppress(WatchglassError):
            scanned = scan(fd, size)
            end = scanned.whole_bytes
            if scanned.damaged:
                first = scanned.damaged[0] - scanned.info.first_fragment
                end = _offset(scanned.entries[first], end)
            found[path] = data[:end]
    return found


def _offset(entry: Entry, end: int) -> int:
    return entry.offset or end


def _see_that_all_is_kept(before: dict[Path, bytes], volume: Path) -> None:
    for path, playable in before.items():
        if not path.exists():
            raise BrokenPromise(f"{path.relative_to(volume)} is gone")
        if not path.read_bytes().startswith(playable):
            raise BrokenPromise(f"{path.relative_to(volume)} lost playable bytes")


def targets() -> list[Target]:
    """All of the disk's, with the golden site of the first format for seeds."""
    media, ledgers, heads = _media(), _ledgers(), _heads()
    boxes = (_mutate.spoil_boxes, _mutate.spoil_bytes)
    closed = (_mutate.spoil_footer, _mutate.spoil_boxes, _mutate.spoil_bytes)
    lines = (_mutate.spoil_lines, _mutate.spoil_lines, _mutate.spoil_bytes)
    camera = max(ledgers, key=lambda path: path.stat().st_size)
    chain = camera.parent / "heads" / camera.name
    marks = [GOLDEN / "volume" / "volume.json", GOLDEN / "volume" / "alive"]
    return [
        Target("fragment", _fragments(), _fragment, boxes),
        Target("header", _headers(), _header, boxes),
        Target("file", _bytes(media), _whole, closed),
        Target("ledger", _bytes(ledgers), _ledger, lines, share=0.5),
        Target("heads", _bytes(heads), _chain, lines, share=0.5),
        Target("marks", _bytes(marks), _mark, lines, share=0.3),
        Target(
            "site, a ledger spoilt", _bytes([camera]), _SpoiltSite(camera), lines, share=3.0,
            parts=_bytes(ledgers),
        ),
        Target(
            "site, heads spoilt", _bytes([chain]), _SpoiltSite(chain), lines, parts=_bytes(heads)
        ),
        *(
            Target(
                f"site, {name} spoilt", _bytes([path]), _SpoiltSite(path), closed,
            )
            for name, path in zip(("a closed file", "sound", "an open file"), media, strict=False)
        ),
        Target(
            "site, its volume's mark spoilt", _bytes(marks[:1]), _SpoiltSite(marks[0]), lines,
            share=0.3,
        ),
    ]  # fmt: skip
