"""Routes: one picture of a moment, as JPEG, whatever codec was recorded.

Of the newest moment they are how a browser that lacks the codec follows a camera.
"""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from watchglass.access.policy import Action, User
from watchglass.api.keyframe import KeyFrame, Moment, key_frame
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, allowed_times, check
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.sight import require_same, sight_of
from watchglass.base.ids import CameraId
from watchglass.model.look import LookKind
from watchglass.model.mask import Masking
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX, tags=["pictures"])

_NS_PER_MS = 1_000_000
_CACHED = "private, no-cache"
"""Asked for again each time: which picture it is, and what somebody may see of it, can change."""
_JPEG: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The picture.",
        "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "X-Picture-Ms": {"description": "UTC of the picture.", "schema": {"type": "integer"}}
        },
    },
    404: {"description": "`no_picture`: nothing was recorded then; `cause` says why."},
    503: {"description": "`media_worker`: pictures cannot be made just now."},
    **RESPONSES,
}

Watcher = Annotated[User, Depends(Signed(Action.SEE_CAMERA))]
"""Which picture it is tells whether it is a look at live or at recorded footage: see ``_check``.
"""
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Exact = Annotated[
    bool,
    Query(description="The picture itself; else the key frame before it, which is had sooner."),
]
AtMs = Annotated[int | None, Query(ge=0, lt=2**53, description="Omitted: the newest picture.")]


@router.get(
    "/thumbnail/{camera}", operation_id="getThumbnail", response_class=Response, responses=_JPEG
)
async def get_thumbnail(
    request: Request, user: Watcher, camera: Id, at_ms: AtMs = None,
    width: Annotated[int, Query(ge=64, le=640)] = 320, exact: Exact = False,
) -> Response:  # fmt: skip
    """A small picture of a moment, from the sub-stream where it has it."""
    streams = (StreamName.SUB, StreamName.MAIN)
    return await _picture(request, user, CameraId(camera), streams, at_ms, width, exact=exact)


@router.get(
    "/still/{camera}/{stream}", operation_id="getStill", response_class=Response, responses=_JPEG
)
async def get_still(
    request: Request, user: Watcher, camera: Id, stream: StreamName, at_ms: AtMs = None,
    width: Annotated[int, Query(ge=64, le=1920)] = 1280, exact: Exact = False,
) -> Response:  # fmt: skip
    """A large picture of a stream, of a moment."""
    return await _picture(request, user, CameraId(camera), (stream,), at_ms, width, exact=exact)


async def _picture(
    request: Request, user: User, camera: CameraId, streams: Sequence[StreamName],
    at_ms: int | None, width: int, *, exact: bool,
) -> Response:  # fmt: skip
    of = services(request)
    now_ns = of.ports.clock.wall_ns()
    newest = at_ms is None or at_ms * _NS_PER_MS >= now_ns
    moment = Moment(now_ns if newest or at_ms is None else at_ms * _NS_PER_MS, newest, exact)
    # Before too: that there is none, and why, is nothing for strangers either.
    _check(request, user, camera, moment.at_ns, newest=newest)
    frame = await of.blocking(key_frame, of.ports, of.files, camera, streams, moment)
    _check(request, user, camera, frame.wall_ns, newest=newest)
    times = (frame.wall_ns, frame.wall_ns + 1)
    sight = await sight_of(request, user, camera, None if newest else times)
    key = (frame.row.run, frame.wanted.media_time, width, sight.masking.version)
    tag = '"' + "-".join(map(str, key)) + '"'
    headers = {
        "X-Picture-Ms": str(frame.wall_ns // _NS_PER_MS), "Cache-Control": _CACHED, "ETag": tag,
        "Vary": "Cookie",
    }  # fmt: skip
    make = partial(of.blocking, _made, of, frame, width, sight.masking)
    jpeg = await of.stills.get(key, make)
    await require_same(request, user, camera, None if newest else times, sight)
    kind = LookKind.LIVE if newest else LookKind.PLAYBACK
    await of.looks.saw(
        user, camera, frame.row.stream, frame.wall_ns, frame.until_ns, kind,
        sight.unmasked,
    )  # fmt: skip
    if tag in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(jpeg, 200, headers, media_type="image/jpeg")


def _check(request: Request, user: User, camera: CameraId, at_ns: int, *, newest: bool) -> None:
    """The newest picture is for who may watch live; any, for who may watch footage of its time."""
    if newest and allowed_times(request, user, Action.LIVE, camera):
        check(request, user, Action.LIVE, camera)
    else:
        check(request, user, Action.PLAYBACK, camera, (at_ns, at_ns + 1))


def _made(of: Services, frame: KeyFrame, width: int, masking: Masking) -> bytes:
    return of.ports.still(frame.request(width, masking))
