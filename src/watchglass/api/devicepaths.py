"""Routes: devices on their way out of the house: what was done, and what proves it."""

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.act import ActKind
from watchglass.model.device_path import BY_PEOPLE, Cleared, Step, StepRequest
from watchglass.model.observation import bounded
from watchglass.store.device_paths import MOST_DOCUMENT_BYTES

router = APIRouter(prefix=f"{PREFIX}/trust", tags=["devices"], responses=RESPONSES)

_HASH = "^[0-9a-f]{64}$"
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Viewer = Annotated[User, Depends(Signed(Action.SEE_FLEET))]
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]


class StepBody(BaseModel):
    """``document``: the SHA-256 of a paper that was put there before. ``back``: the last word that
    it had come so far is taken back."""

    model_config = ConfigDict(extra="forbid")

    step: Step
    note: str = Field("", max_length=500)
    document: str = Field("", pattern="^([0-9a-f]{64})?$")
    camera: str = Field("", pattern="^([0-9a-f]{32})?$")
    card: Cleared | None = None
    disk: Cleared | None = None
    cloud: Cleared | None = None
    back: bool = False


class DocumentKept(BaseModel):
    """By this it is known from now on."""

    sha256: str


@router.post("/devices/{device}/steps", operation_id="noteStep", status_code=204)
async def note_step(request: Request, user: Stater, device: Id, body: StepBody) -> None:
    """Say that a device has come a step further; it goes into the ledger, with the document's
    hash."""
    of = services(request)
    if body.step not in BY_PEOPLE:
        raise UsageError(f"A device is {body.step.value} by being looked at.")
    order = StepRequest(
        DeviceId(device), body.step, user.name, body.note, body.document, "", body.camera,
        body.card, body.disk, body.cloud, body.back,
    )  # fmt: skip
    await of.blocking.patiently(_stepped, of, order)


@router.post("/documents", operation_id="putDocument", status_code=201)
async def put_document(
    request: Request, user: Stater, name: Annotated[str, Query(max_length=120)]
) -> DocumentKept:
    """Keep a paper that proves a step: its bytes are the body, 4 MB at most."""
    of = services(request)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_DOCUMENT_BYTES:
            raise UsageError("The document is larger than 4 MB: photograph or scan it smaller.")
    await of.acts.note(user, ActKind.SETTING_CHANGED, "a document of the devices")
    now_ns = of.ports.clock.wall_ns()
    put = of.ports.devices.paths.put_document
    return DocumentKept(sha256=await of.blocking(put, bounded(name, 120), bytes(content), now_ns))


@router.get(
    "/documents/{document}", operation_id="getDocument",
    responses={200: {"description": "The document.", "content": {
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    }}},
)  # fmt: skip
async def get_document(
    request: Request, _: Viewer, document: Annotated[str, Path(pattern=_HASH)]
) -> Response:
    """A paper that was kept, to save: it is never shown in the page, whatever it is."""
    of = services(request)
    found = await of.blocking(of.ports.devices.paths.document, document)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", found.name)
    headers = {
        "Content-Disposition": f'attachment; filename="{plain}"', "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }  # fmt: skip
    return Response(found.content, 200, headers, "application/octet-stream")


@router.get(
    "/devices/{device}/page.html", operation_id="getDevicePage",
    responses={200: {"description": "The page.", "content": {
        "text/html": {"schema": {"type": "string"}},
    }}},
)  # fmt: skip
async def get_device_page(request: Request, user: Viewer, device: Id) -> Response:
    """The signed page of one device, from discovery to disposal, to keep."""
    of = services(request)
    await of.acts.note(user, ActKind.REPORTED, f"device {device[:8]}, from discovery to disposal")
    data = await of.blocking.patiently(of.fleet.page, device)
    headers = {
        "Content-Disposition": 'attachment; filename="device.html"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(data, 200, headers, "text/html; charset=utf-8")


def _stepped(of: Services, order: StepRequest) -> None:
    of.fleet.device(order.device, ())  # NotFoundError for none
    of.ports.devices.paths.step(order)
