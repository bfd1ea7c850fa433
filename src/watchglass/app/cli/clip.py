"""``watchglass clip``: a plain copy of a span, noted in the site's ledger before it is written."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from watchglass.app.cli.moments import shown_time, utc_text
from watchglass.app.cli.screen import Screen
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.cli.timeline import From, To, span_of, span_words
from watchglass.app.words import count_words, length_words, size_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import RefusedError, UsageError
from watchglass.base.ids import VolumeId
from watchglass.model.camera import Camera
from watchglass.model.control import NoteClipRequest
from watchglass.model.stream import StreamName
from watchglass.model.timeline import SpanKind
from watchglass.recording.volume import Volume, volume_at

if TYPE_CHECKING:
    from watchglass.recording.clip import ClipResult
    from watchglass.recording.clipplan import ClipPlan

_NOTICEABLE_NS = NS_PER_S


def clip(
    context: typer.Context,
    camera: Annotated[str, typer.Argument(metavar="CAMERA", help="Name, id, or its first digits.")],
    out: Annotated[
        Path, typer.Option("-o", "--out", help="File to write, such as hall.mp4.", metavar="FILE")
    ],
    from_: From = None,
    to: To = None,
    stream: Annotated[StreamName, typer.Option(help="Which stream.")] = StreamName.MAIN,
    reason: Annotated[str, typer.Option("--reason", help="Why; it goes into the ledger.")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace FILE.")] = False,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Copy a span to a file that any player opens. Who took it, and why, is noted first."""
    # It brings a muxer along, which no other command should load.
    from watchglass.recording.clip import write_clip
    from watchglass.recording.clipplan import plan_clip

    of = shell(context)
    if from_ is None:
        raise UsageError("Say where the clip begins: --from 14:00, or --from '10 minutes ago'.")
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    found = of.find_camera(camera)
    if out.exists() and not overwrite:
        raise RefusedError(f"{out} is there already: choose another name, or say --overwrite.")
    with of.index() as index, index.read() as reader:
        plan = plan_clip(reader, _volume_paths(of), found.id, stream, from_ns, to_ns, now_ns=now_ns)
    of.carry_out(NoteClipRequest(found.id, stream, from_ns, to_ns, of.by, reason))
    with _progress(of.screen) as progress:
        result = write_clip(plan, out, of.ground.disk, overwrite=overwrite, progress=progress)
    if json:
        of.screen.json(clip_json(found, plan, result))
    else:
        _show(of, found, plan, result, now_ns)


def _volume_paths(of: Shell) -> Callable[[VolumeId], Path | None]:
    with of.store() as store:
        volumes = [Volume(VolumeId(each.id), Path(each.path)) for each in store.volumes()]
    there = {each.id: each.path for each in volumes if volume_at(each.path) == each.id}
    return there.get


@contextmanager
def _progress(screen: Screen) -> Iterator[Callable[[int, int], None] | None]:
    if not screen.err.is_terminal:
        yield None
        return
    columns = TextColumn("copying"), BarColumn(), TimeRemainingColumn()
    with Progress(*columns, console=screen.err, transient=True) as bar:
        task = bar.add_task("copying", total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def _show(of: Shell, camera: Camera, plan: "ClipPlan", result: "ClipResult", now_ns: int) -> None:
    screen = of.screen
    lost_ns = sum(s.to_ns - s.from_ns for s in result.missing if s.kind is not SpanKind.PENDING)
    whole = "nothing missing" if not lost_ns else f"{length_words(lost_ns)} missing"
    screen.say(
        f"{camera.name}, {plan.stream} stream, from {shown_time(result.from_ns, now_ns)} to "
        f"{shown_time(result.to_ns, now_ns)}: {whole}."
    )
    for file in result.files:
        sound = f", sound {file.sound}" if file.sound else ", no sound"
        screen.say(
            f"{file.path}: {file.codec} {file.width}×{file.height}{sound}, "
            f"{count_words(file.pictures, 'picture')}, {length_words(file.to_ns - file.from_ns)}, "
            f"{size_words(file.length)}"
        )
    if plan.from_ns - result.from_ns > _NOTICEABLE_NS:
        screen.hint(
            f"It begins {length_words(plan.from_ns - result.from_ns)} before the time asked for: "
            "decoding can only begin with a key frame."
        )
    for span in result.missing:
        if span.to_ns - span.from_ns > _NOTICEABLE_NS:
            screen.say(
                f"Not in it: {shown_time(span.from_ns, now_ns)} to "
                f"{shown_time(span.to_ns, now_ns)}, {span_words(span)}"
            )
    screen.hint(
        "That this copy was taken is noted in the ledger. It proves nothing by itself: for a court "
        "there will be an evidence export that can be checked offline."
    )


def clip_json(camera: Camera, plan: "ClipPlan", result: "ClipResult") -> dict[str, Any]:
    """A clip for programs; keys stay as they are."""
    return {
        "camera": camera.id,
        "name": camera.name,
        "stream": plan.stream.value,
        "asked": {"from": utc_text(plan.from_ns), "to": utc_text(plan.to_ns)},
        "from": utc_text(result.from_ns),
        "to": utc_text(result.to_ns),
        "files": [
            {
                "path": str(file.path), "from": utc_text(file.from_ns), "to": utc_text(file.to_ns),
                "pictures": file.pictures, "bytes": file.length, "codec": file.codec,
                "width": file.width, "height": file.height, "sound": file.sound,
            }
            for file in result.files
        ],
        "missing": [
            {
                "from": utc_text(span.from_ns), "to": utc_text(span.to_ns),
                "kind": span.kind.value,
                "cause": span.cause.value if span.cause is not None else None,
            }
            for span in result.missing
        ],
    }  # fmt: skip
