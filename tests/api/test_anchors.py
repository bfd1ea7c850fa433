"""Anchors over the API: who stamps, set up by admins alone, and heads to take away."""

import json
import time
from collections.abc import Callable

import pytest

from benches.tamper.authority import Authority as Made
from tests.api.people import Person, arrived
from tests.api.recorded import Browser, Recorded, Running
from watchglass.access.right import Role

URL = "/api/v1/anchors"
BODY = {"url": " https://tsa.example/stamp ", "every_h": 12}


def until(holds: Callable[[], bool]) -> None:
    """Acts are on disk when a route answers, and in the log a moment later."""
    for _ in range(400):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that")


def test_admins_set_one_up_change_it_and_drop_it(at: Running, browser: Browser) -> None:
    assert browser.json(URL) == {"authorities": []}
    assert browser.send("POST", f"{URL}/stamp").status_code == 404
    own = Made().pem.decode()
    made = browser.send("PUT", f"{URL}/vienna", BODY | {"certificates": own})
    assert made.status_code == 200, made.text
    (one,) = browser.json(URL)["authorities"]
    told = {name: one[name] for name in ("name", "url", "every_h", "allow", "certified")}
    assert told == {
        "name": "vienna", "url": "https://tsa.example/stamp", "every_h": 12, "allow": False,
        "certified": True,
    }  # fmt: skip
    assert (one["stamped_ms"], one["waiting"], one["error"]) == (None, 0, "")
    # Changed without a word of certificates, it keeps those that are known; said so, it has none.
    kept = browser.send("PUT", f"{URL}/vienna", BODY | {"every_h": 1}).json()["authorities"][0]
    assert (kept["every_h"], kept["certified"]) == (1, True)
    open_ = browser.send("PUT", f"{URL}/vienna", BODY | {"certificates": ""}).json()
    assert open_["authorities"][0]["certified"] is False
    words = "time stamps of vienna every 1 h, from https://tsa.example/stamp"
    until(lambda: words in [each.detail for each in at.of.acts])
    asked = browser.send("POST", f"{URL}/stamp")
    assert (asked.status_code, asked.json()["authorities"][0]["waiting"]) == (202, 1)
    assert browser.send("DELETE", f"{URL}/vienna").json() == {"authorities": []}
    assert browser.send("DELETE", f"{URL}/vienna").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"url": "ftp://tsa.example"}, {"url": "https://me:secret@tsa.example"},
        BODY | {"certificates": "no certificate"}, BODY | {"every_h": 0}, BODY | {"more": 1},
    ],
)  # fmt: skip
def test_what_no_authority_can_have_is_refused(browser: Browser, body: dict[str, object]) -> None:
    assert browser.send("PUT", f"{URL}/vienna", body).status_code in (400, 422)
    assert browser.json(URL) == {"authorities": []}


def test_heads_are_taken_away(browser: Browser, recorded: Recorded) -> None:
    answer = browser.get(f"{URL}/heads")
    assert answer.headers["content-disposition"].startswith('attachment; filename="anchor-')
    heads = [json.loads(line) for line in answer.content.splitlines()]
    assert {recorded.camera, "site"} <= {head["ledger"] for head in heads}
    assert all(len(head["sig"]) == 128 for head in heads)


def test_it_is_nobody_elses(at: Running, browser: Browser) -> None:
    person = arrived(at, Person("ira", Role.INVESTIGATOR, frozenset(), None))
    for method, path, body in (
        ("GET", "", None), ("GET", "/heads", None), ("POST", "/stamp", None),
        ("PUT", "/vienna", BODY), ("DELETE", "/vienna", None),
    ):  # fmt: skip
        answer = (
            person.get(URL + path) if method == "GET" else person.send(method, URL + path, body)
        )
        assert answer.status_code == 403, (method, path)
    person.http.close()
