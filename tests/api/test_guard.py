"""Other sites, other names, forged requests: over real sockets."""

import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.api.recorded import COOKIE, PASSWORD, Browser, Recorded, Running, live_link

EVIL = "http://evil.example"


def raw(at: Running, request: str) -> bytes:
    """The first bytes of the answer to exactly these."""
    with socket.create_connection(("127.0.0.1", at.port), 5) as link:
        link.sendall(request.replace("\n", "\r\n").encode("latin-1"))
        return link.recv(65536)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:{port}", "", "[::1"],
)
def test_a_name_that_is_not_ours_gets_nothing(at: Running, browser: Browser, host: str) -> None:
    for path in ("/", "/api/v1/health", "/api/v1/cameras", "/api/v1/setup"):
        answer = browser.get(path, headers={"Host": host.format(port=at.port)})
        assert answer.status_code in (400, 421), (host, path)


def test_two_hosts_or_none(at: Running) -> None:
    ours = f"Host: 127.0.0.1:{at.port}\n"
    assert b" 200 " in raw(at, f"GET /api/v1/health HTTP/1.1\n{ours}\n")
    for hosts in (f"{ours}Host: evil.example\n", ours + ours, ""):
        assert b" 200 " not in raw(at, f"GET /api/v1/health HTTP/1.1\n{hosts}\n")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": EVIL, "X-Watchglass": "1"},
        {"Origin": "null", "X-Watchglass": "1"},
        {"X-Watchglass": "1"},
        {"Origin": "{own}"},
        {"Origin": "{own}", "X-Watchglass": ""},
        {"Origin": "https{own_rest}", "X-Watchglass": "1"},
        {"Origin": "{own}", "X-Watchglass": "1", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "{own}", "X-Watchglass": "1", "Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_forged_change_is_refused(
    at: Running, browser: Browser, recorded: Recorded, headers: dict[str, str]
) -> None:
    filled = {
        name: value.format(own=at.url, own_rest=at.url.removeprefix("http"))
        for name, value in headers.items()
    }
    pause = f"/api/v1/cameras/{recorded.camera}/pause"
    for method, path in (("POST", pause), ("DELETE", "/api/v1/session"), ("POST", "/x")):
        answer = browser.http.request(
            method, path, json={"reason": "x"}, headers=browser.headers() | filled
        )
        assert answer.status_code == 403, (method, path)
        assert answer.json()["code"] == "forbidden"
    assert not at.of.orders


def test_another_site_cannot_even_read(browser: Browser) -> None:
    answer = browser.get("/api/v1/cameras", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


@pytest.mark.parametrize("origin", [EVIL, None, "null", "http://127.0.0.1"])
def test_a_websocket_of_another_site_is_refused(
    at: Running, browser: Browser, recorded: Recorded, origin: str | None
) -> None:
    url = f"{at.url}/api/v1/live/{recorded.camera}/main"
    with pytest.raises(InvalidStatus) as refused:
        live_link(url, origin, browser.headers())
    assert refused.value.response.status_code == 403


def test_a_websocket_without_a_session_is_refused(at: Running, recorded: Recorded) -> None:
    url = f"{at.url}/api/v1/live/{recorded.camera}/main"
    tried: list[dict[str, str]] = [{}, {"Cookie": f"{COOKIE}=made-up"}]
    for headers in tried:
        with pytest.raises(InvalidStatus):
            live_link(url, at.url, headers)


def test_large_bodies_are_refused_before_they_are_read(at: Running, browser: Browser) -> None:
    ours = f"Host: 127.0.0.1:{at.port}\nOrigin: {at.url}\nX-Watchglass: 1\n"
    start = f"POST /api/v1/session HTTP/1.1\n{ours}Content-Type: application/json\n"
    assert b" 413 " in raw(at, f"{start}Content-Length: 70000\n\n")
    assert b" 411 " in raw(at, f"{start}Transfer-Encoding: chunked\n\n")


def test_headers_of_every_answer(browser: Browser, recorded: Recorded) -> None:
    for path in ("/", "/api/v1/cameras", "/api/v1/nothing", "/assets/x.js"):
        headers = browser.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "media-src 'self' blob:" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert browser.get("/api/v1/cameras").headers["cache-control"] == "no-store"


def test_cookie_cannot_be_read_sent_across_or_set_by_a_neighbour(at: Running) -> None:
    browser = Browser(at)
    answer = browser.send("POST", "/api/v1/session", {"password": PASSWORD})
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"]
    parts = cookie.split("; ")
    assert parts[0].startswith("__Host-watchglass=")
    assert {"Path=/", "Secure", "HttpOnly", "SameSite=Strict"} <= set(parts)
    assert not any(part.startswith("Domain") for part in parts)
    assert browser.json("/api/v1/session")["name"] == "admin"
    kept = browser.cookie
    assert browser.send("DELETE", "/api/v1/session").status_code == 204
    browser.cookie = kept
    assert browser.get("/api/v1/session").status_code == 401
    browser.http.close()


def test_errors_tell_no_secret(at: Running) -> None:
    browser = Browser(at)
    answer = browser.send("POST", "/api/v1/session", {"password": ["sesame-open"]})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert "sesame" not in answer.text
    answer = browser.send("POST", "/api/v1/setup", {"token": "x", "password": "sesame-open-now"})
    assert answer.status_code == 409
    assert "sesame" not in answer.text
    browser.http.close()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/playback/../../etc/passwd", "/api/v1/playback/zz/main?at_ms=1",
        "/api/v1/media/" + "0" * 32 + "/main/" + "0" * 32 + "/0/video/5-1",
        "/api/v1/media/" + "0" * 32 + "/side/" + "0" * 32 + "/0/video/0-1",
        "/api/v1/timeline?from_ms=5&to_ms=4", "/api/v1/timeline?from_ms=0&to_ms=99999999999999999",
        "/api/v1/timeline?from_ms=0&to_ms=9&tz=../../etc/passwd", "/api/v1/nothing",
    ],
)  # fmt: skip
def test_nonsense_is_a_problem(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert answer.status_code in (400, 404)
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= answer.json().keys()


def test_httpx_is_not_asked_to_forgive(at: Running) -> None:
    """The tests' own client sends what they say, or they would prove nothing."""
    with httpx.Client(base_url=at.url) as client:
        assert client.get("/api/v1/cameras").status_code == 401
