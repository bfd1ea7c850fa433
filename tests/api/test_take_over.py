"""What another maker's device was set to, through the API: read from files, taken onto a camera."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.recorded import Browser, Recorded, Running, running
from watchglass.simulate.isapi import RECORDER

READ = "/api/v1/settings-imports"
FILES = [
    {"name": f"{path.lstrip('/').replace('/', '_')}.xml", "text": data.decode()}
    for path, data in RECORDER.items()
]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Running, Browser]]:
    recorded = Recorded(tmp_path_factory.mktemp("site"))
    recorded.record(1)
    with running(recorded) as served:
        yield served
    recorded.close()


def read(browser: Browser, **more: object) -> dict[str, Any]:
    answer = browser.send("POST", READ, {"maker": "hikvision", "files": FILES} | more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_files_are_read_and_what_is_left_is_told(served: tuple[Running, Browser]) -> None:
    at, browser = served
    camera = at.of.recorded.camera
    found = read(browser)
    assert [each["name"] for each in found["channels"]] == ["Front door", "Yard"]
    assert [each["rule"] for each in found["channels"][0]["areas"]] == [
        "motion",
        "crossing",
        "enter",
    ]
    assert found["left"] == sum(each["count"] for each in found["reasons"])
    assert found["carried"] > 0
    assert all(each["why"] and each["settings"] for each in found["reasons"])
    # Nothing was drawn by reading.
    areas = f"/api/v1/cameras/{camera}/areas"
    assert browser.json(areas)["areas"] == []

    where = f"{READ}/{found['id']}/channels"
    done = browser.send("POST", f"{where}/1", {"camera": camera})
    assert (done.status_code, done.json()) == (200, {"camera": camera, "already": False})
    assert len(browser.json(areas)["areas"]) == 3

    # When it was not recorded there is proposed, and is a pause once somebody accepts it.
    assert {"days": [5, 6], "from_min": 0, "to_min": 1440} in found["channels"][0]["pauses"]
    silent = read(browser, files=[each for each in FILES if "tracks" not in each["name"]])
    assert silent["channels"][0]["pauses"] == []
    elsewhere = f"{READ}/{silent['id']}/channels/1"
    refused = browser.send("POST", elsewhere, {"camera": camera, "zone": "Europe/Vienna"})
    assert (refused.status_code, "nothing to pause" in refused.text) == (400, True)
    unknown = browser.send("POST", f"{where}/1", {"camera": camera, "zone": "Mars/North"})
    assert (unknown.status_code, "time zone" in unknown.text) == (400, True)
    taken = browser.send("POST", f"{where}/1", {"camera": camera, "zone": "Europe/Vienna"})
    assert taken.status_code == 200, taken.text
    assert len(browser.json(areas)["areas"]) == 3


def test_what_cannot_be_is_said(served: tuple[Running, Browser]) -> None:
    at, browser = served
    camera = at.of.recorded.camera
    found = read(browser)
    where = f"{READ}/{found['id']}/channels"
    for path, body, code, words in (
        (READ, {"maker": "hikvision"}, 400, "Name the device"),
        (READ, {"maker": "acme", "files": FILES}, 400, ""),
        (READ, {"maker": "hikvision", "host": "10.0.0.1"}, 400, "name a user"),
        (f"{where}/9", {"camera": camera}, 404, "no such channel"),
        (f"{where}/1", {}, 400, "Files hold no camera"),
        (f"{READ}/{'0' * 32}/channels/1", {"camera": camera}, 404, "read them again"),
    ):
        answer = browser.send("POST", path, body)
        assert (answer.status_code, words in answer.text) == (code, True), answer.text
    refused = browser.send(
        "POST", READ, {"maker": "dahua", "host": "169.254.169.254", "user": "a", "password": "b"}
    )
    assert refused.status_code in (400, 403, 409), refused.text
    hostile = [
        {"name": "ISAPI_System_time.xml", "text": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}
    ]
    found = read(browser, files=hostile)
    assert (found["channels"], found["left"]) == ([], 1)
