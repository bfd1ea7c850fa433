"""``watchglass trust import``: what others have written down of a network."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.own_cameras import take_in_own
from watchglass.app.scanning import Looked, take_in
from watchglass.app.words import count_words
from watchglass.base.errors import UsageError
from watchglass.base.ids import ScanId, random_id
from watchglass.cameras.import_worker import MOST_BYTES, run_import
from watchglass.model.coverage import ScanEntry, ScanKind
from watchglass.model.scan import ImportKind, ImportOrder

group = typer.Typer(
    help="Take in a port scan, a switch's table, an inventory, leases, or the recorded cameras.",
    no_args_is_help=True,
)
File = Annotated[Path, typer.Argument(metavar="FILE")]
Place = Annotated[str, typer.Option(help="What it is of: a building.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@group.command("nmap")
def nmap(context: typer.Context, file: File, place: Place = "", json: AsJson = False) -> None:
    """nmap's XML: nmap -oX FILE -sV --script http-title,ssl-cert NETWORK."""
    _take(shell(context), ImportKind.NMAP, file, place, json)


@group.command("switch")
def switch(context: typer.Context, file: File, place: Place = "", json: AsJson = False) -> None:
    """A switch's table of MAC addresses, as it prints it (Cisco, HP, Aruba, MikroTik)."""
    _take(shell(context), ImportKind.SWITCH, file, place, json)


@group.command("csv")
def table(context: typer.Context, file: File, place: Place = "", json: AsJson = False) -> None:
    """An inventory: CSV whose first line names its columns, one of them 'ip' or 'mac'."""
    _take(shell(context), ImportKind.CSV, file, place, json)


@group.command("leases")
def leases(context: typer.Context, file: File, place: Place = "", json: AsJson = False) -> None:
    """A DHCP server's leases (dnsmasq, ISC dhcpd, Kea)."""
    _take(shell(context), ImportKind.LEASES, file, place, json)


@group.command("cameras")
def cameras(context: typer.Context, json: AsJson = False) -> None:
    """The cameras that this recorder records."""
    of = shell(context)
    with of.store() as store:
        recorded = store.cameras(with_credentials=False)
    _tell(of, take_in_own(of.ground, recorded, of.by), json)


def _take(of: Shell, kind: ImportKind, file: Path, place: str, json: bool) -> None:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise UsageError(f"{file} is larger than any file that is read here.")
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read ({error.strerror}): give another.") from None
    entry = _entry(of, ScanKind.IMPORT, f"{kind}: {file.name}"[:200])
    order = ImportOrder(
        scan=entry.scan, kind=kind, at_ns=entry.started_ns, place=place or file.name[:60]
    )
    _tell(of, take_in(of.ground, entry, run_import(order, data)), json)


def _entry(of: Shell, kind: ScanKind, note: str) -> ScanEntry:
    now_ns = of.ground.clock.wall_ns()
    return ScanEntry(
        scan=ScanId(random_id()), kind=kind, started_ns=now_ns, ended_ns=now_ns, by=of.by,
        note=note,
    )  # fmt: skip


def _tell(of: Shell, looked: Looked, json: bool) -> None:
    if json:
        of.screen.json(msgspec.to_builtins(looked))
        return
    of.screen.say(
        f"{count_words(looked.asked, 'device')} taken in, "
        f"{count_words(looked.observations, 'observation')} kept."
    )
    for note in looked.notes:
        of.screen.remark(note)
    of.screen.command(of.command("trust devices"))
