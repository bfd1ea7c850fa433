"""``watchglass export``: evidence that can be checked without this recorder."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from watchglass.app.cli.backup import asked_passphrase
from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import AMBER, Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of
from watchglass.app.evidence.consent import demands_consent, review_due_ns
from watchglass.app.words import count_words, length_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import WriteSite
from watchglass.base.errors import DamagedError, RefusedError, UsageError
from watchglass.base.ids import VolumeId
from watchglass.base.secret import Secret
from watchglass.evidence.agefile import decrypt_file, encrypt_file, new_passphrase
from watchglass.model.camera import Camera
from watchglass.model.export import Consent
from watchglass.model.stream import StreamName
from watchglass.recording.volume import volume_at

if TYPE_CHECKING:
    from watchglass.app.evidence.make import Made

_NOTICEABLE_NS = NS_PER_S


def export(
    context: typer.Context,
    cameras: Annotated[
        list[str], typer.Argument(metavar="CAMERA...", help="Names, ids, or their first digits.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="Folder, or file.zip, to write.", metavar="PATH")
    ],
    from_: From = None,
    to: To = None,
    stream: Annotated[
        list[StreamName] | None, typer.Option(help="Which streams; main unless given.")
    ] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
    sound: Annotated[bool, typer.Option(help="Withhold recorded sound.")] = True,
    unmask: Annotated[
        bool, typer.Option("--unmask", help="Although masks hide a part: the recording itself.")
    ] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="Under a passphrase, which is shown once.")
    ] = False,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            help="Its first line is the passphrase; - for standard input.", metavar="FILE"
        ),
    ] = None,
    emergency: Annotated[
        bool,
        typer.Option(
            "--emergency", help="Where a second person's consent is demanded: do not wait for it."
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write an evidence bundle of a span: the recordings as they are, and all that proves them.

    It is noted first. Stopped with Ctrl-C, the same command goes on with it.
    """
    from watchglass.app.evidence.make import Recorder, Wanted, make_bundle
    from watchglass.app.evidence.told import Told
    from watchglass.app.evidence.viewing import ViewingCopies
    from watchglass.evidence.verify import as_json, check_bundle, verdict

    of = shell(context)
    if from_ is None:
        raise UsageError("Say where the evidence begins: --from 14:00, or --from '1 hour ago'.")
    secret = _secret(of, out, encrypt, passphrase_file)
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    found = {each.id: each for each in map(of.find_camera, cameras)}
    wanted = Wanted(
        tuple((each, _unmasked(of, each, unmask)) for each in found.values()),
        frozenset(stream or [StreamName.MAIN]), from_ns, min(to_ns, now_ns), sound, of.by, reason,
        _consent(of, found.values(), emergency=emergency),
    )  # fmt: skip
    recorder = Recorder(of.begin_export, of.sign_export)
    settings = of.ground.settings
    viewing = ViewingCopies(
        settings.log_level.value, settings.fences, json=settings.log_json
    )  # fmt: skip
    with _progress(of.screen) as progress, closing(viewing):
        made = make_bundle(
            of.ground, recorder, wanted, out, Told(of.ground), _volumes(of), progress, viewing
        )
    checked = check_bundle(str(out), made.fingerprint)
    good = verdict(checked)["intact"] == "yes" and verdict(checked)["complete"] == "yes"
    if secret is not None and good:
        made = _encrypted(of, made, secret)
    if json:
        shown = {"passphrase": secret.reveal()} if secret is not None and encrypt else {}
        of.screen.json(_json(made, as_json(checked)) | shown)
    else:
        _show(of, made, to_ns, now_ns)
        if secret is not None and passphrase_file is None and good:
            of.screen.say(f"Its passphrase, shown this once: {secret.reveal()}")
    if not good:
        raise DamagedError(
            f"The bundle is made, and does not pass its own check: see 'watchglass verify {out}'."
        )


def decrypt(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="What was encrypted.", metavar="FILE")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Instead of the name without its ending.")
    ] = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option(
            help="Its first line is the passphrase; - for standard input.", metavar="FILE"
        ),
    ] = None,
) -> None:
    """Open a bundle that was encrypted with a passphrase."""
    of = shell(context)
    if out is None and file.suffix != ".age":
        raise UsageError("Say where it is to be written: -o NAME.")
    target = out or file.with_suffix("")
    decrypt_file(file, target, asked_passphrase(of, passphrase_file, twice=False), of.ground.disk)
    of.screen.say(f"{target}: opened.")
    of.screen.command(of.command(f"verify {target}"))


def _secret(of: Shell, out: Path, encrypt: bool, file: Path | None) -> Secret | None:
    """The passphrase that the bundle is put under; None for one that is left as it is."""
    if not encrypt and file is None:
        return None
    if out.suffix.lower() != ".zip":
        raise UsageError("What is encrypted is a ZIP: -o NAME.zip.")
    if _under_passphrase(out).exists():
        raise RefusedError(f"{_under_passphrase(out)} is there already: choose another name.")
    return new_passphrase() if file is None else asked_passphrase(of, file, twice=True)


def _under_passphrase(out: Path) -> Path:
    return out.with_name(out.name + ".age")


def _encrypted(of: Shell, made: "Made", secret: Secret) -> "Made":
    target = _under_passphrase(made.target)
    with _progress(of.screen) as progress:
        whole, done = made.target.stat().st_size, 0

        def step(count: int) -> None:
            nonlocal done
            done += count
            progress("encrypting", done, whole)

        encrypt_file(made.target, target, secret, of.ground.disk, step)
    of.ground.disk.unlink(WriteSite.EVIDENCE, made.target)
    return replace(made, target=target)


def _unmasked(of: Shell, camera: Camera, unmask: bool) -> bool:
    with of.store() as store:
        hides = store.masking(camera.id).hides
    if hides and not unmask:
        raise RefusedError(
            f"Masks hide a part of {camera.name}, and evidence is the recording as it is: say "
            "--unmask if what they hide is to be handed out."
        )
    return hides


def _consent(of: Shell, cameras: Iterable[Camera], *, emergency: bool) -> dict[str, str]:
    """What the bundle says of a second person, whom a command cannot ask."""
    with of.store() as store:
        if not emergency or not demands_consent(store, (each.id for each in cameras)):
            return {}
        due_ns = review_due_ns(store, of.ground.clock.wall_ns())
    return {"state": Consent.EMERGENCY.value, "review_due": str(due_ns)}


def _volumes(of: Shell) -> Callable[[VolumeId], Path | None]:
    with of.store() as store:
        named = {VolumeId(each.id): Path(each.path) for each in store.volumes()}
    there = {volume: path for volume, path in named.items() if volume_at(path) == volume}
    return there.get


@contextmanager
def _progress(screen: Screen) -> Iterator[Callable[[str, int, int], None]]:
    if not screen.err.is_terminal:
        yield lambda what, done, whole: None
        return
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn()
    with Progress(*columns, console=screen.err, transient=True) as bar:
        task = bar.add_task("noting", total=None)
        yield lambda what, done, whole: bar.update(
            task, description=what, completed=done, total=whole or None
        )


def _show(of: Shell, made: "Made", asked_to_ns: int, now_ns: int) -> None:
    screen = of.screen
    screen.say(
        f"{made.target}: {count_words(made.files, 'recording')}, {size_words(made.media_bytes)}, "
        f"from {shown_time(made.from_ns, now_ns)} to {shown_time(made.to_ns, now_ns)}."
    )
    if not made.files:
        screen.hint("Nothing was recorded in this span: the bundle tells why, and no more.")
    if asked_to_ns - made.to_ns > _NOTICEABLE_NS:
        screen.hint(
            f"It ends {length_words(asked_to_ns - made.to_ns)} before the time asked for: what "
            "comes after is not signed yet."
        )
    for path in made.damaged:
        screen.say(f"Damaged on disk, and so not whole: {path}", AMBER)
    screen.say(f"It is signed with the recorder's key {made.fingerprint}.")
    screen.hint("Tell whoever gets it that fingerprint by another way. They check it with:")
    screen.command(f"python3 verify.py --fingerprint {made.fingerprint}")


def _json(made: "Made", checked: dict[str, Any]) -> dict[str, Any]:
    """For programs; keys stay as they are."""
    return {
        "bundle": made.bundle, "path": str(made.target), "from": utc_text(made.from_ns),
        "to": utc_text(made.to_ns), "recordings": made.files, "bytes": made.media_bytes,
        "fingerprint": made.fingerprint, "damaged": list(made.damaged), "check": checked,
    }  # fmt: skip
