"""``watchglass trust scan``: look at networks that the operator names."""

import getpass
import sys
import threading
from typing import Annotated, Any

import msgspec
import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.signals import Ending
from watchglass.app.scanning import Looked, find_unfinished, login_of, look, new_order, unfinished
from watchglass.app.words import count_words
from watchglass.base.errors import CameraError, UsageError
from watchglass.cameras.scan import RunningScan
from watchglass.model.coverage import Network
from watchglass.model.scan import FromScan, Login, ScanProgress


def scan(
    context: typer.Context,
    networks: Annotated[
        list[str] | None, typer.Argument(metavar="NETWORK…", help="As 192.168.1.0/24.")
    ] = None,
    mine: Annotated[
        bool, typer.Option("--mine", help="State that these networks are yours, if public.")
    ] = False,
    place: Annotated[str, typer.Option(help="What is there: a building.")] = "",
    user: Annotated[
        str | None, typer.Option(help="Log in where a device asks; the password is asked for.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Log in only at these addresses.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
    leases: Annotated[
        list[str] | None, typer.Option(help="A DHCP server's file of leases.", metavar="FILE")
    ] = None,
    rate: Annotated[
        float, typer.Option(help="Packets and connections a second, at most.", min=1, max=1000)
    ] = 50.0,
    parallel: Annotated[
        int, typer.Option(help="Connections at a time, at most.", min=1, max=256)
    ] = 32,
    timeout: Annotated[
        float, typer.Option(help="Seconds to wait for an answer.", min=0.2, max=30)
    ] = 3.0,
    resume: Annotated[str | None, typer.Option(help="Go on with this scan.", metavar="ID")] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Look at networks for cameras and recorders, reading only. Ctrl-C stops; it can go on."""
    of = shell(context)
    logins = _logins(of, user, tuple(only or ()), password_stdin)
    if resume is not None:
        begun = find_unfinished(of.ground, resume)
        order = msgspec.structs.replace(begun.order, skip=begun.done, logins=logins)
    else:
        order = msgspec.structs.replace(
            new_order(of.ground, _networks(of, networks or [], place, mine), logins),
            rate_per_s=rate, parallel=parallel, timeout_s=timeout,
            lease_files=tuple(leases or ()),
        )  # fmt: skip
    looked = _run(of, RunningScan(order), quiet=json)
    if json:
        of.screen.json(msgspec.to_builtins(looked))
    else:
        _tell(of, looked)
    if looked.error:
        raise CameraError(looked.error)
    if looked.stopped:
        raise typer.Exit(130)


def _networks(of: Shell, cidrs: list[str], place: str, mine: bool) -> tuple[Network, ...]:
    if not cidrs:
        waiting = unfinished(of.ground)
        hint = f", or go on with --resume {waiting[-1].order.scan[:8]}" if waiting else ""
        raise UsageError(f"Name the network to look at, as in 192.168.1.0/24{hint}.")
    return tuple(Network(cidr=cidr, place=place, ours=mine) for cidr in cidrs)


def _logins(
    of: Shell, user: str | None, only: tuple[str, ...], from_stdin: bool
) -> tuple[Login, ...]:
    if user is None:
        if from_stdin or only:
            raise UsageError("A password needs a user name: --user NAME.")
        return ()
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = getpass.getpass(f"Password of {user!r} (not shown): ")
    else:
        raise UsageError(
            "Nobody can be asked for the password here: give it on standard input with "
            "--password-stdin."
        )
    return (login_of(user, password, only),)


def _run(of: Shell, running: RunningScan, *, quiet: bool) -> Looked:
    """In a thread, so that a signal is heard at once."""
    found: list[Looked] = []
    failed: list[BaseException] = []
    with _Bar(of, quiet) as bar:

        def work() -> None:
            try:
                found.append(look(of.ground, running, of.by, bar.told))
            except BaseException as error:  # noqa: BLE001 - the border of a thread: told below
                failed.append(error)

        worker = threading.Thread(target=work, name="scan")
        Ending(running.stop)
        worker.start()
        while worker.is_alive():
            worker.join(0.2)
    if failed:
        raise failed[0]
    return found[0]


class _Bar:
    """How far it is: a bar where somebody watches, now and then a line elsewhere."""

    def __init__(self, of: Shell, quiet: bool) -> None:
        self._of = of
        self._quiet = quiet
        self._tenth = -1
        self._progress: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> "_Bar":
        if self._of.screen.err.is_terminal and not self._quiet:
            self._progress = Progress(
                TextColumn("{task.description}"), BarColumn(),
                TextColumn("{task.completed} of {task.total} addresses"), TimeElapsedColumn(),
                console=self._of.screen.err, transient=True,
            )  # fmt: skip
            self._task = self._progress.add_task("looking", total=None)
            self._progress.start()
        return self

    def __exit__(self, *_: Any) -> None:
        if self._progress is not None:
            self._progress.stop()

    def told(self, message: FromScan) -> None:
        if not isinstance(message, ScanProgress) or self._quiet:
            return
        words = count_words(message.answered, "device")
        if self._progress is not None and self._task is not None:
            self._progress.update(
                self._task, completed=message.done, total=message.of, description=words
            )
        elif message.of and message.done * 10 // message.of > self._tenth:
            self._tenth = message.done * 10 // message.of
            self._of.screen.remark(f"{message.done} of {message.of} addresses, {words} answered.")


def _tell(of: Shell, looked: Looked) -> None:
    of.screen.say(
        f"{count_words(looked.answered, 'device')} answered of "
        f"{count_words(looked.asked, 'address', 'addresses')}; "
        f"{count_words(looked.observations, 'observation')} kept."
    )
    for note in looked.notes:
        of.screen.remark(note)
    if looked.stopped:
        of.screen.say("It was stopped; what was found is kept. Go on with:")
        of.screen.command(of.command(f"trust scan --resume {looked.scan[:8]}"))
    else:
        of.screen.command(of.command("trust devices"))
