"""The site's ledger as people read it: who did what, and when, newest first."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from watchglass.base.disk import Disk
from watchglass.base.errors import ConfigError, DamagedError
from watchglass.base.ids import CameraId
from watchglass.recording.backwards import lines_back, raw_lines_back
from watchglass.recording.commitment import TextStore
from watchglass.recording.heads import Head, parse_head
from watchglass.recording.ledger import FORMAT_VERSION, Line
from watchglass.recording.people import ACTED, LOOKED

_OF_MACHINES = frozenset({"ledger_started", "key", "restored"})
_TEXTS = 4096


@dataclass(frozen=True, slots=True)
class Said:
    """A text beside the ledger. ``text`` None: it was erased, or is not what the ledger names."""

    text: str | None
    damaged: bool = False


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line. ``what`` is the line's type, or of an act its kind; times are UTC ns.

    ``at_ns``: when it happened, as far as the line tells, else when it was written. ``id`` is that
    of a look, whose later lines, met first, tell all of it. None for what the line does not have.
    """

    n: int
    place: str
    at_ns: int
    what: str
    id: str | None
    camera: CameraId | None
    by: Said | None
    reason: Said | None
    stream: str | None
    how: str | None
    from_ns: int | None
    to_ns: int | None
    count: int
    unmasked: bool
    more: dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the log somebody wants to see; empty or None: all. ``by`` is a whole name."""

    camera: CameraId | None = None
    by: str = ""
    what: frozenset[str] = frozenset()
    from_ns: int | None = None
    to_ns: int | None = None

    def fits(self, entry: LogEntry) -> bool:
        """Whether it is one of these."""
        return (
            (self.camera is None or entry.camera == self.camera)
            and (not self.by or (entry.by is not None and entry.by.text == self.by))
            and (not self.what or entry.what in self.what)
            and (self.to_ns is None or entry.at_ns < self.to_ns)
        )


@dataclass(slots=True)
class Page:
    """Some entries, newest first. ``before`` leads on; empty: the log begins here."""

    entries: list[LogEntry] = field(default_factory=list)
    before: str = ""
    reached_ns: int | None = None
    """How far back it was looked (UTC ns), where entries were passed over."""


class SiteLog:
    """Reads while the keeper writes. Used by one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts = TextStore(folder / "texts", Disk())

    def page(self, wanted: Wanted, before: str, most: int, most_lines: int) -> Page:
        """At most so many entries, found in at most so many lines; what ``lines_back`` raises."""
        page = Page()
        seen: set[str] = set()
        said = self._remembering()
        for read, (place, line) in enumerate(lines_back(self._folder, before), 1):
            page.before, page.reached_ns = place, line.t
            if wanted.from_ns is not None and line.t < wanted.from_ns:
                page.before = ""
                break
            entry = self._entry(place, line, said)
            if entry is not None and entry.id not in seen and wanted.fits(entry):
                page.entries.append(entry)
                if entry.id is not None:
                    seen.add(entry.id)
            if len(page.entries) >= most or read >= most_lines:
                break
        else:
            page.before = ""
        return page

    def _remembering(self) -> Callable[[Line, str], Said | None]:
        """One text stands beside many lines of a day: each file is read once a page."""
        known: dict[str, Said] = {}

        def said(line: Line, name: str) -> Said | None:
            if name not in line.fields:
                return None
            commitment = line.text(name)
            if commitment not in known:
                if len(known) >= _TEXTS:
                    known.clear()
                known[commitment] = self._read(commitment)
            return known[commitment]

        return said

    def _read(self, commitment: str) -> Said:
        try:
            return Said(self._texts.get(commitment))
        except DamagedError:
            return Said(None, damaged=True)

    def _entry(
        self, place: str, line: Line, said: Callable[[Line, str], Said | None]
    ) -> LogEntry | None:
        if line.version != FORMAT_VERSION or line.type in _OF_MACHINES:
            return None
        fields = dict(_plain(line))
        acted = line.type == ACTED
        at_ns = line.integer("at") if acted else line.t
        look = line.type == LOOKED
        camera = _text(line, "camera")
        return LogEntry(
            line.n, place, at_ns,
            line.text("what") if acted else line.type,
            line.text("look") if look else None,
            CameraId(camera) if camera is not None else None,
            said(line, "by"), said(line, "detail" if acted else "reason"),
            _text(line, "stream"), _text(line, "how"), _moment(line, "from"), _moment(line, "to"),
            line.number("count") if "count" in line.fields else 1,
            line.fields.get("unmasked") is True,
            fields,
        )  # fmt: skip


_OWN = frozenset({
    "camera", "by", "reason", "detail", "stream", "how", "from", "to", "count", "unmasked",
    "look", "act", "what", "at", "approved_by",
})  # fmt: skip


def _plain(line: Line) -> Iterator[tuple[str, str | int | bool]]:
    """What else a line tells."""
    for name, value in line.fields.items():
        if name not in _OWN and isinstance(value, str | int | bool):
            yield name, value


def _text(line: Line, name: str) -> str | None:
    return line.text(name) if name in line.fields else None


def _moment(line: Line, name: str) -> int | None:
    return line.integer(name) if name in line.fields else None


def newest_head(folder: Path) -> Head | None:
    """The newest head of a ledger that can be read; None where none is. StorageError."""
    for raw in raw_lines_back(folder / "heads"):
        with suppress(DamagedError, ConfigError):
            return parse_head(raw)
    return None
