"""``watchglass hold``: footage that is not to be deleted, until it is released."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_moment, shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import HoldId, random_id
from watchglass.model.control import HoldRequest, ReleaseRequest
from watchglass.store.index import HoldRow

Reason = Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (Column("Hold"), Column("Camera", wraps=True), Column("From"), Column("To"))


def hold(
    context: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")],
    from_: From = None,
    to: To = None,
    reason: Reason = "",
    until: Annotated[
        str | None, typer.Option("--until", help="When it is lifted by itself: 2027-03-01.")
    ] = None,
) -> None:
    """Keep what was recorded in a span, whatever its age and however full the disk."""
    of = shell(context)
    if from_ is None:
        raise UsageError("Say where the hold begins: --from 14:00, or --from '2 hours ago'.")
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    found = of.find_camera(camera)
    name = HoldId(random_id())
    until_ns = parse_moment(until, now_ns, later=True).ns if until is not None else None
    of.carry_out(HoldRequest(found.id, name, from_ns, to_ns, of.by, reason, until_ns))
    of.screen.say(
        f"What {found.name} recorded from {shown_time(from_ns, now_ns)} to "
        f"{shown_time(to_ns, now_ns)} is kept until the hold is lifted:"
    )
    of.screen.command(of.command(f"release {name[:8]} --reason WHY"))


def release(
    context: typer.Context,
    hold: Annotated[str, typer.Argument(metavar="HOLD", help="Its id, or the first 4 digits.")],
    reason: Reason = "",
) -> None:
    """Lift a hold: what it kept goes when its time is up."""
    of = shell(context)
    found = [row for row in _holds(of) if len(hold) >= 4 and row.id.startswith(hold.lower())]
    if len(found) != 1:
        raise NotFoundError(f"No hold, or more than one, is meant by {hold!r}: see 'holds'.")
    of.carry_out(ReleaseRequest(found[0].camera, found[0].id, of.by, reason))
    of.screen.say("The hold is lifted.")


def holds(context: typer.Context, json: AsJson = False) -> None:
    """Show what is on hold."""
    of = shell(context)
    found = _holds(of)
    with of.store() as store:
        cameras = store.cameras(include_removed=True, with_credentials=False)
    names = {each.id: each.name for each in cameras}
    if json:
        of.screen.json([
            {
                "id": row.id, "camera": row.camera, "name": names.get(row.camera),
                "from": utc_text(row.wall_from), "to": utc_text(row.wall_to),
            }
            for row in found
        ])  # fmt: skip
        return
    if not found:
        of.screen.say("Nothing is on hold: recordings go when their time is up. To keep some:")
        of.screen.command(of.command("hold CAMERA --from TIME --to TIME --reason WHY"))
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        _COLUMNS,
        [
            (
                row.id[:8], names.get(row.camera, row.camera[:8]),
                shown_time(row.wall_from, now_ns), shown_time(row.wall_to, now_ns),
            )
            for row in found
        ],
    )  # fmt: skip


def _holds(of: Shell) -> list[HoldRow]:
    with of.index() as index, index.read() as reader:
        return sorted(reader.holds(), key=lambda row: row.wall_from)
