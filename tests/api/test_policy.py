"""Every route asks ``authorise``; nobody gets anything without having signed in."""

import re

import pytest
from fastapi import FastAPI
from starlette.routing import Mount

from tests.api.recorded import Browser, Recorded, Running
from watchglass.access.policy import Action
from watchglass.api.policy import actions_of, require_policies

OPEN = {"/api/v1/setup", "/api/v1/session", "/api/v1/health", "/{path:path}"}


def test_every_route_has_a_policy(at: Running) -> None:
    found = list(actions_of(at.of.app.routes))
    assert len(found) > 14
    assert [path for path, action in found if action is None] == []
    free = {path for path, action in found if action in (Action.OPEN_PAGE, Action.ENTER)}
    assert free == OPEN


def test_an_application_with_an_unguarded_route_is_not_made() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/open")
    async def nobody_asks() -> None:
        """Nothing."""

    with pytest.raises(RuntimeError, match="/open"):
        require_policies(app.routes)
    with pytest.raises(RuntimeError):
        require_policies([Mount("/static", app=app)])


@pytest.mark.full
def test_nothing_is_had_without_a_session(at: Running, recorded: Recorded) -> None:
    stranger = Browser(at)
    values = {
        "camera": recorded.camera, "stream": "main", "run": "0" * 32, "sequence": "0",
        "track": "video", "first": "0", "last": "1", "device": "0" * 32, "scan": "0" * 32,
        "kind": "html", "clip": "0" * 32, "number": "0", "mask": "0" * 32,
        "layout": "0" * 32, "bookmark": "0" * 32,
    }  # fmt: skip
    asked = 0
    for route in at.of.app.routes:
        path = str(getattr(route, "path", ""))
        for method in sorted(getattr(route, "methods", None) or ()):
            if path in OPEN and not (path.endswith("/session") and method != "POST"):
                continue
            asked += 1
            filled = re.sub(r"\{(\w+)\}", lambda found: values.get(found[1], "0" * 32), path)
            params = {"from_ms": 0, "to_ms": 1, "at_ms": 0}
            headers = {"Origin": at.url, "X-Watchglass": "1"}
            answer = stranger.http.request(method, filled, params=params, headers=headers)
            assert answer.status_code == 401, (method, filled)
            assert answer.json()["code"] == "not_signed_in"
            made_up = {"Cookie": "__Host-watchglass=made-up"} | headers
            answer = stranger.http.request(method, filled, params=params, headers=made_up)
            assert answer.status_code == 401, (method, filled)
    assert asked >= 10
    stranger.http.close()
