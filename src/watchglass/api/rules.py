"""Routes: the rules of a camera."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.areas import require_camera
from watchglass.api.cameradetail import SpanBody
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.base.ids import CameraId, random_id
from watchglass.model.area import MOST_NAME, AreaId
from watchglass.model.detection import ObjectClass
from watchglass.model.rule import (
    MOST_COUNT,
    MOST_DWELL_S,
    MOST_PURPOSE,
    NEEDS_PURPOSE,
    Direction,
    Rule,
    RuleId,
    RuleKind,
)
from watchglass.model.schedule import MOST_SPANS, WeeklySpan
from watchglass.model.watch_control import DropRuleRequest, SetRuleRequest

router = APIRouter(prefix=PREFIX + "/cameras/{camera}", tags=["rules"], responses=RESPONSES)

_Part = Annotated[float, Field(ge=0, le=1)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Setter = Annotated[User, Depends(Signed(Action.CONFIGURE))]


class RuleBody(BaseModel):
    """``area`` None: all of the picture; a crossing needs a line, entering and leaving a zone,
    counting either. ``kinds`` empty: whatever it is. ``least_area`` and ``most_area``: how large it
    looks, in parts of the picture. ``spans``: when it holds, by the clock of ``zone``; empty:
    always. ``dwell_s``: how long something stays until it loiters, or a crowd of ``count`` is one.
    Those two need a ``purpose``. ``alarm``: what it finds goes to those on duty."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=MOST_NAME)
    kind: RuleKind
    area: str | None = Field(None, pattern="^[0-9a-f]{32}$")
    kinds: list[ObjectClass] = Field([], max_length=len(ObjectClass))
    direction: Direction = Direction.BOTH
    least_area: _Part = 0.0
    most_area: _Part = 1.0
    least_confidence: _Part = 0.0
    dwell_s: float = Field(0.0, ge=0, le=MOST_DWELL_S)
    count: int = Field(0, ge=0, le=MOST_COUNT)
    zone: str = Field("UTC", min_length=1, max_length=64)
    spans: list[SpanBody] = Field([], max_length=MOST_SPANS)
    purpose: str = Field("", max_length=MOST_PURPOSE)
    alarm: bool = False
    notify: bool = False
    enabled: bool = True

    def rule(self, camera: CameraId, rule: RuleId) -> Rule:
        """The same as a rule; not checked yet."""
        return Rule(
            id=rule, camera=camera, name=self.name, kind=self.kind,
            area=AreaId(self.area) if self.area is not None else None,
            kinds=tuple(self.kinds), direction=self.direction, least_area=self.least_area,
            most_area=self.most_area, least_confidence=self.least_confidence,
            dwell_s=self.dwell_s, count=self.count, zone=self.zone,
            spans=tuple(
                WeeklySpan(tuple(sorted(set(each.days))), each.from_min, each.to_min)
                for each in self.spans
            ),
            purpose=self.purpose, alarm=self.alarm, notify=self.notify, enabled=self.enabled,
        )  # fmt: skip


class RuleInfo(RuleBody):
    """``off_why``: why it was switched off, where nobody wished that."""

    model_config = ConfigDict(extra="ignore")

    id: str
    off_why: str


class RuleList(BaseModel):
    """``needs_purpose``: kinds that watch how people behave; ``refused``: no rule of those may be
    set on this camera, because of the place it is stated to watch."""

    rules: list[RuleInfo]
    needs_purpose: list[RuleKind]
    refused: bool


@router.get(
    "/rules", operation_id="listRules", dependencies=[Depends(Signed(Action.SEE_CAMERA))]
)  # fmt: skip
async def list_rules(request: Request, camera: Id) -> RuleList:
    """The rules of a camera, in the order they were made."""
    of = services(request)
    return await of.blocking(_rules, of, CameraId(camera))


@router.post("/rules", operation_id="makeRule", status_code=201)
async def make_rule(request: Request, user: Setter, camera: Id, body: RuleBody) -> RuleInfo:
    """Make one; it holds from now on. `rules/try` tells what it would have found before."""
    return await _set(request, user, camera, random_id(), body, new=True)


@router.put("/rules/{rule}", operation_id="changeRule")
async def change_rule(
    request: Request, user: Setter, camera: Id, rule: Id, body: RuleBody
) -> RuleInfo:
    """Change it from now on; what it found stays, with the rule as it was."""
    return await _set(request, user, camera, rule, body, new=False)


@router.delete("/rules/{rule}", operation_id="dropRule", status_code=204)
async def drop_rule(request: Request, user: Setter, camera: Id, rule: Id) -> None:
    """Forget it; what it found stays."""
    of = services(request)
    await of.blocking(of.ports.watch.order, DropRuleRequest(camera, RuleId(rule), user.name))


async def _set(
    request: Request, user: User, camera: str, rule: str, body: RuleBody, *, new: bool
) -> RuleInfo:
    of = services(request)
    made = body.rule(CameraId(camera), RuleId(rule))
    await of.blocking(of.ports.watch.order, SetRuleRequest(camera, made, new, user.name))
    found = await of.blocking(_rules, of, CameraId(camera))
    for each in found.rules:
        if each.id == rule:
            return each
    raise NotFoundError("This camera has no such rule: somebody took it away just now.")


def _rules(of: Services, camera: CameraId) -> RuleList:
    require_camera(of, camera)
    refused = of.ports.of_cameras.about(camera).statement.refuses_rules
    return RuleList(
        rules=[rule_info(each) for each in of.ports.watch.rules(camera)],
        needs_purpose=sorted(NEEDS_PURPOSE), refused=refused,
    )  # fmt: skip


def rule_info(rule: Rule) -> RuleInfo:
    """A rule as the API tells it."""
    return RuleInfo(
        id=rule.id, name=rule.name, kind=rule.kind, area=rule.area, kinds=list(rule.kinds),
        direction=rule.direction, least_area=rule.least_area, most_area=rule.most_area,
        least_confidence=rule.least_confidence, dwell_s=rule.dwell_s, count=rule.count,
        zone=rule.zone,
        spans=[
            SpanBody(days=list(each.days), from_min=each.from_min, to_min=each.to_min)
            for each in rule.spans
        ],
        purpose=rule.purpose, alarm=rule.alarm, notify=rule.notify, enabled=rule.enabled,
        off_why=rule.off_why,
    )  # fmt: skip
