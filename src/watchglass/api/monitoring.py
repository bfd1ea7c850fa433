"""Routes for monitors: numbers for Prometheus, and whether recording lives.

Both need a token made for it, or somebody who is signed in: whether cameras record is nothing for
strangers, who learn at ``/api/v1/health`` that a web server answers, and no more.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from watchglass.access.policy import Action
from watchglass.api.metrics import api_samples
from watchglass.api.policy import Signed
from watchglass.api.services import services
from watchglass.model.health import HealthState

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

router = APIRouter(tags=["monitoring"])


class HealthReason(BaseModel):
    """One thing that is not as it should be, in a sentence. ``stuck``: a part does nothing."""

    state: HealthState
    sentence: str
    stuck: bool


class HealthReport(BaseModel):
    """``lives``: no part of the recorder is stuck."""

    state: HealthState
    lives: bool
    cameras_recorded: int
    cameras_wanted: int
    reasons: list[HealthReason]


@router.get(
    "/metrics", include_in_schema=False,
    dependencies=[Depends(Signed(Action.READ_NUMBERS))],
)  # fmt: skip
async def metrics(request: Request) -> Response:
    """All numbers, in Prometheus's text format."""
    of = services(request)
    text = await of.blocking(of.ports.measurements, api_samples(of))
    return Response(text, media_type=METRICS_TYPE)


@router.get("/healthz", include_in_schema=False)
async def healthz(
    request: Request,
    response: Response,
    _: Annotated[object, Depends(Signed(Action.READ_HEALTH))],
) -> HealthReport:
    """How the recorder is; 503 when it is failing, so that a monitor needs only the status."""
    of = services(request)
    health = await of.blocking(of.ports.health)
    if health.state is HealthState.FAILING:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return HealthReport(
        state=health.state,
        lives=health.lives,
        cameras_recorded=health.recorded,
        cameras_wanted=health.wanted,
        reasons=[
            HealthReason(state=each.state, sentence=each.sentence, stuck=each.stuck)
            for each in health.reasons
        ],
    )
