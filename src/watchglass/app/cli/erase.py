"""``watchglass erase``: footage that goes for good; one person asks, another approves."""

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.evidence.page.pages import verify_page, verify_script
from watchglass.evidence.page.statement import statement_page
from watchglass.evidence.verify import STATEMENT
from watchglass.model.erasure import (
    AskErasureRequest,
    DecideErasureRequest,
    Erasure,
    ErasureState,
    StatementRequest,
)
from watchglass.model.order import StatementKind

group = typer.Typer(
    help="Erase footage for good: one person asks, another approves.", no_args_is_help=True
)

Which = Annotated[str, typer.Argument(metavar="ERASURE", help="Its id, or the first 4 digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (
    Column("Erasure"), Column("Camera", wraps=True), Column("From"), Column("To"),
    Column("State"), Column("Asked by", wraps=True),
)  # fmt: skip


@group.command("ask")
def ask(
    context: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")],
    from_: From = None,
    to: To = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")] = "",
) -> None:
    """Ask that what was recorded in a span goes. Nothing does before somebody else approves."""
    of = shell(context)
    if from_ is None or to is None:
        raise UsageError("Say what is to go: --from 14:00 --to 14:05.")
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    found = of.find_camera(camera)
    erasure = random_id()
    of.carry_out(AskErasureRequest(found.id, erasure, from_ns, to_ns, of.by, reason))
    of.screen.say(
        f"Asked: {found.name}, {shown_time(from_ns, now_ns)} to {shown_time(to_ns, now_ns)}. "
        "Somebody else approves it, on the page or with:"
    )
    of.screen.command(of.command(f"erase approve {erasure[:8]}"))


@group.command("list")
def list_(context: typer.Context, json: AsJson = False) -> None:
    """Show what was asked for, decided and done."""
    of = shell(context)
    found, names, done = _known(of)
    if json:
        of.screen.json([
            {
                "id": each.id, "camera": each.camera, "name": names.get(each.camera),
                "from": utc_text(each.from_ns), "to": utc_text(each.to_ns),
                "state": each.state.value, "reason": each.reason, "asked_by": each.asked_by,
                "decided_by": each.decided_by or None,
                "done": utc_text(at) if (at := done.get(each.id)) is not None else None,
            }
            for each in found
        ])  # fmt: skip
        return
    if not found:
        of.screen.say("Nobody has asked that anything be erased. To ask:")
        of.screen.command(of.command("erase ask CAMERA --from TIME --to TIME --reason WHY"))
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        _COLUMNS,
        [
            (
                each.id[:8], names.get(each.camera, each.camera[:8]),
                shown_time(each.from_ns, now_ns), shown_time(each.to_ns, now_ns),
                "erased" if done.get(each.id) is not None else each.state.value, each.asked_by,
            )
            for each in found
        ],
    )  # fmt: skip


@group.command("approve")
def approve(context: typer.Context, erasure: Which) -> None:
    """Approve what somebody else asked for: it goes, and nobody can bring it back."""
    of = shell(context)
    found = _find(of, erasure)
    _decide(of, found, ErasureState.APPROVED, "")
    _, _, done = _known(of)
    if done.get(found.id) is None:
        of.screen.say("Approved. Some of it is still being written, and goes within minutes.")
    else:
        of.screen.say("It is gone. The receipt proves it without showing anything:")
        of.screen.command(of.command(f"erase receipt {found.id[:8]} -o receipt"))


@group.command("refuse")
def refuse(
    context: typer.Context,
    erasure: Which,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
) -> None:
    """Refuse what somebody else asked for: nothing goes."""
    of = shell(context)
    _decide(of, _find(of, erasure), ErasureState.REFUSED, reason)
    of.screen.say("Refused: nothing was erased.")


@group.command("withdraw")
def withdraw(context: typer.Context, erasure: Which) -> None:
    """Ask no longer."""
    of = shell(context)
    _decide(of, _find(of, erasure), ErasureState.WITHDRAWN, "")
    of.screen.say("Withdrawn: nothing was erased.")


@group.command("receipt")
def receipt(
    context: typer.Context,
    erasure: Which,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to make.")],
) -> None:
    """Write the signed receipt: as JSON, as a page to print, and what checks it."""
    of = shell(context)
    found = _find(of, erasure)
    write_statement(of, StatementRequest(StatementKind.ERASURE, found.id, of.by), output)
    of.screen.say(f"The receipt is in {output}.")


def write_statement(of: Shell, request: StatementRequest, output: Path) -> None:
    """A signed document and its page, in a new folder."""
    made = of.statement(request)
    try:
        output.mkdir(parents=True)
    except FileExistsError as error:
        raise UsageError(f"{output} is there already: name another folder.") from error
    told = {"statement": made.document, "signature": made.signature}
    (output / STATEMENT).write_text(jsons.dumps(told))
    (output / "statement.html").write_text(statement_page(made.document, made.signature))
    (output / "verify.html").write_bytes(verify_page())
    (output / "verify.py").write_bytes(verify_script())


def _decide(of: Shell, found: Erasure, state: ErasureState, note: str) -> None:
    of.carry_out(DecideErasureRequest(found.id, state, of.by, note))


def _find(of: Shell, text: str) -> Erasure:
    found = [
        each for each in _known(of)[0] if len(text) >= 4 and each.id.startswith(text.lower())
    ]  # fmt: skip
    if len(found) != 1:
        raise NotFoundError(
            f"No erasure, or more than one, is meant by {text!r}: see 'erase list'."
        )
    return found[0]


def _known(of: Shell) -> tuple[tuple[Erasure, ...], dict[str, str], dict[str, int | None]]:
    """Erasures, names of cameras, and since when each is done."""
    with of.store() as store:
        found = store.erasures()
        cameras = store.cameras(include_removed=True, with_credentials=False)
    with of.index() as index, index.read() as reader:
        done = {each.id: each.done_ns for each in reader.erasures()}
    return found, {each.id: each.name for each in cameras}, done
