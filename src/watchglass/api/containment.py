"""Routes: whom cameras need, and rules that keep them in."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.asmade import as_made
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.ids import DeviceId
from watchglass.model.act import ActKind
from watchglass.model.egress import Contained, Needs
from watchglass.trust.contain.forms import FILE_NAMES, contained_text
from watchglass.trust.contain.plan import ContainForm, check_needs, make_plan, what_breaks
from watchglass.trust.contain.view import ContainmentView
from watchglass.trust.report.moment import utc

router = APIRouter(prefix=f"{PREFIX}/trust", tags=["devices"], responses=RESPONSES)
MOST_DEVICES = 5000
_MOST_NEEDED = 16
_PROGRAM = "Watchglass"
Viewer = Annotated[User, Depends(Signed(Action.SEE_FLEET))]
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]
_Address = Annotated[str, Field(max_length=60)]
_Id = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]


class NeedsBody(BaseModel):
    """Addresses, or networks, that cameras have to reach. Nothing else is let through."""

    model_config = ConfigDict(extra="forbid")

    recorders: list[_Address] = Field(default_factory=list, max_length=_MOST_NEEDED)
    resolvers: list[_Address] = Field(default_factory=list, max_length=_MOST_NEEDED)
    clocks: list[_Address] = Field(default_factory=list, max_length=_MOST_NEEDED)


class ContainedBody(BaseModel):
    """``applied``: somebody states that the rules are in force; else they were taken along."""

    model_config = ConfigDict(extra="forbid")

    devices: list[_Id] = Field(min_length=1, max_length=MOST_DEVICES)
    form: ContainForm
    applied: bool = False


@router.get("/needs", operation_id="getNeeds")
async def get_needs(request: Request, _: Viewer) -> NeedsBody:
    """Whom cameras need."""
    of = services(request)
    return NeedsBody(**msgspec.to_builtins(await of.blocking(of.ports.devices.needs)))


@router.put("/needs", operation_id="putNeeds", status_code=204)
async def put_needs(request: Request, user: Stater, body: NeedsBody) -> None:
    """State it."""
    of = services(request)
    needs = check_needs(msgspec.convert(body.model_dump(), Needs))
    await of.acts.note(user, ActKind.SETTING_CHANGED, "whom cameras need")
    await of.blocking(of.ports.devices.set_needs, needs)


@router.get("/containment", operation_id="getContainment", responses=as_made(ContainmentView))
async def get_containment(
    request: Request,
    _: Viewer,
    device: Annotated[list[_Id], Query(max_length=MOST_DEVICES)],
    form: ContainForm = ContainForm.NFTABLES,
) -> Response:
    """Rules that let devices reach whom they need and nobody else. Nothing is put in force, and
    nothing is noted."""
    of = services(request)
    view = await of.blocking.patiently(_containment, of, device, form)
    return Response(
        msgspec.json.encode(view), 200, {"Cache-Control": "no-store"}, "application/json"
    )


@router.put("/contained", operation_id="putContained", status_code=204)
async def put_contained(request: Request, user: Stater, body: ContainedBody) -> None:
    """Note that rules were taken along, or that they are in force now."""
    of = services(request)
    word = "in force" if body.applied else "exported"
    await of.acts.note(
        user, ActKind.SETTING_CHANGED, f"rules that keep {len(body.devices)} devices in: {word}"
    )
    await of.blocking.patiently(_note, of, body, user.name)


def _containment(of: Services, devices: list[str], form: ContainForm) -> ContainmentView:
    views = [of.fleet.device(each, ()) for each in dict.fromkeys(devices)]
    needs = of.ports.devices.needs()
    made = utc(of.ports.clock.wall_ns())
    plan = make_plan([each.device for each in views], needs, made, _PROGRAM)
    return ContainmentView(
        text=contained_text(plan, form), file=FILE_NAMES[form],
        breaks=tuple(what_breaks(plan.devices, needs)),
        devices=tuple(each.id for each in plan.devices),
    )  # fmt: skip


def _note(of: Services, body: ContainedBody, by: str) -> None:
    now_ns = of.ports.clock.wall_ns()
    before = {each.device: each for each in of.ports.devices.contained()}
    noted = []
    for each in body.devices:
        of.fleet.device(each, ())  # NotFoundError
        known = before.get(DeviceId(each))
        noted.append(Contained(
            device=DeviceId(each), form=body.form.value, by=by,
            exported_ns=known.exported_ns if known is not None and body.applied else now_ns,
            applied_ns=now_ns if body.applied else known.applied_ns if known is not None else None,
        ))  # fmt: skip
    of.ports.devices.put_contained(noted)
