"""Small cells: what few stand behind is not told, nor what would tell it by subtraction.

A total is told beside its parts. So where one part is left out, another has to be too, until at
least two are left out that together are not few.
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

K = TypeVar("K", bound=Hashable)


def left_out(
    counts: Mapping[K, int], totals: Iterable[Callable[[K], Hashable]], least: int
) -> frozenset[K]:
    """Cells that are not told. Each of ``totals`` says under which total a cell is summed; all of
    those totals are told. What is left out grows until no total tells a cell, or a few together.
    """
    groups: list[list[K]] = []
    for total in totals:
        members: dict[Hashable, list[K]] = defaultdict(list)
        for key in counts:
            members[total(key)].append(key)
        groups += members.values()
    hidden = {key for key, count in counts.items() if count < least}
    changed = True
    while changed:
        changed = False
        for group in groups:
            inside = [key for key in group if key in hidden]
            while inside and (len(inside) < 2 or sum(counts[key] for key in inside) < least):
                shown = [key for key in group if key not in hidden]
                if not shown:
                    break
                smallest = min(shown, key=lambda key: (counts[key], repr(key)))
                hidden.add(smallest)
                inside.append(smallest)
                changed = True
    return frozenset(hidden)
