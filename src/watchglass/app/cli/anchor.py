"""``watchglass anchor``: heads of now, to be taken away from this recorder."""

from pathlib import Path
from typing import Annotated

import typer

from watchglass.app.cli.shell import shell
from watchglass.app.words import count_words
from watchglass.base.disk import WriteSite
from watchglass.base.errors import NotFoundError, RefusedError
from watchglass.recording.heads import parse_head
from watchglass.recording.linelog import LineReader


def anchor(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File to write.", metavar="FILE")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Write what was signed last of every ledger to FILE, to be kept elsewhere.

    With it, 'watchglass verify --anchor FILE' shows later that a bundle of
    recordings from before was not made since.
    """
    of = shell(context)
    if file.exists():
        raise RefusedError(f"{file} is there already: anchors are kept, choose another name.")
    heads = [
        raw
        for ledger in sorted(of.ground.layout.ledgers.glob("*"))
        if (raw := _newest(ledger / "heads")) is not None
    ]
    if not heads:
        raise NotFoundError("The recorder has signed nothing yet: try again in a minute.")
    data = b"".join(raw + b"\n" for raw in heads)
    of.ground.disk.write_whole(WriteSite.EVIDENCE, file.absolute(), data, 0o644)
    if json:
        of.screen.json({"path": str(file), "heads": len(heads)})
        return
    of.screen.say(f"{file}: {count_words(len(heads), 'signed head')}.")
    of.screen.hint("Give it to somebody who has no part in this recorder, and note when.")


def _newest(folder: Path) -> bytes | None:
    newest = None
    for _, raw, _ in LineReader(folder, parse_head):
        newest = raw
    return newest
