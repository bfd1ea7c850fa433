"""Route: a look at a camera before it is added."""

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from watchglass.access.policy import Action, User
from watchglass.api.cameras import AddBody
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.model.stream import StreamName
from watchglass.model.survey_control import LookedAt, LookRequest

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)


class SeenStream(BaseModel):
    """A stream that answered; ``fps`` and ``bit_rate`` (bits per second) are measured."""

    name: StreamName
    url: str
    codec: str
    width: int
    height: int
    fps: float | None
    gop_s: float | None
    bit_rate: int
    sounds: list[str]


class SeenProfile(BaseModel):
    """A profile that the camera tells of by ONVIF; ``chosen``: as which stream."""

    name: str
    codec: str
    width: int
    height: int
    fps: float | None
    source: str
    chosen: StreamName | None


class SeenCamera(BaseModel):
    """What a camera is. Texts are the camera's own, and show nothing but themselves."""

    recordable: bool
    code: str = Field(
        description="Why it cannot be recorded, in a word: `auth_failed` asks for a login. With"
        " `recordable` it is that of a remark. Empty for neither."
    )
    problem: str
    streams: list[SeenStream]
    maker: str
    model: str
    firmware: str
    serial: str
    words: list[str] = Field(description="What was chosen and why, and what is odd.")
    profiles: list[SeenProfile]
    sources: list[str] = Field(description="Its pictures, where it has several: one camera each.")
    clock_offset_s: float | None = Field(description="How far its clock is ahead of ours.")
    ptz: bool
    events: bool
    picture: str = Field(description="A JPEG as a data: URL; empty where there is none.")


@router.post("/cameras/probe", operation_id="probeCamera")
async def probe_camera(
    request: Request, user: Annotated[User, Depends(Signed(Action.ADD_CAMERA))], body: AddBody
) -> SeenCamera:
    """Look at a camera and record nothing; takes as long as the camera, half a minute at most.

    A camera that cannot be recorded is no error here: `recordable` is false, and `problem` says
    why."""
    of = services(request)
    order = LookRequest(body.request(user.name))
    return seen_camera(await of.blocking.patiently(of.ports.devices.look, order))


def seen_camera(found: LookedAt) -> SeenCamera:
    """A look as the API tells it."""
    picture = base64.b64encode(found.picture).decode()
    return SeenCamera(
        recordable=bool(found.streams), code=found.code, problem=found.problem,
        streams=[
            SeenStream(
                name=each.stream, url=each.url, codec=each.codec, width=each.width,
                height=each.height, fps=each.fps, gop_s=each.gop_s, bit_rate=each.bit_rate,
                sounds=list(each.sounds),
            )
            for each in found.streams
        ],
        maker=found.maker, model=found.model, firmware=found.firmware, serial=found.serial,
        words=list(found.words),
        profiles=[
            SeenProfile(
                name=each.name, codec=each.codec, width=each.width, height=each.height,
                fps=each.fps, source=each.source, chosen=each.chosen,
            )
            for each in found.profiles
        ],
        sources=list(found.sources), clock_offset_s=found.clock_offset_s, ptz=found.ptz,
        events=found.events, picture=f"data:image/jpeg;base64,{picture}" if picture else "",
    )  # fmt: skip
