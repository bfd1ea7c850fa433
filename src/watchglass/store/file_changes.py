"""Rows of files as they will be, until they are written."""

from watchglass.base.ids import RunId
from watchglass.store.index_rows import FileRow

_Key = tuple[RunId, int]


class FileChanges:
    """Files that one transaction has read or changed, and which of them wait to be written."""

    def __init__(self) -> None:
        self._rows: dict[_Key, FileRow] = {}
        self._last: dict[RunId, int] = {}
        # Without values: sets that keep the order in which they were filled.
        self._added: dict[_Key, None] = {}
        self._changed: dict[_Key, None] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, run: RunId, sequence: int) -> FileRow | None:
        return self._rows.get((run, sequence))

    def last(self, run: RunId) -> FileRow | None:
        """The file of a run with the highest sequence, where it was said which that is."""
        sequence = self._last.get(run)
        return None if sequence is None else self._rows[run, sequence]

    def keep(self, row: FileRow, *, last: bool = False) -> None:
        """A file as it was read; ``last`` when it is the last of its run."""
        self._rows[row.run, row.sequence] = row
        if last:
            self._last[row.run] = row.sequence

    def add(self, row: FileRow) -> None:
        """A file that is new."""
        key = (row.run, row.sequence)
        self._rows[key] = row
        self._added[key] = None
        if self._last.get(row.run, row.sequence) < row.sequence:
            self._last[row.run] = row.sequence

    def change(self, row: FileRow) -> None:
        """A file that was read or added before, as it is now."""
        key = (row.run, row.sequence)
        self._rows[key] = row
        if key not in self._added:
            self._changed[key] = None

    def take(self) -> tuple[list[FileRow], list[FileRow]]:
        """What is to be written: added, and changed; it does not wait any longer."""
        added = [self._rows[key] for key in self._added]
        changed = [self._rows[key] for key in self._changed]
        self._added.clear()
        self._changed.clear()
        return added, changed

    def forget(self) -> None:
        """Read anew from now on; nothing may wait."""
        self._rows.clear()
        self._last.clear()
