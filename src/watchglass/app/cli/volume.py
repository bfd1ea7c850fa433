"""``watchglass volume``: the disks that are recorded to."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.screen import AMBER, Cell, Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.findings import all_forecasts
from watchglass.app.forecast import Forecast
from watchglass.app.words import count_words, size_words
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.base.ids import VolumeId
from watchglass.model.control import AddVolumeRequest, DrainVolumeRequest, RemoveVolumeRequest
from watchglass.recording.volume import volume_at

group = typer.Typer(help="Add disks to record to, list them, take them out.")
Which = Annotated[str, typer.Argument(metavar="VOLUME", help="Its folder, or its id's start.")]
_COLUMNS = (
    Column("Volume", wraps=True), Column("Id"), Column("Cameras", right=True),
    Column("Recorded", right=True), Column("Free", right=True), Column("Days", right=True),
    Column("State", wraps=True),
)  # fmt: skip


@group.command("add")
def add(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(help="An empty folder on the disk, mounted.")],
) -> None:
    """Record to one more disk: new cameras go where the fewest are."""
    of = shell(context)
    absolute = path.expanduser().absolute()
    of.order(AddVolumeRequest(str(absolute)))
    of.screen.say(f"New cameras may be recorded to {absolute} from now on.")


@group.command("list")
def list_volumes(
    context: typer.Context, json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False
) -> None:
    """Show each volume: how full it is, and for how many days it will do."""
    of = shell(context)
    found = all_forecasts(of)
    if json:
        of.screen.json([
            {
                "id": each.volume.id, "path": str(each.volume.path), "cameras": each.cameras,
                "bytes": each.recorded_bytes, "free_bytes": each.free_bytes,
                "bytes_per_day": each.bytes_per_day, "days": each.days, "state": each.state,
            }
            for each in found
        ])  # fmt: skip
        return
    of.screen.table(
        _COLUMNS,
        [
            (
                str(each.volume.path), each.volume.id[:8], str(each.cameras),
                size_words(each.recorded_bytes),
                size_words(each.free_bytes) if each.free_bytes is not None else "–",
                f"{each.days:.1f}" if each.days is not None else "–",
                Cell(each.state, "" if each.free_bytes is not None else AMBER),
            )
            for each in found
        ],
    )  # fmt: skip
    of.screen.hint("Days: how much a volume can hold, at the rate of its last day.")


@group.command("drain")
def drain(context: typer.Context, volume: Which) -> None:
    """Record nothing more to a disk; what is on it stays until its time is up."""
    of = shell(context)
    found = _find(of, volume)
    of.order(DrainVolumeRequest(found.volume.id))
    of.screen.say(
        f"{count_words(found.cameras, 'camera')} moved. When nothing is left on it, take it out:"
    )
    of.screen.command(of.command(f"volume remove {found.volume.id[:8]}"))


@group.command("remove")
def remove(context: typer.Context, volume: Which) -> None:
    """Forget a disk that is drained and empty."""
    of = shell(context)
    found = _find(of, volume)
    if found.recorded_bytes:
        raise RefusedError(
            f"{size_words(found.recorded_bytes)} of recordings are on {found.volume.path}: they go "
            "when their time is up. Drain it, and wait."
        )
    with of.index() as index, index.read() as reader:
        if any(row.volume == found.volume.id for row in reader.open_files()):
            raise RefusedError(
                f"A recording on {found.volume.path} is just being closed: drain it, and try again "
                "in a moment."
            )
    of.order(RemoveVolumeRequest(found.volume.id))
    of.screen.say(f"{found.volume.path} is no volume of this recorder any more.")


def _find(of: Shell, text: str) -> Forecast:
    wanted = volume_at(Path(text).expanduser()) or VolumeId(text)
    found = [
        each
        for each in all_forecasts(of)
        if each.volume.id == wanted
        or (len(text) >= 4 and each.volume.id.startswith(text.lower()))
        or str(each.volume.path) == text
    ]
    if len(found) != 1:
        raise NotFoundError(
            f"No volume, or more than one, is meant by {text!r}: see 'volume list'."
        )
    return found[0]
