"""Every route of the application, asked by everybody: what each may is what each gets.

The routes come from the application itself: a new one is asked too, and one that nobody guards, or
that names a camera and asks for no right on it, fails here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from websockets.exceptions import InvalidStatus

from tests.api.people import Person, again, arrived, renamed, right_of
from tests.api.recorded import Browser, Recorded, Running, live_link
from watchglass.access.right import CAMERA_ACTIONS, PUBLIC, SITE_ACTIONS, Action, Role
from watchglass.access.tokens import Scope
from watchglass.api.policy import actions_of
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId

_MS = 1_000_000
ALL = frozenset(CAMERA_ACTIONS)


_TRACKS = (("video", (Action.PLAYBACK,)), ("sound", (Action.PLAYBACK, Action.SOUND)))


@dataclass(frozen=True)
class Ask:
    """A request for a camera's footage of a time; ``needs`` are the rights that it takes."""

    method: str
    path: str
    needs: tuple[Action, ...]
    camera: CameraId | None = None
    span: tuple[int, int] | None = None
    params: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.params}"


class Site:
    """A recorded site: its routes, and for those of media real names of real media."""

    def __init__(self, at: Running, admin: Browser, recorded: Recorded) -> None:
        self.at = at
        self.recorded = recorded
        self.began_ns = recorded.began_ns
        self.now_ns = recorded.site.clock.wall_ns()
        self.plan = {
            camera: admin.json(
                f"/api/v1/playback/{camera}/main",
                params={"at_ms": self.began_ns // _MS, "span_ms": 30_000},
            )
            for camera in recorded.cameras
        }

    def asks(self) -> Iterator[Ask]:
        for route in self.at.of.app.routes:
            if not isinstance(route, APIRoute):
                continue
            ((_, action),) = actions_of([route])
            assert action is not None, route.path
            if action in PUBLIC:
                continue
            for method in sorted((route.methods or set()) - {"HEAD"}):
                if "{camera}" not in route.path:
                    yield Ask(method, _filled(route.path, {}), (action,))
                elif "/media/" in route.path:
                    yield from self._media(method, route.path)
                elif route.path.rsplit("/{camera}", 1)[0].endswith(("thumbnail", "still")):
                    yield from self._pictures(method, route.path)
                else:
                    yield from self._of_cameras(method, route.path, action)

    def _of_cameras(self, method: str, path: str, action: Action) -> Iterator[Ask]:
        for camera in (*self.recorded.cameras, CameraId("f" * 32)):
            if "at_ms" not in _queries(self.at, path, method):
                yield Ask(method, _filled(path, {"camera": camera}), (action,), camera)
                continue
            for ago_s in (1, 6, 11, 16):
                at_ns = self.began_ns + ago_s * NS_PER_S
                yield Ask(
                    method, _filled(path, {"camera": camera}), (action,), camera,
                    (at_ns, at_ns + 1), {"at_ms": at_ns // _MS},
                )  # fmt: skip

    def _media(self, method: str, path: str) -> Iterator[Ask]:
        """What is in a segment decides, not what the request says of its time."""
        if path.endswith("/init"):
            return  # headers hold no picture and no time: by example below
        for camera, plan in self.plan.items():
            for piece in plan["pieces"]:
                for kind, needs in _TRACKS:
                    for segment in piece[kind]["segments"]:
                        url = segment["url"].partition("?")[0]
                        if "/converted/" in path:
                            url = url.replace("/video/", "/converted/")
                        span = (segment["from_ms"] * _MS + _MS, segment["to_ms"] * _MS - _MS)
                        if kind == "sound" and "/converted/" in path:
                            continue
                        for lie_ms in (None, segment["from_ms"], self.now_ns // _MS):
                            params = {} if lie_ms is None else {"at_ms": lie_ms}
                            yield Ask(method, url, needs, camera, span, params)

    def _pictures(self, method: str, path: str) -> Iterator[Ask]:
        for camera in self.recorded.cameras:
            url = _filled(path, {"camera": camera})
            yield Ask(method, url, (Action.LIVE,), camera, (self.now_ns, self.now_ns + 1))
            for ago_s in (2, 7, 12):
                at_ns = self.began_ns + ago_s * NS_PER_S
                # The key frame on show, of which there is one a second.
                span = (at_ns - NS_PER_S, at_ns + 1)
                yield Ask(method, url, (Action.PLAYBACK,), camera, span, {"at_ms": at_ns // _MS})


def _filled(path: str, more: dict[str, str]) -> str:
    values = {
        "stream": "main", "kind": "html", "group": "none", "token": "none", "session": "0" * 16
    } | more  # fmt: skip
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: values.get(found[1], "0" * 32), path)


def _queries(at: Running, path: str, method: str) -> set[str]:
    for route in at.of.app.routes:
        if isinstance(route, APIRoute) and route.path == path and method in (route.methods or ()):
            return {each.name for each in route.dependant.query_params}
    raise AssertionError(path)


@pytest.fixture(scope="module")
def site(signed_in: tuple[Running, Browser], recorded: Recorded) -> Site:
    return Site(*signed_in, recorded)


def people(site: Site) -> list[Person]:
    hall, _ = site.recorded.cameras
    one = frozenset({hall})
    from_ns, to_ns = site.began_ns + 5 * NS_PER_S, site.began_ns + 14 * NS_PER_S
    return [
        Person("nothing", Role.VIEWER),
        Person("live alone", Role.VIEWER, frozenset({Action.LIVE}), one),
        Person("some time", Role.VIEWER, frozenset({Action.PLAYBACK}), one, from_ns, to_ns),
        Person("hears", Role.VIEWER, frozenset({Action.PLAYBACK, Action.SOUND}), None),
        Person("beyond", Role.VIEWER, ALL, one),
        Person("operator", Role.OPERATOR, ALL, one, site=SITE_ACTIONS & {Action.SEE_FLEET}),
        Person("case", Role.INVESTIGATOR, ALL, None, from_ns, to_ns),
        Person("reader", Role.INVESTIGATOR, site=frozenset({Action.READ_LOG})),
        Person("boss", Role.ADMIN),
    ]


def asked(site: Site, browser: Browser, ask: Ask) -> int:
    headers = browser.headers() | {"Origin": site.at.url, "X-Watchglass": "1"}
    if ask.path.endswith("/changes"):
        with browser.http.stream(ask.method, ask.path, headers=headers) as stream:
            return stream.status_code
    body: dict[str, str] | None = {} if ask.method in ("POST", "PUT") else None
    answer: httpx.Response = browser.http.request(
        ask.method, ask.path, headers=headers, params=ask.params, json=body
    )
    if answer.status_code in (401, 403) and "code" in answer.json():
        assert answer.json()["code"] in ("forbidden", "not_signed_in", "wrong_password")
    return answer.status_code


@pytest.mark.full
@pytest.mark.timeout(300)
def test_everybody_gets_what_he_may_and_nothing_else(site: Site) -> None:
    asks = list(site.asks())
    assert len(asks) > 100
    paths = {ask.path for ask in asks}
    assert len(paths) > 50
    stranger = Browser(site.at)
    for ask in asks:
        assert asked(site, stranger, ask) == 401, ask
    stranger.http.close()
    for person in people(site):
        browser = arrived(site.at, person)
        got = 0
        for ask in asks:
            judges = any(each in ask.path for each in ("/fleet", "/report", "/devices/"))
            if judges and (person.role is Role.ADMIN or person.site):
                continue  # the whole fleet, anew: looked at in its own tests
            status = asked(site, browser, ask)
            if "session" in ask.path:
                again(site.at, person, browser)
            allowed = all(person.may(need, ask.camera, ask.span) for need in ask.needs)
            if "at_ms" in ask.params:  # what is stated has to be allowed too
                stated = ask.params["at_ms"] * _MS
                allowed = allowed and person.may(ask.needs[0], ask.camera, (stated, stated + 1))
            if Action.LIVE in ask.needs and not allowed:
                # The newest picture is for who may see recordings of that time too.
                newest = (site.now_ns - 2 * NS_PER_S, site.now_ns + 1)
                allowed = person.may(Action.PLAYBACK, ask.camera, newest)
            got += allowed
            assert (status not in (401, 403)) == allowed, (person.name, str(ask), status)
        assert got > 5, person.name
        browser.http.close()


def test_a_route_with_a_camera_asks_for_a_right_on_it(site: Site) -> None:
    for route in site.at.of.app.routes:
        if not isinstance(route, (APIRoute, APIWebSocketRoute)):
            continue
        ((path, action),) = actions_of([route])
        assert action is not None, path
        if "{camera}" in path:
            # Or for one that nobody but an admin can have.
            assert action in CAMERA_ACTIONS | {Action.SEE_CAMERA, Action.ADD_CAMERA}, path
        else:
            assert action not in CAMERA_ACTIONS, path


def test_live_sockets_are_for_who_may(site: Site) -> None:
    sockets = list(
        actions_of(route for route in site.at.of.app.routes if isinstance(route, APIWebSocketRoute))
    )
    assert sockets
    for person in people(site):
        browser = arrived(site.at, renamed(person, f"live {person.name}"))
        now_ns = site.recorded.site.clock.wall_ns()
        for path, action in sockets:
            assert action is not None
            for camera in site.recorded.cameras:
                url = site.at.url + _filled(path, {"camera": camera})
                if person.may(action, camera, (now_ns, now_ns + 1)):
                    with live_link(url, site.at.url, browser.headers()):
                        continue
                with pytest.raises(InvalidStatus) as refused:
                    live_link(url, site.at.url, browser.headers())
                assert refused.value.response.status_code == 403
        browser.http.close()


def test_headers_of_media_are_for_who_may_see_some_of_the_file(site: Site) -> None:
    hall, gate = site.recorded.cameras
    late = Person("late", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({hall}),
                  site.began_ns + 13 * NS_PER_S)  # fmt: skip
    browser = arrived(site.at, late)
    statuses = {
        piece["from_ms"]: browser.get(piece["video"]["init_url"]).status_code
        for piece in site.plan[hall]["pieces"]
    }
    assert set(statuses.values()) == {200, 403}
    assert statuses[min(statuses)] == 403
    assert statuses[max(statuses)] == 200
    assert browser.get(site.plan[gate]["pieces"][-1]["video"]["init_url"]).status_code == 403
    sound = site.plan[hall]["pieces"][-1]["sound"]["segments"][-1]["url"]
    assert browser.get(sound).status_code == 403
    browser.http.close()


def test_lists_show_what_one_may_see(site: Site) -> None:
    hall, gate = site.recorded.cameras
    from_ms = (site.began_ns + 5 * NS_PER_S) // _MS
    browser = arrived(site.at, Person(
        "lists", Role.VIEWER, frozenset({Action.PLAYBACK}), frozenset({hall}), from_ms * _MS,
        (from_ms + 8000) * _MS,
    ))  # fmt: skip
    listed = browser.json("/api/v1/cameras")
    assert [each["id"] for each in listed["cameras"]] == [hall]
    assert listed["may"] == {hall: ["playback"]}
    day = {"from_ms": site.began_ns // _MS - 1000, "to_ms": site.now_ns // _MS}
    (line,) = browser.json("/api/v1/timeline", params=day)["cameras"]
    assert (line["camera"], line["from_ms"], line["to_ms"]) == (hall, from_ms, from_ms + 8000)
    assert browser.get("/api/v1/timeline", params=day | {"camera": gate}).status_code == 403
    plan = browser.json(
        f"/api/v1/playback/{hall}/main", params={"at_ms": from_ms, "span_ms": 60_000}
    )
    assert plan["pieces"]
    for piece in plan["pieces"]:
        assert piece["sound"] is None
        for segment in piece["video"]["segments"]:
            assert from_ms <= segment["from_ms"]
            assert segment["to_ms"] <= from_ms + 8000
            assert browser.get(segment["url"]).status_code == 200
    browser.http.close()


def test_a_token_opens_some_of_what_its_owner_may(site: Site) -> None:
    hall, gate = site.recorded.cameras
    owner = Person("owner", Role.OPERATOR, ALL, frozenset({hall}))
    arrived(site.at, owner).http.close()
    tokens = site.at.of.ports.tokens
    now_ns = site.recorded.site.clock.wall_ns()
    wide = Person("x", Role.ADMIN, frozenset({Action.PLAYBACK, Action.EXPORT}), None)
    text = tokens.create_for(
        owner.id, "script", (right_of(wide),), frozenset({Action.SEE_STATE}),
        now_ns + 3600 * NS_PER_S,
    )  # fmt: skip
    bare = Browser(site.at)
    bearer = {"Authorization": f"Bearer {text}"}
    listed = bare.get("/api/v1/cameras", headers=bearer)
    assert listed.json()["may"] == {hall: ["playback"]}
    segment = site.plan[hall]["pieces"][0]["video"]["segments"][0]["url"]
    assert bare.get(segment, headers=bearer).status_code == 200
    other = site.plan[gate]["pieces"][0]["video"]["segments"][0]["url"]
    assert bare.get(other, headers=bearer).status_code == 403
    for path in ("/api/v1/session", "/api/v1/account", "/api/v1/users", "/api/v1/account/tokens"):
        assert bare.get(path, headers=bearer).status_code == 403, path
    # It changes things without the header of the page, as no page of another site could send it.
    pause = bare.http.post(f"/api/v1/cameras/{hall}/pause", headers=bearer, json={"reason": "x"})
    assert pause.status_code == 403
    assert pause.json()["code"] == "forbidden"
    for more in ({"Cookie": "a=b"}, {"Origin": "http://evil.example"}):
        forged = bare.http.post(
            f"/api/v1/cameras/{hall}/pause", headers=bearer | more, json={"reason": "x"}
        )
        assert forged.status_code == 403
        assert "page" in forged.json()["detail"]
    site.at.of.access.set_disabled(owner.id, True)
    assert bare.get(segment, headers=bearer).status_code in (401, 403)
    numbers = tokens.create("numbers", Scope.METRICS, None)
    assert bare.get(segment, headers={"Authorization": f"Bearer {numbers}"}).status_code == 403
    bare.http.close()
