"""A ledger put into a new state folder: what a telling says, and a line that begins an epoch."""

from pathlib import Path

from watchglass.base.clock import Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.ids import random_id
from watchglass.recording.commitment import TextStore, commit
from watchglass.recording.keys import ALGORITHM, SigningKey
from watchglass.recording.ledger import Ledger
from watchglass.recording.lineage import RESTORED, Telling
from watchglass.recording.linelog import month_files


def put_ledger(
    told: Telling | None, name: str, state: Path, key: SigningKey, disk: Disk, clock: Clock, by: str
) -> int:
    """Write the ledger ``name`` of a state folder that has none; how many lines were told before.

    None for one of which nothing was found: it begins anew. Not synced; the caller does it once.
    """
    folder = state / "ledger" / name
    if told is not None:
        _copy(told.folder, folder, told.lines_end, disk)
        _copy(told.folder / "heads", folder / "heads", told.heads_end, disk)
    who = commit(by)
    TextStore(folder / "texts", disk).put(who, clock.wall_ns(), personal=True)
    ledger = Ledger.open(folder, disk, clock, ledger=name)
    before = ledger.size
    named = {"key": key.key_id, "algorithm": ALGORITHM, "public_key": key.public_hex}
    fields = {
        "epoch": random_id(),
        "known": str(told.known_ns if told is not None else clock.wall_ns()),
        "head": told.heads[-1].hash if told is not None and told.heads else None,
        "by": who.hex,
    }
    ledger.append_batch([(RESTORED, fields), ("key", named)])
    ledger.close()
    return before


def _copy(source: Path, target: Path, end: tuple[str, int], disk: Disk) -> None:
    """Month files up to ``end``, a name and an offset in it."""
    last, offset = end
    for path in month_files(source):
        if path.name > last:
            return
        data = path.read_bytes()
        disk.make_folders(WriteSite.RESTORE, target)
        kept = data[:offset] if path.name == last else data
        disk.write_whole(WriteSite.RESTORE, target / path.name, kept)
