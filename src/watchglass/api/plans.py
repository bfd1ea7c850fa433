"""Routes: what is planned of devices on their way out, of many at once, and taking that back."""

from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PLAN
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import UsageError, WatchglassError
from watchglass.base.ids import DeviceId, random_id
from watchglass.model.act import ActKind
from watchglass.model.device_path import (
    BY_PEOPLE,
    Attributes,
    Cleared,
    DevicePath,
    PlanChange,
    Step,
    StepRequest,
)
from watchglass.trust.day import parse_day

router = APIRouter(prefix=PLAN, tags=["devices"], responses=RESPONSES)

_GONE = "There is no such device any more: it may have become one with another."
Stater = Annotated[User, Depends(Signed(Action.STATE_FLEET))]
Cents = Annotated[int, Field(ge=0, le=10**11)]


class CostsBody(BaseModel):
    """In hundredths of the currency; what is left out stays as it was."""

    model_config = ConfigDict(extra="forbid")

    device: Cents | None = None
    licence: Cents | None = None
    labour: Cents | None = None
    lift: Cents | None = None
    cable: Cents | None = None
    disposal: Cents | None = None


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


class PlanStepBody(BaseModel):
    """A step that all of them have come; ``document`` as for one device."""

    model_config = ConfigDict(extra="forbid")

    step: Step
    note: str = Field("", max_length=500)
    document: str = Field("", pattern="^([0-9a-f]{64})?$")
    card: Cleared | None = None
    disk: Cleared | None = None
    cloud: Cleared | None = None


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
    step: PlanStepBody | None = None
    justified: dict[str, Annotated[str, Field(max_length=500)]] | None = None


class PlanRow(BaseModel):
    """``problem``: what could not be done of this device, and why, as a sentence; else empty."""

    device: str
    problem: str


class PlanDone(BaseModel):
    """Row by row, as asked. ``change``: names it for who takes it back; empty where nothing was
    done."""

    change: str
    rows: list[PlanRow]


@router.post("", operation_id="planDevices")
async def plan_devices(request: Request, user: Stater, body: PlanBody) -> PlanDone:
    """Plan the way out of devices: whose work it is, in which wave, by when, at what cost; and say
    that they have come a step further. What can't be of one is told, and done of the others."""
    of = services(request)
    told = body.model_dump(exclude={"devices", "step"}, exclude_none=True)
    if not told and body.step is None:
        raise UsageError("Say what is planned of them, or what was done.")
    if body.step is not None and body.step.step not in BY_PEOPLE:
        raise UsageError(f"A device is {body.step.step.value} by being looked at.")
    if body.due:
        try:
            parse_day(body.due)
        except ValueError as error:
            raise UsageError(f"{error}.") from None
    words = f"the plan of {len(body.devices)} devices"
    await of.acts.note(user, ActKind.SETTING_CHANGED, words)
    return await of.blocking.patiently(_planned, of, user.name, body, told)


@router.post("/{change}/undo", operation_id="undoPlan")
async def undo_plan(
    request: Request, user: Stater, change: Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
) -> PlanDone:
    """Take back what was planned of devices at once, and steps that were said with it: the ledger
    keeps both. A device that was changed since stays as it is."""
    of = services(request)
    await of.acts.note(user, ActKind.SETTING_CHANGED, "a plan of devices, taken back")
    return await of.blocking.patiently(_undone, of, user.name, change)


def _planned(of: Services, by: str, body: PlanBody, told: dict[str, Any]) -> PlanDone:
    paths, now_ns = of.ports.devices.paths, of.ports.clock.wall_ns()
    known, before = of.fleet.known(), {each.device: each for each in paths.all()}
    devices = [DeviceId(each) for each in dict.fromkeys(body.devices)]
    problems = {each: _GONE for each in devices if each not in known}
    there = [each for each in devices if each in known]
    if told:
        noted = {"noted_ns": now_ns, "noted_by": by}
        paths.put(
            [
                msgspec.structs.replace(path, **_told(path, told), **noted)
                for path in (before.get(each) or DevicePath(device=each) for each in there)
            ],
            (),
        )
    if (step := body.step) is not None:
        for each in there:
            order = StepRequest(
                each, step.step, by, step.note, step.document, "", "", step.card, step.disk,
                step.cloud,
            )  # fmt: skip
            try:
                paths.step(order)
            except WatchglassError as error:
                planned = "Planned, but not a step further. " if told else ""
                problems[each] = f"{planned}{error.sentence}"
    after = {each.device: each for each in paths.all()}
    changed = tuple(after[each] for each in there if after.get(each) != before.get(each))
    change = ""
    if changed:
        was = tuple(before[each.device] for each in changed if each.device in before)
        change = random_id()
        paths.put_change(PlanChange(id=change, at_ns=now_ns, by=by, before=was, after=changed))
    rows = [PlanRow(device=each, problem=problems.get(each, "")) for each in devices]
    return PlanDone(change=change, rows=rows)


def _told(path: DevicePath, told: dict[str, Any]) -> dict[str, Any]:
    """As the fields of a path."""
    found = dict(told)
    if "costs" in told:
        found["costs"] = msgspec.structs.replace(path.costs, **told["costs"])
    for name in ("needs", "replacement"):
        if name in told:
            found[name] = msgspec.convert(told[name], Attributes)
    return found


def _undone(of: Services, by: str, change: str) -> PlanDone:
    paths, now_ns = of.ports.devices.paths, of.ports.clock.wall_ns()
    made = paths.change(change)
    before = {each.device: each for each in made.before}
    now = {each.device: each for each in paths.all()}
    problems: dict[DeviceId, str] = {}
    for after in made.after:
        device = after.device
        if now.get(device) != after:
            who = f" by {now[device].noted_by}" if device in now else ""
            problems[device] = f"It was changed since{who}, and stays as it is."
            continue
        steps = before[device].steps if device in before else ()
        for said in reversed(after.steps[len(steps) :]):
            try:
                paths.step(StepRequest(device, said.step, by, back=True))
            except WatchglassError as error:
                problems[device] = error.sentence
    left = {each.device: each for each in paths.all()}
    restored = [
        msgspec.structs.replace(
            before.get(each, DevicePath(device=each)), steps=left[each].steps,
            taken_back=left[each].taken_back, noted_ns=now_ns, noted_by=by,
        )
        for each in (after.device for after in made.after)
        if each not in problems
    ]  # fmt: skip
    gone = [each.device for each in restored if not each.stands and not each.taken_back]
    paths.put([each for each in restored if each.device not in gone], gone)
    paths.drop_change(change)
    rows = [PlanRow(device=x.device, problem=problems.get(x.device, "")) for x in made.after]
    return PlanDone(change="", rows=rows)
