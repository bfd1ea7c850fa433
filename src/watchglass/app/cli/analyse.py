"""``watchglass analyse FILE``: a lone video, understood as a camera's pictures are; or, with
``--from``, what a camera recorded, understood again."""

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from watchglass.app.cli.check import progress
from watchglass.app.cli.look_back import look_back
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To
from watchglass.app.film_look import looked_at
from watchglass.app.words import count_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, StorageError, UsageError
from watchglass.model.area import AreaKind, checked_points
from watchglass.model.detection import REGIONS, Box, ObjectClass
from watchglass.model.film import FilmOrder, FilmThing, FilmTold
from watchglass.model.polygon import Point

_MOST_RATE = 25.0


def analyse(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            help="A video with H.264, H.265 or MJPEG; or, with --from, a camera.", metavar="FILE"
        ),
    ],
    from_: From = None,
    to: To = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Write a sheet of pictures with what was found, a JPEG.", metavar="JPG"),
    ] = None,
    line: Annotated[
        str,
        typer.Option(
            help="Count over a line, from and to in parts of the picture: 0.5,0,0.5,1.",
            metavar="X,Y,X,Y",
        ),
    ] = "",
    rate: Annotated[
        float, typer.Option(help="Pictures a second in which things are looked for.")
    ] = 5.0,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the sheet.")] = False,
    background: Annotated[
        bool, typer.Option("--background", help="Do not wait for the end of a look at a camera.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Say what moves in a video, what it is, and where it goes; nothing is kept of it.

    With --from, of what a camera recorded: kept beside what was found as it happened.
    """
    of = shell(context)
    if from_ is not None:
        of_past = look_back(of, str(file), from_, to, wait=not background)
        if json:
            of.screen.json(msgspec.to_builtins(of_past))
        return
    ends = _line(line)
    if not 0 < rate <= _MOST_RATE:
        raise UsageError(f"A rate is above 0 and at most {_MOST_RATE:g} pictures a second.")
    if not file.is_file():
        raise NotFoundError(f"There is no file {file}: check its name.")
    if sheet is not None and sheet.exists() and not overwrite:
        raise UsageError(f"{sheet} is there already: name another file, or say --overwrite.")
    of.quiet()
    settings = of.settings
    order = FilmOrder(
        file=str(file.resolve()), rate=rate, line=ends, sheet=sheet is not None,
        models=str(settings.models), model=settings.model,
        threads=len(os.sched_getaffinity(0)), fences=settings.fences,
    )  # fmt: skip
    with progress(of.screen) as tell:
        told = looked_at(
            order,
            lambda at: tell(file.name, at.now_ns // NS_PER_S, at.whole_ns // NS_PER_S)
            if tell else None,
        )  # fmt: skip
    if sheet is not None:
        _write(sheet, told.sheet)
    if json:
        of.screen.json(_told(file, told))
    else:
        _show(of, told, sheet)


def _write(path: Path, picture: bytes) -> None:
    try:
        path.write_bytes(picture)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}.") from None


def _line(text: str) -> tuple[Point, Point] | None:
    if not text:
        return None
    try:
        x0, y0, x1, y1 = (float(each) for each in text.split(","))
    except ValueError:
        raise UsageError(
            f"{text[:60]!r} is no line: give four numbers from 0 to 1, as in 0.5,0,0.5,1."
        ) from None
    begin, end = checked_points(AreaKind.LINE, [(x0, y0), (x1, y1)])
    return begin, end


# --- for programs ---------------------------------------------------------------------------------


def _told(file: Path, film: FilmTold) -> dict[str, Any]:
    def s(at_ns: int) -> float:
        return _s(film, at_ns)

    told: dict[str, Any] = {
        "file": str(file), "length_s": s(film.began_ns + film.length_ns),
        "detector": film.detector, "names": list(film.names), "instead": film.instead,
        "pictures": film.pictures, "looks": film.looks, "damaged": film.failed,
        "things": [_thing(film, number, each) for number, each in enumerate(film.things, 1)],
        "motion": [
            {
                "from_s": s(each.from_ns), "to_s": s(each.to_ns),
                "amount": round(each.amount, 4), "where": _box(each.where),
            }
            for each in film.motion
        ],
        "spans": [
            {
                "from_s": s(each.from_ns), "to_s": s(each.to_ns), "state": each.state,
                "cause": each.cause, "coarse": each.coarse,
            }
            for each in film.spans
        ],
    }  # fmt: skip
    if film.crossings is not None:
        told["crossings"] = [
            {"at_s": s(each.at_ns), "kind": each.kind, "direction": each.direction}
            for each in film.crossings
        ]
    return told


def _thing(film: FilmTold, number: int, thing: FilmThing) -> dict[str, Any]:
    best: dict[str, Any] | None = None
    if thing.best_ns is not None and thing.best_box is not None:
        best = {"at_s": _s(film, thing.best_ns), "box": _box(thing.best_box)}
    return {
        "number": number, "kind": thing.kind, "from_s": _s(film, thing.from_ns),
        "to_s": _s(film, thing.to_ns), "confidence": round(thing.confidence, 3),
        "coarse": thing.coarse, "end": thing.end,
        "best": best,
        "path": [
            {
                "at_s": _s(film, each.at_ns), "box": _box(each.box),
                "confidence": round(each.confidence, 3), "seen": each.seen,
            }
            for each in thing.points
        ],
    }  # fmt: skip


def _box(box: Box) -> list[float]:
    return [round(each, 4) for each in (box.x0, box.y0, box.x1, box.y1)]


def _s(film: FilmTold, at_ns: int) -> float:
    return round((at_ns - film.began_ns) / NS_PER_S, 3)


# --- for people -----------------------------------------------------------------------------------


def _show(of: Shell, film: FilmTold, sheet: Path | None) -> None:
    screen = of.screen
    if film.instead:
        screen.remark(f"{film.instead} What moves is told, and not what it is.")
    found = count_words(len(film.things), "thing") if film.things else "Nothing"
    screen.say(
        f"{found} in {_s(film, film.began_ns + film.length_ns):.1f} s,"
        f" {count_words(film.pictures, 'picture')},"
        f" {'what moves' if film.detector == REGIONS else 'things'} looked for in"
        f" {film.looks}."
    )
    if film.failed:
        screen.remark(f"{count_words(film.failed, 'picture')} could not be read.")
    if film.things:
        screen.table(
            (
                Column("No.", right=True), Column("What"), Column("From", right=True),
                Column("To", right=True), Column("Sure", right=True), Column("Then"),
            ),
            [
                (
                    str(number), str(each.kind), f"{_s(film, each.from_ns):.1f} s",
                    f"{_s(film, each.to_ns):.1f} s",
                    f"{each.confidence:.0%}" if each.kind is not ObjectClass.MOVING else "-",
                    str(each.end or "-"),
                )
                for number, each in enumerate(film.things, 1)
            ],
        )  # fmt: skip
    if film.crossings is not None:
        forward = sum(each.direction == "forward" for each in film.crossings)
        screen.say(f"Over the line: {forward} forward, {len(film.crossings) - forward} backward.")
    if sheet is not None:
        screen.say(f"The pictures are in {sheet}.")
