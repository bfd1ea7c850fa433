"""Routes: the devices around the recorder, who made them, and what follows from it."""

import hashlib
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.asmade import as_made
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import UsageError
from watchglass.base.ids import DeviceId
from watchglass.model.act import ActKind
from watchglass.model.observation import bounded
from watchglass.model.profile import Organisation, Purpose, SiteProfile
from watchglass.model.purchase import Money, Purchase
from watchglass.trust.day import parse_day
from watchglass.trust.view import DeviceView, FleetView

router = APIRouter(prefix=f"{PREFIX}/trust", tags=["devices"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_JSON = "application/json"
_REPORT_TYPES = {"html": "text/html; charset=utf-8", "json": _JSON}


class Profile(BaseModel):
    """What the operator states of the site. None is not no: it is not stated, and leaves rules
    open."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field("", max_length=200)
    country: str = Field("", pattern="^([A-Z]{2})?$", description="ISO 3166; empty: not stated.")
    region: str = Field("", pattern="^([A-Z]{2})?$", description="A part of it, such as IL.")
    organisation: Organisation = Organisation.UNKNOWN
    federal_contracts: bool | None = None
    federal_grants: bool | None = None
    sensitive_site: bool | None = None
    critical: bool | None = None
    purposes: list[Purpose] | None = Field(None, max_length=len(Purpose))


class PurchaseBody(BaseModel):
    """When a device was bought, with which money, for what, and which document says so: without
    one nothing here counts as known."""

    model_config = ConfigDict(extra="forbid")

    bought: str = Field("", max_length=10, description="2021-03-04, 2021-03 or 2021.")
    money: Money = Money.UNKNOWN
    purpose: Purpose | None = None
    document: str = Field("", max_length=200)


Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Viewer = Annotated[User, Depends(Signed(Action.SEE_FLEET))]
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]


@router.get("/fleet", operation_id="getFleet", responses=as_made(FleetView))
async def get_fleet(request: Request, _: Viewer) -> Response:
    """All devices in short, the most urgent first. Answered anew only when something changed, if
    asked with `If-None-Match`."""
    of = services(request)
    return await of.blocking.patiently(_fleet, of, request.headers.get("if-none-match", ""))


@router.get("/devices/{device}", operation_id="getDevice", responses=as_made(DeviceView))
async def get_device(request: Request, _: Viewer, device: Id) -> Response:
    """All that is known of one device, by which evidence, and what follows from it."""
    of = services(request)
    return await of.blocking.patiently(_device, of, device)


@router.put("/devices/{device}/purchase", operation_id="putPurchase", status_code=204)
async def put_purchase(request: Request, user: Stater, device: Id, body: PurchaseBody) -> None:
    """Note how a device was bought."""
    of = services(request)
    if body.bought:
        try:
            parse_day(body.bought)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    purchase = Purchase(
        device=DeviceId(device), bought=body.bought, money=body.money, purpose=body.purpose,
        document=bounded(body.document), noted_ns=of.ports.clock.wall_ns(), noted_by=user.name,
    )  # fmt: skip
    await of.acts.note(user, ActKind.SETTING_CHANGED, f"the purchase of device {device[:8]}")
    await of.blocking.patiently(_noted, of, purchase)


@router.get("/profile", operation_id="getProfile")
async def get_profile(request: Request, _: Viewer) -> Profile:
    """What is stated of the site."""
    of = services(request)
    return Profile(**msgspec.to_builtins(await of.blocking(of.ports.devices.profile)))


@router.put("/profile", operation_id="putProfile", status_code=204)
async def put_profile(request: Request, user: Stater, body: Profile) -> None:
    """State it: rules turn on it."""
    of = services(request)
    stated = msgspec.convert(body.model_dump(), SiteProfile)
    profile = msgspec.structs.replace(stated, name=bounded(stated.name))
    await of.acts.note(user, ActKind.SETTING_CHANGED, "what is stated of the site")
    await of.blocking(of.ports.devices.set_profile, profile)


@router.get(
    "/report.{kind}", operation_id="getReport",
    responses={200: {"description": "The report.", "content": {
        "text/html": {"schema": {"type": "string"}}, _JSON: {"schema": {"type": "object"}},
    }}},
)  # fmt: skip
async def get_report(request: Request, user: Viewer, kind: Literal["html", "json"]) -> Response:
    """The signed report as of now, to keep; its JSON twin is what its signature names too."""
    of = services(request)
    await of.acts.note(user, ActKind.REPORTED, f"the devices, as {kind}")
    data = await of.blocking.patiently(of.fleet.report, f"report.{kind}")
    headers = {
        "Content-Disposition": f'attachment; filename="report.{kind}"', "Cache-Control": "no-store",
    }  # fmt: skip
    return Response(data, 200, headers, _REPORT_TYPES[kind])


def _fleet(of: Services, known: str) -> Response:
    key, view = of.fleet.fleet(of.ports.cameras())
    # Which of them are recorded is told too, and changes without a judgement.
    recorded = ",".join(row.camera or "" for row in view.devices)
    tag = f'"{key}-{hashlib.sha256(recorded.encode()).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if known == tag:
        return Response(status_code=304, headers=headers)
    return Response(msgspec.json.encode(view), 200, headers, _JSON)


def _device(of: Services, device: str) -> Response:
    view = of.fleet.device(device, of.ports.cameras())
    return Response(msgspec.json.encode(view), 200, {"Cache-Control": "no-store"}, _JSON)


def _noted(of: Services, purchase: Purchase) -> None:
    of.fleet.device(purchase.device, ())
    of.ports.devices.put_purchase(purchase)
