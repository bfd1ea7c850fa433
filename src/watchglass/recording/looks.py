"""Looks as the site's ledger tells of them (docs/format.md, 3.3)."""

from dataclasses import dataclass, replace
from pathlib import Path

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, LookId
from watchglass.model.look import LookKind
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import FORMAT_VERSION, Ledger, Line

LOOKED = "looked"


@dataclass(frozen=True, slots=True)
class NotedLook:
    """Times are UTC ns. ``noted_ns`` is when its first line was written, ``by`` a commitment."""

    id: LookId
    by: str | None
    camera: CameraId
    stream: StreamName
    kind: LookKind
    from_ns: int
    to_ns: int | None
    noted_ns: int


def is_look(line: Line) -> bool:
    """Whether a line of the site's ledger tells of a look."""
    return line.version == FORMAT_VERSION and line.type == LOOKED


def noted_look(line: Line) -> NotedLook:
    """The look that a line tells of; DamagedError for one that lacks something."""
    try:
        return NotedLook(
            LookId(line.text("look")),
            line.text("by") if "by" in line.fields else None,
            CameraId(line.text("camera")),
            StreamName(line.text("stream")),
            LookKind(line.text("how")),
            line.integer("from"),
            line.integer("to") if "to" in line.fields else None,
            line.t,
        )
    except ValueError as error:
        raise DamagedError(f"Line {line.n} tells of no look ({error}).") from error


def noted_looks(ledger: Path, since_ns: int) -> list[NotedLook]:
    """The looks that a site's ledger tells of since then (UTC ns), each once, in its order.

    Somebody else may be writing. DamagedError names file and line of what cannot be read.
    """
    found: dict[LookId, NotedLook] = {}
    for line in Ledger.read_lines(ledger):
        if line.t >= since_ns and is_look(line):
            look = noted_look(line)
            first = found.get(look.id)
            found[look.id] = look if first is None else replace(look, noted_ns=first.noted_ns)
    return list(found.values())
