"""Reads XML of strangers: bounded in size, depth and number, without DTDs and entities."""

from __future__ import annotations

from typing import Dict, Iterator, List, Optional
from xml.parsers import expat

MOST_BYTES = 256 * 1024
_MOST_DEPTH = 32
_MOST_ELEMENTS = 5_000
_MOST_TEXT_CHARS = 4_096


class XmlError(Exception):
    """Not XML, or more of it than a device needs."""


class Element:
    """An element by its local name; namespaces differ between firmwares that mean the same."""

    __slots__ = ("attributes", "children", "name", "text")

    def __init__(self, name: str, attributes: "Optional[Dict[str, str]]" = None) -> None:
        self.name = name
        self.attributes = attributes or {}
        self.text = ""
        self.children: List[Element] = []

    def all(self, name: str) -> Iterator[Element]:
        """Every element of that name below, in order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.all(name)

    def first(self, name: str) -> Optional[str]:
        """The text of the first element of that name below; None where there is none."""
        found = next(self.all(name), None)
        return None if found is None else found.text.strip()

    def texts(self) -> Dict[str, str]:
        """Of its children, by name; the first of each."""
        told: Dict[str, str] = {}
        for child in self.children:
            told.setdefault(child.name, child.text.strip())
        return told


def read_xml(data: bytes) -> Element:
    """The root element; XmlError."""
    if len(data) > MOST_BYTES:
        raise XmlError("too much XML")
    return _Reader().read(data)


class _Reader:
    def __init__(self) -> None:
        self._root: Optional[Element] = None
        self._open: List[Element] = []
        self._count = 0

    def read(self, data: bytes) -> Element:
        parser = expat.ParserCreate()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.StartDoctypeDeclHandler = self._refuse
        parser.EntityDeclHandler = self._refuse
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        try:
            parser.Parse(data, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise XmlError(str(error)) from None
        if self._root is None:
            raise XmlError("no element")
        return self._root

    def _start(self, name: str, attributes: Dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) >= _MOST_DEPTH:
            raise XmlError("too many elements, or too deep")
        element = Element(name.rpartition(":")[2], attributes)
        if self._open:
            self._open[-1].children.append(element)
        elif self._root is None:
            self._root = element
        self._open.append(element)

    def _end(self, _: str) -> None:
        self._open.pop()

    def _text(self, data: str) -> None:
        if self._open and len(self._open[-1].text) < _MOST_TEXT_CHARS:
            self._open[-1].text += data

    def _refuse(self, *_: object) -> None:
        raise XmlError("a DTD or an entity, which no device needs")
