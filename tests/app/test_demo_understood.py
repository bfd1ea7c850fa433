"""What the demo understands: simulated scenes without a model, and a film with one."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.app.conftest import data
from tests.app.running import call, json_of
from watchglass.analytics.catalogue import CATALOGUE, DEFAULT
from watchglass.base.ids import CameraId
from watchglass.model.detection import REGIONS, ObjectClass
from watchglass.model.rule import RuleKind
from watchglass.store.event_reviews import Asked
from watchglass.store.event_search import Wanted
from watchglass.store.events import EventStore

__all__ = ["data"]
pytestmark = [pytest.mark.full, pytest.mark.timeout(400)]

_EVER_NS = 2**62
_HOUR_NS = 3600 * 10**9


def shown(data: Path, seconds: int, *words: str, **more: str) -> dict[str, CameraId]:
    """The cameras of a demo that ran so long, by their names."""
    found = call(
        "demo", "--data", str(data), "--seconds", str(seconds), "--json", *words, timeout_s=360,
        WATCHGLASS_ANALYSIS="true", **more,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["unaccounted_s"] == 0
    listed = json_of("--data", str(data), "camera", "list")
    return {each["name"]: CameraId(each["id"]) for each in listed}


@contextmanager
def events_of(data: Path) -> Iterator[EventStore]:
    store = EventStore(data / "state" / "events.db")
    try:
        yield store
    finally:
        store.close()


def test_who_passes_is_followed_told_of_counted_and_to_be_reviewed(data: Path) -> None:
    cameras = shown(data, 40, WATCHGLASS_MODEL="off")
    street = cameras["Street"]
    of = {street: [(0, _EVER_NS)]}
    everywhere = {each: [(0, _EVER_NS)] for each in cameras.values()}
    with events_of(data) as store:
        tracks = store.tracks(Wanted(of, most=500)).found
        assert {each.detector for each in tracks} == {REGIONS}
        assert any(len(each.points) > 10 for each in tracks)
        crossed = store.events(Wanted(of, most=500)).found
        assert {each.why.rule.kind for each in crossed} == {RuleKind.CROSSING}
        assert all(len(each.path) > 1 for each in crossed)
        counts = store.counts(of, 0, _EVER_NS, _HOUR_NS)
        assert sum(each.forward + each.backward for each in counts) >= len(crossed) > 0
        reviews = store.reviews(Asked(everywhere)).found
        assert {each.id for each in reviews} >= {each.review for each in crossed}
        # Nobody is told of the number in each picture, which always changes.
        assert all(each.best.box.y1 > 0.13 for each in crossed)


@pytest.mark.long
def test_what_is_in_a_film_is_named(data: Path, shared_dir: Path) -> None:
    clip = shared_dir / "testdata/video/intel_preview_person-bicycle-car-detection.mp4"
    models = str(shared_dir / "models")
    cameras = shown(data, 40, "--clip", str(clip), WATCHGLASS_MODELS_DIR=models)
    of = {cameras["Clip"]: [(0, _EVER_NS)]}
    with events_of(data) as store:
        events = store.events(Wanted(of, most=500)).found
        assert {each.detector for each in events} == {CATALOGUE[DEFAULT].sha256}
        named = {each.kind for each in events} - {ObjectClass.MOVING}
        assert named & {ObjectClass.PERSON, ObjectClass.CAR, ObjectClass.BICYCLE}
        assert all(each.review is not None for each in events)
