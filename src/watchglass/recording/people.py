"""What people did, as the site's ledger tells of it (docs/format.md, 3.3)."""

from dataclasses import dataclass, replace
from pathlib import Path

from watchglass.base.errors import DamagedError
from watchglass.base.ids import CameraId, LookId
from watchglass.model.look import LookKind
from watchglass.model.stream import StreamName
from watchglass.recording.ledger import FORMAT_VERSION, Ledger, Line

LOOKED = "looked"
ACTED = "acted"


@dataclass(frozen=True, slots=True)
class NotedLook:
    """Times are UTC ns. ``noted_ns`` is when its first line was written; ``by`` and ``reason`` are
    commitments."""

    id: LookId
    by: str | None
    camera: CameraId
    stream: StreamName
    kind: LookKind
    from_ns: int
    to_ns: int | None
    noted_ns: int
    unmasked: bool = False
    reason: str | None = None


def is_look(line: Line) -> bool:
    """Whether a line of the site's ledger tells of a look."""
    return line.version == FORMAT_VERSION and line.type == LOOKED


def is_act(line: Line) -> bool:
    """Whether a line of the site's ledger tells of an act."""
    return line.version == FORMAT_VERSION and line.type == ACTED


def noted_look(line: Line) -> NotedLook:
    """The look that a line tells of; DamagedError for one that lacks something."""
    try:
        return NotedLook(
            LookId(line.text("look")),
            _text(line, "by"),
            CameraId(line.text("camera")),
            StreamName(line.text("stream")),
            LookKind(line.text("how")),
            line.integer("from"),
            line.integer("to") if "to" in line.fields else None,
            line.t,
            "unmasked" in line.fields and line.flag("unmasked"),
            _text(line, "reason"),
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
            known = found.get(look.id)
            found[look.id] = look if known is None else _together(known, look)
    return list(found.values())


def _together(known: NotedLook, look: NotedLook) -> NotedLook:
    """A span only grows; what is told late may be older than what the ledger says already."""
    ends = [each.to_ns for each in (known, look) if each.to_ns is not None]
    return replace(
        look, noted_ns=known.noted_ns, from_ns=min(known.from_ns, look.from_ns),
        to_ns=max(ends, default=None),
    )  # fmt: skip


def _text(line: Line, name: str) -> str | None:
    return line.text(name) if name in line.fields else None
