"""Route: a look at a camera before it is added."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Request, Response

from watchglass.access.policy import Action, User
from watchglass.api.asmade import as_made
from watchglass.api.cameras import AddBody
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.model.survey_control import LookedAt, LookRequest

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)


@router.post("/cameras/probe", operation_id="probeCamera", responses=as_made(LookedAt))
async def probe_camera(
    request: Request, user: Annotated[User, Depends(Signed(Action.ADD_CAMERA))], body: AddBody
) -> Response:
    """Look at a camera and record nothing; takes as long as the camera, half a minute at most.

    A camera that cannot be recorded is no error here: it has no stream, and `problem` says why.
    Texts are the camera's own, and show nothing but themselves; its picture is base64."""
    of = services(request)
    order = LookRequest(body.request(user.name))
    found = await of.blocking.patiently(of.ports.devices.look, order)
    return Response(msgspec.json.encode(found), media_type="application/json")
