"""``watchglass footage``: what another system recorded, brought along."""

from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer

from watchglass.app.cli.moments import parse_moment, shown_time
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.footage import Bringing, Taken, bring, files_of
from watchglass.app.words import count_words
from watchglass.base.errors import UsageError, WatchglassError
from watchglass.model.camera import Camera
from watchglass.recording.volume import Volume
from watchglass.store.index import DELETING

_FAILED = 1
group = typer.Typer(
    help="Footage of another system: imported, not ours, unproven before it came.",
    no_args_is_help=True,
)
OfCamera = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (Column("From"), Column("To"), Column("Time by"), Column("Imported"), Column("File"))


@group.command("import")
def import_(
    context: typer.Context,
    camera: OfCamera,
    path: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="MP4, MKV, AVI, PS, DAV.")],
    from_: Annotated[str | None, typer.Option("--from", help="When it begins.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of times in names: Europe/Vienna.")] = None,
    reason: Annotated[str, typer.Option(help="Why; it goes into the ledger.")] = "",
    json: AsJson = False,
) -> None:
    """Bring footage along. The same file again does no harm; pictures are copied as they are."""
    of = shell(context)
    found = of.find_camera(camera)
    files = files_of(path)
    if from_ is not None and len(files) > 1:
        raise UsageError("One start is not that of many files: import them one by one, or by name.")
    where = _zone(zone)
    now_ns = of.ground.clock.wall_ns()
    from_ns = None if from_ is None else parse_moment(from_, now_ns, where).ns
    to = Bringing(found, _volume(of, found), of.by, reason, from_ns, where)
    told: list[dict[str, object]] = []
    failed = 0
    for each in files:
        try:
            taken = bring(of.ground, to, each, of.carry_out)
        except WatchglassError as error:
            failed += 1
            told.append({"file": str(each), "error": error.sentence})
            if not json:
                of.screen.error(f"{each.name}: {error.sentence}")
        else:
            told.append({"file": str(each), "already": taken.already,
                         **msgspec.to_builtins(taken.footage)})  # fmt: skip
            if not json:
                of.screen.say(_words(each, taken, now_ns))
    if json:
        of.screen.json(told)
    elif failed and len(files) > 1:
        of.screen.remark(f"{count_words(failed, 'file')} of {len(files)} not taken.")
    if failed:
        raise typer.Exit(_FAILED)


@group.command("list")
def list_(context: typer.Context, camera: OfCamera, json: AsJson = False) -> None:
    """What was imported for a camera, and is still there."""
    of = shell(context)
    found = of.find_camera(camera)
    with of.index() as index, index.read() as asked:
        rows = [row for row in asked.imports(found.id) if row.state != DELETING]
    now_ns = of.ground.clock.wall_ns()
    if json:
        of.screen.json([msgspec.to_builtins(row) for row in rows])
        return
    of.screen.table(
        _COLUMNS,
        [
            (
                shown_time(row.wall_from, now_ns), shown_time(row.wall_to, now_ns), row.time_from,
                shown_time(row.imported_ns, now_ns), row.original[:16],
            )
            for row in rows
        ],
    )  # fmt: skip


def _words(path: Path, taken: Taken, now_ns: int) -> str:
    footage = taken.footage
    span = f"{shown_time(footage.from_ns, now_ns)} to {shown_time(footage.to_ns, now_ns)}"
    if taken.already:
        return f"{path.name} was imported before: {span}."
    damaged = " It is damaged, and kept as far as it can be read." if footage.damaged else ""
    return f"{path.name}: {span}, imported and not ours, unproven before today.{damaged}"


def _volume(of: Shell, camera: Camera) -> Volume:
    with of.store() as store:
        for each in store.volumes():
            if each.id == camera.volume:
                return Volume(each.id, Path(each.path))
    raise UsageError("The camera's volume is not set up: see 'watchglass volume'.")


def _zone(text: str | None) -> ZoneInfo | None:
    if text is None:
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"{text!r} is no time zone: write --zone Europe/Vienna.") from None
