"""Manifests of models: ours hold, a user's own is read, and hostile ones are errors in words."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.onnx_making import manifest
from watchglass.analytics.catalogue import CATALOGUE
from watchglass.analytics.manifest import MOST_BYTES, Manifest, parse
from watchglass.analytics.refused import REFUSED_WORDS, refused_words
from watchglass.base.errors import ConfigError
from watchglass.model.detection import ObjectClass

OWN = """
name = "forklifts"
family = "yolox"
file = "forklifts.onnx"
sha256 = "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14"
licence = "our own"
labels = ["forklift", "person", "pallet"]
[input]
width = 640
height = 384
fit = "letterbox"
[output]
strides = [8, 16, 32]
[kinds]
forklift = "truck"
person = "person"
"""


def plain() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(manifest())
    return found


def test_a_manifest_of_somebodys_own() -> None:
    found = parse(OWN.encode(), ".toml", "forklifts.toml")
    assert found.names == {ObjectClass.TRUCK, ObjectClass.PERSON}
    assert found.dropped == ("pallet",)


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_ours_hold_what_is_asked_of_others(name: str) -> None:
    ours = CATALOGUE[name]
    assert parse(msgspec.json.encode(ours), ".json", name) == ours
    assert len(ours.labels) == 80
    assert ours.url == "" or len(ours.url.split("/")[5]) == 40  # a commit, not a branch


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kinds": {"person": "face"}}, "Invalid enum value 'face'"),
        ({"kinds": {"person": "woman"}}, "Invalid enum value 'woman'"),
        ({"kinds": {"person": "moving"}}, "without a model"),
        ({"kinds": {}}, "maps no label"),
        ({"kinds": {"horse": "horse"}}, "none of its labels"),
        ({"labels": ["person", "person"]}, "twice"),
        ({"labels": ["Woman"], "kinds": {"Woman": "person"}}, "says who somebody is"),
        ({"labels": ["human face"], "kinds": {"human face": "person"}}, "says who somebody is"),
        ({"labels": ["age_18_25"], "kinds": {"age_18_25": "person"}}, "says who somebody is"),
        ({"labels": ["a\u202eb", "person"], "kinds": {"person": "person"}}, "does not print"),
        ({"attributes": ["gender"]}, "unknown field"),
        ({"file": "../../etc/passwd.onnx"}, "without a folder"),
        ({"file": "model.so"}, "without a folder"),
        ({"name": "A B"}, "no manifest"),
        ({"sha256": "abc"}, "no manifest"),
        ({"url": "http://example.org/m.onnx"}, "https"),
        ({"url": "file:///etc/passwd"}, "https"),
        ({"input": {"width": 100, "height": 64, "fit": "stretch"}}, "multiple of 32"),
        ({"input": {"width": 10**9, "height": 64, "fit": "stretch"}}, "no manifest"),
        (
            {"input": {"width": 64, "height": 64, "fit": "stretch", "divide": [0, 1, 1]}},
            "by nothing",
        ),
        ({"output": {"strides": [32, 8]}}, "do not grow"),
        ({"output": {"strides": [32], "bins": 8}}, "'bins'"),
        ({"family": "nanodet"}, "'bins'"),
        ({"family": "shell"}, "Invalid enum value"),
        ({"labels": ["x"] * 2001}, "no manifest"),
    ],
)
def test_what_cannot_be_used(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as caught:
        parse(json.dumps(plain() | change).encode(), ".json", "own.json")
    told = str(caught.value)
    assert told.startswith("own.json")
    assert told.isprintable()
    assert len(told) < 500


def test_one_that_is_too_large() -> None:
    with pytest.raises(ConfigError, match="64 KiB"):
        parse(b" " * (MOST_BYTES[".json"] + 1), ".json", "own.json")


@pytest.mark.parametrize("ending", [".json", ".toml"])
@given(text=st.binary(max_size=400))
def test_bytes_of_any_kind(ending: str, text: bytes) -> None:
    with pytest.raises(ConfigError):
        parse(text, ending, "own")


@pytest.mark.parametrize("text", [b"[" * 60_000, b"a=" + b"[" * 16_000, b"a.b" * 5_000 + b"=1"])
def test_deeply_nested(text: bytes) -> None:
    for ending in (".json", ".toml"):
        with pytest.raises(ConfigError):
            parse(text, ending, "own")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@pytest.mark.full
@given(name=st.sampled_from(sorted(plain())), value=_JSON)
def test_a_field_of_any_value_leads_to_the_closed_list_or_to_an_error(
    name: str, value: object
) -> None:
    try:
        found = parse(json.dumps(plain() | {name: value}).encode(), ".json", "own")
    except ConfigError:
        return
    assert isinstance(found, Manifest)
    assert found.names <= set(ObjectClass) - {ObjectClass.MOVING}
    assert not any(refused_words(label) for label in found.kinds)


@pytest.mark.parametrize("word", sorted(REFUSED_WORDS))
def test_refused_words_are_found_however_they_are_joined(word: str) -> None:
    joined = (word, word.upper(), f"is_{word}", f"is{word.title()}", f"{word}-score", f"a {word}.")
    for text in joined:
        assert word in refused_words(text), text


@pytest.mark.parametrize(
    "text", ["surface", "racetrack", "manifest", "image", "human", "interface"]
)
def test_other_words_are_none(text: str) -> None:
    assert not refused_words(text)
