"""Routes: the cameras, and adding one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.access.right import CAMERA_ACTIONS
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, allowed_times, seen
from watchglass.api.ports import CauseWords
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.standing import Now, Standing, StreamStanding, standings
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.camera import CameraState
from watchglass.model.fingerprint import read_fingerprint
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.stream_path import MAKERS, MOST_TRIES
from watchglass.model.survey_control import RecordRequest

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)

_NS_PER_MS = 1_000_000


class StreamInfo(BaseModel):
    """A stream of a camera. ``mime`` is as MediaSource.isTypeSupported takes it; codec and sizes
    are of its newest recording, None while there is none."""

    name: StreamName
    codec: str | None
    codec_string: str | None
    mime: str | None
    width: int | None
    height: int | None
    sound: str | None
    last_picture_ms: int | None
    gap: GapCause | None


class CameraNow(BaseModel):
    """``since_ms``: since when it is so; None where that is more than two hours ago, or unknown."""

    state: Now
    cause: GapCause | None
    since_ms: int | None
    until_ms: int | None = Field(description="When a pause ends by itself.")
    sentence: str


class CameraInfo(BaseModel):
    id: str
    name: str
    state: CameraState
    sound: bool
    ptz: bool
    events: bool = Field(description="The camera itself says what happens.")
    added_ms: int
    streams: list[StreamInfo]
    now: CameraNow


class CameraList(BaseModel):
    """``may``: what whoever asks may do, by camera; with footage of some time at least. ``masked``:
    those of which a part is hidden; ``unmasked``: of which it would be, and is not for now."""

    cameras: list[CameraInfo]
    may: dict[str, list[Action]]
    masked: list[str]
    unmasked: list[str]
    now_ms: int


class AddBody(BaseModel):
    """A camera in the network: onvif://ADDRESS, or rtsp://ADDRESS/PATH. ``url`` may hold no user
    name and password. ``allow``: its address may be one that is refused by default.
    ``fingerprint``: of the key that alone is trusted over TLS, as a refusal showed it. ``others``:
    of the same camera, tried in turn where the first has no stream."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=8, max_length=1000)
    name: str = Field("", max_length=100, description="Its host, where empty.")
    user: str = Field("", max_length=64)
    password: SecretStr = Field(SecretStr(""), max_length=256)
    allow: bool = False
    source: str = Field("", max_length=64, description="Which picture of an ONVIF device.")
    fingerprint: str = Field("", max_length=100)
    others: list[Annotated[str, Field(min_length=8, max_length=1000)]] = Field(
        [], max_length=MOST_TRIES
    )

    def request(self, by: str) -> RecordRequest:
        """UsageError for a fingerprint that is none."""
        return RecordRequest(
            url=self.url.strip(), by=by, name=self.name.strip(), user=self.user.strip(),
            password=self.password.get_secret_value(), allow=self.allow, source=self.source,
            fingerprint=_fingerprint(self.fingerprint),
            others=tuple(map(str.strip, self.others)),
        )  # fmt: skip


class AddedCamera(CameraInfo):
    """``already``: it was recorded before, and nothing was changed. ``sources``: other pictures of
    the same device; each can be added, by its name."""

    already: bool
    sources: list[str]


class PathsOfMaker(BaseModel):
    """Of a camera, and of the third channel of a recorder, empty where that is not known."""

    name: str
    camera: str
    channel: str


Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Adder = Annotated[User, Depends(Signed(Action.ADD_CAMERA))]


@router.get("/cameras", operation_id="listCameras")
async def list_cameras(
    request: Request, user: Annotated[User, Depends(Signed(Action.SEE_STATE))]
) -> CameraList:
    """The cameras that one may see, how they stand now, and what one may do with them."""
    of = services(request)
    found = [
        each
        for each in await of.blocking(standings, of.ports, of.files)
        if seen(request, user, each.camera.id)
    ]
    hidden = await of.blocking(of.ports.masks.cameras) & {each.camera.id for each in found}
    lifted = {each for each in hidden if of.lifts.reason(user, each)}
    return CameraList(
        cameras=[camera_info(each, of.ports.words) for each in found],
        may={each.camera.id: _may(request, user, each.camera.id) for each in found},
        masked=sorted(hidden - lifted),
        unmasked=sorted(hidden & lifted),
        now_ms=of.ports.clock.wall_ns() // _NS_PER_MS,
    )


@router.get(
    "/stream-paths", operation_id="listStreamPaths",
    dependencies=[Depends(Signed(Action.SEE_STATE))],
)  # fmt: skip
async def list_stream_paths() -> list[PathsOfMaker]:
    """Where cameras of each maker have their main stream, for who writes an address by hand."""
    return [
        PathsOfMaker(
            name=each.name, camera=each.camera[0].format(channel=1),
            channel=each.recorder.format(channel=3),
        )
        for each in MAKERS
    ]  # fmt: skip


@router.post(
    "/cameras", operation_id="addCamera", status_code=201,
    responses={200: {"model": AddedCamera, "description": "It is recorded already."}},
)  # fmt: skip
async def add_camera(
    request: Request, response: Response, user: Adder, body: AddBody
) -> AddedCamera:
    """Look at a camera and record it from now on, with its sub-stream where it has one. 200 for
    one that is recorded already, which stays as it is; 409, with why, for one that cannot be."""
    of = services(request)
    added = await of.blocking.patiently(_added, of, body.request(user.name))
    response.status_code = 200 if added.already else 201
    return added


def _fingerprint(text: str) -> str:
    known = read_fingerprint(text) if text else ""
    if known is None:
        raise UsageError("A fingerprint looks like SHA256: and 43 characters, as it was shown.")
    return known


def _may(request: Request, user: User, camera: CameraId) -> list[Action]:
    return sorted(each for each in CAMERA_ACTIONS if allowed_times(request, user, each, camera))


def _added(of: Services, order: RecordRequest) -> AddedCamera:
    done = of.ports.devices.record(order)
    assert done.camera is not None
    return AddedCamera(
        **info_of(of, done.camera).model_dump(), already=done.already, sources=list(done.sources)
    )


def info_of(of: Services, camera: CameraId) -> CameraInfo:
    """A camera as of now; NotFoundError where there is none. Blocks."""
    for each in standings(of.ports, of.files):
        if each.camera.id == camera:
            return camera_info(each, of.ports.words)
    raise NotFoundError("There is no such camera.")


def camera_info(standing: Standing, words: CauseWords) -> CameraInfo:
    """A camera as the API tells it."""
    camera = standing.camera
    return CameraInfo(
        id=camera.id,
        name=camera.name,
        state=camera.state,
        sound=camera.sound,
        ptz=camera.onvif is not None and camera.onvif.ptz,
        events=camera.onvif is not None and camera.onvif.events,
        added_ms=camera.added_ns // _NS_PER_MS,
        streams=[_stream(each) for each in standing.streams],
        now=CameraNow(
            state=standing.now,
            cause=standing.cause,
            since_ms=_ms(standing.since_ns),
            until_ms=_ms(camera.paused_until_ns),
            sentence=words.sentence(standing.cause) if standing.cause is not None else "Recording.",
        ),
    )


def _stream(standing: StreamStanding) -> StreamInfo:
    newest, header = standing.newest, standing.header
    return StreamInfo(
        name=standing.stream,
        codec=newest.codec if newest is not None else None,
        codec_string=header.codec if header is not None else None,
        mime=header.mime if header is not None else None,
        width=newest.width if newest is not None else None,
        height=newest.height if newest is not None else None,
        sound=newest.sound or None if newest is not None else None,
        last_picture_ms=newest.wall_to // _NS_PER_MS if newest is not None else None,
        gap=standing.gap.cause if standing.gap is not None else None,
    )


def _ms(ns: int | None) -> int | None:
    return ns // _NS_PER_MS if ns is not None else None
