"""Routes: what crossed lines and went into zones, over time: for charts, and as a table."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.eventaccess import Allowed, allowed
from watchglass.api.eventinfo import NS_PER_MS, ns_of
from watchglass.api.events import FromMs, Ids, ToMs
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed
from watchglass.api.problem import RESPONSES
from watchglass.api.sentence import zone
from watchglass.api.services import Services, services
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.model.detection import ObjectClass
from watchglass.model.rule import Rule, RuleId, RuleKind

router = APIRouter(prefix=PREFIX, tags=["counts"], responses=RESPONSES)

_MOST_BUCKETS = 5000
Looker = Annotated[User, Depends(Signed(Action.SEE_STATE))]
Tz = Annotated[str, Query(max_length=64, description="Whose days, and whose clock in the table.")]


class Bucket(StrEnum):
    """Over how long is summed. Days are those of the time zone."""

    MINUTE = "minute"
    QUARTER = "quarter"
    HOUR = "hour"
    DAY = "day"


_LENGTH_S = {Bucket.MINUTE: 60, Bucket.QUARTER: 900, Bucket.HOUR: 3600, Bucket.DAY: 900}


class CountInfo(BaseModel):
    """How many of a kind from ``from_ms`` on: forward over a line is from its left side to its
    right; into a zone is forward too."""

    from_ms: int
    kind: ObjectClass
    forward: int
    backward: int


class RuleCounts(BaseModel):
    """Of one rule; buckets in which nothing was counted are left out. ``camera`` and ``name`` are
    empty for a rule that is gone."""

    rule: str
    name: str
    camera: str
    area: str | None
    forward: int
    backward: int
    counts: list[CountInfo]


class CountPage(BaseModel):
    """What is older than the footage is there by whole hours."""

    from_ms: int
    to_ms: int
    bucket: Bucket
    rules: list[RuleCounts]


@router.get("/counts", operation_id="getCounts")
async def get_counts(
    request: Request,
    user: Looker,
    from_ms: FromMs,
    to_ms: ToMs,
    camera: Ids = None,
    rule: Ids = None,
    bucket: Bucket = Bucket.HOUR,
    tz: Tz = "UTC",
) -> CountPage:
    """What counting rules counted; those that counted nothing are there too."""
    of = services(request)
    times = await allowed(request, user, camera or ())
    return await of.blocking(_counts, of, times, from_ms, to_ms, rule or [], bucket, zone(tz))


_CSV: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A table with a line for each bucket, rule and kind.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    },
    **RESPONSES,
}


@router.get("/counts.csv", operation_id="getCountsTable", response_class=Response, responses=_CSV)
async def get_counts_table(
    request: Request,
    user: Looker,
    from_ms: FromMs,
    to_ms: ToMs,
    camera: Ids = None,
    rule: Ids = None,
    bucket: Bucket = Bucket.HOUR,
    tz: Tz = "UTC",
) -> Response:
    """The same as a table, for a spreadsheet."""
    of = services(request)
    where = zone(tz)
    times = await allowed(request, user, camera or ())
    page = await of.blocking(_counts, of, times, from_ms, to_ms, rule or [], bucket, where)
    names = {each.id: each.name for each in await of.blocking(of.ports.cameras)}
    return Response(
        _table(page, names, where), media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="counts.csv"'},
    )  # fmt: skip


def _counts(
    of: Services, times: Allowed, from_ms: int, to_ms: int, wanted: list[str], bucket: Bucket,
    where: tzinfo,
) -> CountPage:  # fmt: skip
    length_s = _LENGTH_S[bucket]
    if not 0 < to_ms - from_ms <= _MOST_BUCKETS * length_s * 1000:
        raise UsageError("That is too long for such short buckets, or ends before it begins.")
    rules = {
        each.id: each
        for each in of.ports.watch.rules(None)
        if each.camera in times and (not wanted or each.id in wanted)
    }
    found = of.ports.events.store.counts(
        times, ns_of(from_ms), ns_of(to_ms), length_s * NS_PER_S,
        frozenset(map(RuleId, wanted)),
    )  # fmt: skip
    sums: dict[str, dict[tuple[int, ObjectClass], list[int]]] = {
        each.id: {} for each in rules.values() if each.kind is RuleKind.COUNTING
    }
    for each in found:
        at_ms = each.from_ns // NS_PER_MS
        begin_ms = _day(at_ms, where) if bucket is Bucket.DAY else at_ms
        of_rule = sums.setdefault(each.rule, {}).setdefault((begin_ms, each.kind), [0, 0])
        of_rule[0] += each.forward
        of_rule[1] += each.backward
    return CountPage(
        from_ms=from_ms, to_ms=to_ms, bucket=bucket,
        rules=[_of_rule(rule, rules.get(RuleId(rule)), counted) for rule, counted in sums.items()],
    )  # fmt: skip


def _of_rule(
    rule: str, known: Rule | None, counted: dict[tuple[int, ObjectClass], list[int]]
) -> RuleCounts:
    return RuleCounts(
        rule=rule, name=known.name if known is not None else "",
        camera=known.camera if known is not None else "",
        area=known.area if known is not None else None,
        forward=sum(each[0] for each in counted.values()),
        backward=sum(each[1] for each in counted.values()),
        counts=[
            CountInfo(from_ms=at_ms, kind=kind, forward=both[0], backward=both[1])
            for (at_ms, kind), both in sorted(counted.items())
        ],
    )  # fmt: skip


def _day(at_ms: int, where: tzinfo) -> int:
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(where)
    begin = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    return round(begin.timestamp() * 1000)


def _table(page: CountPage, names: dict[Any, str], where: tzinfo) -> str:
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["from", "camera", "rule", "kind", "forward", "backward"])
    for rule in page.rules:
        for each in rule.counts:
            local = datetime.fromtimestamp(each.from_ms / 1000, UTC).astimezone(where)
            cells: Iterable[str] = (names.get(rule.camera, ""), rule.name or rule.rule)
            table.writerow(
                [local.isoformat(timespec="minutes"), *map(_plain, cells), each.kind.value,
                 each.forward, each.backward]
            )  # fmt: skip
    return text.getvalue()


def _plain(text: str) -> str:
    """A name that a spreadsheet takes for a name, and not for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text
