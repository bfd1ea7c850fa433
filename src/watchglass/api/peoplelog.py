"""Routes: the log of the site, which says who looked, who changed what, and who read this."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from watchglass.access.policy import Action, User
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.control import NamesRequest
from watchglass.model.finding import Severity
from watchglass.recording.check_ledger import read_ledger
from watchglass.recording.sitelog import LogEntry, Page, Said, SiteLog, Wanted, newest_head

router = APIRouter(prefix=f"{PREFIX}/log", tags=["log"], responses=RESPONSES)

_NS_PER_MS = 1_000_000
_MOST_LINES = 20_000
"""Some tenths of a second: who looks for what is rare is led on from where the search stopped."""
_WORD = "^[a-z_]{1,40}$"

Reader = Annotated[User, Depends(Signed(Action.READ_LOG))]
Keeper = Annotated[User, Depends(Signed(Action.CHANGE_SYSTEM))]
MsOrNone = Annotated[int | None, Query(ge=0, lt=2**53)]


class LogLine(BaseModel):
    """One thing that somebody did. ``what`` is a word of the ledger: `looked`, `signed_in`,
    `camera_paused` …; more may be added.

    ``by`` and ``reason`` are null where nobody, or nothing, was stated, and where the text was
    erased: then ``by_erased`` or ``reason_erased`` is true. A look that went on is met in its last
    state first, and again, with the same ``id``, as it was earlier.
    """

    n: int
    id: str | None
    at_ms: int
    what: str
    camera: str | None
    camera_name: str | None
    by: str | None
    by_erased: bool
    reason: str | None
    reason_erased: bool
    stream: str | None
    how: str | None
    from_ms: int | None
    to_ms: int | None
    count: int
    unmasked: bool
    more: dict[str, str | int | bool] = Field(description="What else the line tells.")


class LogPage(BaseModel):
    """Newest first. ``before`` leads on, null at the log's beginning; with filters there may be
    more although nothing was found as far back as ``reached_ms``."""

    lines: list[LogLine]
    before: str | None
    reached_ms: int | None


class LogKeeping(BaseModel):
    """``names_h``: hours that names and reasons are kept. The lines stay."""

    model_config = ConfigDict(extra="forbid")

    names_h: int = Field(ge=24, le=10 * 366 * 24)
    reason: str = Field("", max_length=500, description="Needed for longer than half a year.")


class LogState(BaseModel):
    """How long names are kept, and the words that lines may have which are not of the ledger."""

    names_h: int
    acts: list[ActKind]


class LogFinding(BaseModel):
    severity: Severity
    sentence: str
    next_step: str


class LogHead(BaseModel):
    """The newest signed statement of the log. Whoever notes it down can tell later whether a line
    up to ``lines`` was changed: the root would be another."""

    lines: int
    root: str
    key: str
    at_ms: int


class LogCheck(BaseModel):
    """What came of hashing every line and comparing with all that was signed."""

    lines: int
    heads: int
    findings: list[LogFinding]
    head: LogHead | None


@router.get("", operation_id="getLog")
async def get_log(
    request: Request,
    user: Reader,
    before: Annotated[str, Query(max_length=32)] = "",
    camera: Annotated[str | None, Query(pattern="^[0-9a-f]{32}$")] = None,
    by: Annotated[str, Query(max_length=200, description="A whole name.")] = "",
    what: Annotated[list[Annotated[str, Query(pattern=_WORD)]] | None, Query(max_length=40)] = None,
    from_ms: MsOrNone = None,
    to_ms: MsOrNone = None,
    most: Annotated[int, Query(ge=1, le=500)] = 100,
) -> LogPage:
    """Who did what, newest first. That it is read is itself noted, before it is."""
    of = services(request)
    wanted = Wanted(
        CameraId(camera) if camera is not None else None,
        by,
        frozenset(what or ()),
        _ns(from_ms),
        _ns(to_ms),
    )
    await of.acts.once(user, ActKind.LOG_READ, _words(wanted), wanted.camera)
    return await of.blocking.patiently(_page, of, wanted, before, most)


@router.get("/state", operation_id="getLogState")
async def get_log_state(request: Request, _: Reader) -> LogState:
    """How long names are kept."""
    of = services(request)
    return LogState(names_h=await of.blocking(of.ports.people.names_h), acts=list(ActKind))


@router.put("/state", operation_id="putLogState", status_code=204)
async def put_log_state(request: Request, user: Keeper, body: LogKeeping) -> None:
    """Keep names and reasons for so long from now on; what is older is erased within the hour."""
    of = services(request)
    order = NamesRequest(body.names_h, user.name, body.reason)
    await of.blocking(of.ports.people.keep_names, order)


@router.post("/check", operation_id="checkLog")
async def check_log(request: Request, user: Reader) -> LogCheck:
    """Hash every line and compare with every signature; takes a second for some 100,000 lines."""
    of = services(request)
    await of.acts.note(user, ActKind.LOG_CHECKED)
    return await of.blocking.patiently(_checked, of)


def _ns(ms: int | None) -> int | None:
    return ms * _NS_PER_MS if ms is not None else None


def _words(wanted: Wanted) -> str:
    """What of the log was read, for whoever reads that it was."""
    parts = [f"by {wanted.by}"] if wanted.by else []
    parts += [", ".join(sorted(wanted.what))] if wanted.what else []
    return "; ".join(parts) or "all of it"


# --- in a thread ----------------------------------------------------------------------------------


def _page(of: Services, wanted: Wanted, before: str, most: int) -> LogPage:
    names = {each.id: each.name for each in of.ports.cameras()}
    page: Page = SiteLog(of.ports.people.ledger).page(wanted, before, most, _MOST_LINES)
    reached = page.reached_ns // _NS_PER_MS if page.reached_ns is not None else None
    lines = [_line(each, names) for each in page.entries]
    return LogPage(lines=lines, before=page.before or None, reached_ms=reached)


def _line(entry: LogEntry, names: dict[CameraId, str]) -> LogLine:
    return LogLine(
        n=entry.n, id=entry.id, at_ms=entry.at_ns // _NS_PER_MS, what=entry.what,
        camera=entry.camera,
        camera_name=names.get(entry.camera) if entry.camera is not None else None,
        by=_text(entry.by), by_erased=_erased(entry.by),
        reason=_text(entry.reason), reason_erased=_erased(entry.reason),
        stream=entry.stream, how=entry.how,
        from_ms=entry.from_ns // _NS_PER_MS if entry.from_ns is not None else None,
        to_ms=entry.to_ns // _NS_PER_MS if entry.to_ns is not None else None,
        count=entry.count, unmasked=entry.unmasked, more=entry.more,
    )  # fmt: skip


def _text(said: Said | None) -> str | None:
    return said.text if said is not None else None


def _erased(said: Said | None) -> bool:
    return said is not None and said.text is None


def _checked(of: Services) -> LogCheck:
    found = read_ledger(of.ports.people.ledger, "site")
    head = newest_head(of.ports.people.ledger)
    return LogCheck(
        lines=found.lines,
        heads=found.heads,
        findings=[
            LogFinding(severity=each.severity, sentence=each.sentence, next_step=each.next_step)
            for each in found.findings
        ],
        head=LogHead(lines=head.size, root=head.root, key=head.key, at_ms=head.t // _NS_PER_MS)
        if head is not None
        else None,
    )
