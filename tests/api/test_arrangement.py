"""Layouts and bookmarks over the API."""

from typing import Any

import pytest

from tests.api.recorded import Browser, Recorded, Running
from watchglass.base.clock import NS_PER_S
from watchglass.model.arrangement import Layout, LayoutId, Tile


def layout(recorded: Recorded, **more: Any) -> dict[str, Any]:
    tiles = [
        {"camera": recorded.cameras[0], "x": 0, "y": 0, "width": 2, "height": 2},
        {"camera": recorded.cameras[1], "x": 2, "y": 0, "width": 1, "height": 1},
    ]
    return {"name": "Doors", "columns": 3, "rows": 2, "tiles": tiles} | more


def test_a_layout_is_made_changed_and_deleted(browser: Browser, recorded: Recorded) -> None:
    made = browser.send("POST", "/api/v1/layouts", layout(recorded)).json()
    assert (made["own"], made["by"], made["shared"]) == (True, "admin", False)
    path = f"/api/v1/layouts/{made['id']}"
    changed = browser.send("PUT", path, layout(recorded, name="Gates", shared=True))
    assert changed.status_code == 200
    (found,) = browser.json("/api/v1/layouts")["layouts"]
    assert found == changed.json()
    assert (found["name"], found["shared"], found["tiles"]) == (
        "Gates", True, layout(recorded)["tiles"],
    )  # fmt: skip
    assert browser.send("DELETE", path).status_code == 204
    assert browser.send("DELETE", path).status_code == 404
    assert browser.send("PUT", path, layout(recorded)).status_code == 404
    assert browser.json("/api/v1/layouts")["layouts"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"name": "a\u202eb"}, {"name": "x" * 61}, {"columns": 13}, {"rows": 0},
        {"tiles": []}, {"columns": 2}, {"extra": 1},
    ],
)  # fmt: skip
def test_a_layout_that_is_none(browser: Browser, recorded: Recorded, wrong: Any) -> None:
    answer = browser.send("POST", "/api/v1/layouts", layout(recorded, **wrong))
    assert (answer.status_code, answer.json()["code"]) == (400, "usage")


def test_what_somebody_else_shares_is_seen_and_not_changed(
    at: Running, browser: Browser, recorded: Recorded
) -> None:
    store = at.of.ports.arrangement
    tiles = (Tile(recorded.camera, 0, 0, 1, 1),)
    theirs = Layout(LayoutId("e" * 32), "other", "Eve", "hers", False, 1, 1, tiles, 1)
    store.put_layout(theirs)
    assert browser.json("/api/v1/layouts")["layouts"] == []
    for method, body in (("PUT", layout(recorded)), ("DELETE", None)):
        answer = browser.send(method, f"/api/v1/layouts/{theirs.id}", body)
        assert answer.status_code == 409, method
    assert store.layout(theirs.id) == theirs
    store.remove_layout(theirs.id)


def test_bookmarks(at: Running, browser: Browser, recorded: Recorded) -> None:
    at_ms = recorded.began_ns // 1_000_000 + 4000
    hostile = "<script>alert(1)</script> & a blue van"
    path = f"/api/v1/bookmarks/{recorded.camera}"
    made = browser.send("POST", path, {"at_ms": at_ms, "text": hostile})
    assert made.status_code == 201, made.text
    told = browser.json("/api/v1/bookmarks", params={"from_ms": at_ms, "to_ms": at_ms + 1})
    assert told == {"bookmarks": [made.json()], "more": False}
    assert (made.json()["text"], made.json()["by"], made.json()["own"]) == (hostile, "admin", True)
    nothing = browser.json("/api/v1/bookmarks", params={"from_ms": at_ms + 1, "to_ms": at_ms + 9})
    assert nothing["bookmarks"] == []
    found = f"/api/v1/bookmarks/{made.json()['id']}"
    assert browser.send("DELETE", found).status_code == 204
    assert browser.send("DELETE", found).status_code == 404


def test_bookmarks_that_are_none(at: Running, browser: Browser, recorded: Recorded) -> None:
    now_ms = recorded.site.clock.wall_ns() // 1_000_000
    path = f"/api/v1/bookmarks/{recorded.camera}"
    ahead = {"at_ms": now_ms + 10 * NS_PER_S, "text": "tomorrow"}
    assert browser.send("POST", path, ahead).status_code == 400
    nowhere = f"/api/v1/bookmarks/{'f' * 32}"
    assert browser.send("POST", nowhere, {"at_ms": now_ms - 1, "text": "x"}).status_code == 404
    for text in ("", "a\nb", "x" * 501):
        answer = browser.send("POST", path, {"at_ms": now_ms - 1, "text": text})
        assert answer.status_code == 400, text
