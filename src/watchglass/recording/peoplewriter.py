"""Writes what people did into the site's ledger: each state of it once, however often told."""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import StorageError
from watchglass.base.ids import ActId, LookId
from watchglass.model.act import Act, Note
from watchglass.model.look import Look
from watchglass.recording.desk import SITE, Desk
from watchglass.recording.entry import LedgerEntry
from watchglass.recording.ledger import Line, parse_line
from watchglass.recording.linelog import month_files
from watchglass.recording.people import ACTED, LOOKED, is_act, is_look, noted_look

_REMEMBERED = 8192
_REMEMBERED_NS = 15 * 60 * NS_PER_S
"""Who tells again does so within minutes: after a time-out, or once it has been started again."""
_REMEMBERED_TEXTS = 1024
_RECALLED_BYTES = 1 << 20
_DAY_NS = 24 * 3600 * NS_PER_S

_Span = tuple[int, int | None]
_Told = tuple[int, int | None, int]
"""A span, and when it was told, monotonic."""


class PeopleWriter:
    """Of one keeper. What a keeper before it wrote last is recalled from the ledger."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._told: OrderedDict[LookId | ActId, _Told] | None = None
        self._texts: OrderedDict[str, str | None] = OrderedDict()
        self._texts_day = -1

    def note(self, notes: Sequence[Note]) -> None:
        """Lines for what the ledger does not say yet; durable as ``note_site`` says.

        A camera that the keeper does not know is noted as well: nothing is refused.
        """
        if self._told is None:
            self._told = self._recall()
        told = self._told
        fresh = {note.id: note for note in notes if not _holds(told.get(note.id), note)}
        if fresh:
            self._desk.note_site(*[self._entry(note) for note in fresh.values()])
        now_ns = self._desk.clock.monotonic_ns()
        for note in fresh.values():
            told[note.id] = *_span(note), now_ns
            told.move_to_end(note.id)
        while told and (len(told) > _REMEMBERED or _is_old(told, now_ns)):
            told.popitem(last=False)

    def _entry(self, note: Note) -> LedgerEntry:
        by = self._text(note.user)
        if isinstance(note, Act):
            return (
                ACTED,
                {
                    "act": note.id, "what": note.kind.value, "at": str(note.at_ns),
                    "camera": note.camera, "count": note.count if note.count != 1 else None,
                    "by": by, "detail": self._text(note.detail),
                },
            )  # fmt: skip
        return (
            LOOKED,
            {
                "look": note.id, "camera": note.camera, "stream": note.stream.value,
                "how": note.kind.value, "from": str(note.from_ns),
                "to": str(note.to_ns) if note.to_ns is not None else None,
                "unmasked": True if note.unmasked else None,
                "by": by, "reason": self._text(note.reason),
            },
        )  # fmt: skip

    def _text(self, text: str) -> str | None:
        """What stands for a name or a reason, one commitment a day.

        One a look would cost a file and two syncs each, one for ever would be a pseudonym.
        """
        day = self._desk.clock.wall_ns() // _DAY_NS
        if day != self._texts_day:
            self._texts.clear()
            self._texts_day = day
        if text not in self._texts:
            self._texts[text] = self._desk.commit_site(text)
            if len(self._texts) > _REMEMBERED_TEXTS:
                self._texts.popitem(last=False)
        return self._texts[text]

    def _recall(self) -> OrderedDict[LookId | ActId, _Told]:
        told: OrderedDict[LookId | ActId, _Told] = OrderedDict()
        now_ns = self._desk.clock.monotonic_ns()
        for line in _newest_lines(self._desk.chronicle(SITE).folder):
            if is_look(line):
                look = noted_look(line)
                told[look.id] = look.from_ns, look.to_ns, now_ns
            elif is_act(line):
                at_ns = line.integer("at")
                told[ActId(line.text("act"))] = at_ns, at_ns, now_ns
        return told


def _span(note: Note) -> _Span:
    return (note.from_ns, note.to_ns) if isinstance(note, Look) else (note.at_ns, note.at_ns)


def _is_old(told: OrderedDict[LookId | ActId, _Told], now_ns: int) -> bool:
    """Whether the first of them was told too long ago to be told again."""
    *_, told_ns = next(iter(told.values()))
    return now_ns - told_ns > _REMEMBERED_NS


def _holds(told: _Told | None, note: Note) -> bool:
    """Whether what was told of it says all of it: a span only grows."""
    if told is None:
        return False
    from_ns, to_ns, _ = told
    new_from_ns, new_to_ns = _span(note)
    ends = new_to_ns is None or (to_ns is not None and new_to_ns <= to_ns)
    return from_ns <= new_from_ns and ends


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
