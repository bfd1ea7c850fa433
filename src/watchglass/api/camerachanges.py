"""Routes: what is done with a camera that is set up."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.policy import Action, User
from watchglass.api.cameradetail import CameraDetail, ScheduleBody, StatementBody, detail
from watchglass.api.cameraports import CameraOrder
from watchglass.api.cameras import CameraInfo, Id, info_of
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.camera import Transport
from watchglass.model.control import (
    DisableRequest,
    EditCameraRequest,
    PauseRequest,
    RemoveCameraRequest,
    ResumeRequest,
    RetentionRequest,
    ScheduleRequest,
    SoundRequest,
    StateCameraRequest,
    SwapFoundRequest,
)
from watchglass.model.schedule import PauseSchedule, WeeklySpan
from watchglass.model.statement import Statement
from watchglass.model.stream import StreamName

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Changer = Annotated[User, Depends(Signed(Action.CONFIGURE))]
Remover = Annotated[User, Depends(Signed(Action.ADD_CAMERA))]


class PauseBody(BaseModel):
    """``until_ms``: None until somebody resumes it. The reason goes into the ledger."""

    reason: str = Field(min_length=1, max_length=500)
    until_ms: int | None = Field(None, ge=0, lt=2**53)


class ReasonBody(BaseModel):
    reason: str = Field(min_length=1, max_length=500)


class ResumeBody(BaseModel):
    reason: str = Field("", max_length=500)


class EditBody(BaseModel):
    """What is left out stays as it is. ``look``: it is looked at first, and nothing is changed
    where it cannot be recorded so. ``allow``: its new address may be one refused by default."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=100)
    main: str | None = Field(None, min_length=8, max_length=1000)
    sub: str | None = Field(None, min_length=8, max_length=1000)
    user: str | None = Field(None, max_length=64, description="Empty: the camera asks for none.")
    password: SecretStr | None = Field(None, max_length=256)
    transport: Transport | None = None
    volume: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    allow: bool = False
    look: bool = True
    reason: str = Field("", max_length=500)


class SwapBody(BaseModel):
    """The device that stands in its place from now on. It is looked at first."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=8, max_length=1000, description="rtsp://… or onvif://ADDRESS")
    sub: str = Field("", max_length=1000, description="Of its sub-stream; else it is found.")
    user: str = Field("", max_length=64)
    password: SecretStr = Field(SecretStr(""), max_length=256)
    fingerprint: str = Field("", max_length=100)
    source: str = Field("", max_length=64)
    allow: bool = False
    reason: str = Field(min_length=1, max_length=500)


class SoundBody(BaseModel):
    on: bool
    reason: str = Field("", max_length=500, description="Needed to keep it.")


class KeepBody(BaseModel):
    """``hours`` None: as long as all others. Longer than the country's default needs a reason."""

    hours: int | None = Field(ge=1, le=87_840)
    stream: StreamName | None = None
    reason: str = Field("", max_length=500)


class RemoveBody(BaseModel):
    """``erase``: its recordings go at once; else when their time is up. ``name`` is the camera's,
    written again by whoever wants that."""

    reason: str = Field(min_length=1, max_length=500)
    erase: bool = False
    name: str = Field("", max_length=100)


@router.post("/cameras/{camera}/pause", operation_id="pauseCamera")
async def pause_camera(request: Request, user: Changer, camera: Id, body: PauseBody) -> CameraInfo:
    """Stop recording for a while; the time is a gap `paused`."""
    until_ns = body.until_ms * _NS_PER_MS if body.until_ms is not None else None
    return await _done(request, camera, PauseRequest(camera, until_ns, user.name, body.reason))


@router.post("/cameras/{camera}/resume", operation_id="resumeCamera")
async def resume_camera(
    request: Request, user: Changer, camera: Id, body: ResumeBody
) -> CameraInfo:
    """Record again what is paused or switched off."""
    return await _done(request, camera, ResumeRequest(camera, user.name, body.reason))


@router.post("/cameras/{camera}/disable", operation_id="disableCamera")
async def disable_camera(
    request: Request, user: Changer, camera: Id, body: ReasonBody
) -> CameraInfo:
    """Switch a camera off; the time is a gap `disabled`, until it is resumed."""
    return await _done(request, camera, DisableRequest(camera, user.name, body.reason))


@router.post("/cameras/{camera}/sound", operation_id="setSound")
async def set_sound(request: Request, user: Changer, camera: Id, body: SoundBody) -> CameraInfo:
    """Keep its sound from now on, or no longer."""
    return await _done(request, camera, SoundRequest(camera, body.on, user.name, body.reason))


@router.patch("/cameras/{camera}", operation_id="editCamera")
async def edit_camera(request: Request, user: Changer, camera: Id, body: EditBody) -> CameraDetail:
    """Change what it is called, where it is, how it is signed in to, and where it is recorded."""
    urls = ((StreamName.MAIN, body.main), (StreamName.SUB, body.sub))
    order = EditCameraRequest(
        camera, user.name, body.name,
        tuple((name, url.strip()) for name, url in urls if url is not None),
        body.user, body.password.get_secret_value() if body.password is not None else None,
        body.transport, VolumeId(body.volume) if body.volume is not None else None,
        body.allow, body.look, body.reason,
    )  # fmt: skip
    return await _changed(request, camera, order, patiently=True)


@router.post("/cameras/{camera}/swap", operation_id="swapCamera")
async def swap_camera(request: Request, user: Changer, camera: Id, body: SwapBody) -> CameraDetail:
    """Put another device in its place. Its name, zones, rules, rights and recordings stay."""
    order = SwapFoundRequest(
        camera, body.url.strip(), body.user, body.password.get_secret_value(), user.name,
        body.reason, body.sub.strip(), body.fingerprint, body.source, body.allow,
    )  # fmt: skip
    return await _changed(request, camera, order, patiently=True)


@router.put("/cameras/{camera}/retention", operation_id="keepCamera")
async def keep_camera(request: Request, user: Changer, camera: Id, body: KeepBody) -> CameraDetail:
    """For how long its recordings are kept, or those of one stream."""
    order = RetentionRequest(body.hours, camera, body.stream, by=user.name, reason=body.reason)
    return await _changed(request, camera, order)


@router.put("/cameras/{camera}/statement", operation_id="stateCamera")
async def state_camera(
    request: Request, user: Changer, camera: Id, body: StatementBody
) -> CameraDetail:
    """State what it is for, on what ground, and what its sign says."""
    statement = Statement(
        body.purpose, body.legal_basis, body.sign, body.place, body.public, body.clip_reason,
        body.export_consent,
    )  # fmt: skip
    return await _changed(request, camera, StateCameraRequest(camera, statement, user.name))


@router.put("/cameras/{camera}/schedule", operation_id="scheduleCamera")
async def schedule_camera(
    request: Request, user: Changer, camera: Id, body: ScheduleBody
) -> CameraDetail:
    """Have it pause by itself every week."""
    spans = tuple(
        WeeklySpan(tuple(sorted(set(each.days))), each.from_min, each.to_min) for each in body.spans
    )
    schedule = PauseSchedule(body.zone, spans, body.reason)
    return await _changed(request, camera, ScheduleRequest(camera, schedule, user.name))


@router.delete("/cameras/{camera}/schedule", operation_id="unscheduleCamera")
async def unschedule_camera(request: Request, user: Changer, camera: Id) -> CameraDetail:
    """Let it pause by itself no longer."""
    return await _changed(request, camera, ScheduleRequest(camera, None, user.name))


@router.post("/cameras/{camera}/remove", operation_id="removeCamera", status_code=204)
async def remove_camera(request: Request, user: Remover, camera: Id, body: RemoveBody) -> None:
    """Record it no longer, for good. Its password is erased, and its recordings as was chosen."""
    of = services(request)
    await of.blocking(_remove, of, CameraId(camera), user.name, body)


def _remove(of: Services, camera: CameraId, by: str, body: RemoveBody) -> None:
    known = info_of(of, camera)
    if body.erase and body.name != known.name:
        raise UsageError("To erase what it recorded, write the camera's name as it stands.")
    of.ports.of_cameras.order(RemoveCameraRequest(camera, by, body.reason, body.erase))


async def _done(request: Request, camera: str, order: CameraOrder) -> CameraInfo:
    of = services(request)
    await of.blocking(of.ports.of_cameras.order, order)
    return await of.blocking(info_of, of, CameraId(camera))


async def _changed(
    request: Request, camera: str, order: CameraOrder, *, patiently: bool = False
) -> CameraDetail:
    of = services(request)
    wait = of.blocking.patiently if patiently else of.blocking
    await wait(of.ports.of_cameras.order, order)
    return await of.blocking(detail, of, CameraId(camera))
