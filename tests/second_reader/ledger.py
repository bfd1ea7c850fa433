"""Ledgers: section 3."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from . import canonical, merkle, schema
from .finding import Finding, Findings

MONTHS = "[0-9][0-9][0-9][0-9]-[0-9][0-9].jsonl"


@dataclass(frozen=True)
class Raw:
    """A line as it lies in a month file."""

    month: str
    place: int  # from 1
    content: bytes
    ended: bool

    @property
    def where(self) -> str:
        return f"{self.month}.jsonl:{self.place}"


def raw_lines(folder: Path) -> Iterator[Raw]:
    for path in sorted(folder.glob(MONTHS)):
        pieces = path.read_bytes().split(b"\n")
        rest = pieces.pop()
        for place, piece in enumerate(pieces, 1):
            yield Raw(path.stem, place, piece, ended=True)
        if rest:
            yield Raw(path.stem, len(pieces) + 1, rest, ended=False)


def month_of(wall: int) -> str:
    seconds = wall // 10**9
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m")
    except (OverflowError, ValueError, OSError):
        return "no month"


def check_month(raw: Raw, time: int, newest: str, say: Findings) -> None:
    """In the file of its month, or in the newest where that is later."""
    due = max(month_of(time), newest)
    say.unless(raw.month == due, f"{time} lies in {raw.month}, not in {due}", raw.where)


@dataclass(frozen=True)
class Line:
    raw: Raw
    leaf: bytes
    data: dict[str, object]
    usable: bool  # of a known type and version, with all its fields

    @property
    def type(self) -> str:
        return str(self.data.get("type", ""))

    def has(self, name: str) -> bool:
        return name in self.data

    def text(self, name: str) -> str:
        return str(self.data[name])

    def whole(self, name: str) -> int:
        return int(str(self.data[name]))

    def maybe(self, name: str) -> int | None:
        return self.whole(name) if name in self.data else None

    @property
    def time(self) -> int:
        return self.whole("t") if schema.is_decimal(self.data.get("t")) else 0


@dataclass
class Ledger:
    name: str  # a camera's id, or `site`
    lines: list[Line] = field(default_factory=list)
    torn: bytes = b""
    findings: list[Finding] = field(default_factory=list)

    @property
    def leaves(self) -> list[bytes]:
        return [line.leaf for line in self.lines]

    @property
    def root(self) -> bytes:
        return merkle.root(self.leaves)

    def usable(self, *types: str) -> Iterator[Line]:
        for line in self.lines:
            if line.usable and (not types or line.type in types):
                yield line


def read_ledger(folder: Path, name: str) -> Ledger:
    say, ledger = Findings(f"ledger {name}"), Ledger(name)
    ledger.findings = say.found
    lines = list(raw_lines(folder))
    due, newest = 0, ""
    for position, raw in enumerate(lines):
        line = _line(raw, position == len(lines) - 1, name, say)
        if line is None:
            ledger.torn = raw.content
            continue
        if schema.is_decimal(line.data.get("t")):
            check_month(raw, line.time, newest, say)
        newest = raw.month
        due = _number(line, due, say)
        ledger.lines.append(line)
    while ledger.lines and ledger.lines[-1].data.get("more") is True:
        torn = ledger.lines.pop()
        ledger.torn = torn.raw.content
        say.add("torn", "a line of a batch that has not all its lines", torn.raw.where)
    _check_start(ledger, say)
    return ledger


def _line(raw: Raw, last: bool, name: str, say: Findings) -> Line | None:
    """The line, or nothing for a torn one."""
    leaf = merkle.leaf(raw.content)
    if not raw.ended and last:
        say.add("torn", f"a last line of {len(raw.content)} bytes without an end", raw.where)
        return None
    say.unless(raw.ended, "a line without an end that is not the last", raw.where)
    try:
        data = canonical.load(raw.content)
    except canonical.NotJson as error:
        if last:
            say.add("torn", f"a last line that does not parse: {error}", raw.where)
            return None
        say.damage(f"does not parse: {error}", raw.where)
        return Line(raw, leaf, {}, usable=False)
    except canonical.NotCanonical as error:
        say.damage(str(error), raw.where)
        return Line(raw, leaf, {}, usable=False)
    if not _parses(data):
        if last:
            say.add("torn", "a last line that is none of a ledger", raw.where)
            return None
        say.damage("no line of a ledger", raw.where)
    problem = canonical.problem(raw.content, data)
    say.unless(not problem, problem, raw.where)
    return Line(raw, leaf, data, _fields(data, raw, name, say))


def _parses(data: dict[str, object]) -> bool:
    return (
        type(data.get("v")) is int
        and schema.is_decimal(data.get("n"))
        and schema.is_decimal(data.get("t"))
        and isinstance(data.get("type"), str)
    )


def _fields(data: dict[str, object], raw: Raw, name: str, say: Findings) -> bool:
    kind = data.get("type")
    table = schema.SITE if name == "site" else schema.CAMERA
    if data.get("v") != 1:
        say.add("note", f"version {data.get('v')!r} is not known", raw.where)
        return False
    if not isinstance(kind, str) or kind not in table:
        say.add("note", f"type {kind!r} is not known", raw.where)
        return False
    wrong, extra = schema.check(data, table[kind])
    for text in wrong:
        say.damage(text, raw.where)
    if extra:
        say.add("note", f"fields of {kind} that the page does not name: {extra}", raw.where)
    return not wrong


def _number(line: Line, due: int, say: Findings) -> int:
    number = line.data.get("n")
    if not schema.is_decimal(number):
        if line.data:
            say.damage(f"number {number!r}", line.raw.where)
        return due + 1
    got = int(str(number))
    say.unless(got == due, f"line {got} where {due} is due", line.raw.where)
    return got + 1


def _check_start(ledger: Ledger, say: Findings) -> None:
    if not ledger.lines:
        say.add("note", "no line")
        return
    first = ledger.lines[0]
    if say.unless(first.type == "ledger_started", f"line 0 is {first.type!r}") and first.usable:
        say.same("name in line 0", first.text("ledger"), ledger.name)
    for line in ledger.lines[1:]:
        say.unless(line.type != "ledger_started", "ledger_started again", line.raw.where)
