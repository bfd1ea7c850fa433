"""Users, rights, sessions and second factors over the API, and what ends a view that is open."""

import base64
import time
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from tests.api.people import Person, arrived, right_of
from tests.api.recorded import PASSWORD, Browser, Recorded, Running, live_link
from watchglass.access.directory import text_of
from watchglass.access.right import Action, Role
from watchglass.access.totp import STEP_NS, code_of, step_at
from watchglass.model.act import ActKind

LIVE = frozenset({Action.LIVE, Action.PLAYBACK})


@pytest.fixture
def anna(at: Running, recorded: Recorded) -> Iterator[tuple[Person, Browser]]:
    person = Person(f"anna {time.monotonic_ns()}", Role.VIEWER, LIVE, frozenset({recorded.camera}))
    browser = arrived(at, person)
    yield person, browser
    browser.http.close()


def told_to_go(link: ClientConnection, seconds: float) -> int | None:
    """The code that a view is closed with; None when it goes on for so long."""
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            link.recv(timeout=left_s)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd is not None else 0
        except TimeoutError:
            return None
    return None


@pytest.mark.parametrize("how", ["right", "disabled", "session", "removed", "elsewhere"])
def test_what_is_withdrawn_ends_a_live_view(
    at: Running, recorded: Recorded, anna: tuple[Person, Browser], how: str
) -> None:
    person, browser = anna
    url = f"{at.url}/api/v1/live/{recorded.camera}/main"
    with live_link(url, at.url, browser.headers()) as link:
        assert link.recv(timeout=10)
        match how:
            case "right":
                other = right_of(Person("x", Role.VIEWER, LIVE, frozenset({recorded.cameras[1]})))
                at.of.access.set_rights(person.id, text_of([other]), "[]")
            case "disabled":
                at.of.access.set_disabled(person.id, True)
            case "removed":
                at.of.access.remove_user(person.id, "gone", 1)
            case "session":
                at.of.ports.sessions.end_all(person.id)
            case _:  # by a command, which knows nothing of this process
                hashes = [
                    row.token_hash for row in at.of.access.sessions() if row.user == person.id
                ]
                at.of.access.end_sessions(hashes)
        assert told_to_go(link, 20) == 1008


@pytest.mark.full
def test_a_right_that_goes_on_keeps_the_view(
    at: Running, recorded: Recorded, anna: tuple[Person, Browser]
) -> None:
    person, browser = anna
    url = f"{at.url}/api/v1/live/{recorded.camera}/main"
    with live_link(url, at.url, browser.headers()) as link:
        assert link.recv(timeout=10)
        more = right_of(Person("x", Role.VIEWER, LIVE, None))
        at.of.access.set_rights(person.id, text_of([more]), "[]")
        assert told_to_go(link, 2.5) is None


@pytest.mark.full
def test_changes_tell_of_cameras_that_one_may_see_and_end(
    at: Running, recorded: Recorded, anna: tuple[Person, Browser]
) -> None:
    person, browser = anna
    hidden = recorded.cameras[1]
    with browser.http.stream("GET", "/api/v1/changes", headers=browser.headers()) as stream:
        lines = stream.iter_lines()
        told = ""
        for line in lines:
            told += line
            if line.startswith("data:") and recorded.camera in line:
                break
        assert hidden not in told
        at.of.access.set_rights(person.id, "[]", "[]")
        for line in lines:
            assert hidden not in line
            if line == "event: again":
                break
        at.of.ports.sessions.end_all(person.id)
        for line in lines:
            assert hidden not in line


def test_an_admin_makes_and_changes_users(at: Running, browser: Browser) -> None:
    body = {"name": "bert", "role": "viewer", "password": PASSWORD,
            "rights": [{"actions": ["live"], "everywhere": True, "back_s": 3600}]}  # fmt: skip
    made = browser.send("POST", "/api/v1/users", body)
    assert made.status_code == 201, made.text
    bert = made.json()
    assert bert["rights"][0]["actions"] == ["live"]
    assert browser.send("POST", "/api/v1/users", body).status_code == 409
    too_much = [{"actions": ["export"], "everywhere": True}]
    for rights, status in ((too_much, 400), ([{"actions": []}], 400), ([], 200)):
        path = f"/api/v1/users/{bert['id']}/rights"
        assert browser.send("PUT", path, {"rights": rights}).status_code == status
    other = Browser(at)
    assert other.send(
        "POST", "/api/v1/session", {"name": "bert", "password": PASSWORD}
    ).status_code == 201  # fmt: skip
    assert other.json("/api/v1/cameras")["cameras"] == []
    assert other.get("/api/v1/users").status_code == 403
    assert [each["here"] for each in other.json("/api/v1/account/sessions")["sessions"]] == [True]
    listed = {each["name"]: each for each in browser.json("/api/v1/users")["users"]}
    assert listed["bert"]["sessions"] == 1
    assert PASSWORD not in browser.get("/api/v1/users").text
    assert "argon2" not in browser.get("/api/v1/users").text
    assert browser.send("DELETE", f"/api/v1/users/{bert['id']}/sessions").status_code == 204
    assert other.get("/api/v1/session").status_code == 401
    assert browser.send("DELETE", f"/api/v1/users/{bert['id']}").status_code == 204
    assert browser.send("DELETE", f"/api/v1/users/{bert['id']}").status_code == 404
    admin = listed["admin"]["id"]
    assert browser.send("DELETE", f"/api/v1/users/{admin}").status_code == 409
    acts = at.of.acts
    assert [each.detail for each in acts if each.kind is ActKind.USER_CHANGED][:1] == [
        "added bert as viewer"
    ]
    other.http.close()


def test_ones_own_account(at: Running, browser: Browser, recorded: Recorded) -> None:
    made = browser.send(
        "POST", "/api/v1/users", {"name": "carla", "role": "viewer", "password": PASSWORD}
    )
    assert made.status_code == 201
    carla, elsewhere = Browser(at), Browser(at)
    for each in (carla, elsewhere):
        assert each.send(
            "POST", "/api/v1/session", {"name": "carla", "password": PASSWORD}
        ).status_code == 201  # fmt: skip
    wrong = carla.send(
        "PUT", "/api/v1/account/password", {"current": "wrong wrong", "password": "another of mine"}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (401, "wrong_password")
    assert elsewhere.get("/api/v1/session").status_code == 200
    new = {"current": PASSWORD, "password": "another of mine"}
    assert carla.send("PUT", "/api/v1/account/password", new).status_code == 204
    assert elsewhere.get("/api/v1/session").status_code == 401
    assert carla.get("/api/v1/session").status_code == 200
    begun = carla.send("POST", "/api/v1/account/second-factor", {"current": "another of mine"})
    assert begun.status_code == 201
    assert begun.json()["svg"].startswith("<svg ")
    secret = base64.b32decode(begun.json()["secret"].replace(" ", ""))
    clock = recorded.site.clock

    def code() -> str:
        return code_of(secret, step_at(clock.wall_ns()))

    confirmed = carla.send("PUT", "/api/v1/account/second-factor", {"code": code()})
    assert len(confirmed.json()["codes"]) == 10
    sign_in = {"name": "carla", "password": "another of mine"}
    asked = elsewhere.send("POST", "/api/v1/session", sign_in)
    assert (asked.status_code, asked.json()["code"]) == (401, "second_factor")
    used = elsewhere.send("POST", "/api/v1/session", sign_in | {"code": code()})
    assert (used.status_code, used.json()["code"]) == (401, "wrong_password")
    clock.advance(STEP_NS)
    assert elsewhere.send("POST", "/api/v1/session", sign_in | {"code": code()}).status_code == 201
    info = carla.json("/api/v1/account")
    assert (info["second_factor"], info["recovery_left"]) == (True, 10)
    token = carla.send(
        "POST", "/api/v1/account/tokens",
        {"current": "another of mine", "name": "mine", "site": ["see_state"], "days": 3},
    )  # fmt: skip
    assert token.status_code == 201
    bearer = {"Authorization": f"Bearer {token.json()['token']}"}
    stranger = Browser(at)
    assert stranger.get("/api/v1/cameras", headers=bearer).status_code == 200
    assert [each["name"] for each in carla.json("/api/v1/account/tokens")["tokens"]] == ["mine"]
    assert browser.send("DELETE", "/api/v1/account/tokens/mine").status_code == 404
    assert carla.send("DELETE", "/api/v1/account/tokens/mine").status_code == 204
    assert stranger.get("/api/v1/cameras", headers=bearer).status_code == 401
    for each in (carla, elsewhere, stranger):
        each.http.close()
