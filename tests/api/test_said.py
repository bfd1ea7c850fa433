"""What a camera said, as the API lists it."""

from pathlib import Path

from tests.api.recorded import Browser, Running
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import random_id
from watchglass.model.said import Said, SaidKind
from watchglass.store.said import SaidStore

T_MS = 1_700_000_000_000


def test_events_of_a_span_are_listed_with_their_words(at: Running, browser: Browser) -> None:
    recorded = at.of.recorded
    camera, other = recorded.cameras
    store = SaidStore(Path(recorded.site.state) / f"site-{at.port}.db")
    store.put(
        Said(
            id=random_id(), camera=each, kind=kind, from_ns=(T_MS + from_ms) * 1_000_000,
            to_ns=None if to_ms is None else (T_MS + to_ms) * 1_000_000, text=text,
        )
        for each, kind, from_ms, to_ms, text in (
            (camera, SaidKind.MOTION, 0, 5000, ""), (camera, SaidKind.OTHER, 9000, None, "<b>"),
            (other, SaidKind.PERSON, 0, 1, ""),
        )
    )  # fmt: skip
    store.close()
    path = f"/api/v1/cameras/{camera}/said"
    told = browser.json(path, params={"from_ms": T_MS, "to_ms": T_MS + 60_000})
    assert [(each["kind"], each["text"], each["to_ms"]) for each in told["events"]] == [
        ("motion", "", T_MS + 5000), ("other", "<b>", None),
    ]  # fmt: skip
    assert not told["more"]
    later = browser.json(path, params={"from_ms": T_MS + 6000, "to_ms": T_MS + 60_000})
    assert [each["kind"] for each in later["events"]] == ["other"]
    for bad in ({}, {"from_ms": -1, "to_ms": 5}, {"from_ms": "x", "to_ms": 5}):
        assert browser.get(path, params=bad).status_code in (400, 422)


def test_a_long_list_says_that_there_is_more(at: Running, browser: Browser) -> None:
    recorded = at.of.recorded
    store = SaidStore(Path(recorded.site.state) / f"site-{at.port}.db")
    start_ns = 10 * NS_PER_S
    store.put(
        Said(id=random_id(), camera=recorded.camera, kind=SaidKind.LINE, from_ns=start_ns + n,
             to_ns=start_ns + n)
        for n in range(1001)
    )  # fmt: skip
    store.close()
    path = f"/api/v1/cameras/{recorded.camera}/said"
    told = browser.json(path, params={"from_ms": 0, "to_ms": 20_000})
    assert (len(told["events"]), told["more"]) == (1000, True)
