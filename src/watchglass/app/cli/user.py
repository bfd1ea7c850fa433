"""``watchglass user``: who may sign in, and what each may do. It works while the recorder runs, and
is how somebody gets in again whose second factor or password is lost."""

import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from watchglass.access.directory import Account
from watchglass.access.right import GRANTABLE, USUAL_OF_ROLE, Action, Right, Role
from watchglass.access.users import Users
from watchglass.app.cli.moments import parse_duration, parse_moment, shown_time
from watchglass.app.cli.noting import note
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.ground import open_store
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId
from watchglass.base.secret import Secret
from watchglass.model.act import ActKind
from watchglass.store.access import AccessStore
from watchglass.store.site import SiteStore

group = typer.Typer(help="Who may sign in, and what each may do.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The user's name.")]
Stdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@group.command("add")
def add(
    context: typer.Context,
    name: Name,
    role: Annotated[Role, typer.Option(help="What the user can be given at most.")] = Role.VIEWER,
    password_stdin: Stdin = False,
) -> None:
    """Add somebody, who may do nothing with cameras until 'user rights' says what."""
    of = shell(context)
    with _users(of) as users:
        secret = _password(password_stdin)
        note(of, ActKind.USER_CHANGED, f"added {name} as {role}")
        account = users.add(name, role, secret)
    of.screen.say(f"'{account.name}' can sign in, as {role}.")
    if role is not Role.ADMIN:
        of.screen.hint("Say which cameras are shown:")
        of.screen.command(of.command(f"user rights '{account.name}' --everywhere"))


@group.command("list")
def show(context: typer.Context, json: Json = False) -> None:
    """Show all users, and what each may do."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    with _users(of) as users:
        accounts = users.all()
    names = _cameras(of)
    if json:
        of.screen.json([_json(each) for each in accounts])
    elif not accounts:
        of.screen.say(f"Nobody yet: '{of.command('serve')}' prints a link to set the recorder up.")
    else:
        of.screen.table(
            (Column("Name"), Column("Role"), Column("May"), Column("Second factor")),
            [
                (each.name, f"{each.role}{' (disabled)' if each.disabled else ''}",
                 _may(each, names, now_ns), "yes" if each.has_second_factor else "no")
                for each in accounts
            ],
        )  # fmt: skip


@group.command("role")
def role_(context: typer.Context, name: Name, role: Role) -> None:
    """Change somebody's role. Rights beyond it count for nothing meanwhile."""
    of = shell(context)
    with _users(of) as users:
        account = users.named(name)
        note(of, ActKind.USER_CHANGED, f"made {account.name} {role}")
        users.set_role(account.id, role)
    of.screen.say(f"'{name}' is {role} now.")


@group.command("rights")
def rights(
    context: typer.Context,
    name: Name,
    action: Annotated[
        list[Action] | None, typer.Option("--action", help="Again for each; else the usual ones.")
    ] = None,
    camera: Annotated[
        list[str] | None, typer.Option("--camera", help="Name or id; again for each.")
    ] = None,
    in_group: Annotated[
        list[str] | None, typer.Option("--group", help="A group of cameras; again for each.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="All cameras, those added later too.")
    ] = False,
    back: Annotated[
        str | None, typer.Option(help="Footage not older than this, such as 24h or 3d.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Footage from then on.")] = None,
    before: Annotated[str | None, typer.Option("--to", help="Footage before then.")] = None,
    until: Annotated[
        str | None, typer.Option(help="For how long the right holds, such as 14d.")
    ] = None,
    site: Annotated[
        list[Action] | None, typer.Option("--site", help="Beside cameras, such as read_log.")
    ] = None,
    more: Annotated[
        bool, typer.Option("--more", help="Beside what there is, not in its place.")
    ] = False,
    none: Annotated[bool, typer.Option("--none", help="Take all rights away.")] = False,
) -> None:
    """Say what somebody may do, in the place of what was said before."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    cameras = _named(of, camera or [])
    names = _cameras(of)
    with _users(of) as users:
        account = users.named(name)
        given: tuple[Right, ...] = ()
        if everywhere or cameras or in_group:
            given = (
                Right(
                    frozenset(action or USUAL_OF_ROLE[account.role]), everywhere, cameras,
                    frozenset(in_group or ()),
                    parse_duration(back) // NS_PER_S if back is not None else None,
                    _moment(since, now_ns), _moment(before, now_ns),
                    now_ns + parse_duration(until) if until is not None else None,
                ),
            )  # fmt: skip
        if not given and not site and not none:
            raise UsageError("Say which cameras: --everywhere, --camera or --group; or --none.")
        beside = frozenset(site or ())
        if more:
            given, beside = (*account.rights, *given), account.site | beside
        told = "; ".join(_told(each, names, now_ns) for each in given) or "nothing"
        note(of, ActKind.USER_CHANGED, f"{account.name} may: {told}; site: {_site_words(beside)}")
        users.set_rights(account.id, given, beside)
        account = users.user(account.id)
    of.screen.say(f"'{account.name}' may: {_may(account, names, now_ns)}.")


@group.command("disable")
def disable(context: typer.Context, name: Name) -> None:
    """Keep somebody out, signed out everywhere at once; nothing is lost."""
    of = shell(context)
    with _users(of) as users:
        account = users.named(name)
        note(of, ActKind.USER_CHANGED, f"disabled {account.name}")
        users.set_disabled(account.id, True)
    of.screen.say(f"'{name}' is kept out. Let in again:")
    of.screen.command(of.command(f"user enable '{name}'"))


@group.command("enable")
def enable(context: typer.Context, name: Name) -> None:
    """Let somebody in again."""
    of = shell(context)
    with _users(of) as users:
        account = users.named(name)
        note(of, ActKind.USER_CHANGED, f"enabled {account.name}")
        users.set_disabled(account.id, False)
    of.screen.say(f"'{name}' can sign in again.")


@group.command("remove")
def remove(context: typer.Context, name: Name) -> None:
    """Remove somebody with rights, sessions and tokens. What the log says stays."""
    of = shell(context)
    with _users(of) as users:
        account = users.named(name)
        note(of, ActKind.USER_CHANGED, f"removed {account.name}")
        users.remove(account.id)
    of.screen.say(f"'{name}' is removed.")


@group.command("password")
def password(context: typer.Context, name: Name, password_stdin: Stdin = False) -> None:
    """Set somebody's password; all sessions end."""
    of = shell(context)
    with _users(of) as users:
        account, secret = users.named(name), _password(password_stdin)
        note(of, ActKind.USER_CHANGED, f"set a new password of {account.name}")
        users.set_password(account.id, secret)
    of.screen.say(f"'{name}' signs in with the new password; all sessions have ended.")


@group.command("second-factor")
def second_factor(context: typer.Context, name: Name) -> None:
    """Take the second factor from somebody who has lost it."""
    of = shell(context)
    with _users(of) as users:
        account = users.named(name)
        note(of, ActKind.USER_CHANGED, f"took the second factor from {account.name}")
        users.remove_second_factor(account.id)
    of.screen.say(f"'{name}' signs in with the password alone, and can set another factor.")


@group.command("group")
def cameras_of_group(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="The group's name.")],
    camera: Annotated[list[str] | None, typer.Argument(help="All its cameras; none: away.")] = None,
) -> None:
    """Make a group of cameras, replace its cameras, or remove it."""
    of = shell(context)
    cameras = _named(of, camera or [])
    with _users(of) as users:
        what = f"group {name}: {len(cameras)} cameras" if cameras else f"removed group {name}"
        note(of, ActKind.USER_CHANGED, what)
        if cameras:
            users.put_group(name, cameras)
        else:
            users.remove_group(name)
    of.screen.say(f"'{name}' is {len(cameras)} cameras." if cameras else f"'{name}' is removed.")


def _may(account: Account, names: dict[str, str], now_ns: int) -> str:
    if account.role is Role.ADMIN:
        return "everything"
    parts = [_told(right, names, now_ns) for right in account.rights]
    parts += sorted(account.site & GRANTABLE)
    return "; ".join(parts) or "nothing"


def _site_words(actions: frozenset[Action]) -> str:
    return ", ".join(sorted(actions)) or "nothing"


def _told(right: Right, names: dict[str, str], now_ns: int) -> str:
    which = [names.get(each, each[:8]) for each in sorted(right.cameras)]
    which += [f"group {each}" for each in sorted(right.groups)]
    told = f"{', '.join(sorted(right.actions))}: "
    told += "all cameras" if right.everywhere else ", ".join(which)
    if right.back_s is not None:
        told += f", the last {right.back_s / 3600:g} h"
    for word, moment in (("from", right.from_ns), ("to", right.to_ns), ("until", right.expires_ns)):
        if moment is not None:
            told += f", {word} {shown_time(moment, now_ns)}"
    return told


def _json(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "role": account.role,
        "disabled": account.disabled,
        "second_factor": account.has_second_factor,
        "site": sorted(account.site),
        "rights": [
            {
                "actions": sorted(right.actions), "everywhere": right.everywhere,
                "cameras": sorted(right.cameras), "groups": sorted(right.groups),
                "back_s": right.back_s, "from_ns": right.from_ns, "to_ns": right.to_ns,
                "expires_ns": right.expires_ns,
            }
            for right in account.rights
        ],
    }  # fmt: skip


def _moment(text: str | None, now_ns: int) -> int | None:
    return parse_moment(text, now_ns).ns if text is not None else None


def _password(from_stdin: bool) -> Secret:
    """Typed, or from standard input; never an argument, which others could see."""
    if from_stdin:
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    if not sys.stdin.isatty():
        raise UsageError(
            "Nobody can be asked for the password here: give it on standard input with "
            "--password-stdin."
        )
    first = getpass.getpass("New password (not shown): ")
    if getpass.getpass("Once more: ") != first:
        raise UsageError("The two are not the same: nothing was changed.")
    return Secret(first)


@contextmanager
def _users(of: Shell) -> Iterator[Users]:
    _check(of)
    of.quiet()
    store = AccessStore(of.ground.layout.site_db, of.ground.disk)
    try:
        yield Users(store, of.ground.clock)
    finally:
        store.close()


def _check(of: Shell) -> None:
    if not of.ground.layout.site_db.exists():
        raise NotFoundError(
            f"Nothing is set up in {of.settings.data} yet: start the recorder once with "
            f"'{of.command('serve')}', or name the folder with --data."
        )


@contextmanager
def _site(of: Shell) -> Iterator[SiteStore]:
    _check(of)
    store = open_store(of.ground)
    try:
        yield store
    finally:
        store.close()


def _cameras(of: Shell) -> dict[str, str]:
    with _site(of) as store:
        return {each.id: each.name for each in store.cameras(with_credentials=False)}


def _named(of: Shell, texts: list[str]) -> frozenset[CameraId]:
    if not texts:
        return frozenset()
    with _site(of) as store:
        return frozenset(store.find_camera(each, with_credentials=False).id for each in texts)
