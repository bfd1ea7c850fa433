"""``watchglass trust census``: how many camera networks there are where, by somebody's banners."""

import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.census import counted
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import shell
from watchglass.app.fleet import PROGRAM
from watchglass.base.disk import WriteSite
from watchglass.base.errors import UsageError
from watchglass.model.census import CensusOrder
from watchglass.model.observation import bounded
from watchglass.trust.census.page import census_page, number
from watchglass.trust.report.moment import utc

_SHOWN = 15


def census(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, or JSON lines.")],
    out: Annotated[Path, typer.Option(help="The page that is written.", metavar="FILE")] = Path(
        "census.html"
    ),
    name: Annotated[str, typer.Option(help="What the data is called on the page.")] = "",
    least: Annotated[
        int, typer.Option(help="Cells of fewer networks are not told.", min=3, max=1000)
    ] = 10,
    memory: Annotated[
        int, typer.Option(help="Memory to count in, in MiB.", min=128, max=65_536)
    ] = 384,
    json: Annotated[bool, typer.Option("--json", help="All cells, as JSON.")] = False,
) -> None:
    """Count camera networks by country, city, operator and maker in banners that you have.

    Nothing is contacted. Addresses are replaced as they are read and kept nowhere, and cells that
    few stand behind are not told.
    """
    of = shell(context)
    if not file.is_file():
        raise UsageError(f"{file} is no file: give banner data as CSV or JSON lines.")
    on = of.ground
    on.disk.make_folders(WriteSite.SETTINGS, on.layout.run, 0o700)
    with tempfile.TemporaryDirectory(prefix="census-", dir=on.layout.run) as folder:
        counts = counted(CensusOrder(
            file=str(file.resolve()), folder=folder, facts=str(on.layout.state / "facts"),
            least=least, memory_bytes=memory << 20, fences=on.settings.fences,
        ))  # fmt: skip
    source = bounded(name or file.name, 120)
    page = census_page(counts, utc(on.clock.wall_ns()), source, PROGRAM)
    on.disk.write_whole(WriteSite.SETTINGS, out.absolute(), page, 0o644)
    if json:
        of.screen.json(msgspec.to_builtins(counts))
        return
    of.screen.say(
        f"{number(counts.networks, counts.least)} networks with cameras, with "
        f"{number(counts.answers, counts.least)} ports that answer as one, in {counts.rows} rows. "
        "The two are never added."
    )
    countries = next(each for each in counts.tables if each.heads == ("country",))
    of.screen.table(
        (Column("Country"), Column("Networks", right=True), Column("Answers", right=True)),
        [
            (each.keys[0] or "not said", number(each.networks, 0), number(each.answers, 0))
            for each in countries.cells[:_SHOWN]
        ],
    )
    of.screen.say(f"The map and all tables are in {out}.")
