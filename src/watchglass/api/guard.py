"""What is looked at before any route: which host was asked for, and from which page.

A page of a stranger that resolves its own name to this machine (DNS rebinding) sends its own name
as Host; one that posts across sites sends its own Origin. Neither gets further than here, by
request or by WebSocket. Every answer leaves with the headers that keep the pages what they are.
"""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from watchglass.api.paths import (
    CAMERA_TABLE,
    DOCUMENTS,
    EGRESS,
    MOST_EGRESS_BYTES,
    MOST_PLAN_BYTES,
    MOST_SETTINGS_BYTES,
    MOST_TABLE_BYTES,
    PLAN,
    SETTINGS,
)
from watchglass.api.ports import Reach
from watchglass.api.problem import problem
from watchglass.store.device_paths import MOST_DOCUMENT_BYTES

HEADER = "X-Watchglass"
"""On every request that changes something: no plain form of another site can send it."""
MOST_BODY_BYTES = 64 * 1024
_MOST_OF = {
    CAMERA_TABLE: MOST_TABLE_BYTES,
    SETTINGS: MOST_SETTINGS_BYTES,
    DOCUMENTS: MOST_DOCUMENT_BYTES,
    EGRESS: MOST_EGRESS_BYTES,
    PLAN: MOST_PLAN_BYTES,
}
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE = frozenset({"same-origin", "none"})
_POLICY_VIOLATION = 1008

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_STRICT = "max-age=31536000"
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}


class Guard:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp, reach: Reach) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in reach.hosts)
        self._origins = frozenset(origin.lower() for origin in reach.origins)
        self._more = {"Strict-Transport-Security": _STRICT} if reach.strict else {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if scope["type"] == "websocket":
            if refused is not None:
                await receive()
                await send({"type": "websocket.close", "code": _POLICY_VIOLATION})
                return
            await self._app(scope, receive, send)
            return
        inner: ASGIApp = self._app if refused is None else refused
        await inner(scope, receive, _with_headers(send, self._more))

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return problem(
                HTTPStatus.MISDIRECTED_REQUEST, "wrong_host",
                "This recorder is not reached under that name: use the address it printed.",
            )  # fmt: skip
        changes = scope["type"] == "websocket" or scope["method"] not in _SAFE
        if headers.get("sec-fetch-site", "none") not in _OWN_SITE and (
            changes or scope["path"].startswith("/api/")
        ):
            return _foreign()
        if not changes:
            return None
        if _is_of_program(headers):
            return None if scope["type"] == "websocket" else _body_refusal(scope["path"], headers)
        origins = headers.getlist("origin")
        if len(origins) != 1 or origins[0].lower() not in self._origins:
            return _foreign()
        if scope["type"] == "websocket":
            return None
        if not headers.get(HEADER):
            return problem(
                HTTPStatus.FORBIDDEN, "forbidden",
                f"A request that changes something has {HEADER}: 1.",
            )  # fmt: skip
        return _body_refusal(scope["path"], headers)


def _is_of_program(headers: Headers) -> bool:
    """Whether it has a token and no cookie: no browser adds that by itself, so no page of another
    site can send it in somebody's name."""
    bearer = headers.get("authorization", "").lower().startswith("bearer ")
    return bearer and "cookie" not in headers and "origin" not in headers


def _body_refusal(path: str, headers: Headers) -> Response | None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal():
        return problem(HTTPStatus.LENGTH_REQUIRED, "usage", "State the length of the body.")
    most = _MOST_OF.get(path, MOST_BODY_BYTES)
    if int(length) > most:
        return problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "usage", f"A body has at most {most} bytes.",
        )  # fmt: skip
    return None


def _foreign() -> Response:
    return problem(
        HTTPStatus.FORBIDDEN, "forbidden", "This was asked from a page that is not the recorder's."
    )


def _with_headers(send: Send, more: Mapping[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in (*_HEADERS.items(), *more.items()):
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return sending
