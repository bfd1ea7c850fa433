"""``watchglass evidence``: which bundles there are, and whether they take a second person."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import AMBER
from watchglass.app.cli.shell import shell
from watchglass.app.evidence.book import ExportBook
from watchglass.model.export import Consent, ConsentRule, Export
from watchglass.model.export_control import ConsentRuleRequest

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
group = typer.Typer(
    help="Evidence bundles: which there are, and who has to agree to them.", no_args_is_help=True
)
_WORDS = {
    Consent.NOT_NEEDED: "", Consent.NEEDED: "waits for a second person",
    Consent.GIVEN: "agreed to", Consent.REFUSED: "refused", Consent.EMERGENCY: "emergency",
}  # fmt: skip


@group.command("list")
def list_(context: typer.Context, json: AsJson = False) -> None:
    """All bundles that were asked for and not deleted, newest first."""
    of = shell(context)
    found = ExportBook(of.ground.layout.state, of.ground.disk).all()
    now_ns = of.ground.clock.wall_ns()
    if json:
        of.screen.json([_json(each, now_ns) for each in found])
        return
    if not found:
        of.screen.say("No evidence bundle was asked for yet.")
        of.screen.command(of.command("export CAMERA --from 14:00 --reason 'why' -o case.zip"))
    for each in found:
        names = ", ".join(camera.name for camera in each.cameras)
        consent = f", {_WORDS[each.consent]}" if _WORDS[each.consent] else ""
        of.screen.say(
            f"{each.id[:12]}  {each.state.value}{consent}  {names}, from "
            f"{shown_time(each.from_ns, now_ns)}, by {each.by}: {each.reason}"
        )
        if each.overdue(now_ns):
            of.screen.say("  A second person should have reviewed it by now.", AMBER)


@group.command()
def consent(
    context: typer.Context,
    needed: Annotated[
        bool | None,
        typer.Option("--needed/--not-needed", help="Evidence of all cameras takes two persons."),
    ] = None,
    review_h: Annotated[
        int | None,
        typer.Option(help="Within how many hours an emergency is reviewed.", metavar="HOURS"),
    ] = None,
    json: AsJson = False,
) -> None:
    """Show or change whether evidence takes a second person; 'camera state' says so of one."""
    of = shell(context)
    with of.store() as store:
        rule = store.consent_rule()
    if needed is not None or review_h is not None:
        rule = ConsentRule(
            rule.needed if needed is None else needed,
            rule.review_h if review_h is None else review_h,
        )
        of.change_consent(ConsentRuleRequest(rule, of.by))
    if json:
        of.screen.json({"needed": rule.needed, "review_h": rule.review_h})
        return
    who = "takes a second person" if rule.needed else "takes one person, unless a camera says more"
    of.screen.say(f"Evidence {who}; an emergency is reviewed within {rule.review_h} hours.")


def _json(each: Export, now_ns: int) -> dict[str, object]:
    """For programs; keys stay as they are."""
    return {
        "id": each.id, "state": each.state.value, "consent": each.consent.value,
        "cameras": [camera.id for camera in each.cameras], "from": utc_text(each.from_ns),
        "to": utc_text(each.to_ns), "by": each.by, "reason": each.reason, "file": each.file,
        "bytes": each.bytes, "overdue": each.overdue(now_ns),
    }  # fmt: skip
