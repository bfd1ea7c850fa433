"""What was signed last of every ledger."""

from pathlib import Path

from watchglass.recording.heads import parse_head
from watchglass.recording.linelog import LineReader


def newest_heads(ledgers: Path) -> list[bytes]:
    """The newest head of each ledger, as it lies; none where nothing was signed yet."""
    found = (_newest(ledger / "heads") for ledger in sorted(ledgers.glob("*")))
    return [raw for raw in found if raw is not None]


def _newest(folder: Path) -> bytes | None:
    newest = None
    for _, raw, _ in LineReader(folder, parse_head):
        newest = raw
    return newest
