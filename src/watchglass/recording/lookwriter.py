"""Writes looks into the site's ledger: each state of a look once, however often it is told."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import StorageError
from watchglass.base.ids import LookId
from watchglass.model.look import Look
from watchglass.recording.desk import SITE, Desk
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.ledger import Line, parse_line
from watchglass.recording.linelog import month_files
from watchglass.recording.looks import LOOKED, is_look, noted_look

_REMEMBERED = 8192
_RECALLED_BYTES = 1 << 20
_DAY_NS = 24 * 3600 * NS_PER_S

_Span = tuple[int, int | None]


class LookWriter:
    """Of one keeper. What a keeper before it wrote last is recalled from the ledger."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: OrderedDict[LookId, _Span] | None = None
        self._names: dict[str, str | None] = {}
        self._named_day = -1

    def note(self, looks: Sequence[Look]) -> None:
        """Lines for what the ledger does not say yet; durable as ``note_site`` says.

        A camera that the keeper does not know is noted as well: no look is refused.
        """
        if self._told is None:
            self._told = self._recall()
        told = self._told
        fresh = {look.id: look for look in looks if not _holds(told.get(look.id), look)}
        if fresh:
            self._desk.note_site(*[self._entry(look) for look in fresh.values()])
        for look in fresh.values():
            told[look.id] = look.from_ns, look.to_ns
            told.move_to_end(look.id)
        while len(told) > _REMEMBERED:
            told.popitem(last=False)

    def _entry(self, look: Look) -> LedgerEntry:
        return (
            LOOKED,
            {
                "look": look.id, "camera": look.camera, "stream": look.stream.value,
                "how": look.kind.value, "from": str(look.from_ns),
                "to": str(look.to_ns) if look.to_ns is not None else None,
                "by": self._name(look.user),
            },
        )  # fmt: skip

    def _name(self, user: str) -> str | None:
        """What stands for a name, one commitment a day.

        One a look would cost a file and two syncs each, one for ever would be a pseudonym.
        """
        day = self._desk.clock.wall_ns() // _DAY_NS
        if day != self._named_day:
            self._names, self._named_day = {}, day
        if user not in self._names:
            self._names[user] = self._desk.commit_site(user)
        return self._names[user]

    def _recall(self) -> OrderedDict[LookId, _Span]:
        told: OrderedDict[LookId, _Span] = OrderedDict()
        for line in _newest_lines(self._desk.chronicle(SITE).folder):
            if is_look(line):
                look = noted_look(line)
                told[look.id] = look.from_ns, look.to_ns
        return told


def _holds(told: _Span | None, look: Look) -> bool:
    """Whether what was told of a look says all of it: a span only grows."""
    if told is None:
        return False
    from_ns, to_ns = told
    ends = look.to_ns is None or (to_ns is not None and look.to_ns <= to_ns)
    return from_ns <= look.from_ns and ends


def _newest_lines(ledger: Path) -> Iterator[Line]:
    """Of the two newest months, oldest first: who tells again does so within minutes."""
    for path in month_files(ledger)[-2:]:
        try:
            with path.open("rb") as file:
                start = max(0, path.stat().st_size - _RECALLED_BYTES)
                file.seek(start)
                lines = file.read().splitlines()
        except OSError as error:
            raise StorageError(f"Reading {path} failed ({error}): check the disk.") from error
        # The first may be the end of one that began before.
        for raw in lines[1:] if start else lines:
            yield parse_line(raw)
