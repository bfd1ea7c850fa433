"""``watchglass demo``: the recorder at work on four simulated cameras."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.shell import shell

_FAILED = 1


def demo(
    context: typer.Context,
    seconds: Annotated[
        float | None, typer.Option(help="End after so many seconds of recording.", min=1)
    ] = None,
    port: Annotated[int, typer.Option(help="Of the page; 0 takes a free one.", min=0)] = 0,
    clip: Annotated[
        Path | None,
        typer.Option(
            help="A video that is played as one camera more, again and again.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
    story: Annotated[
        bool,
        typer.Option(
            "--story",
            help="One camera turns out to be relabelled: it is found out, kept in, replaced, and "
            "its page proves it.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line at the end on standard output.")
    ] = False,
) -> None:
    """Record four simulated cameras and show them in a browser: no hardware needed."""
    # It brings encoders along, which no other command should load.
    from watchglass.app.cli.demo_run import run_demo

    held = run_demo(shell(context), seconds, port, clip, story=story, json=json)
    raise typer.Exit(0 if held else _FAILED)
