"""Routes: moments that somebody wants to find again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User, may
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError, RefusedError, UsageError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.arrangement import Bookmark, BookmarkId

router = APIRouter(prefix=PREFIX + "/bookmarks", tags=["bookmarks"], responses=RESPONSES)

MOST_LISTED = 1000
_NS_PER_MS = 1_000_000

Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Player = Annotated[User, Depends(Signed(Action.PLAYBACK))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class BookmarkBody(BaseModel):
    """A moment of a camera, and why it matters: plain text in one line."""

    model_config = ConfigDict(extra="forbid")

    at_ms: int = Field(ge=0, lt=2**53)
    text: str = Field(min_length=1, max_length=500)


class BookmarkInfo(BaseModel):
    """``own``: it is the caller's, who alone may delete it."""

    id: str
    camera: str
    at_ms: int
    text: str
    by: str
    own: bool
    made_ms: int


class BookmarkList(BaseModel):
    """The newest first; ``more``: there are older ones in the span."""

    bookmarks: list[BookmarkInfo]
    more: bool


@router.get("", operation_id="listBookmarks")
async def list_bookmarks(
    request: Request,
    user: Looker,
    from_ms: Annotated[int, Query(ge=0, lt=2**53)],
    to_ms: Annotated[int, Query(ge=0, lt=2**53)],
) -> BookmarkList:
    """Those of a span, of all whose recordings the caller may watch."""
    of = services(request)
    found = await of.blocking(
        of.ports.arrangement.bookmarks, from_ms * _NS_PER_MS, to_ms * _NS_PER_MS, MOST_LISTED + 1
    )
    shown = [_told(each, user) for each in found[:MOST_LISTED] if _may_see(of, user, each)]
    return BookmarkList(bookmarks=shown, more=len(found) > MOST_LISTED)


@router.post("/{camera}", operation_id="addBookmark", status_code=201)
async def add_bookmark(
    request: Request, user: Player, camera: Id, body: BookmarkBody
) -> BookmarkInfo:
    """Mark a moment that has been."""
    of = services(request)
    at_ns = body.at_ms * _NS_PER_MS
    check(request, user, Action.PLAYBACK, CameraId(camera), (at_ns, at_ns + 1))
    bookmark = Bookmark(
        BookmarkId(random_id()), user.id, user.name, CameraId(camera), at_ns, body.text,
        of.ports.clock.wall_ns(),
    )  # fmt: skip
    if bookmark.at_ns > bookmark.made_ns:
        raise UsageError("A bookmark marks a moment that has been.")
    return _told(await of.blocking(_added, of, bookmark), user)


@router.delete("/{bookmark}", operation_id="removeBookmark", status_code=204)
async def remove_bookmark(request: Request, user: Looker, bookmark: Id) -> None:
    """Delete one of one's own, with its text."""
    of = services(request)
    await of.blocking(_removed, of, BookmarkId(bookmark), user)


def _added(of: Services, bookmark: Bookmark) -> Bookmark:
    if all(each.id != bookmark.camera for each in of.ports.cameras()):
        raise NotFoundError("There is no such camera.")
    return of.ports.arrangement.add_bookmark(bookmark)


def _removed(of: Services, bookmark: BookmarkId, user: User) -> None:
    found = of.ports.arrangement.bookmark(bookmark)
    if not _may_see(of, user, found):
        raise NotFoundError("There is no such bookmark: somebody may have deleted it.")
    if found.owner != user.id:
        raise RefusedError(f"This bookmark is {found.owner_name}'s.")
    of.ports.arrangement.remove_bookmark(bookmark)


def _may_see(of: Services, user: User, bookmark: Bookmark) -> bool:
    return may(
        user, Action.PLAYBACK, bookmark.camera, (bookmark.at_ns, bookmark.at_ns + 1),
        now_ns=of.ports.clock.wall_ns(),
    )  # fmt: skip


def _told(bookmark: Bookmark, user: User) -> BookmarkInfo:
    return BookmarkInfo(
        id=bookmark.id, camera=bookmark.camera, at_ms=bookmark.at_ns // _NS_PER_MS,
        text=bookmark.text, by=bookmark.owner_name, own=bookmark.owner == user.id,
        made_ms=bookmark.made_ns // _NS_PER_MS,
    )  # fmt: skip
