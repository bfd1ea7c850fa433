"""``watchglass trust collect``: look where discovery does not reach, with one file to carry."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import shell
from watchglass.app.collectors import collectors, make_collector, read_bundle
from watchglass.app.words import count_words
from watchglass.base.errors import RefusedError, UsageError
from watchglass.cameras.survey.bundle import MOST_BYTES
from watchglass.cameras.survey.targets import TargetError, target

group = typer.Typer(
    help="Look from inside another network: make a collector, run it there, read its bundle here.",
    no_args_is_help=True,
)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@group.command("make")
def make(
    context: typer.Context,
    networks: Annotated[
        list[str] | None, typer.Argument(metavar="NETWORK…", help="What it is to look at there.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to carry there.")] = Path(
        "watchglass-collect.pyz"
    ),
    place: Annotated[str, typer.Option(help="Where it goes: a school.")] = "",
    days: Annotated[int, typer.Option(help="How long it may be used.", min=1, max=365)] = 14,
    mine: Annotated[
        bool, typer.Option("--mine", help="State that these networks are yours, if public.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Make one file that looks at a network where it is run, with any Python from 3.8 on."""
    of = shell(context)
    try:
        for cidr in networks or ():
            target(cidr, ours=mine)
    except TargetError as error:
        raise RefusedError(str(error)) from None
    sent = make_collector(
        of.ground, output, place=place, networks=tuple(networks or ()), days=days, mine=mine
    )
    if json:
        of.screen.json(
            {"collector": sent.collector, "file": str(output), "place": place,
             "networks": list(sent.networks), "expires_ns": sent.expires_ns}
        )  # fmt: skip
        return
    of.screen.say(
        f"{output} is collector {sent.collector[:8]}, good for {count_words(days, 'day')} and one "
        "bundle. It holds a secret: carry it as you would a key. There, run:"
    )
    of.screen.command(f"python3 {output.name}" + ("" if networks else " 192.168.1.0/24"))
    of.screen.say("And back here, with the file that it writes:")
    of.screen.command(of.command(f"trust collect read watchglass-{sent.collector[:8]}.bundle"))


@group.command("read")
def read(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="BUNDLE")],
    json: AsJson = False,
) -> None:
    """Take in a bundle, once it is shown that our collector made it and nobody changed it."""
    of = shell(context)
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{file} is larger than any bundle.")
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}): give another.") from None
    sent, looked = read_bundle(of.ground, data, of.by)
    if json:
        of.screen.json({"collector": sent.collector, "place": sent.place}
                       | msgspec.to_builtins(looked))  # fmt: skip
        return
    of.screen.say(
        f"Collector {sent.collector[:8]}{f' ({sent.place})' if sent.place else ''} made it, and it "
        f"is unchanged: {count_words(looked.answered, 'device')} answered of "
        f"{count_words(looked.asked, 'address', 'addresses')}."
    )
    for note in looked.notes:
        of.screen.remark(note)
    of.screen.command(of.command("trust devices"))


@group.command("list")
def list_collectors(context: typer.Context, json: AsJson = False) -> None:
    """Show the collectors that were made."""
    of = shell(context)
    found = collectors(of.ground)
    now_ns = of.ground.clock.wall_ns()
    if json:
        of.screen.json([
            {"collector": each.collector, "place": each.place, "made_ns": each.made_ns,
             "expires_ns": each.expires_ns, "read_ns": each.read_ns}
            for each in found
        ])  # fmt: skip
        return
    of.screen.table(
        (Column("Collector"), Column("Place"), Column("Made"), Column("Good until"),
         Column("Read")),
        [
            (each.collector[:8], each.place or "–", shown_time(each.made_ns, now_ns),
             shown_time(each.expires_ns, now_ns),
             shown_time(each.read_ns, now_ns) if each.read_ns is not None else "not yet")
            for each in found
        ],
    )  # fmt: skip
