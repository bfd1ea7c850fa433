"""Routes: review items, which people clear, and alarms, which somebody on duty deals with."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.eventaccess import allowed, cursor_of, cursor_text, may_be_told, note_search
from watchglass.api.eventinfo import NS_PER_MS, ReviewInfo, WaitingInfo, ns_of, review_info
from watchglass.api.events import Before, Ids, Most
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.errors import NotFoundError
from watchglass.model.act import ActKind
from watchglass.model.event import ReviewId
from watchglass.model.watch_control import (
    AcknowledgeRequest,
    AlarmNoteRequest,
    AssignRequest,
    ReviewRequest,
    SeenRequest,
)
from watchglass.store.event_reviews import Asked
from watchglass.store.event_rows import ReviewRow
from watchglass.store.event_search import Page

router = APIRouter(prefix=PREFIX, tags=["review"], responses=RESPONSES)

_MOST_TEXT = 500
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
FromMs = Annotated[int, Query(ge=0, lt=2**53)]
ToMs = Annotated[int, Query(ge=0, lt=2**53)]


class ReviewPage(BaseModel):
    """Newest first. ``before`` leads on and is null at the end."""

    reviews: list[ReviewInfo]
    before: str | None
    waiting: WaitingInfo


class AssignBody(BaseModel):
    """``to``: a name; empty for nobody. ``note``: a few words with it, or nothing."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(max_length=100)
    note: str = Field("", max_length=_MOST_TEXT)


class PeopleForAlarm(BaseModel):
    """Names, sorted."""

    people: list[str]


class NoteBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=_MOST_TEXT)


class HandOver(BaseModel):
    """What whoever comes on duty has to know, of a span: the alarms that are open, whenever they
    began, and those that were dealt with in it; newest first."""

    from_ms: int
    to_ms: int
    made_ms: int
    open: list[ReviewInfo]
    dealt: list[ReviewInfo]
    unseen: int
    sentence: str


@router.get("/review", operation_id="listReview")
async def list_review(
    request: Request,
    user: Looker,
    from_ms: FromMs,
    to_ms: ToMs,
    camera: Ids = None,
    seen: bool | None = None,
    before: Before = "",
    most: Most = 100,
) -> ReviewPage:
    """Review items of a span; ``seen`` false: those that nobody has seen. That somebody looked is
    noted."""
    times = await allowed(request, user, camera or ())
    asked = Asked(
        times, ns_of(from_ms), ns_of(to_ms), seen=seen, before=cursor_of(before),
        most=most,
    )  # fmt: skip
    await note_search(request, user, "review items", times, asked.from_ns, asked.to_ns)
    return await _page(services(request), asked)


@router.post("/review/{review}/seen", operation_id="markSeen", status_code=204)
async def mark_seen(request: Request, user: Looker, review: Id) -> None:
    """Clear one: somebody has seen it, as it is by now."""
    await _do(request, user, ActKind.REVIEWED, review, SeenRequest(ReviewId(review), True,
                                                                  user.name), "saw")  # fmt: skip


@router.delete("/review/{review}/seen", operation_id="markUnseen", status_code=204)
async def mark_unseen(request: Request, user: Looker, review: Id) -> None:
    """Have it as if nobody had seen it."""
    order = SeenRequest(ReviewId(review), False, user.name)
    await _do(request, user, ActKind.REVIEWED, review, order, "put back")


@router.get("/alarms", operation_id="listAlarms")
async def list_alarms(
    request: Request,
    user: Looker,
    from_ms: FromMs = 0,
    to_ms: ToMs = 2**53 - 1,
    camera: Ids = None,
    acknowledged: bool | None = False,
    before: Before = "",
    most: Most = 100,
) -> ReviewPage:
    """Review items that go to those on duty: those that nobody has acknowledged, unless asked
    otherwise."""
    times = await allowed(request, user, camera or ())
    asked = Asked(
        times, ns_of(from_ms), ns_of(to_ms), alarms=True, acknowledged=acknowledged,
        before=cursor_of(before), most=most,
    )  # fmt: skip
    return await _page(services(request), asked)


@router.get("/alarms/waiting", operation_id="countWaiting")
async def count_waiting(request: Request, user: Looker) -> WaitingInfo:
    """How much waits for somebody."""
    of = services(request)
    times = await allowed(request, user, ())
    unseen, alarms = await of.blocking(of.ports.events.store.waiting, times)
    return WaitingInfo(unseen=unseen, alarms=alarms)


@router.get("/alarms/handover", operation_id="getHandOver")
async def get_hand_over(
    request: Request, user: Looker, from_ms: FromMs, to_ms: ToMs, camera: Ids = None
) -> HandOver:
    """The hand-over sheet of a shift."""
    of = services(request)
    times = await allowed(request, user, camera or ())
    span = ns_of(from_ms), ns_of(to_ms)
    await note_search(request, user, "the hand-over sheet", times, *span)
    open_ = Asked(times, to_ns=span[1], alarms=True, acknowledged=False, most=500)
    dealt = Asked(times, *span, alarms=True, acknowledged=True, most=500)
    store = of.ports.events.store
    waiting = [review_info(each) for each in (await of.blocking(store.reviews, open_)).found]
    done = [review_info(each) for each in (await of.blocking(store.reviews, dealt)).found]
    unseen, _ = await of.blocking(store.waiting, times)
    return HandOver(
        from_ms=from_ms, to_ms=to_ms, made_ms=of.ports.clock.wall_ns() // NS_PER_MS, open=waiting,
        dealt=done, unseen=unseen, sentence=_sentence(len(waiting), len(done)),
    )  # fmt: skip


@router.post("/alarms/{review}/acknowledge", operation_id="acknowledgeAlarm")
async def acknowledge_alarm(request: Request, user: Looker, review: Id) -> ReviewInfo:
    """Take notice of it; who was first stays."""
    order = AcknowledgeRequest(ReviewId(review), user.name)
    return await _dealt(request, user, review, order, "acknowledged")


@router.get("/alarms/{review}/people", operation_id="listPeopleForAlarm")
async def list_people_for_alarm(request: Request, user: Looker, review: Id) -> PeopleForAlarm:
    """Who may see it too, so that it can be given to them."""
    of = services(request)
    found = await _find(request, user, review)
    span = found.from_ns, max(found.from_ns + 1, found.to_ns)
    people = await of.blocking(of.ports.users.who_may, Action.PLAYBACK, found.camera, span)
    return PeopleForAlarm(people=people)


@router.put("/alarms/{review}/assignee", operation_id="assignAlarm")
async def assign_alarm(request: Request, user: Looker, review: Id, body: AssignBody) -> ReviewInfo:
    """Say whose it is, with a note where somebody is to know why."""
    to = " ".join(body.to.split())
    order = AssignRequest(ReviewId(review), to, user.name, body.note.strip())
    return await _dealt(request, user, review, order, f"gave to {to or 'nobody'}:")


@router.post("/alarms/{review}/notes", operation_id="noteAlarm", status_code=201)
async def note_alarm(request: Request, user: Looker, review: Id, body: NoteBody) -> ReviewInfo:
    """Write a few words to it."""
    order = AlarmNoteRequest(ReviewId(review), body.text.strip(), user.name)
    return await _dealt(request, user, review, order, "wrote a note to")


async def _page(of: Services, asked: Asked) -> ReviewPage:
    store = of.ports.events.store
    page: Page[ReviewRow] = await of.blocking(store.reviews, asked)
    unseen, alarms = await of.blocking(store.waiting, asked.allowed)
    return ReviewPage(
        reviews=[review_info(each) for each in page.found], before=cursor_text(page.before),
        waiting=WaitingInfo(unseen=unseen, alarms=alarms),
    )  # fmt: skip


async def _find(request: Request, user: User, review: str) -> ReviewRow:
    of = services(request)
    found = await of.blocking(of.ports.events.store.review, ReviewId(review))
    if found is not None:
        times = await allowed(request, user, ())
        if may_be_told(times, found.camera, found.from_ns, found.to_ns):
            return found
    raise NotFoundError("There is no such review item: its footage may be deleted by now.")


async def _do(
    request: Request, user: User, kind: ActKind, review: str, order: ReviewRequest, how: str
) -> None:
    of = services(request)
    found = await _find(request, user, review)
    await of.acts.note(user, kind, f"{how} the review item {found.id[:8]}", found.camera)
    await of.blocking(of.ports.events.order, order)


async def _dealt(
    request: Request, user: User, review: str, order: ReviewRequest, how: str
) -> ReviewInfo:
    await _do(request, user, ActKind.ALARM_CHANGED, review, order, how)
    return review_info(await _find(request, user, review))


def _sentence(waiting: int, done: int) -> str:
    open_ = "no alarm is open" if not waiting else f"{waiting} alarm{'s' * (waiting > 1)} open"
    return f"{open_[:1].upper()}{open_[1:]}; {done or 'none'} dealt with."
