"""Routes: notices, and who has seen them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, seen
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.ids import CameraId, NoticeId
from watchglass.model.notice import Notice, NoticeKind

router = APIRouter(prefix=PREFIX, tags=["notices"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_SHOWN = 200
_OF_CAMERAS = frozenset({NoticeKind.CAMERA_OFFLINE, NoticeKind.GAP_LIMIT})
Reader = Annotated[User, Depends(Signed(Action.SEE_SYSTEM))]


class NoticeInfo(BaseModel):
    """``about``: the id of a camera or a volume, or the name of a process."""

    id: str
    kind: NoticeKind
    about: str
    sentence: str
    at_ms: int
    ended_ms: int | None
    acknowledged_by: str
    acknowledged_ms: int | None


class NoticeList(BaseModel):
    """The newest first. ``unread``: what nobody has acknowledged."""

    notices: list[NoticeInfo]
    unread: int


@router.get("/notices", operation_id="listNotices")
async def list_notices(request: Request, user: Reader) -> NoticeList:
    """What somebody should know of the recorder and its cameras."""
    of = services(request)
    found = [
        each
        for each in await of.blocking(of.ports.notices.notices)
        if each.kind not in _OF_CAMERAS or seen(request, user, CameraId(each.about))
    ]
    return NoticeList(
        notices=[_info(each) for each in found[:_SHOWN]],
        unread=sum(each.acknowledged_ns is None for each in found),
    )


@router.post("/notices/acknowledge", operation_id="acknowledgeNotices", status_code=204)
async def acknowledge_all(request: Request, user: Reader) -> None:
    """Say that all of them were seen."""
    of = services(request)
    await of.blocking(of.ports.notices.acknowledge, None, user.name)


@router.post("/notices/{notice}/acknowledge", operation_id="acknowledgeNotice", status_code=204)
async def acknowledge(
    request: Request, user: Reader, notice: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
) -> None:
    """Say that it was seen."""
    of = services(request)
    await of.blocking(of.ports.notices.acknowledge, NoticeId(notice), user.name)


def _info(notice: Notice) -> NoticeInfo:
    return NoticeInfo(
        id=notice.id,
        kind=notice.kind,
        about=notice.about,
        sentence=notice.sentence,
        at_ms=notice.at_ns // _NS_PER_MS,
        ended_ms=_ms(notice.ended_ns),
        acknowledged_by=notice.acknowledged_by,
        acknowledged_ms=_ms(notice.acknowledged_ns),
    )


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
