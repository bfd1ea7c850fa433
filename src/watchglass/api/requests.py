"""Routes: requests of people who were filmed."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.receipts import page_of, statement_of
from watchglass.api.services import Services, services
from watchglass.base.ids import random_id
from watchglass.model.erasure import MOST_REASON
from watchglass.model.order import StatementKind
from watchglass.model.subject_request import (
    KEPT_DAYS,
    USUAL_DAYS,
    AnswerSubjectRequest,
    RequestOutcome,
    SubjectRequest,
    TakeSubjectRequest,
)

router = APIRouter(prefix=f"{PREFIX}/requests", tags=["requests"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Camera = Annotated[str, Field(pattern="^[0-9a-f]{32}$")]
Ms = Annotated[int, Field(ge=0, lt=2**43)]
Handler = Annotated[User, Depends(Signed(Action.HANDLE_REQUESTS))]


class RequestInfo(BaseModel):
    """``who``, ``contact`` and ``said`` are empty once they were erased (``forgotten_ms``).
    ``outcome`` is null until it is answered; until then the span is held."""

    id: str
    who: str
    contact: str
    said: str
    cameras: list[str]
    from_ms: int
    to_ms: int
    received_ms: int
    deadline_ms: int
    taken_by: str
    outcome: RequestOutcome | None
    answer: str
    answered_by: str
    answered_ms: int | None
    forgotten_ms: int | None


class RequestList(BaseModel):
    """Those that wait first. ``kept_days``: so long after the answer personal data is kept."""

    requests: list[RequestInfo]
    kept_days: int


class TakeBody(BaseModel):
    """As little of the person as it takes to answer: ``who`` may be empty."""

    model_config = ConfigDict(extra="forbid")

    who: str = Field("", max_length=200)
    contact: str = Field(min_length=1, max_length=300)
    said: str = Field("", max_length=2000)
    cameras: list[Camera] = Field(min_length=1, max_length=64)
    from_ms: Ms
    to_ms: Ms
    days: int = Field(USUAL_DAYS, ge=1, le=366)


class AnswerBody(BaseModel):
    """``answer``: why, where it is refused."""

    model_config = ConfigDict(extra="forbid")

    outcome: RequestOutcome
    answer: str = Field("", max_length=MOST_REASON)


@router.get("", operation_id="listRequests")
async def list_requests(request: Request, _: Handler) -> RequestList:
    """Requests of people who were filmed, those that wait for an answer first."""
    of = services(request)
    return await of.blocking(_requests, of)


@router.post("", operation_id="takeRequest", status_code=201)
async def take_request(request: Request, user: Handler, body: TakeBody) -> RequestList:
    """Take a request in. Its span is held at once, until it is answered."""
    of = services(request)
    order = TakeSubjectRequest(
        random_id(), body.who, body.contact, body.said, tuple(body.cameras),
        body.from_ms * _NS_PER_MS, body.to_ms * _NS_PER_MS, user.name, body.days,
    )  # fmt: skip
    await of.blocking(of.ports.decisions.order, order)
    return await of.blocking(_requests, of)


@router.post("/{request_id}/answer", operation_id="answerRequest")
async def answer_request(
    request: Request, user: Handler, request_id: Id, body: AnswerBody
) -> RequestList:
    """Say what came of it: its holds are lifted."""
    of = services(request)
    order = AnswerSubjectRequest(request_id, body.outcome, body.answer, user.name)
    await of.blocking(of.ports.decisions.order, order)
    return await of.blocking(_requests, of)


@router.get("/{request_id}/held", operation_id="getRequestStatement")
async def get_held(request: Request, user: Handler, request_id: Id) -> Response:
    """What is held of that time and who saw it, signed, as JSON; once answered, the receipt."""
    return await statement_of(services(request), StatementKind.REQUEST, request_id, user)


@router.get("/{request_id}/held.html", operation_id="getRequestPage")
async def get_held_page(request: Request, user: Handler, request_id: Id) -> Response:
    """The same as a page to print."""
    return await page_of(services(request), StatementKind.REQUEST, request_id, user)


def _requests(of: Services) -> RequestList:
    found = [_info(each) for each in of.ports.decisions.requests()]
    return RequestList(requests=found, kept_days=KEPT_DAYS)


def _info(each: SubjectRequest) -> RequestInfo:
    return RequestInfo(
        id=each.id, who=each.who, contact=each.contact, said=each.said,
        cameras=list(each.cameras), from_ms=each.from_ns // _NS_PER_MS,
        to_ms=each.to_ns // _NS_PER_MS, received_ms=each.received_ns // _NS_PER_MS,
        deadline_ms=each.deadline_ns // _NS_PER_MS, taken_by=each.taken_by, outcome=each.outcome,
        answer=each.answer, answered_by=each.answered_by,
        answered_ms=each.answered_ns // _NS_PER_MS if each.answered_ns is not None else None,
        forgotten_ms=each.forgotten_ns // _NS_PER_MS if each.forgotten_ns is not None else None,
    )  # fmt: skip
