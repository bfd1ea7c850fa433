"""``watchglass service``: the recorder as a service of systemd."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.shell import Shell, shell
from watchglass.app.unit import ACCOUNT, NAME, account, unit
from watchglass.base.errors import ConfigError, UsageError

_UNITS = Path("etc/systemd/system")
_ACCOUNTS = Path("etc/sysusers.d/watchglass.conf")
_RUNNING = Path("/run/systemd/system")

group = typer.Typer(help="The recorder as a service of systemd.", no_args_is_help=True)

_Writable = Annotated[
    list[Path] | None,
    typer.Option("--volume", help="A folder of recordings elsewhere; may be given again."),
]


@group.command("show")
def show(context: typer.Context, volumes: _Writable = None) -> None:
    """Print the unit file."""
    # As it is: a table or a colour would not be a unit file.
    sys.stdout.write(unit(_program(), volumes or []))


@group.command("install")
def install(
    context: typer.Context,
    volumes: _Writable = None,
    root: Annotated[
        Path, typer.Option(help="Write under this folder, and start nothing: for packages.")
    ] = Path("/"),
) -> None:
    """Write the unit file and make its account; needs root."""
    of = shell(context)
    text = unit(_program(), volumes or [])
    place = root / _UNITS / NAME
    _write(root / _ACCOUNTS, account())
    _write(place, text)
    of.screen.say(f"Wrote {place}.")
    if root != Path("/"):
        return
    if not _RUNNING.is_dir():
        of.screen.say("systemd does not run here: nothing was started.")
        return
    _run("systemd-sysusers", f"/{_ACCOUNTS}")
    _run("systemctl", "daemon-reload")
    _say_next(of)


def _say_next(of: Shell) -> None:
    of.screen.say("Start it now, and at each boot:")
    of.screen.command(f"systemctl enable --now {NAME}")
    of.screen.say("The link that sets the page up is in its log:")
    of.screen.command(f"journalctl -u {NAME}")
    of.screen.say("Commands are to run as its account, or files would be root's:")
    of.screen.command(f"sudo -u {ACCOUNT} {_program()} --data /var/lib/watchglass camera list")


def _program() -> Path:
    """The command ``watchglass`` of this installation."""
    beside = Path(sys.executable).with_name("watchglass")
    if beside.is_file():
        return beside
    found = shutil.which("watchglass")
    if found is None:
        raise ConfigError("The command 'watchglass' is not installed: install the package first.")
    return Path(found).absolute()


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text, encoding="utf-8")
        fresh.chmod(0o644)
        os.replace(fresh, path)
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written ({error.strerror}): run this as root, or print it with "
            "'watchglass service show'."
        ) from error


def _run(*words: str) -> None:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ConfigError(f"'{' '.join(words)}' failed: {' '.join(done.stderr.split())[:300]}.")
