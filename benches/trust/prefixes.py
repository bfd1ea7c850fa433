"""MAC prefixes by who holds them, out of the registry that Debian ships as ``ieee-data``.

Read at set-up; nothing of it lies in this repository. It is another copy than the one that the
product's own table was made from, and an older one: the product cannot have been fitted to it.
"""

import csv
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benches._harness import BenchError

FOLDER = Path("/usr/share/ieee-data")
_FILES = {"oui.csv": 24, "mam.csv": 28}


@dataclass(frozen=True, slots=True)
class Prefix:
    digits: str
    holder: str


@cache
def _registry() -> tuple[Prefix, ...]:
    found = []
    for name in _FILES:
        path = FOLDER / name
        if not path.exists():
            raise BenchError(f"{path} is missing: install ieee-data ('apt-get install ieee-data')")
        with path.open(encoding="utf-8", newline="") as file:
            found += [
                Prefix(row["Assignment"].lower(), row["Organization Name"])
                for row in csv.DictReader(file)
            ]
    return tuple(found)


@cache
def held_by(holder: str) -> tuple[Prefix, ...]:
    """Those of holders whose name begins so, whatever the case; BenchError where there is none."""
    wanted = holder.lower()
    found = tuple(each for each in _registry() if each.holder.lower().startswith(wanted))
    if not found:
        raise BenchError(f"nobody in {FOLDER} is called {holder!r}")
    return found


def mac_of(holder: str, chance: random.Random) -> str:
    """A MAC under one of a holder's prefixes."""
    return _filled(chance.choice(held_by(holder)).digits, chance)


def made_up_mac(chance: random.Random) -> str:
    """One that no registry knows: locally administered."""
    return _filled(f"{chance.choice('0123456789abcdef')}{chance.choice('26ae')}", chance)


def _filled(digits: str, chance: random.Random) -> str:
    full = digits + "".join(chance.choice("0123456789abcdef") for _ in range(12 - len(digits)))
    return ":".join(full[at : at + 2] for at in range(0, 12, 2))
