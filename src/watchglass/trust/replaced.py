"""Tables that a user put in the place of the package's: checked first, the old ones kept."""

from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.disk import Disk, WriteSite
from watchglass.trust.facts import Facts, make_facts, read_facts, read_file
from watchglass.trust.reading import TABLES
from watchglass.trust.table import FactsError

OLD = "old"


class ReplacedTables:
    """A folder with tables that count before the package's."""

    def __init__(self, folder: Path, disk: Disk, clock: Clock) -> None:
        self.folder = folder
        self._disk = disk
        self._clock = clock

    def facts(self) -> Facts:
        """The facts in use."""
        return read_facts(self.folder)

    def update(self, path: Path) -> tuple[str, ...]:
        """Use a table, or each table of a folder, from now on; their names.

        All are checked, alone and with those that stay, before the first is put in place. What lay
        there goes to ``old``, by the time at which it was replaced. FactsError changes nothing.
        """
        names = {form.name for form in TABLES}
        paths = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        given = {each.stem: read_file(each) for each in paths}
        unknown = given.keys() - names
        if unknown or not given:
            wrong = ", ".join(sorted(unknown)) or "no table"
            raise FactsError(
                f"{path} holds {wrong[:200]}: tables are files called "
                f"{', '.join(f'{name}.csv' for name in sorted(names))}."
            )
        whole = given | {name: self._in_use(name) for name in names - given.keys()}
        make_facts(whole, "given", frozenset(given))
        for name, data in given.items():
            self._keep_old(name)
            self._disk.make_folders(WriteSite.SETTINGS, self.folder, 0o700)
            self._disk.write_whole(WriteSite.SETTINGS, self._path(name), data, 0o600)
        return tuple(sorted(given))

    def reset(self, name: str) -> None:
        """Go back to the package's own table."""
        if not self._path(name).is_file():
            raise FactsError(f"The table {name} is the package's own already.")
        self._keep_old(name)
        self._disk.unlink(WriteSite.SETTINGS, self._path(name))

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.csv"

    def _in_use(self, name: str) -> bytes:
        if self._path(name).is_file():
            return read_file(self._path(name))
        return (resources.files("watchglass.trust") / "data" / f"{name}.csv").read_bytes()

    def _keep_old(self, name: str) -> None:
        if not self._path(name).is_file():
            return
        now = datetime.fromtimestamp(self._clock.wall_ns() / NS_PER_S, UTC)
        old = self.folder / OLD
        self._disk.make_folders(WriteSite.SETTINGS, old, 0o700)
        kept = old / f"{name}-{now:%Y%m%dT%H%M%S.%f}Z.csv"
        self._disk.write_whole(WriteSite.SETTINGS, kept, read_file(self._path(name)), 0o600)
