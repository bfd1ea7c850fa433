"""``watchglass timeline``: what is recorded, and why the rest is not."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from watchglass.app.cli.moments import local, parse_moment, shown_time, utc_text
from watchglass.app.cli.screen import AMBER, Cell, Column, Row
from watchglass.app.cli.shell import Shell, shell
from watchglass.app.words import CAUSES, count_words, length_words
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import UsageError
from watchglass.model.camera import Camera
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind, StreamTimeline
from watchglass.recording.timeline import timeline as stream_timeline

From = Annotated[
    str | None,
    typer.Option("--from", help="14:00, 'yesterday 14:00', '2 hours ago', 2026-07-04T12:00Z."),
]
To = Annotated[str | None, typer.Option("--to", help="The same; now unless given.")]

_RECENT_NS = 24 * 3600 * NS_PER_S
_SHOWN_MOST = 200


def timeline(
    context: typer.Context,
    camera: Annotated[
        str | None, typer.Argument(metavar="[CAMERA]", help="All cameras unless given.")
    ] = None,
    from_: From = None,
    to: To = None,
    stream: Annotated[StreamName, typer.Option(help="Which stream.")] = StreamName.MAIN,
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show what is recorded, and each gap with its cause: the last 24 hours unless told."""
    of = shell(context)
    from_ns, to_ns, now_ns = span_of(of, from_, to)
    cameras = [of.find_camera(camera)] if camera is not None else _all_cameras(of)
    with of.index() as index, index.read() as reader:
        found = [
            (each, stream_timeline(reader, each.id, stream, from_ns, to_ns, now_ns))
            for each in cameras
            if any(row.stream is stream for row in reader.streams(each.id))
        ]
    if json:
        of.screen.json([timeline_json(*each) for each in found])
        return
    if not found:
        what = "No camera is set up yet" if not cameras else f"Nothing has a stream '{stream}'"
        of.screen.say(f"{what}: there is nothing to show.")
    for number, (each, line) in enumerate(found):
        if number:
            of.screen.say()
        _show(of, each, line, now_ns, alone=camera is not None)


def span_of(of: Shell, from_text: str | None, to_text: str | None) -> tuple[int, int, int]:
    """From, to and now, as UTC nanoseconds; what had to be assumed is remarked."""
    now_ns = of.ground.clock.wall_ns()
    to_ns, from_ns = now_ns, None
    if to_text is not None:
        moment = parse_moment(to_text, now_ns, later=True)
        to_ns = moment.ns
        _remark(of, moment.assumed)
    if from_text is not None:
        moment = parse_moment(from_text, now_ns)
        from_ns = moment.ns
        _remark(of, moment.assumed)
    if from_ns is None:
        from_ns = to_ns - _RECENT_NS
    if from_ns >= now_ns:
        raise UsageError(f"{shown_time(from_ns, now_ns)} lies in the future: give an earlier time.")
    if from_ns >= to_ns:
        raise UsageError(
            f"The span ends ({shown_time(to_ns, now_ns)}) before it begins "
            f"({shown_time(from_ns, now_ns)}): give a later --to, or an earlier --from."
        )
    return from_ns, to_ns, now_ns


def _remark(of: Shell, assumed: str) -> None:
    if assumed:
        of.screen.remark(assumed)


def _all_cameras(of: Shell) -> Sequence[Camera]:
    with of.store() as store:
        return store.cameras(with_credentials=False)


# --- shown ----------------------------------------------------------------------------------------


def _show(of: Shell, camera: Camera, line: StreamTimeline, now_ns: int, *, alone: bool) -> None:
    screen = of.screen
    missing = _missing(line)
    screen.say(f"{camera.name}: {sentence(line, now_ns)}", AMBER if missing else "")
    if not line.spans or (len(line.spans) == 1 and not alone):
        return
    spans = line.spans[-_SHOWN_MOST:]
    if len(spans) < len(line.spans):
        screen.hint(
            f"The last {_SHOWN_MOST} of {len(line.spans)} spans; --from and --to show more."
        )
    screen.table(_COLUMNS, [_row(span, line, now_ns) for span in spans])
    zone = local(line.to_ns).tzname() or "local"
    overlaps = sum(ends - begins for begins, ends in line.overlaps)
    if overlaps:
        screen.hint(
            f"{length_words(overlaps)} were recorded twice, because a camera sent old pictures "
            "after a reconnect or the clock was set back: both are kept."
        )
    if alone:
        screen.hint(f"Times are local ({zone}); --json has UTC.")


_COLUMNS = (
    Column("From"), Column("To"), Column("Length", right=True), Column("What", wraps=True),
)  # fmt: skip


def sentence(line: StreamTimeline, now_ns: int) -> str:
    """'nothing missing since …', or how much is missing in how many gaps."""
    if not line.spans:
        return "nothing was to be recorded in that span."
    missing = _missing(line)
    since = shown_time(line.from_ns, now_ns)
    until = "" if now_ns - line.to_ns < NS_PER_S else f" until {shown_time(line.to_ns, now_ns)}"
    if not missing:
        return f"nothing missing since {since}{until}."
    lost_ns = sum(span.to_ns - span.from_ns for span in missing)
    whole = "nothing recorded" if _nothing_else(line) else f"{length_words(lost_ns)} missing"
    gaps = f"in {count_words(len(missing), 'gap')}"
    strange = line.of(SpanKind.UNACCOUNTED)
    end = f"since {since}{until}{_most(missing, lost_ns)}."
    if strange:
        end += f" {count_words(len(strange), 'span')} unaccounted for: run 'watchglass check'."
    return f"{whole} {gaps} {end}"


def _most(missing: list[Span], lost_ns: int) -> str:
    """What most of it is missing for, where there are several causes."""
    by_cause: dict[GapCause, int] = {}
    for span in missing:
        if span.cause is not None:
            by_cause[span.cause] = by_cause.get(span.cause, 0) + span.to_ns - span.from_ns
    if not by_cause:
        return ""
    cause = max(by_cause, key=lambda each: by_cause[each])
    share = "" if len(by_cause) == 1 else "most of it: "
    return f" ({share}{CAUSES[cause]})" if 2 * by_cause[cause] > lost_ns else ""


def _missing(line: StreamTimeline) -> list[Span]:
    return [each for each in line.spans if each.kind in (SpanKind.GAP, SpanKind.UNACCOUNTED)]


def _nothing_else(line: StreamTimeline) -> bool:
    return not line.of(SpanKind.MEDIA)


def _row(span: Span, line: StreamTimeline, now_ns: int) -> Row:
    lasts = span.to_ns == line.to_ns and now_ns - line.to_ns < NS_PER_S
    return (
        shown_time(span.from_ns, now_ns),
        "now" if lasts else shown_time(span.to_ns, now_ns),
        length_words(span.to_ns - span.from_ns),
        Cell(span_words(span), "" if span.kind in _QUIET else AMBER),
    )


_QUIET = (SpanKind.MEDIA, SpanKind.PENDING)


def span_words(span: Span) -> str:
    """What is in a span."""
    match span.kind:
        case SpanKind.MEDIA:
            return "recorded"
        case SpanKind.PENDING:
            return "being written"
        case SpanKind.UNACCOUNTED:
            return "unaccounted for: neither media nor a gap; 'watchglass check' looks closer"
        case SpanKind.WITHHELD:
            return "not shown"
        case SpanKind.GAP:
            return f"gap: {CAUSES[span.cause or GapCause.RECORDER_CRASHED]}"


def timeline_json(camera: Camera, line: StreamTimeline) -> dict[str, Any]:
    """A timeline for programs; keys stay as they are."""
    seconds = {kind.value: sum(span.seconds for span in line.of(kind)) for kind in SpanKind}
    return {
        "camera": camera.id,
        "name": camera.name,
        "stream": line.stream.value,
        "from": utc_text(line.from_ns),
        "to": utc_text(line.to_ns),
        "gaps": len(line.of(SpanKind.GAP)),
        "seconds": {kind: round(length, 3) for kind, length in seconds.items()},
        "spans": [
            {
                "from": utc_text(span.from_ns), "to": utc_text(span.to_ns),
                "seconds": round(span.seconds, 3), "kind": span.kind.value,
                "cause": span.cause.value if span.cause is not None else None, "run": span.run,
            }
            for span in line.spans
        ],
        "overlaps": [{"from": utc_text(a), "to": utc_text(b)} for a, b in line.overlaps],
    }  # fmt: skip
