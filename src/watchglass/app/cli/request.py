"""``watchglass request``: what people ask who were filmed, and what came of it."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.erase import write_statement
from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.model.erasure import StatementRequest
from watchglass.model.order import StatementKind
from watchglass.model.subject_request import (
    USUAL_DAYS,
    AnswerSubjectRequest,
    RequestOutcome,
    SubjectRequest,
    TakeSubjectRequest,
)

group = typer.Typer(help="Requests of people who were filmed.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="REQUEST", help="Its id, or the first 4 digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (
    Column("Request"),
    Column("From"),
    Column("To"),
    Column("Answer by"),
    Column("Outcome"),
)


@group.command("take")
def take(
    context: typer.Context,
    cameras: Annotated[
        list[str], typer.Argument(metavar="CAMERA...", help="Names, ids, or their first digits.")
    ],
    contact: Annotated[str, typer.Option("--contact", help="How to answer.")],
    from_: From = None,
    to: To = None,
    who: Annotated[str, typer.Option("--who", help="As little as it takes.")] = "",
    said: Annotated[str, typer.Option("--said", help="What is asked for.")] = "",
    days: Annotated[int, typer.Option("--days", help="To answer within.")] = USUAL_DAYS,
) -> None:
    """Take in a request: its span is held at once, until it is answered."""
    of = shell(context)
    if from_ is None or to is None:
        raise UsageError("Say which time it is about: --from 14:00 --to 14:05.")
    from_ns, to_ns, _ = span_of(of, from_, to)
    request = random_id()
    found = tuple(of.find_camera(each).id for each in cameras)
    of.order(
        TakeSubjectRequest(request, who, contact, said, found, from_ns, to_ns, of.by, days)
    )  # fmt: skip
    of.screen.say(f"Request {request[:8]} is taken in, to be answered within {days} days. Held is:")
    of.screen.command(of.command(f"request held {request[:8]} -o held"))


@group.command("list")
def list_(context: typer.Context, json: AsJson = False) -> None:
    """Show requests, those that wait first."""
    of = shell(context)
    found = _known(of)
    if json:
        of.screen.json([
            {
                "id": each.id, "who": each.who, "contact": each.contact, "said": each.said,
                "cameras": list(each.cameras), "from": utc_text(each.from_ns),
                "to": utc_text(each.to_ns), "received": utc_text(each.received_ns),
                "deadline": utc_text(each.deadline_ns),
                "outcome": each.outcome.value if each.outcome is not None else None,
                "answer": each.answer or None,
            }
            for each in found
        ])  # fmt: skip
        return
    if not found:
        of.screen.say("Nobody who was filmed has asked for anything.")
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        _COLUMNS,
        [
            (
                each.id[:8], shown_time(each.from_ns, now_ns), shown_time(each.to_ns, now_ns),
                shown_time(each.deadline_ns, now_ns),
                each.outcome.value if each.outcome is not None else "waits",
            )
            for each in found
        ],
    )  # fmt: skip


@group.command("answer")
def answer(
    context: typer.Context,
    request: Which,
    outcome: Annotated[RequestOutcome, typer.Option("--outcome", help="What came of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; needed for a refusal.")] = "",
) -> None:
    """Say what came of a request: its span is held no longer."""
    of = shell(context)
    of.order(AnswerSubjectRequest(_find(of, request).id, outcome, reason, of.by))
    of.screen.say("Answered. The receipt:")
    of.screen.command(of.command(f"request held {request} -o receipt"))


@group.command("held")
def held(
    context: typer.Context,
    request: Which,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
) -> None:
    """Write what is held of that time and who saw it, signed, and what checks it."""
    of = shell(context)
    found = _find(of, request)
    write_statement(of, StatementRequest(StatementKind.REQUEST, found.id, of.by), output)
    of.screen.say(f"It is in {output}.")


def _find(of: Shell, text: str) -> SubjectRequest:
    found = [each for each in _known(of) if len(text) >= 4 and each.id.startswith(text.lower())]
    if len(found) != 1:
        raise NotFoundError(
            f"No request, or more than one, is meant by {text!r}: see 'request list'."
        )
    return found[0]


def _known(of: Shell) -> tuple[SubjectRequest, ...]:
    with of.store() as store:
        return store.subject_requests()
