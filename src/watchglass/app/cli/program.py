"""The program itself: global options, commands, and how errors end it."""

import os
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, ClassVar

import typer
from typer.exceptions import TyperException

import watchglass
from watchglass.app.cli.late import LateGroup
from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import Shell
from watchglass.base.errors import WatchglassError
from watchglass.base.ids import random_id

_UNEXPECTED = 70
_INTERRUPTED = 130


class _Commands(LateGroup):
    places: ClassVar = {
        "serve": "serve:serve",
        "service": "service:group",
        "demo": "demo:demo",
        "doctor": "doctor:doctor",
        "health": "health:health",
        "camera": "camera:group",
        "mask": "mask:group",
        "relay": "relay:group",
        "zone": "zone:group",
        "rule": "rule:group",
        "timeline": "timeline:timeline",
        "clip": "clip:clip",
        "footage": "footage:group",
        "analyse": "analyse:analyse",
        "anchor": "anchor:group",
        "key": "key:group",
        "export": "export:export",
        "decrypt": "export:decrypt",
        "redact": "redact:redact",
        "hold": "hold:hold",
        "release": "hold:release",
        "holds": "hold:holds",
        "erase": "erase:group",
        "request": "request:group",
        "retention": "retention:retention",
        "volume": "volume:group",
        "looks": "looks:looks",
        "evidence": "evidence:group",
        "notices": "notices:group",
        "models": "models:group",
        "check": "check:check",
        "backup": "backup:backup",
        "restore": "restore:restore",
        "trust": "trust:group",
        "verify": "verify:verify",
        "token": "token:group",
        "user": "user:group",
    }


program = typer.Typer(
    name="watchglass",
    help="Records IP cameras, and accounts for every second.",
    cls=_Commands,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["--help", "-h"]},
)


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
