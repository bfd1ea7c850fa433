"""Routes: devices on their way out of the house: what is planned, what was done, what proves it."""

import re
from typing import Annotated

import msgspec
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
from watchglass.model.control import StepRequest
from watchglass.model.device_path import BY_PEOPLE, Attributes, Cleared, Costs, DevicePath, Step
from watchglass.model.observation import bounded
from watchglass.store.device_paths import MOST_DOCUMENT_BYTES
from watchglass.trust.day import parse_day

router = APIRouter(prefix=f"{PREFIX}/trust", tags=["devices"], responses=RESPONSES)

_HASH = "^[0-9a-f]{64}$"
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Viewer = Annotated[User, Depends(Signed(Action.SEE_FLEET))]
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]
Cents = Annotated[int, Field(ge=0, le=10**11)]


class CostsBody(BaseModel):
    """In hundredths of the currency."""

    model_config = ConfigDict(extra="forbid")

    device: Cents = 0
    licence: Cents = 0
    labour: Cents = 0
    lift: Cents = 0
    cable: Cents = 0
    disposal: Cents = 0


class AttributesBody(BaseModel):
    """What a camera is; what is left out is not known."""

    model_config = ConfigDict(extra="forbid")

    maker: str = Field("", max_length=100)
    model: str = Field("", max_length=100)
    form_factor: str = Field("", max_length=40)
    ip_rating: int = Field(0, ge=0, le=69)
    ik_rating: int = Field(0, ge=0, le=11)
    coldest_c: int | None = Field(None, ge=-100, le=100)
    hottest_c: int | None = Field(None, ge=-100, le=200)
    megapixels: float = Field(0, ge=0, le=1000)
    hfov: float = Field(0, ge=0, le=360)
    ir_m: int = Field(0, ge=0, le=10_000)
    wdr_db: int = Field(0, ge=0, le=300)
    power_w: float = Field(0, ge=0, le=1000)
    network: str = Field("", max_length=40)
    ports: list[str] = Field([], max_length=20)
    streaming: list[str] = Field([], max_length=20)
    security: list[str] = Field([], max_length=20)
    support_until: str = Field("", max_length=40)
    soc: str = Field("", max_length=100)
    country: str = Field("", max_length=100)
    statement: str = Field("", max_length=200)
    statement_date: str = Field("", max_length=10)


class PlanBody(BaseModel):
    """What is left out stays as it was; all ``devices`` get the same."""

    model_config = ConfigDict(extra="forbid")

    devices: list[Annotated[str, Field(pattern="^[0-9a-f]{32}$")]] = Field(
        min_length=1, max_length=5000
    )
    owner: str | None = Field(None, max_length=100)
    wave: int | None = Field(None, ge=0, le=999)
    due: str | None = Field(None, max_length=10, description="A day: 2027-03-31; empty for none.")
    currency: str | None = Field(None, pattern="^([A-Z]{3})?$")
    costs: CostsBody | None = None
    budget_w: float | None = Field(None, ge=0, le=1000)
    needs: AttributesBody | None = None
    replacement: AttributesBody | None = None
    justified: dict[str, Annotated[str, Field(max_length=500)]] | None = None


class StepBody(BaseModel):
    """``document``: the SHA-256 of a paper that was put there before."""

    model_config = ConfigDict(extra="forbid")

    step: Step
    note: str = Field("", max_length=500)
    document: str = Field("", pattern="^([0-9a-f]{64})?$")
    camera: str = Field("", pattern="^([0-9a-f]{32})?$")
    card: Cleared | None = None
    disk: Cleared | None = None
    cloud: Cleared | None = None


class DocumentKept(BaseModel):
    """By this it is known from now on."""

    sha256: str


@router.post("/plan", operation_id="planDevices", status_code=204)
async def plan_devices(request: Request, user: Stater, body: PlanBody) -> None:
    """Plan the way out of devices: whose work it is, in which wave, by when, at what cost."""
    of = services(request)
    if body.due:
        try:
            parse_day(body.due)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    words = f"the plan of {len(body.devices)} devices"
    await of.acts.note(user, ActKind.SETTING_CHANGED, words)
    await of.blocking.patiently(_planned, of, user.name, body)


@router.post("/devices/{device}/steps", operation_id="noteStep", status_code=204)
async def note_step(request: Request, user: Stater, device: Id, body: StepBody) -> None:
    """Say that a device has come a step further; it goes into the ledger, with the document's
    hash."""
    of = services(request)
    if body.step not in BY_PEOPLE:
        raise UsageError(f"A device is {body.step.value} by being looked at.")
    order = StepRequest(
        DeviceId(device), body.step, user.name, body.note, body.document, "", body.camera,
        body.card, body.disk, body.cloud,
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


def _planned(of: Services, by: str, body: PlanBody) -> None:
    known = {each.device: each for each in of.ports.devices.paths.all()}
    now_ns = of.ports.clock.wall_ns()
    told = body.model_dump(exclude={"devices"}, exclude_none=True)
    for name, kind in (("costs", Costs), ("needs", Attributes), ("replacement", Attributes)):
        if name in told:
            told[name] = msgspec.convert(told[name], kind)
    for device in map(DeviceId, dict.fromkeys(body.devices)):
        of.fleet.device(device, ())  # NotFoundError for none
        path = known.get(device) or DevicePath(device=device)
        changed = {**told, "noted_ns": now_ns, "noted_by": by}
        of.ports.devices.paths.put(msgspec.structs.replace(path, **changed))


def _stepped(of: Services, order: StepRequest) -> None:
    of.fleet.device(order.device, ())  # NotFoundError for none
    of.ports.devices.paths.step(order)
