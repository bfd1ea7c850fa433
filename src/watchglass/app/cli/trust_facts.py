"""``watchglass trust facts``: the tables that verdicts rest on, their age, and newer ones."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import shell
from watchglass.app.fleet import fact_tables
from watchglass.base.errors import UsageError
from watchglass.trust.day import day_of_ns
from watchglass.trust.facts import TableState

_OLD_DAYS = 180


def facts(
    context: typer.Context,
    action: Annotated[
        str | None, typer.Argument(help="'update FILE' or 'update FOLDER', or 'reset TABLE'.")
    ] = None,
    what: Annotated[str | None, typer.Argument(metavar="FILE|FOLDER|TABLE")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the fact tables and their age; replace one by a newer one; go back to the package's."""
    of = shell(context)
    tables = fact_tables(of.ground)
    match action:
        case None:
            pass
        case "update" if what is not None:
            names = tables.update(Path(what))
            of.screen.say(f"In use from now on: {', '.join(names)}. What was there before is kept.")
            return
        case "reset" if what is not None:
            tables.reset(what)
            of.screen.say(f"The package's own table {what} is in use again.")
            return
        case _:
            raise UsageError("Say 'facts', 'facts update FILE', or 'facts reset TABLE'.")
    found = tables.facts()
    today = day_of_ns(of.ground.clock.wall_ns())
    ages = {
        each.name: (today - each.as_of[0].first).days if each.as_of else None
        for each in found.states
    }
    if json:
        of.screen.json({
            "version": found.version,
            "tables": [
                {
                    "name": each.name, "rows": each.rows, "replaced": each.replaced,
                    "sha256": each.sha256, "age_days": ages[each.name],
                    "as_of": [str(day) for day in each.as_of] if each.as_of else None,
                }
                for each in found.states
            ],
        })  # fmt: skip
        return
    of.screen.say(f"Facts {found.version}. Each row says its source and how sure it is.")
    of.screen.say()
    of.screen.table(
        (Column("Table"), Column("Rows", right=True), Column("As of"), Column("Age"),
         Column("From")),
        [_row(each, ages[each.name]) for each in found.states],
    )  # fmt: skip


def _row(each: TableState, age_days: int | None) -> tuple[str | Cell, ...]:
    as_of = " to ".join(dict.fromkeys(map(str, each.as_of))) if each.as_of else "–"
    age = f"{age_days} days" if age_days is not None else "–"
    old = age_days is not None and age_days > _OLD_DAYS
    return (
        each.name, str(each.rows), as_of, Cell(age, AMBER if old else ""),
        "yours" if each.replaced else "the package",
    )  # fmt: skip
