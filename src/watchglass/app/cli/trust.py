"""``watchglass trust``: what was found, who made it, and which rules name it."""

from typing import Annotated, Any

import msgspec
import typer

from watchglass.app.cli import trust_collect, trust_import, trust_path, trust_stated
from watchglass.app.cli.screen import AMBER, Cell, Column, Row
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.trust_census import census
from watchglass.app.cli.trust_contain import contain
from watchglass.app.cli.trust_day import stated_day
from watchglass.app.cli.trust_egress import egress
from watchglass.app.cli.trust_explain import explain
from watchglass.app.cli.trust_facts import facts
from watchglass.app.cli.trust_report import report
from watchglass.app.cli.trust_rules import rules
from watchglass.app.cli.trust_scan import scan
from watchglass.app.fleet import PROGRAM, judge_fleet, trust_store
from watchglass.app.words import count_words
from watchglass.base.errors import UsageError
from watchglass.base.ids import ScanId
from watchglass.trust.report.document import DocDevice, Document
from watchglass.trust.report.moment import utc
from watchglass.trust.verdict import Certainty

group = typer.Typer(
    help="Find cameras, tell who made them, and which rules and holes concern them.",
    no_args_is_help=True,
)
group.command("scan")(scan)
group.add_typer(trust_import.group, name="import")
group.add_typer(trust_collect.group, name="collect")
group.command("explain")(explain)
group.command("egress")(egress)
group.command("contain")(contain)
group.command("census")(census)
group.command("rules")(rules)
group.command("report")(report)
group.command("facts")(facts)
group.command("profile")(trust_stated.profile)
group.command("purchase")(trust_stated.purchase)
for command in (trust_path.plan, trust_path.step, trust_path.progress, trust_path.page):
    group.command(command.__name__)(command)

On = Annotated[str | None, typer.Option("--on", help="Judge for this day: 2026-07-04.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@group.command("devices")
def devices(
    context: typer.Context,
    origin: Annotated[str | None, typer.Option(help="Only of this maker; 'unknown' too.")] = None,
    listed: Annotated[bool, typer.Option("--listed", help="Only of makers on a list.")] = False,
    on: On = None,
    json: AsJson = False,
) -> None:
    """List devices that were found, with label, origin and what to do first."""
    of = shell(context)
    document = judge_fleet(of.ground, stated_day(on)).document(PROGRAM)
    found = [
        each for each in document.devices
        if (not listed or each.listed)
        and (
            origin is None
            or origin.lower() in (each.origin or "unknown", each.origin_name.lower())
        )
    ]  # fmt: skip
    if json:
        of.screen.json([device_json(each) for each in found])
        return
    if not document.devices:
        of.screen.say("No device was found yet. Look for them in a network that you name:")
        of.screen.command(of.command("trust scan 192.168.1.0/24"))
        return
    of.screen.say(_summary(document))
    of.screen.say()
    of.screen.table(_COLUMNS, [_row(each) for each in found])
    of.screen.say()
    of.screen.hint("Why it is so, for one of them:")
    of.screen.command(of.command(f"trust explain {found[0].id[:8] if found else 'ID'}"))


_COLUMNS = (
    Column("Device"), Column("Where"), Column("Kind"), Column("Label"), Column("Origin"),
    Column("First", wraps=True),
)  # fmt: skip


def _row(each: DocDevice) -> Row:
    name = next(iter(each.names), "")
    place = next(iter(each.addresses), next(iter(each.macs), "–"))
    first = f"{each.to_do[0].words}: {each.to_do[0].reason}" if each.to_do else "–"
    return (
        each.id[:8], f"{place} {name}".strip(), each.kind.replace("_", " "), each.label or "–",
        Cell(origin_words(each), AMBER if each.listed else ""), first,
    )  # fmt: skip


def origin_words(each: DocDevice) -> str:
    """The origin in a few words."""
    if each.making == "clone":
        return f"looks like {each.imitates}"
    if not each.origin:
        return f"unknown (hint: {each.hint})" if each.hint else "unknown"
    sure = "" if each.certainty == Certainty.CERTAIN else ", suspected"
    return each.origin_name + sure + (" (listed)" if each.listed else "")


def device_json(each: DocDevice) -> Any:
    """A device for programs; keys stay as they are."""
    return msgspec.to_builtins(each)


def _summary(document: Document) -> str:
    summary = document.summary
    return (
        f"{count_words(summary.devices, 'device')}: {summary.listed_certain} certain and "
        f"{summary.listed_suspected} suspected of makers on a list, {summary.unknown} of unknown "
        "origin."
    )


@group.command("scans")
def scans(
    context: typer.Context,
    forget: Annotated[
        str | None, typer.Option(help="Forget this one and all that it saw.", metavar="ID")
    ] = None,
    json: AsJson = False,
) -> None:
    """List scans and imports, or forget one."""
    of = shell(context)
    with trust_store(of.ground) as store:
        if forget is not None:
            store.forget_scan(_scan(of, [each.scan for each in store.scans()], forget))
            of.screen.say("It is forgotten, with all that it saw.")
            return
        found = store.scans()
        coverage = store.coverage()
    if json:
        of.screen.json([
            msgspec.to_builtins(each)
            | {"coverage": [msgspec.to_builtins(c) for c in coverage if c.scan == each.scan]}
            for each in found
        ])  # fmt: skip
        return
    of.screen.table(
        (Column("Scan"), Column("Kind"), Column("Begun"), Column("Answered", right=True),
         Column("Asked", right=True), Column("Note", wraps=True)),
        [
            (
                each.scan[:8], each.kind.value, utc(each.started_ns),
                str(sum(c.answered for c in coverage if c.scan == each.scan)),
                str(sum(c.asked for c in coverage if c.scan == each.scan)), each.note,
            )
            for each in found
        ],
    )  # fmt: skip


def _scan(of: Shell, known: list[ScanId], text: str) -> ScanId:
    found = [each for each in known if len(text) >= 4 and each.startswith(text.lower())]
    if len(found) != 1:
        raise UsageError(
            f"{text[:40]!r} names {count_words(len(found), 'scan')}: see "
            f"'{of.command('trust scans')}'."
        )
    return found[0]
