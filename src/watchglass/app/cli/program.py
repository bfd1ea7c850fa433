"""The program itself: global options, commands, and how errors end it."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

import watchglass
from watchglass.app.cli import (
    analyse,
    anchor,
    backup,
    camera,
    check,
    clip,
    demo,
    doctor,
    erase,
    evidence,
    export,
    footage,
    health,
    hold,
    key,
    looks,
    mask,
    models,
    notices,
    relay,
    request,
    restore,
    retention,
    rule,
    serve,
    service,
    timeline,
    token,
    trust,
    user,
    verify,
    volume,
    zone,
)
from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import Shell
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import random_id

_UNEXPECTED = 70
_INTERRUPTED = 130

program = typer.Typer(
    name="watchglass",
    help="Records IP cameras, and accounts for every second.",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)
program.command("serve")(serve.serve)
program.add_typer(service.group, name="service")
program.command("demo")(demo.demo)
program.command("doctor")(doctor.doctor)
program.command("health")(health.health)
program.add_typer(camera.group, name="camera")
program.add_typer(mask.group, name="mask")
program.add_typer(relay.group, name="relay")
program.add_typer(zone.group, name="zone")
program.add_typer(rule.group, name="rule")
program.command("timeline")(timeline.timeline)
program.command("clip")(clip.clip)
program.add_typer(footage.group, name="footage")
program.command("analyse")(analyse.analyse)
program.add_typer(anchor.group, name="anchor")
program.add_typer(key.group, name="key")
program.command("export")(export.export)
program.command("decrypt")(export.decrypt)
program.command("hold")(hold.hold)
program.command("release")(hold.release)
program.command("holds")(hold.holds)
program.add_typer(erase.group, name="erase")
program.add_typer(request.group, name="request")
program.command("retention")(retention.retention)
program.add_typer(volume.group, name="volume")
program.command("looks")(looks.looks)
program.add_typer(evidence.group, name="evidence")
program.add_typer(notices.group, name="notices")
program.add_typer(models.group, name="models")
program.command("check")(check.check)
program.command("backup")(backup.backup)
program.command("restore")(restore.restore)
program.add_typer(trust.group, name="trust")
program.command("verify")(verify.verify)
program.add_typer(token.group, name="token")
program.add_typer(user.group, name="user")


@program.callback()
def _globals(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the recorder's files; else WATCHGLASS_DATA.", metavar="DIR"),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log everything.")] = False,
) -> None:
    context.obj = Shell(data, verbose)


@program.command("version")
def _version(
    context: typer.Context,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Print the version."""
    screen = Screen()
    if json:
        screen.json({"version": watchglass.__version__})
    else:
        screen.say(f"watchglass {watchglass.__version__}")


def main() -> None:
    """The command ``watchglass``."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit code. No traceback leaves it."""
    try:
        code = program(
            args=_globals_first(arguments) or ["--help"],
            prog_name="watchglass",
            standalone_mode=False,
        )
    except WatchglassError as error:
        Screen().error(error.sentence)
        return error.exit_code
    except TyperException as error:
        _show_usage(error)
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the border of the process: no traceback on a screen
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _globals_first(arguments: Sequence[str]) -> list[str]:
    """``--data`` and ``--verbose`` may stand anywhere: people add them where they are."""
    first: list[str] = []
    rest: list[str] = []
    words = iter(arguments)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word == "--verbose" or word.startswith("--data="):
            first.append(word)
        elif word == "--data":
            first += [word, *[value for value in [next(words, None)] if value is not None]]
        else:
            rest.append(word)
    return first + rest


def _show_usage(error: TyperException) -> None:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "watchglass"
    message = " ".join(error.format_message().split())
    ended = message if message.endswith((".", "?", "!")) else message + "."
    Screen().error(f"{ended} See '{path} --help'.")


def _unexpected(error: BaseException) -> int:
    where = _written(traceback.format_exception(error))
    Screen().error(
        f"Something in Watchglass failed that should not have ({type(error).__name__}): the "
        f"details are in {where}; please report them."
    )
    return _UNEXPECTED


def _written(lines: list[str]) -> Path:
    """A file of our own that only we can read: a traceback may tell of addresses."""
    folder = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "watchglass"
    name = f"failed-{random_id()[:8]}.txt"
    for place in (folder, Path(tempfile.gettempdir())):
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(place / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            continue
        with os.fdopen(descriptor, "w") as file:
            file.writelines(lines)
        return place / name
    sys.stderr.writelines(lines)
    return Path("/dev/stderr")
