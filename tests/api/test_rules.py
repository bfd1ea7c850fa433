"""Zones, lines and rules through the API: drawn, changed, refused, and told in the ledger."""

import httpx
import pytest

from tests.api.recorded import Browser, Recorded, Running
from watchglass.model.act import ActKind

ZONE = {"name": "drive", "kind": "zone", "points": [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]}
LINE = {"name": "gate", "kind": "line", "points": [[0, 0.5], [1, 0.5]]}
RULE = {"name": "Somebody at the drive", "kind": "enter", "kinds": ["person"]}


def sent(browser: Browser, method: str, path: str, body: object = None) -> httpx.Response:
    return browser.send(method, path, body)


def test_areas_are_drawn_changed_and_taken_away(browser: Browser, recorded: Recorded) -> None:
    at = f"/api/v1/cameras/{recorded.camera}/areas"
    zone = sent(browser, "POST", at, ZONE)
    assert zone.status_code == 201
    area = zone.json()
    assert (area["name"], area["kind"], area["expires_ms"], area["over"]) == (
        "drive", "zone", None, False,
    )  # fmt: skip
    moved = sent(browser, "PUT", f"{at}/{area['id']}", ZONE | {"name": "yard"})
    assert moved.json() == area | {"name": "yard"}
    assert [each["name"] for each in browser.json(at)["areas"]] == ["yard"]
    for wrong, code in (
        (ZONE | {"points": [[0, 0], [1, 1], [1, 0], [0, 1]]}, "usage"),
        (LINE | {"points": [[0.5, 0.5], [0.5, 0.5]]}, "usage"),
        (ZONE | {"expires_ms": 2**52}, "usage"),
        (ZONE | {"kind": "ignore", "expires_ms": 1}, "usage"),
        (ZONE | {"more": 1}, "invalid"),
    ):
        refused = sent(browser, "POST", at, wrong)
        assert 400 <= refused.status_code < 500, wrong
        assert refused.json()["code"] == code or code == "invalid"
    into_line = sent(browser, "PUT", f"{at}/{area['id']}", LINE)
    assert into_line.json()["code"] == "refused"
    assert sent(browser, "PUT", f"{at}/{'0' * 32}", ZONE).status_code == 404
    assert sent(browser, "DELETE", f"{at}/{area['id']}").status_code == 204
    assert sent(browser, "DELETE", f"{at}/{area['id']}").status_code == 404
    assert browser.json(at) == {"areas": []}


def test_rules_are_made_and_an_area_stays_while_one_is_about_it(
    browser: Browser, recorded: Recorded
) -> None:
    camera = f"/api/v1/cameras/{recorded.camera}"
    zone, line = (sent(browser, "POST", f"{camera}/areas", each).json() for each in (ZONE, LINE))
    made = sent(browser, "POST", f"{camera}/rules", RULE | {"area": zone["id"]})
    assert made.status_code == 201, made.text
    rule = made.json()
    assert rule["enabled"]
    assert rule["off_why"] == ""
    assert sent(browser, "DELETE", f"{camera}/areas/{zone['id']}").json()["code"] == "refused"
    off = sent(browser, "PUT", f"{camera}/rules/{rule['id']}", RULE | {"area": zone["id"],
                                                                    "enabled": False})  # fmt: skip
    assert not off.json()["enabled"]
    for wrong in (
        RULE,
        RULE | {"area": line["id"]},
        RULE | {"area": "f" * 32},
        {"name": "x", "kind": "crossing"},
        {"name": "x", "kind": "crossing", "area": zone["id"]},
        {"name": "x", "kind": "motion", "zone": "Nowhere/None"},
        {"name": "x", "kind": "motion", "least_area": 0.5, "most_area": 0.5},
        {"name": "x", "kind": "motion", "spans": [{"days": [1], "from_min": 60, "to_min": 60}]},
        {"name": "x", "kind": "motion", "kinds": ["child"]},
        {"name": "x", "kind": "loitering", "dwell_s": 60},
        {"name": "x", "kind": "loitering", "purpose": "so that nobody sleeps in the cold"},
        {"name": "x", "kind": "crowding", "count": 1, "purpose": "doors are kept free by it"},
    ):
        assert 400 <= sent(browser, "POST", f"{camera}/rules", wrong).status_code < 500, wrong
    loiter = {"name": "x", "kind": "loitering", "dwell_s": 60, "purpose": "the exit is kept free"}
    assert sent(browser, "POST", f"{camera}/rules", loiter).status_code == 201
    listed = browser.json(f"{camera}/rules")
    assert listed["needs_purpose"] == ["crowding", "loitering"]
    assert {each["kind"] for each in listed["rules"]} == {"enter", "loitering"}
    for each in listed["rules"]:
        assert sent(browser, "DELETE", f"{camera}/rules/{each['id']}").status_code == 204
    assert sent(browser, "DELETE", f"{camera}/areas/{zone['id']}").status_code == 204


@pytest.mark.parametrize("path", ["areas", "rules"])
def test_each_change_is_told_in_the_ledger(at: Running, browser: Browser, path: str) -> None:
    # The desk of the fixture is the one that the recorder has: what it notes, the ledger gets.
    desk = at.of.masks
    assert desk is not None
    before = len(desk.notes)
    camera = f"/api/v1/cameras/{at.of.recorded.cameras[1]}/{path}"
    body = ZONE if path == "areas" else {"name": "all", "kind": "motion"}
    made = sent(browser, "POST", camera, body).json()
    assert sent(browser, "DELETE", f"{camera}/{made['id']}").status_code == 204
    kind = ActKind.AREA_CHANGED if path == "areas" else ActKind.RULE_CHANGED
    told = desk.notes[before:]
    assert [(each[0], each[2]) for each in told] == [(kind, "admin")] * 2
    assert made["id"][:8] in told[0][3]
    assert "took away" in told[1][3]
