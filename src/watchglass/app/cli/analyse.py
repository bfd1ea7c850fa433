"""``watchglass analyse FILE``: a lone video, understood as a camera's pictures are; or, with
``--from``, what a camera recorded, understood again."""

import os
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from watchglass.analytics.detector import REGIONS
from watchglass.analytics.detectors import Chosen, choose
from watchglass.analytics.models import Models
from watchglass.app.cli.check import progress
from watchglass.app.cli.look_back import look_back
from watchglass.app.cli.screen import Column
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To
from watchglass.app.film import FilmReport, Way, crossings, understand
from watchglass.app.film_sheet import write_sheet
from watchglass.app.words import count_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.media.film import START_NS, Film
from watchglass.model.analysis import AnalysisSpan
from watchglass.model.area import AreaKind, checked_points
from watchglass.model.detection import Box, ObjectClass
from watchglass.model.found import Crossing
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
    film = Film(file)
    chosen = choose(Models(settings.models), settings.model, len(os.sched_getaffinity(0)))
    try:
        with progress(of.screen) as tell:
            report = understand(
                film, chosen.detector, rate,
                lambda now, whole: tell(file.name, now // NS_PER_S, whole // NS_PER_S)
                if tell else None,
            )  # fmt: skip
    finally:
        film.close()
        chosen.detector.close()
    counted = crossings(report.understood, ends) if ends else []
    if sheet is not None:
        write_sheet(report.ways, sheet)
    if json:
        of.screen.json(_told(file, report, chosen, counted if ends else None))
    else:
        _show(of, report, chosen, counted if ends else None, sheet)


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


def _told(
    file: Path, report: FilmReport, chosen: Chosen, counted: list[Crossing] | None
) -> dict[str, Any]:
    identity = chosen.detector.identity
    told: dict[str, Any] = {
        "file": str(file), "length_s": _s(START_NS + report.length_ns), "detector": identity,
        "names": sorted(chosen.detector.names), "instead": chosen.instead,
        "pictures": report.pictures, "looks": report.looks, "damaged": report.failed,
        "things": [_thing(number, way) for number, way in enumerate(report.ways, 1)],
        "motion": [
            {
                "from_s": _s(each.from_ns), "to_s": _s(each.to_ns),
                "amount": round(each.amount, 4), "where": _box(each.where),
            }
            for each in report.motion
        ],
        "spans": [_span(each) for each in report.spans],
    }  # fmt: skip
    if counted is not None:
        told["crossings"] = [
            {"at_s": _s(each.at_ns), "kind": each.kind, "direction": each.direction}
            for each in counted
        ]
    return told


def _thing(number: int, way: Way) -> dict[str, Any]:
    best = way.best
    return {
        "number": number, "kind": way.kind, "from_s": _s(way.from_ns), "to_s": _s(way.to_ns),
        "confidence": round(way.confidence, 3), "coarse": way.coarse, "end": way.end,
        "best": {"at_s": _s(best.at_ns), "box": _box(best.box)} if best is not None else None,
        "path": [
            {
                "at_s": _s(each.at_ns), "box": _box(each.box),
                "confidence": round(each.confidence, 3), "seen": each.seen,
            }
            for each in way.points
        ],
    }  # fmt: skip


def _span(span: AnalysisSpan) -> dict[str, Any]:
    return {
        "from_s": _s(span.from_ns), "to_s": _s(span.to_ns), "state": span.state,
        "cause": span.cause, "coarse": span.coarse,
    }  # fmt: skip


def _box(box: Box) -> list[float]:
    return [round(each, 4) for each in (box.x0, box.y0, box.x1, box.y1)]


def _s(at_ns: int) -> float:
    return round((at_ns - START_NS) / NS_PER_S, 3)


# --- for people -----------------------------------------------------------------------------------


def _show(
    of: Shell, report: FilmReport, chosen: Chosen, counted: list[Crossing] | None,
    sheet: Path | None,
) -> None:  # fmt: skip
    screen = of.screen
    if chosen.instead:
        screen.remark(f"{chosen.instead} What moves is told, and not what it is.")
    found = count_words(len(report.ways), "thing") if report.ways else "Nothing"
    screen.say(
        f"{found} in {_s(START_NS + report.length_ns):.1f} s,"
        f" {count_words(report.pictures, 'picture')},"
        f" {'what moves' if chosen.detector.identity == REGIONS else 'things'} looked for in"
        f" {report.looks}."
    )
    if report.failed:
        screen.remark(f"{count_words(report.failed, 'picture')} could not be read.")
    if report.ways:
        screen.table(
            (
                Column("No.", right=True), Column("What"), Column("From", right=True),
                Column("To", right=True), Column("Sure", right=True), Column("Then"),
            ),
            [
                (
                    str(number), str(way.kind), f"{_s(way.from_ns):.1f} s",
                    f"{_s(way.to_ns):.1f} s",
                    f"{way.confidence:.0%}" if way.kind is not ObjectClass.MOVING else "-",
                    str(way.end or "-"),
                )
                for number, way in enumerate(report.ways, 1)
            ],
        )  # fmt: skip
    if counted is not None:
        forward = sum(each.direction == "forward" for each in counted)
        screen.say(f"Over the line: {forward} forward, {len(counted) - forward} backward.")
    if sheet is not None:
        screen.say(f"The pictures are in {sheet}.")
