"""Routes: what a recorder or camera of another maker was set to, read, and taken over."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from watchglass.access.errors import ForbiddenError
from watchglass.access.policy import Action, User
from watchglass.api.cameradetail import SpanBody
from watchglass.api.paths import SETTINGS
from watchglass.api.policy import Signed, allowed_times
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.base.errors import UsageError
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.area import AreaKind
from watchglass.model.rule import Direction, RuleKind
from watchglass.model.settings_import import (
    Counted,
    ReadSettingsRequest,
    SettingsRead,
    TakeChannelRequest,
    TakenChannel,
)

router = APIRouter(prefix=SETTINGS, tags=["cameras"], responses=RESPONSES)

_MOST_FILES = 500
_MOST_TEXT = 1 << 20
Adder = Annotated[User, Depends(Signed(Action.ADD_CAMERA))]


class SettingsFile(BaseModel):
    """``name``: where the device has it, as `ISAPI_Smart_LineDetection_1.xml`, or with folders."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=300)
    text: str = Field(max_length=_MOST_TEXT)


class ReadSettingsBody(BaseModel):
    """``files`` that a device gave, or else the device itself, which is only read."""

    model_config = ConfigDict(extra="forbid")

    maker: str = Field(pattern="^(hikvision|dahua)$")
    files: list[SettingsFile] = Field([], max_length=_MOST_FILES)
    host: str = Field("", max_length=255)
    port: int = Field(80, ge=1, le=65535)
    user: str = Field("", max_length=64)
    password: SecretStr = Field(SecretStr(""), max_length=256)
    allow: bool = False


class TakeChannelBody(BaseModel):
    """``camera``: on which its areas and rules are drawn; empty: the channel is recorded first,
    signed in so. ``zone``: accept its ``pauses``, by the clock of that place; empty: do not."""

    model_config = ConfigDict(extra="forbid")

    camera: str = Field("", pattern="^([0-9a-f]{32})?$")
    user: str = Field("", max_length=64)
    password: SecretStr = Field(SecretStr(""), max_length=256)
    zone: str = Field("", max_length=64)


class ReadArea(BaseModel):
    name: str
    kind: AreaKind
    rule: RuleKind
    direction: Direction
    enabled: bool


class ReadChannel(BaseModel):
    """``hours``: at how many spans of the week the device recorded it; 0 for always, or where it
    does not tell. ``pauses``: when it did not, proposed as weekly pauses."""

    number: int
    name: str
    address: str
    areas: list[ReadArea]
    hours: int
    pauses: list[SpanBody]


class LeftSettings(BaseModel):
    """Settings that are not carried over for one reason; ``settings`` are their names."""

    why: str
    count: int
    settings: list[str]


class ReadSettings(BaseModel):
    """``carried`` and ``left`` count settings."""

    id: str
    device: str
    carried: int
    left: int
    channels: list[ReadChannel]
    reasons: list[LeftSettings]


class TakenOver(BaseModel):
    """``already``: it is recorded already, and nothing was drawn."""

    camera: str
    already: bool


@router.post("", operation_id="readSettings")
async def read_settings(request: Request, user: Adder, body: ReadSettingsBody) -> ReadSettings:
    """Read channels, names, hours, areas and rules of another maker's device, and tell what cannot
    be carried over. Nothing is changed, there or here."""
    of = services(request)
    if not body.files and not body.host.strip():
        raise UsageError("Name the device, or give the files that it gave.")
    errand = ReadSettingsRequest(
        maker=body.maker,
        files=tuple((_place(each.name), each.text.encode()) for each in body.files),
        host=body.host.strip(), port=body.port, user=body.user.strip(),
        password=body.password.get_secret_value(), allow=body.allow,
    )  # fmt: skip
    where = body.host.strip() or "files"
    await of.acts.note(user, ActKind.SCANNED, f"the settings of another maker's device: {where}")
    return _shown(await of.blocking.patiently(of.ports.devices.settings, errand))


@router.post("/{read}/channels/{number}", operation_id="takeChannel")
async def take_channel(
    request: Request,
    user: Adder,
    read: Annotated[str, Path(pattern="^[0-9a-f]{32}$")],
    number: Annotated[int, Path(ge=0, le=1000)],
    body: TakeChannelBody,
) -> TakenOver:
    """Carry a channel over: its areas and rules, onto a camera or with the channel as a new one."""
    of = services(request)
    if body.camera and not allowed_times(request, user, Action.CONFIGURE, CameraId(body.camera)):
        raise ForbiddenError("You may not change this camera: ask whoever gives rights.")
    errand = TakeChannelRequest(
        read=read, number=number, by=user.name, camera=body.camera, user=body.user.strip(),
        password=body.password.get_secret_value(), zone=body.zone.strip(),
    )  # fmt: skip
    done = await of.blocking.patiently(of.ports.devices.take, errand)
    return TakenOver(camera=done.camera or "", already=done.already)


def _place(name: str) -> str:
    """'ISAPI_Smart_LineDetection_1.xml' as the device's path."""
    head, dot, end = name.replace("\\", "/").rpartition(".")
    plain = head if dot and "/" not in end else name.replace("\\", "/")
    return "/" + plain.strip("/").replace("_", "/")


def _shown(read: SettingsRead) -> ReadSettings:
    found = read.settings
    reasons: dict[str, list[Counted]] = {}
    for each in found.left:
        reasons.setdefault(each.why, []).append(each)
    return ReadSettings(
        id=read.id, device=found.device, carried=sum(each.count for each in found.carried),
        left=sum(each.count for each in found.left),
        channels=[_channel(each) for each in found.channels],
        reasons=[
            LeftSettings(
                why=why, count=sum(each.count for each in group),
                settings=list(dict.fromkeys(each.setting for each in group)),
            )
            for why, group in sorted(reasons.items(), key=lambda each: -len(each[1]))
        ],
    )  # fmt: skip


def _channel(of: TakenChannel) -> ReadChannel:
    return ReadChannel(
        number=of.number, name=of.name, address=of.address, hours=len(of.recorded),
        pauses=[
            SpanBody(days=list(each.days), from_min=each.from_min, to_min=each.to_min)
            for each in of.pauses
        ],
        areas=[
            ReadArea(
                name=each.name, kind=each.kind, rule=each.rule, direction=each.direction,
                enabled=each.enabled,
            )
            for each in of.areas
        ],
    )  # fmt: skip
