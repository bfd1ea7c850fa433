"""``watchglass anchor``: signed heads, taken away from this recorder or stamped by others."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from watchglass.app.authorities import change_authorities, checked_authority, stamps_words
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.noting import note
from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.evidence.heads_now import newest_heads
from watchglass.app.words import count_words
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.evidence.stamps import AnchorShelf, checked_certificates
from watchglass.model.act import ActKind
from watchglass.model.stamping import (
    AnchorNowRequest,
    AnchorsTold,
    Authority,
    AuthorityChange,
    AuthorityStatus,
    DropAuthorityRequest,
    SetAuthorityRequest,
)

_NOW_S = 60.0
group = typer.Typer(help="What was signed, kept or stamped by others.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Name = Annotated[str, typer.Argument(help="A short name for it.", metavar="NAME")]


@group.command("save")
def save(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to write.", metavar="FILE")],
    json: AsJson = False,
) -> None:
    """Write what was signed last of every ledger to FILE, to be kept elsewhere.

    With it, 'watchglass verify --anchor FILE' shows later that a bundle of
    recordings from before was not made since.
    """
    of = shell(context)
    if file.exists():
        raise RefusedError(f"{file} is there already: anchors are kept, choose another name.")
    heads = newest_heads(of.ground.layout.ledgers)
    if not heads:
        raise NotFoundError("The recorder has signed nothing yet: try again in a minute.")
    data = b"".join(raw + b"\n" for raw in heads)
    of.ground.disk.write_whole(WriteSite.EVIDENCE, file.absolute(), data, 0o644)
    if json:
        of.screen.json({"path": str(file), "heads": len(heads)})
        return
    of.screen.say(f"{file}: {count_words(len(heads), 'signed head')}.")
    of.screen.hint("Give it to somebody who has no part in this recorder, and note when.")


@group.command("add")
def add(
    context: typer.Context,
    name: Name,
    url: Annotated[str, typer.Argument(help="Where it stamps (RFC 3161): https://HOST/PATH.")],
    certificate: Annotated[
        Path | None,
        typer.Option(
            help="Its certificates in PEM, from itself: no other is taken.", metavar="FILE"
        ),
    ] = None,
    every: Annotated[int, typer.Option(help="Hours between two stamps.", metavar="HOURS")] = 6,
    allow: Annotated[
        bool, typer.Option("--allow", help="Let its host in although it is refused by default.")
    ] = False,
) -> None:
    """Have an authority stamp what was signed, every few hours and with each export.

    It gets a hash, and nothing that was recorded. Without one nothing is asked anywhere.
    """
    of = shell(context)
    authority = checked_authority(Authority(name, url, every, allow))
    pem = b""
    if certificate is not None:
        try:
            pem = certificate.read_bytes()
        except OSError as error:
            raise NotFoundError(f"There is no file {certificate} that can be read.") from error
        checked_certificates(pem)
    note(of, ActKind.SETTING_CHANGED, stamps_words(authority))
    _change(of, SetAuthorityRequest(authority, pem, of.by))
    of.screen.say(f"{name} stamps what was signed, every {count_words(every, 'hour')}.")
    if of.is_running:
        of.screen.hint("Try it:")
        of.screen.command(of.command("anchor now"))


@group.command("drop")
def drop(context: typer.Context, name: Name) -> None:
    """Ask an authority no more. Its stamps stay."""
    of = shell(context)
    if name not in {each.name for each in _shelf(of).authorities()}:
        raise NotFoundError(f"No authority has the name {name!r:.60}.")
    note(of, ActKind.SETTING_CHANGED, f"no time stamps of {name} any more")
    _change(of, DropAuthorityRequest(name, of.by))
    of.screen.say(f"{name} is asked no more.")


@group.command("list")
def list_(context: typer.Context, json: AsJson = False) -> None:
    """Show the authorities, and when each stamped last."""
    of = shell(context)
    shelf = _shelf(of)
    _show(of, shelf.authorities(), shelf.statuses(), json=json)


@group.command("now")
def now(context: typer.Context, json: AsJson = False) -> None:
    """Have what is signed by now stamped by all authorities, at once."""
    of = shell(context)
    shelf = _shelf(of)
    if not shelf.authorities():
        raise NotFoundError("No authority is set up: 'watchglass anchor add NAME URL' adds one.")
    if not of.is_running:
        raise RefusedError("It is the running recorder that asks: start it first.")
    told = of.ask(AnchorNowRequest(of.by), _NOW_S)
    assert isinstance(told, AnchorsTold)
    _show(of, shelf.authorities(), told.authorities, json=json)


def _change(of: Shell, request: AuthorityChange) -> None:
    """By the recorder that runs, which alone writes there; without one, here."""
    if of.is_running:
        of.ask(request, _NOW_S)
    else:
        change_authorities(_shelf(of), request)


def _shelf(of: Shell) -> AnchorShelf:
    return AnchorShelf(of.ground.layout.anchors, of.ground.disk)


def _show(
    of: Shell, set_up: tuple[Authority, ...], found: tuple[AuthorityStatus, ...], *, json: bool
) -> None:
    urls = {each.name: each for each in set_up}
    if json:
        of.screen.json(
            [
                {"url": urls[each.name].url, "every_h": urls[each.name].every_h}
                | msgspec.to_builtins(each)
                for each in found
                if each.name in urls
            ]
        )
        return
    if not found:
        of.screen.say("No authority is set up: the recorder's own clock is the only witness.")
        of.screen.command(of.command("anchor add NAME URL"))
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        (Column("Authority"), Column("Stamped last"), Column("By", wraps=True),
         Column("Waiting"), Column("Trouble", wraps=True)),
        [
            (
                each.name,
                shown_time(each.stamped_ns, now_ns) if each.stamped_ns is not None else "–",
                each.by or "–",
                str(each.waiting),
                Cell(each.error or "–", AMBER if each.error else ""),
            )
            for each in found
        ],
    )  # fmt: skip
    for each in found:
        if each.root:
            of.screen.hint(f"Topmost certificate of {each.name}: {each.root}")
