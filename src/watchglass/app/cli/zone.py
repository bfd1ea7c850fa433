"""``watchglass zone``: zones, lines and ignore areas in a camera's picture."""

from typing import Annotated

import typer

from watchglass.app.cli.moments import parse_duration, shown_time, utc_text
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import random_id
from watchglass.model.area import Area, AreaId, AreaKind
from watchglass.model.camera import Camera
from watchglass.model.polygon import Point
from watchglass.model.watch_control import DropAreaRequest, SetAreaRequest

group = typer.Typer(
    help="Draw zones and lines that rules are about, and areas to ignore.", no_args_is_help=True
)

Which = Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
_COLUMNS = (Column("Area"), Column("Kind"), Column("Name", wraps=True), Column("Ends", wraps=True))


@group.command("add")
def add(
    context: typer.Context,
    camera: Which,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    points: Annotated[
        str,
        typer.Option(
            "--points",
            metavar="X,Y X,Y …",
            help="From 0 to 1, from the upper left; two for a line: '0,0.5 1,0.5'.",
        ),
    ],
    kind: Annotated[
        AreaKind, typer.Option("--kind", help="A line is crossed forward from left to right.")
    ] = AreaKind.ZONE,
    for_: Annotated[
        str | None, typer.Option("--for", help="How long an ignore area holds: 30d.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Draw a zone, a line or an ignore area."""
    of = shell(context)
    found = of.find_camera(camera)
    now_ns = of.ground.clock.wall_ns()
    area = Area(
        id=AreaId(random_id()), camera=found.id, name=name, kind=kind, points=points_of(points),
        expires_ns=now_ns + parse_duration(for_) if for_ is not None else None,
    )  # fmt: skip
    of.carry_out(SetAreaRequest(found.id, area, True, of.by))
    if json:
        of.screen.json({"id": area.id})
    else:
        of.screen.say(f"The {kind.value} '{name}' is drawn on {found.name}.")


@group.command("list")
def list_(context: typer.Context, camera: Which, json: AsJson = False) -> None:
    """Show the areas of a camera."""
    of = shell(context)
    found, areas = areas_of(of, camera)
    if json:
        of.screen.json([
            {
                "id": each.id, "kind": each.kind.value, "name": each.name, "points": each.points,
                "expires": utc_text(each.expires_ns) if each.expires_ns is not None else None,
            }
            for each in areas
        ])  # fmt: skip
        return
    if not areas:
        of.screen.say(f"Nothing is drawn on {found.name}'s picture. For a zone in its left half:")
        of.screen.command(
            of.command(f"zone add {found.id[:8]} drive --points '0,0 0.5,0 0.5,1 0,1'")
        )
        return
    now_ns = of.ground.clock.wall_ns()
    of.screen.table(
        _COLUMNS,
        [(each.id[:8], each.kind.value, each.name, _ends(each, now_ns)) for each in areas],
    )


@group.command("remove")
def remove(
    context: typer.Context,
    camera: Which,
    area: Annotated[str, typer.Argument(metavar="AREA", help="Its name, id, or 4 digits of it.")],
) -> None:
    """Take an area away that no rule is about."""
    of = shell(context)
    found, areas = areas_of(of, camera)
    meant = area_meant(areas, area)
    of.carry_out(DropAreaRequest(found.id, meant.id, of.by))
    of.screen.say(f"'{meant.name}' is taken away.")


def areas_of(of: Shell, camera: str) -> tuple[Camera, tuple[Area, ...]]:
    """The camera that is meant, and its areas."""
    found = of.find_camera(camera)
    with of.store() as store:
        return found, store.areas(found.id)


def area_meant(areas: tuple[Area, ...], text: str) -> Area:
    """That of this name, or whose id begins so."""
    meant = [each for each in areas if each.name == text] or [
        each for each in areas if len(text) >= 4 and each.id.startswith(text.lower())
    ]
    if len(meant) != 1:
        raise NotFoundError(f"No area, or more than one, is meant by {text!r}: see 'zone list'.")
    return meant[0]


def points_of(text: str) -> tuple[Point, ...]:
    """'0,0 0.5,1'; UsageError for what are no points."""
    try:
        points = [tuple(float(part) for part in point.split(",")) for point in text.split()]
        return tuple((x, y) for x, y in points)
    except ValueError:
        raise UsageError(
            f"Points are pairs of numbers from 0 to 1, not {text!r}: '0,0 0.5,0 0.5,1 0,1'."
        ) from None


def _ends(area: Area, now_ns: int) -> str:
    if area.expires_ns is None:
        return ""
    return "over" if area.expires_ns <= now_ns else shown_time(area.expires_ns, now_ns)
