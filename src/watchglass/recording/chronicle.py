"""A ledger with all that belongs to it: its heads, its texts, and the copy on the volume."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk
from watchglass.model.gap import GapCause
from watchglass.recording.commitment import TextStore, commit
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.erasure import PendingErasures
from watchglass.recording.heads import HeadChain, OpenFile
from watchglass.recording.keys import SigningKey
from watchglass.recording.ledger import Ledger, Line
from watchglass.recording.ledgercopy import LedgerCopy
from watchglass.recording.marks import Marks


class Chronicle:
    """The ledger of a camera, or of the site, open for writing."""

    def __init__(
        self, folder: Path, name: str, disk: Disk, clock: Clock, key: SigningKey,
        retired: SigningKey | None = None,
    ) -> None:  # fmt: skip
        """Open it, or make it. DamagedError when it cannot be gone on with. ``retired`` vouches for
        the key, where it is the one that was named before."""
        self.folder = folder
        self.name = name
        self._disk = disk
        self._clock = clock
        self._key = key
        self._ledger = Ledger.open(folder, disk, clock, ledger=name)
        self._texts = TextStore(folder / "texts", disk)
        self._heads = HeadChain(folder / "heads", disk, name, self._ledger.epoch)
        self._copy: LedgerCopy | None = None
        self._copy_to: Path | None = None
        if self._ledger.last_key != key.key_id:
            before = retired and (retired if self._ledger.last_key == retired.key_id else None)
            self._ledger.append("key", key.line(name, before))
        self._next: SigningKey | None = None

    @property
    def size(self) -> int:
        """Number of lines."""
        return self._ledger.size

    @property
    def holds(self) -> dict[str, tuple[int, int]]:
        """Spans (UTC ns) that are held, by the hold's id: as the lines say, not the index."""
        return self._ledger.holds

    @property
    def marks(self) -> Marks:
        """Spans in which something happened, as the lines say."""
        return self._ledger.marks

    @property
    def erasures(self) -> PendingErasures:
        """What was ordered to go and has not gone yet, as the lines say."""
        return self._ledger.erasures

    @property
    def stood_still(self) -> GapCause | None:
        """Whether the camera was paused or disabled when the ledger was opened."""
        return self._ledger.stood_still

    @property
    def known_ns(self) -> int:
        """How far (UTC ns) the lines told before the last restore, when the ledger was opened."""
        return self._ledger.known_ns

    def renew(self, key: SigningKey) -> LedgerEntry:
        """The line that names another key; with it, that key signs."""
        self._next = key
        return "key", {**key.line(self.name, self._key)}

    @property
    def key_id(self) -> str:
        """Of the key that signs."""
        return self._key.key_id

    def lines(self) -> Iterator[Line]:
        """All lines there are, from disk."""
        return self._ledger.lines()

    def append(self, entries: Sequence[LedgerEntry]) -> list[Line]:
        """Write lines; durable with the next sync of the state folder."""
        lines = self._ledger.append_batch(entries)
        if self._next is not None and any(line.type == "key" for line in lines):
            self._key, self._next = self._next, None
        return lines

    def commit(self, text: str, *, personal: bool) -> str | None:
        """Keep a text beside the ledger; what goes into a line for it. None for no text.

        ``personal``: who did something, or why; it is forgotten in time.
        """
        if not text:
            return None
        commitment = commit(text)
        self._texts.put(commitment, self._clock.wall_ns(), personal=personal)
        return commitment.hex

    def forget(self, before_ns: int, most: int) -> int:
        """Erase names and reasons from before then (UTC ns); how many went. The lines stay."""
        return self._texts.forget(before_ns, most)

    def sign(self, open_files: Sequence[OpenFile], copy_to: Path | None) -> None:
        """Copy the ledger to the volume, and sign what it says. All of it must be durable."""
        if copy_to is not None:
            if self._copy is None or self._copy_to != copy_to:
                self._copy, self._copy_to = LedgerCopy(self.folder, copy_to, self._disk), copy_to
            self._copy.bring_up()
        now_ns = self._clock.wall_ns()
        self._heads.sign(self._key, now_ns, self._ledger.size, self._ledger.root(), open_files)

    def thin(self) -> int:
        """Thin old heads; how many went. The copy is compared anew after it."""
        gone = self._heads.thin(self._clock.wall_ns())
        if gone:
            self._copy = None
        return gone

    def synced(self) -> None:
        """All that was written here so far is durable."""
        self._ledger.synced()
        self._heads.synced()

    def write_again(self) -> None:
        """After a sync that failed: hand what was written since ``synced`` over once more."""
        self._ledger.write_again()
        self._heads.write_again()

    def close(self) -> None:
        self._ledger.close()
        self._heads.close()
