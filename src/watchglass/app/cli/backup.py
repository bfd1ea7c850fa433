"""``watchglass backup``: a copy of what a recorder must not lose, taken while it records."""

import getpass
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watchglass.app.cli.check import progress
from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.app.words import count_words, size_words
from watchglass.base.errors import ConfigError, NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.base.secret import Secret
from watchglass.model.control import NoteBackupRequest

if TYPE_CHECKING:
    from watchglass.app.backup.make import Choice, Made
    from watchglass.app.backup.manifest import Manifest

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE",
        help="Whose first line is the passphrase of the keys; - for standard input.",
    ),
]  # fmt: skip
WithoutKeys = Annotated[
    bool, typer.Option("--without-keys", help="Leave the keys of the cameras' passwords out.")
]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_NICE = 10


def backup(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Under which a folder is made for each backup.")
    ],
    media: Annotated[bool, typer.Option("--media", help="Copy closed recordings, too.")] = False,
    camera: Annotated[
        list[str] | None, typer.Option("--camera", help="Recordings of this camera alone; several.")
    ] = None,
    from_: From = None,
    to: To = None,
    passphrase_file: PassphraseFile = None,
    without_keys: WithoutKeys = False,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Then remove all but so many of the newest there.")
    ] = None,
    verify: Annotated[
        bool, typer.Option("--verify", help="Make none: read every byte of one that is there.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Back up set-up, keys and ledgers, and recordings if told to; the recorder goes on."""
    of = shell(context)
    target = folder.expanduser().absolute()
    if verify:
        _verify(of, target, json=json)
        return
    if not media and (camera or from_ or to):
        raise UsageError("A camera or a span chooses recordings: add --media.")
    if not of.ground.layout.site_db.exists():
        raise NotFoundError(f"Nothing is set up in {of.settings.data} yet: there is nothing to back"
                            " up.")  # fmt: skip
    passphrase = None if without_keys else asked_passphrase(of, passphrase_file, twice=True)
    with suppress(OSError):
        os.nice(_NICE)  # recording comes first
    made = _make(of, target, _choice(of, passphrase, media, camera or [], from_, to, keep))
    if json:
        of.screen.json(_json(made.folder, made.manifest) | {"linked": made.linked})
    else:
        _tell(of, made)


def _choice(
    of: Shell, passphrase: Secret | None, media: bool, cameras: list[str], from_: str | None,
    to: str | None, keep: int | None,
) -> "Choice":  # fmt: skip
    from watchglass.app.backup.make import Choice, Span

    span = None
    if media:
        ids = tuple(of.find_camera(text).id for text in cameras)
        from_ns, to_ns = 0, of.ground.clock.wall_ns()
        if from_ is not None or to is not None:
            from_ns, to_ns, _ = span_of(of, from_ or "1970-01-02T00:00Z", to)
        span = Span(ids, from_ns, to_ns)
    return Choice(passphrase, span, keep)


def _make(of: Shell, target: Path, choice: "Choice") -> "Made":
    from watchglass.app.backup.make import BackupMaker

    name = random_id()
    of.order(NoteBackupRequest(name, choice.media is not None, of.by))
    with of.store() as store:
        volumes = {each.id: each.path for each in store.volumes()}
    with of.index() as index, progress(of.screen) as tell:
        maker = BackupMaker(of.ground.layout, volumes, of.ground.disk, of.ground.clock, tell)
        return maker.make(target, name, choice, index)


def asked_passphrase(of: Shell, file: Path | None, *, twice: bool) -> Secret:
    """The passphrase from a file, from standard input, or asked for where somebody watches."""
    if file is not None:
        return _from_file(file)
    if not of.screen.live:
        raise UsageError(
            "The keys are sealed under a passphrase: give --passphrase-file FILE, or leave them "
            "out with --without-keys."
        )
    first = getpass.getpass("Passphrase of the keys (not shown): ")
    if twice and getpass.getpass("The same again: ") != first:
        raise UsageError("The two passphrases are not the same: try again.")
    return Secret(first)


def _from_file(file: Path) -> Secret:
    if str(file) == "-":
        return Secret(sys.stdin.readline().rstrip("\r\n"))
    try:
        text = file.expanduser().read_text(encoding="utf-8")
        others = file.expanduser().stat().st_mode & 0o077
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The passphrase cannot be read from {file} ({error}).") from error
    if others:
        raise ConfigError(f"Others can read the passphrase in {file}: run 'chmod 600 {file}'.")
    return Secret(text.split("\n", 1)[0].rstrip("\r"))


# --- looking --------------------------------------------------------------------------------------


def one_backup(folder: Path) -> Path:
    """The backup that is meant by a folder: itself, or the newest under it."""
    from watchglass.app.backup.make import finished
    from watchglass.app.backup.manifest import NAME

    if (folder / NAME).exists() or not folder.is_dir():
        return folder
    found = finished(folder)
    return found[-1] if found else folder


def _verify(of: Shell, target: Path, *, json: bool) -> None:
    from watchglass.app.backup.manifest import verify

    found = one_backup(target)
    with of.screen.working("reading every byte"):
        manifest = verify(found)
    if json:
        of.screen.json(_json(found, manifest))
        return
    of.screen.say(f"{found} is whole: every byte is what was written.")
    show_manifest(of, manifest)


def _tell(of: Shell, made: "Made") -> None:
    of.screen.say(f"Backed up to {made.folder}, and read back.")
    show_manifest(of, made.manifest)
    if made.linked:
        of.screen.say(f"{count_words(made.linked, 'recording')} shared with the backup before.")
    for path in made.removed:
        of.screen.say(f"Removed: {path}")
    of.screen.hint("Try it now and then: 'watchglass restore FOLDER --check' changes nothing.")


def show_manifest(of: Shell, manifest: "Manifest") -> None:
    """What a backup says of itself."""
    now_ns = of.ground.clock.wall_ns()
    lines = sum(each.lines for each in manifest.ledgers)
    of.screen.say(
        f"Made {shown_time(int(manifest.made), now_ns)} by version {manifest.version}: "
        f"{count_words(len(manifest.ledgers), 'ledger')} with {count_words(lines, 'line')}"
        + (f", {size_words(manifest.media.bytes)} of recordings." if manifest.media else ".")
    )
    of.screen.say(f"It holds: {'; '.join(manifest.holds)}.")
    of.screen.say(f"It does not hold: {'; '.join(manifest.lacks)}.")
    for volume in manifest.volumes:
        of.screen.hint(f"Volume {volume.id[:8]} was at {volume.path}.")


def _json(folder: Path, manifest: "Manifest") -> dict[str, Any]:
    media = manifest.media
    return {
        "folder": str(folder),
        "backup": manifest.backup,
        "made": utc_text(int(manifest.made)),
        "version": manifest.version,
        "holds": manifest.holds,
        "lacks": manifest.lacks,
        "volumes": [{"id": each.id, "path": each.path} for each in manifest.volumes],
        "ledgers": [{"name": each.name, "lines": each.lines} for each in manifest.ledgers],
        "recordings": media.files if media is not None else 0,
        "bytes": sum(each.bytes for each in manifest.parts) + (media.bytes if media else 0),
    }
