"""``watchglass restore``: a recorder from its backup, from its volumes, or from both."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watchglass.app.cli.backup import (
    AsJson,
    PassphraseFile,
    WithoutKeys,
    asked_passphrase,
    one_backup,
    show_manifest,
)
from watchglass.app.cli.check import progress
from watchglass.app.cli.moments import shown_time
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import count_words
from watchglass.base.errors import AlreadyRunningError, UsageError

if TYPE_CHECKING:
    from watchglass.app.backup.places import Place
    from watchglass.app.backup.restore import Chosen, Restorer

_COLUMNS = (
    Column("Ledger"),
    Column("Lines", right=True),
    Column("Up to"),
    Column("From", wraps=True),
)


def restore(
    context: typer.Context,
    backup: Annotated[
        Path | None,
        typer.Argument(metavar="[BACKUP]", help="A backup, or the folder of several: the newest."),
    ] = None,
    from_volumes: Annotated[
        list[Path] | None,
        typer.Option("--from-volumes", metavar="DIR", help="A volume to restore from; several."),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Only say whether it could be restored, and how.")
    ] = False,
    volume: Annotated[
        list[str] | None,
        typer.Option("--volume", metavar="OLD=NEW", help="A volume lies in another folder now."),
    ] = None,
    anew: Annotated[
        list[str] | None,
        typer.Option(
            "--anew", metavar="OLD[=NEW]", help="A volume is lost: begin it in an empty folder."
        ),
    ] = None,
    without_volumes: Annotated[
        bool, typer.Option("--without-volumes", help="Leave all volumes alone: to try it.")
    ] = False,
    aside: Annotated[
        bool, typer.Option("--aside", help="Keep the state that is there beside the new one.")
    ] = False,
    leave_out: Annotated[
        list[Path] | None,
        typer.Option("--leave-out", metavar="DIR", help="Ledgers in there do not count."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    without_keys: WithoutKeys = False,
    json: AsJson = False,
) -> None:
    """Restore a recorder's state onto this data folder, and account for what is missing."""
    from watchglass.app.backup.places import Placing
    from watchglass.app.backup.restore import Restorer, Wanted

    of = shell(context)
    if backup is None and not from_volumes:
        raise UsageError("Say from what: a backup's folder, or --from-volumes DIR.")
    if of.is_running:
        raise AlreadyRunningError("The recorder runs on this data folder: stop it first.")
    found = one_backup(_absolute(backup)) if backup is not None else None
    passphrase = None
    if found is not None and not without_keys and _has_keys(found):
        passphrase = asked_passphrase(of, passphrase_file, twice=False)
    placing = Placing(
        {old: _absolute(Path(new)) for old, new in map(_moved, volume or [])},
        {old: _absolute(Path(new)) if new else None for old, new in map(_pair, anew or [])},
        tuple(map(_absolute, from_volumes or [])),
        without_volumes,
    )
    wanted = Wanted(
        found, passphrase, placing, aside, frozenset(map(_absolute, leave_out or [])), of.by
    )
    of.quiet()
    with progress(of.screen) as tell:
        restorer = Restorer(of.ground, wanted, tell)
        chosen = restorer.look() if check else _restored(of, restorer)
    if json:
        of.screen.json(_json(chosen, restored=not check))
    else:
        _show(of, chosen, restored=not check)


def _restored(of: Shell, restorer: "Restorer") -> "Chosen":
    from watchglass.app.wiring import keeper_limits

    # To restore deletes nothing, however full a disk is.
    return restorer.restore(replace(keeper_limits(of.settings), floor_bytes=0))


def _has_keys(backup: Path) -> bool:
    from watchglass.app.backup.manifest import KEYS, read_manifest

    return any(part.path == KEYS for part in read_manifest(backup).parts)


def _absolute(path: Path) -> Path:
    return path.expanduser().absolute()


def _pair(text: str) -> tuple[str, str]:
    old, _, new = text.partition("=")
    return old, new


def _moved(text: str) -> tuple[str, str]:
    old, new = _pair(text)
    if not new:
        raise UsageError(f"Say where the volume lies now: --volume {old}=FOLDER.")
    return old, new


# --- what is said ---------------------------------------------------------------------------------


def _show(of: Shell, chosen: "Chosen", *, restored: bool) -> None:
    screen, now_ns = of.screen, of.ground.clock.wall_ns()
    screen.say("Restored." if restored else "It can be restored; nothing was changed.")
    if chosen.manifest is not None:
        show_manifest(of, chosen.manifest)
    screen.table(
        _COLUMNS,
        [
            (name[:8], str(len(told.leaves)), shown_time(told.known_ns, now_ns), told.where)
            for name, told in chosen.tellings.items()
        ],
    )  # fmt: skip
    for place in chosen.places:
        screen.say(f"Volume {place.volume[:8]} at {place.path}: {_place_words(place)}.")
    for name in chosen.unsigned:
        screen.remark(f"The ledger {name} has no head that holds: nothing of it is taken.")
    if chosen.kept_aside is not None:
        screen.say(f"The state that was there is kept in {chosen.kept_aside}.")
    if not restored:
        return
    _tell_cameras(of, chosen)
    screen.say("What no ledger tells of is a gap 'restored'. Look it over, and record on:")
    screen.command(of.command("check --deep"))
    screen.command(of.command("serve"))


def _place_words(place: "Place") -> str:
    if place.anew:
        return "lost, and begun anew"
    return "there" if place.present else "not there; its recordings count when it is mounted again"


def _tell_cameras(of: Shell, chosen: "Chosen") -> None:
    if not chosen.without_site:
        return
    of.screen.remark(
        f"{count_words(len(chosen.without_site), 'camera')} recorded that no database tells the "
        "address of. Add each again under its id, and it goes on:"
    )
    for camera in chosen.without_site:
        of.screen.command(of.command(f"camera add rtsp://ADDRESS/PATH --as {camera}"))


def _json(chosen: "Chosen", *, restored: bool) -> dict[str, object]:
    return {
        "restored": restored,
        "ledgers": [
            {"name": name, "lines": len(told.leaves), "from": told.where}
            for name, told in chosen.tellings.items()
        ],
        "volumes": [
            {"id": each.volume, "path": str(each.path), "present": each.present, "anew": each.anew}
            for each in chosen.places
        ],
        "without_site": list(chosen.without_site),
        "kept_aside": str(chosen.kept_aside) if chosen.kept_aside is not None else None,
    }
