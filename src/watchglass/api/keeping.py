"""Routes: how long recordings are kept."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import UsageError
from watchglass.model.control import CountryRequest, RetentionRequest
from watchglass.model.retention import Kept
from watchglass.store.country import default_retention_h

router = APIRouter(prefix=PREFIX, tags=["cameras"], responses=RESPONSES)

_MOST_H = 24 * 366 * 10


class KeepingInfo(BaseModel):
    """What holds where a camera says nothing else. Longer than ``default_hours``, the default of
    the country (or of none stated), takes a reason."""

    hours: int
    default_hours: int
    country: str | None


class KeepingBody(BaseModel):
    """``country``: None withdraws it. ``hours``: None goes back to the country's default.
    ``reason``: why longer than that; it goes into the ledger."""

    model_config = ConfigDict(extra="forbid")

    country: str | None = Field(pattern="^[A-Z]{2}$", description="ISO 3166.")
    hours: int | None = Field(ge=1, le=_MOST_H)
    reason: str = Field("", max_length=500)


@router.get(
    "/keeping", operation_id="getKeeping", dependencies=[Depends(Signed(Action.SEE_STATE))]
)  # fmt: skip
async def get_keeping(request: Request) -> KeepingInfo:
    """How long recordings are kept, unless the disk is full before."""
    of = services(request)
    return await of.blocking(_keeping, of)


@router.put("/keeping", operation_id="putKeeping")
async def put_keeping(
    request: Request,
    user: Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))],
    body: KeepingBody,
) -> KeepingInfo:
    """State the country, and how long to keep recordings."""
    of = services(request)
    return await of.blocking(_kept, of, user, body)


def _keeping(of: Services) -> KeepingInfo:
    now = of.ports.keeping()
    return KeepingInfo(hours=now.hours, default_hours=now.default_h, country=now.country)


def _kept(of: Services, user: User, body: KeepingBody) -> KeepingInfo:
    before = of.ports.keeping()
    default_h = default_retention_h(body.country)
    hours = body.hours or default_h
    reason = body.reason.strip()
    if hours > default_h and hours != before.hours and not reason:
        raise UsageError(f"Longer than {default_h} hours takes a reason: it goes into the ledger.")
    if body.country != before.country:
        of.ports.keep(CountryRequest(body.country, user.name))
    if hours != of.ports.keeping().hours:
        wanted = None if hours == default_h else hours
        of.ports.keep(RetentionRequest(wanted, "", None, Kept.CONTINUOUS, user.name, reason))
    return _keeping(of)
