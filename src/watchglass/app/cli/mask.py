"""``watchglass mask``: what nobody sees of a camera's picture without the right to."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_moment, shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.model.camera import Camera
from watchglass.model.control import DrawMaskRequest, EndMaskRequest
from watchglass.model.mask import Mask
from watchglass.model.polygon import Point

group = typer.Typer(help="Hide parts of a camera's picture, on every screen.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (Column("Mask"), Column("Name", wraps=True), Column("Covers", wraps=True))


@group.command("add")
def add(
    context: typer.Context,
    camera: Which,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it hides.")],
    polygon: Annotated[
        str,
        typer.Option(
            "--polygon",
            metavar="X,Y X,Y X,Y",
            help="Corners from 0 to 1, from the upper left: '0,0 0.5,0 0.5,1 0,1'.",
        ),
    ],
    from_: Annotated[
        str | None, typer.Option("--from", help="Footage from then on alone: now, 14:00.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Footage before that alone.")] = None,
    reason: Annotated[str, typer.Option("--reason", help="Why.")] = "",
    into_camera: Annotated[
        bool,
        typer.Option("--into-camera", help="In the camera too (ONVIF): nobody can ever see it."),
    ] = False,
) -> None:
    """Hide a part of a camera's picture, in footage that is there already too."""
    of = shell(context)
    now_ns = of.ground.clock.wall_ns()
    from_ns, until_ns = (
        parse_moment(each, now_ns).ns if each is not None else None for each in (from_, until)
    )
    found = of.find_camera(camera)
    of.carry_out(
        DrawMaskRequest(
            found.id, name, _corners(polygon), from_ns, until_ns, of.by, reason, into_camera
        )
    )
    kept = "Its camera is told to hide it too." if into_camera else "The recording keeps it."
    of.screen.say(f"{found.name} is masked. The page shows what is hidden. {kept}")


@group.command("list")
def list_(context: typer.Context, camera: Which, json: AsJson = False) -> None:
    """Show the masks of a camera."""
    of = shell(context)
    found, masks = _masks(of, camera)
    if json:
        of.screen.json([
            {
                "id": each.id, "name": each.name, "polygon": each.polygon,
                "from": utc_text(each.from_ns) if each.from_ns is not None else None,
                "until": utc_text(each.until_ns) if each.until_ns is not None else None,
                "drawn": utc_text(each.drawn_ns), "drawn_by": each.drawn_by,
                "reason": each.reason or None, "in_camera": each.in_camera or None,
                "camera_problem": each.camera_problem or None,
            }
            for each in masks
        ])  # fmt: skip
        return
    if not masks:
        of.screen.say(f"Nothing of {found.name}'s picture is hidden. To hide its left half:")
        of.screen.command(
            of.command(f"mask add {found.id[:8]} window --polygon '0,0 0.5,0 0.5,1 0,1'")
        )
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(_COLUMNS, [(each.id[:8], each.name, _span(each, now_ns)) for each in masks])


@group.command("end")
def end(
    context: typer.Context,
    camera: Which,
    mask: Annotated[str, typer.Argument(metavar="MASK", help="Its id, or the first 4 digits.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
    all_: Annotated[
        bool, typer.Option("--all", help="Show what was recorded under it, too.")
    ] = False,
) -> None:
    """Hide nothing more under a mask: nothing new, or with --all nothing at all."""
    of = shell(context)
    found, masks = _masks(of, camera)
    meant = [each for each in masks if len(mask) >= 4 and each.id.startswith(mask.lower())]
    if len(meant) != 1:
        raise NotFoundError(f"No mask, or more than one, is meant by {mask!r}: see 'mask list'.")
    until_ns = None if all_ else of.ground.clock.wall_ns()
    of.carry_out(EndMaskRequest(found.id, meant[0].id, until_ns, of.by, reason))
    of.screen.say(
        f"'{meant[0].name}' hides nothing of {found.name} any more."
        if all_
        else f"'{meant[0].name}' hides nothing that {found.name} records from now on."
    )


def _masks(of: Shell, camera: str) -> tuple[Camera, tuple[Mask, ...]]:
    found = of.find_camera(camera)
    with of.store() as store:
        return found, store.masks(found.id)


def _corners(text: str) -> tuple[Point, ...]:
    try:
        corners = [tuple(float(part) for part in corner.split(",")) for corner in text.split()]
        return tuple((x, y) for x, y in corners)
    except ValueError:
        raise UsageError(
            f"Corners are pairs of numbers from 0 to 1, not {text!r}: '0,0 0.5,0 0.5,1 0,1'."
        ) from None


def _span(mask: Mask, now_ns: int) -> str:
    if mask.from_ns is None and mask.until_ns is None:
        return "all footage"
    parts = []
    if mask.from_ns is not None:
        parts.append(f"from {shown_time(mask.from_ns, now_ns)}")
    if mask.until_ns is not None:
        parts.append(f"until {shown_time(mask.until_ns, now_ns)}")
    return " ".join(parts)
