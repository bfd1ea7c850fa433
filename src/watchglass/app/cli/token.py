"""``watchglass token``: what opens the recorder's numbers to a program."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from watchglass.access.directory import Directory
from watchglass.access.tokens import Scope, Tokens
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.noting import note
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError
from watchglass.model.act import ActKind
from watchglass.store.access import AccessStore

_DAY_NS = 24 * 3600 * NS_PER_S

group = typer.Typer(help="Tokens that let a program read numbers.", no_args_is_help=True)


@group.command("create")
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is for, such as 'prometheus'.")],
    scope: Annotated[
        Scope, typer.Option(help="metrics: numbers and health; health: whether recording lives.")
    ] = Scope.METRICS,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="How long it is good; else for ever.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Make a token; it is shown this once, and only its hash is kept."""
    of = shell(context)
    expires_ns = None if days is None else of.ground.clock.wall_ns() + days * _DAY_NS
    with _tokens(of) as tokens:
        note(of, ActKind.TOKEN_CHANGED, f"made token {name.strip()}, for {scope}")
        text = tokens.create(name, scope, expires_ns)
    if json:
        of.screen.json({"name": name.strip(), "scope": scope, "token": text})
        return
    of.screen.say("Keep it now, it is not shown again. Send it as 'Authorization: Bearer':")
    of.screen.command(text)


@group.command("list")
def show(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show all tokens, without what opens."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    with _tokens(of) as tokens:
        found = tokens.all()
    if json:
        of.screen.json(
            [
                {
                    "name": each.name, "scope": each.scope, "created_ns": each.created_ns,
                    "expires_ns": each.expires_ns,
                }
                for each in found
            ]
        )  # fmt: skip
    elif not found:
        of.screen.say(f"There is none: '{of.command('token create NAME')}' makes one.")
    else:
        of.screen.table(
            (Column("Name"), Column("Scope"), Column("Made"), Column("Good until")),
            [
                (each.name, each.scope, shown_time(each.created_ns, now_ns),
                 _until(each.expires_ns, now_ns))
                for each in found
            ],
        )  # fmt: skip


@group.command("revoke")
def revoke(context: typer.Context, name: Annotated[str, typer.Argument(help="Its name.")]) -> None:
    """Take a token back: it opens nothing from now on."""
    of = shell(context)
    with _tokens(of) as tokens:
        note(of, ActKind.TOKEN_CHANGED, f"revoked token {name}")
        tokens.revoke(name)
    of.screen.say(f"'{name}' opens nothing any more.")


def _until(expires_ns: int | None, now_ns: int) -> str:
    if expires_ns is None:
        return "for ever"
    over = " (over)" if expires_ns <= now_ns else ""
    return shown_time(expires_ns, now_ns) + over


@contextmanager
def _tokens(of: Shell) -> Iterator[Tokens]:
    if not of.ground.layout.site_db.exists():
        raise NotFoundError(
            f"Nothing is set up in {of.settings.data} yet: start the recorder once with "
            f"'{of.command('serve')}', or name the folder with --data."
        )
    of.quiet()
    store = AccessStore(of.ground.layout.site_db, of.ground.disk)
    try:
        yield Tokens(store, of.ground.clock, Directory(store))
    finally:
        store.close()
