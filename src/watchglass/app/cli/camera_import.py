"""``watchglass camera import``: hundreds of cameras from a table, and again without harm."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.adding import free_name, look_at, request_for
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.hosts import allowed_hosts
from watchglass.base.errors import CameraError, NotFoundError, UsageError, WatchglassError
from watchglass.cameras.host import host_of
from watchglass.cameras.table import MOST_BYTES, Fault, Row, is_there, login_of, read_table
from watchglass.model.camera import Camera
from watchglass.model.camera_table import Outcome

_FAILED = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of a row."""

    line: int
    address: str
    name: str
    outcome: Outcome
    sentence: str


def import_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE.csv", help="address,name,user,password")],
    user: Annotated[str | None, typer.Option(help="For rows that name no user.")] = None,
    password_stdin: Annotated[
        bool,
        typer.Option("--password-stdin", help="Read the password for --user from standard input."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Look at each camera, and add none.")
    ] = False,
    allow: Annotated[
        bool, typer.Option("--allow", help="Let hosts in whose address is refused by default.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Record the cameras of a table. Those that are set up already are left as they are."""
    of = shell(context)
    rows = read_table(_bytes_of(file))
    login = _login(user, password_stdin)
    of.check_folder()
    told = []
    for number, row in enumerate(rows, 1):
        if not json:
            of.screen.remark(f"Row {number} of {len(rows)}")
        told.append(_done(of, row, login, dry_run=dry_run, allow=allow))
        if not json:
            of.screen.say(_words(told[-1]))
    failed = sum(each.outcome is Outcome.FAILED for each in told)
    if json:
        of.screen.json(
            [
                {"line": each.line, "address": each.address, "name": each.name,
                 "outcome": each.outcome.value, "sentence": each.sentence}
                for each in told
            ]
        )  # fmt: skip
    else:
        counts = {kind: sum(each.outcome is kind for each in told) for kind in Outcome}
        said = ", ".join(f"{count} {kind.value}" for kind, count in counts.items() if count)
        of.screen.say(f"{len(told)} rows: {said or 'none'}.")
    if failed:
        raise typer.Exit(_FAILED)


def _done(
    of: Shell, row: Row | Fault, login: tuple[str, str] | None, *, dry_run: bool, allow: bool
) -> Told:
    if isinstance(row, Fault):
        return Told(row.line, row.address, "", Outcome.FAILED, row.sentence)
    try:
        cameras, allowed = _known(of)
        there = is_there(row, cameras)
        if there is not None:
            return Told(row.line, row.url, there.name, Outcome.THERE, "It is set up already.")
        user, password = login_of(row, *(login or ("", "")))
        hosts = frozenset({host_of(row.url)}) if allow else frozenset()
        found = look_at(
            row.url, user or None, password if user else None, of.settings, allowed | hosts,
            source=row.source,
        )  # fmt: skip
        if found.main is None:
            raise found.problem or CameraError("It cannot be recorded, and does not say why.")
        name = row.name or free_name(host_of(row.url), [each.name for each in cameras])
        seen = found.main.result
        what = f"{seen.codec} {seen.width}x{seen.height}"
        what += ", with a sub-stream" if found.sub is not None else ", without a sub-stream"
        if dry_run:
            return Told(row.line, row.url, name, Outcome.READY, what)
        of.carry_out(request_for(found, name, of.by, hosts))
        return Told(row.line, row.url, name, Outcome.ADDED, what)
    except WatchglassError as error:
        return Told(row.line, row.url, row.name, Outcome.FAILED, error.sentence)


def _known(of: Shell) -> tuple[tuple[Camera, ...], frozenset[str]]:
    """Anew for each row: the row before may have added one."""
    try:
        with of.store() as store:
            return store.cameras(with_credentials=False), allowed_hosts(store)
    except NotFoundError:
        return (), frozenset()


def _login(user: str | None, from_stdin: bool) -> tuple[str, str] | None:
    if from_stdin and user is None:
        raise UsageError("A password needs a user name: --user NAME.")
    if user is None:
        return None
    if not from_stdin:
        raise UsageError("Give the password of --user on standard input, with --password-stdin.")
    return user, sys.stdin.readline().rstrip("\r\n")


def _bytes_of(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"The file {file} cannot be read ({error.strerror}).") from None


def _words(told: Told) -> str:
    name = f" {told.name}" if told.name else ""
    return f"line {told.line}: {told.outcome.value}{name} ({told.address}): {told.sentence}"
