"""What Watchglass refuses is nowhere in it: no kind, field, column, route, command or text for
ethnicity, religion, gender, age, emotion, health, or a face.

Each place is read for `refused_words`. A word of another meaning (the health of a recorder) stands
below, where it stands, letter by letter; so a new one is found, and so is each that is planted.
"""

import json
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from sqlalchemy import Column, Integer, MetaData, Table

import watchglass.model
import watchglass.store
from watchglass.analytics.catalogue import CATALOGUE
from watchglass.analytics.refused import refused_words
from watchglass.app.cli.program import program
from watchglass.model.detection import Detection, ObjectClass

ROOT = Path(__file__).resolve().parents[2]
Found = set[str]

_LEDGER_HEADS = {"LogHead", "#/components/schemas/LogHead", "head"}
_RECORDER_HEALTH = {"health", "Health", "getHealth", "read_health", "/api/v1/health"}
_SWITCHED_OFF = {
    "disabled", "Disabled", "DisabledBody", "#/components/schemas/DisabledBody", "putDisabled",
    "Put Disabled", "/api/v1/users/{user}/disabled",
}  # fmt: skip


def offenders(texts: Iterable[str], known: Iterable[str] = ()) -> Found:
    """Texts that hold a refused word and are not known to mean something else by it. What is known
    is a whole text, or the beginning of one, with an ellipsis behind it."""
    whole = set(known)
    begun = tuple(each[:-1] for each in whole if each.endswith("…"))
    return {
        text
        for text in texts
        if refused_words(text)
        and text.strip() not in whole
        and not (begun and text.startswith(begun))
    }


# --- kinds and fields -----------------------------------------------------------------------------


def test_the_closed_list_of_kinds() -> None:
    """Whoever adds one adds it here, with its reason, and reads the product's refusals first."""
    assert {str(kind) for kind in ObjectClass} == {
        "person", "bicycle", "motorcycle", "car", "bus", "truck", "train", "boat", "bird", "cat",
        "dog", "horse", "animal", "bag", "moving",
    }  # fmt: skip
    assert Detection.__struct_fields__ == ("kind", "box", "confidence")


def test_manifests() -> None:
    for manifest in CATALOGUE.values():
        assert manifest.names <= set(ObjectClass) - {ObjectClass.MOVING}
        assert not offenders(manifest.kinds)
    assert offenders([*CATALOGUE["yolox_nano"].kinds, "young woman"]) == {"young woman"}


def nouns(types: Iterable[type]) -> Iterator[str]:
    """Names, fields and values of nouns."""
    for each in types:
        yield each.__name__
        if issubclass(each, StrEnum):
            yield from (str(member) for member in each)
            yield from each.__members__
        elif issubclass(each, msgspec.Struct):
            yield from each.__struct_fields__


def _all_nouns() -> list[type]:
    return [
        value
        for module in pkgutil.walk_packages(watchglass.model.__path__, "watchglass.model.")
        for value in vars(import_module(module.name)).values()
        if isinstance(value, type) and issubclass(value, msgspec.Struct | StrEnum)
    ]


_NOUNS = {
    *_LEDGER_HEADS, *_RECORDER_HEALTH, "disabled", "DISABLED", "HealthRequest", "HealthState",
    "HEALTH", "HEAD_DIFFERS", "HEAD_INVALID", "head_differs", "head_invalid", "head_s",
}  # fmt: skip


def test_nouns() -> None:
    class Emotion(StrEnum):
        HAPPY = "happy"

    class Person(msgspec.Struct):
        is_female: bool

    assert len(_all_nouns()) > 100
    assert not offenders(nouns(_all_nouns()), _NOUNS)
    assert offenders(nouns([*_all_nouns(), Emotion, Person]), _NOUNS) == {
        "Emotion", "happy", "HAPPY", "is_female"
    }  # fmt: skip


# --- what is stored, and what is told -------------------------------------------------------------


def columns(tables: Iterable[MetaData]) -> Iterator[str]:
    """Names of tables and their columns."""
    for metadata in tables:
        for table in metadata.tables.values():
            yield table.name
            yield from (f"{table.name}.{column.name}" for column in table.columns)


def _all_tables() -> list[MetaData]:
    return [
        value
        for module in pkgutil.walk_packages(watchglass.store.__path__, "watchglass.store.")
        for value in vars(import_module(module.name)).values()
        if isinstance(value, MetaData)
    ]


def test_columns() -> None:
    known = {"users.disabled"}
    assert len(set(columns(_all_tables()))) > 100
    assert not offenders(columns(_all_tables()), known)
    planted = MetaData()
    Table("tracks", planted, Column("id", Integer), Column("age_group", Integer))
    Table("face_prints", planted, Column("id", Integer))
    assert offenders(columns([*_all_tables(), planted]), known) == {
        "tracks.age_group", "face_prints", "face_prints.id"
    }  # fmt: skip


def strings(value: Any) -> Iterator[str]:
    """All keys and texts of a JSON document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)
    elif isinstance(value, str):
        yield value


_TOLD = {
    *_LEDGER_HEADS, *_RECORDER_HEALTH, *_SWITCHED_OFF,
    "Switch a camera off; the time is a gap `disabled`, until it is resumed.",
    "Actions on cameras: ``everywhere`` (all, those added later too), or named ones and groups.…",
}  # fmt: skip


def test_the_api() -> None:
    document = json.loads((ROOT / "ui/openapi.json").read_text())
    assert not offenders(strings(document), _TOLD)
    document["paths"]["/api/v1/search/religion"] = {"get": {"operationId": "searchReligion"}}
    assert offenders(strings(document), _TOLD) == {"/api/v1/search/religion", "searchReligion"}


# --- what people read -----------------------------------------------------------------------------

_CODE = re.compile(r"<style.*?</style>|//[^\n]*|/\*.*?\*/|<!--.*?-->", re.DOTALL)
_QUOTED = re.compile(r'"([^"\n]*)"|\'([^\'\n]*)\'|`([^`]*)`')
_BETWEEN_TAGS = re.compile(r">([^<>{}]+)<")


def texts(source: str) -> Iterator[str]:
    """What a page's source may show: its strings, and the text between its tags."""
    source = _CODE.sub(" ", source)
    for found in _QUOTED.finditer(source):
        yield next(each for each in found.groups() if each is not None)
    for found in _BETWEEN_TAGS.finditer(source):
        yield " ".join(found[1].split())


def _page_texts() -> Iterator[str]:
    for path in sorted((ROOT / "ui/src").rglob("*")):
        # The schema is made from the API's document, which is read above.
        is_own = ".test." not in path.name and path.name != "schema.ts"
        if path.suffix in (".svelte", ".ts") and is_own:
            yield from texts(path.read_text())


_SHOWN = {
    *_LEDGER_HEADS, *_RECORDER_HEALTH, *_SWITCHED_OFF,
    "read the recorder’s health", "a health provider", "row head",
    "AD AE AF AG …", ", ${length(Math.round(age_ms…", "1 ? \"lost\" : …", "age",
    "Rules on crowds, loitering and faces are refused on it.",
    "Rules on crowds, loitering and faces will be refused on it.",
}  # fmt: skip


def test_the_page() -> None:
    assert sum(1 for _ in _page_texts()) > 1000
    assert not offenders(_page_texts(), _SHOWN)
    planted = '<p title="Filter by mood">Only women</p>{say(`over 60, elderly`)}'
    assert offenders(texts(planted), _SHOWN) == {"Filter by mood", "Only women", "over 60, elderly"}


def commands(command: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Each text of a command and of those below it, with the command's name."""
    yield name, command.help or ""
    for each in command.params:
        yield name, f"{each.name} {getattr(each, 'help', None) or ''}"
    for below, inner in getattr(command, "commands", {}).items():
        yield f"{name} {below}", below
        yield from commands(inner, f"{name} {below}".strip())


def _command_texts(of: typer.Typer) -> set[str]:
    return {text for _, text in commands(typer.main.get_command(of))}


_SAID = {
    "health",
    "scope metrics: numbers and health; health: whether recording lives.",
    "organisation federal_agency, defence_department, …",
    "Keep what was recorded in a span, whatever its age and however full the disk.",
    "Show the fact tables and their age; replace one by a newer one; go back to the package's.",
    "Switch a camera off: a gap 'disabled', until it is enabled.",
}


def test_commands() -> None:
    found = _command_texts(program)
    assert len(found) > 100
    assert not offenders(found, _SAID)
    planted = typer.Typer()

    @planted.command("by-gender")
    def by_gender(skin: int = 0) -> None:
        """Count visitors by gender."""

    @planted.command("other")
    def other() -> None:
        """Nothing."""

    assert {each.split()[0] for each in offenders(_command_texts(planted))} == {
        "by-gender", "Count", "skin"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("scan", "planted"),
    [
        (lambda text: offenders([text]), "Asian"),
        (lambda text: offenders(texts(f"<b>{text}</b>")), "smiling"),
        (lambda text: offenders(strings({"a": [{text: 1}]})), "hasHeadscarf"),
    ],
)
def test_planted_ones_are_found(scan: Callable[[str], Found], planted: str) -> None:
    assert scan(planted) == {planted}
    assert scan("person") == set()
