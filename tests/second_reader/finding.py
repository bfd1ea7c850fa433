"""Findings: what a reader has to say about the bytes it read."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["damage", "missing", "hole", "unknown", "torn", "doubt", "note"]

# damage   breaks a `must` of the page, or a hash or signature does not hold
# missing  a file that the ledger knows is not on the volume it was written to
# hole     UTC time that neither media nor a gap accounts for
# unknown  a box of a version this reader does not know
# torn     the end of a file being written or cut off
# doubt    breaks the likeliest reading of a sentence that leaves room for another
# note     nothing wrong
FAILING: frozenset[Kind] = frozenset({"damage", "missing", "hole", "unknown"})


@dataclass(frozen=True)
class Finding:
    kind: Kind
    where: str
    text: str

    @property
    def fails(self) -> bool:
        return self.kind in FAILING


class Findings:
    """A list that knows where it is being written."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.found: list[Finding] = []

    def add(self, kind: Kind, text: str, where: str = "") -> None:
        place = f"{self.where} {where}".strip()
        self.found.append(Finding(kind, place, text))

    def damage(self, text: str, where: str = "") -> None:
        self.add("damage", text, where)

    def unless(self, holds: bool, text: str, where: str = "") -> bool:
        """Damage, unless `holds`."""
        if not holds:
            self.damage(text, where)
        return holds

    def same(self, what: str, got: object, wanted: object, kind: Kind = "damage") -> bool:
        if got != wanted:
            self.add(kind, f"{what}: {shown(got)}, but {shown(wanted)} is due")
        return got == wanted


def shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)
