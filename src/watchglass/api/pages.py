"""Route: the built pages. Whatever path is no file of theirs is the application's own.

The hashed assets never change under their name, so a browser keeps them; ``index.html`` it asks for
each time.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from watchglass.access.policy import Action
from watchglass.api.policy import Allowed
from watchglass.api.problem import problem
from watchglass.api.services import services

router = APIRouter()

UI = Path(__file__).parent / "ui"
_HASHED = "assets/"
_FOREVER = "public, max-age=31536000, immutable"
_ASK = "no-cache"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".txt": "text/plain; charset=utf-8",
}
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Watchglass</title>
<h1>Watchglass</h1>
<p>The recorder runs. Its pages are not built in this checkout: run
<code>npm ci --ignore-scripts</code> and <code>npm run build</code> in the folder <code>ui</code>,
then load this page again.</p>
</html>
"""


@router.get("/{path:path}", include_in_schema=False)
@router.head("/{path:path}", include_in_schema=False)
async def page(
    request: Request, path: str, _: Annotated[None, Depends(Allowed(Action.OPEN_PAGE))]
) -> Response:
    """A file of the built pages, or ``index.html`` for the paths that the application makes up."""
    if path == "api" or path.startswith("api/"):
        return problem(HTTPStatus.NOT_FOUND, "not_found", "There is no such route.")
    of = services(request)
    return await of.blocking(_page, of.ports.ui, path)


def _page(root: Path, path: str) -> Response:
    found = _read(root, path) if path else None
    if found is not None:
        return found
    if path.startswith(_HASHED) or Path(path).suffix in _TYPES:
        return Response("Not found.", HTTPStatus.NOT_FOUND, media_type="text/plain")
    index = _read(root, "index.html")
    return index if index is not None else HTMLResponse(_NOT_BUILT, HTTPStatus.SERVICE_UNAVAILABLE)


def _read(root: Path, path: str) -> Response | None:
    """The file, if it lies under ``root`` and is of a known type."""
    if "\x00" in path:
        return None
    wanted = (root / path).resolve()
    kind = _TYPES.get(wanted.suffix)
    if kind is None or not wanted.is_relative_to(root.resolve()) or not wanted.is_file():
        return None
    keep = _FOREVER if path.startswith(_HASHED) else _ASK
    return Response(wanted.read_bytes(), 200, {"Cache-Control": keep}, media_type=kind)
