"""Settings that are read one by one: what nobody took is told of, so that nothing gets lost."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from watchglass.cameras.survey.xml_reading import Element
from watchglass.model.settings_import import Counted

_MOST_VALUE = 120
NOTHING_ALIKE = "Nothing here corresponds to it."


@dataclass
class Accounted:
    """An account over documents. ``reasons``: why a setting is left, by the end of its name."""

    reasons: dict[str, str]
    _carried: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    _left: dict[tuple[str, str, str], list[str]] = field(default_factory=dict)

    def carry(self, document: str, setting: str, value: str) -> None:
        self._carried.setdefault((document, setting), []).append(value)

    def leave(self, document: str, setting: str, value: str) -> None:
        why = next(
            (why for end, why in self.reasons.items() if setting.endswith(end)), NOTHING_ALIKE
        )
        self._left.setdefault((document, setting, why), []).append(value)

    def carried(self) -> tuple[Counted, ...]:
        return tuple(
            _counted(document, setting, values, "")
            for (document, setting), values in self._carried.items()
        )

    def left(self) -> tuple[Counted, ...]:
        return tuple(
            _counted(document, setting, values, why)
            for (document, setting, why), values in self._left.items()
        )


def _counted(document: str, setting: str, values: list[str], why: str) -> Counted:
    return Counted(
        document=document, setting=setting, count=len(values), value=values[0][:_MOST_VALUE],
        why=why,
    )  # fmt: skip


class Document:
    """A document of XML, by the path at which the device has it."""

    def __init__(self, path: str, root: Element, account: Accounted) -> None:
        self.path = path
        self.root = root
        self._account = account
        self._taken: set[int] = set()

    def take(self, of: Element, name: str) -> str:
        """The text of a child, which counts as carried over; empty where there is none."""
        found = next((each for each in of.children if each.name == name), None)
        if found is None:
            return ""
        self._taken.add(id(found))
        return found.text.strip()

    def below(self, of: Element, *names: str) -> Iterator[Element]:
        """The elements that a path of names leads to."""
        if not names:
            yield of
            return
        for each in of.children:
            if each.name == names[0]:
                yield from self.below(each, *names[1:])

    def close(self) -> None:
        """Account for each element without children."""
        for path, element in leaves(self.root, self.root.name):
            tell = self._account.carry if id(element) in self._taken else self._account.leave
            tell(self.path, path, element.text.strip())


def leaves(element: Element, path: str) -> Iterable[tuple[str, Element]]:
    if not element.children:
        yield path, element
        return
    for child in element.children:
        yield from leaves(child, f"{path}/{child.name}")
