"""Commands that are loaded when somebody calls them.

One command in forty needs numpy, another the web framework: loading all of them took two seconds of
each call. The names are known without it, so a mistyped one is answered at once, and ``--help``
loads what it describes.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperGroup

_PACKAGE = "watchglass.app.cli"


class _Late(MutableMapping[str, Any]):
    """Command by name, in the order of ``places``: each is ``module:attribute`` in this package."""

    def __init__(self, places: Mapping[str, str], loaded: MutableMapping[str, Any]) -> None:
        self._places = places
        self._loaded = loaded

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded[name] = _command(name, self._places[name])
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._places, **self._loaded})

    def __len__(self) -> int:
        return len({**self._places, **self._loaded})


class LateGroup(TyperGroup):
    """A group of such commands, with those that are there already; subclasses say ``places``."""

    places: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Late(self.places, self.commands)


def _command(name: str, place: str) -> Any:
    module, attribute = place.split(":")
    found = getattr(import_module(f"{_PACKAGE}.{module}"), attribute)
    around = typer.Typer(add_completion=False)
    around.callback()(_nothing)
    if isinstance(found, typer.Typer):
        around.add_typer(found, name=name)
    else:
        around.command(name)(found)
    group = typer.main.get_command(around)
    assert isinstance(group, TyperGroup)
    return group.commands[name]


def _nothing() -> None:
    """A callback makes typer keep a group of one command a group."""
