"""What the timeline tells after a cut, as the second reader reads it out of the files.

What can be played is told as recorded, and the time without power as that, whatever gap was open.
"""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import PurePosixPath

from benches.powercut.held import Held
from tests.second_reader.report import Report
from tests.second_reader.timeline import Span
from watchglass.base.clock import NS_PER_S

_EDGE_NS = NS_PER_S
"""A fragment is written up to a second after its last picture arrived."""
_OFF_NS = 2 * NS_PER_S
_DUE = {
    "enabled": {"machine_off", "recorder_stopped"},  # that which was stopped before stays so
    "paused": {"paused", "recorder_stopped", "machine_off"},
}


def mistold(report: Report, held: Held) -> Iterator[str]:
    """Where the timeline says something else than what happened."""
    spans = {key: line.spans for key, line in report.timelines.items()}
    yield from _hidden(spans, held)
    for (camera, name), may_be in held.promises.settings(held.wall_ns).items():
        if name == "state" and may_be in ({"enabled"}, {"paused"}):
            due = _DUE["".join(may_be)]
            for stream in ("main", "sub"):
                told = _at(spans.get((camera, stream), []), held.wall_ns + _OFF_NS)
                if told not in due:
                    yield f"{camera} {stream}: without power, and is told as {told}"
                now = _at(spans.get((camera, stream), []), report.now - 1)
                if may_be == {"paused"} and now not in {"paused", "recorder_stopped"}:
                    yield f"{camera} {stream} is paused, and is told as {now}"


def _hidden(spans: dict[tuple[str, str], list[Span]], held: Held) -> Iterator[str]:
    for path, pieces in held.playable.items():
        camera, stream = PurePosixPath(path).parts[1:3]
        media = [span for span in spans.get((camera, stream), []) if span.what == "media"]
        for piece in pieces:
            near = (piece.wall_ns - 2 * _EDGE_NS, piece.wall_ns + _EDGE_NS)
            if not any(span.start < near[1] and span.end > near[0] for span in media):
                yield f"{path} can be played up to {piece.end}, and the timeline hides it"
                break


def _at(spans: list[Span], wall_ns: int) -> str:
    after = bisect_right(spans, wall_ns, key=lambda span: span.start)
    if after and spans[after - 1].end > wall_ns:
        return spans[after - 1].what
    return "nothing"
