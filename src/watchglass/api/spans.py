"""Spans of a timeline made few enough to draw: what is shorter than a pixel is put together.

A gap never vanishes: where many short spans share a pixel, the worst of them gives it its kind, and
the cause that took the most its cause. Longer spans keep their exact ends.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from watchglass.access.right import Times, common
from watchglass.model.gap import GapCause
from watchglass.model.timeline import Span, SpanKind, StreamTimeline

_WORST = (
    SpanKind.UNACCOUNTED, SpanKind.GAP, SpanKind.PENDING, SpanKind.WITHHELD,
    SpanKind.MEDIA,
)  # fmt: skip
_MISSING = (SpanKind.GAP, SpanKind.UNACCOUNTED)


@dataclass(frozen=True, slots=True)
class DrawnSpan:
    """``gaps`` and ``missing_ns`` say how much of it is missing, where it stands for several."""

    from_ns: int
    to_ns: int
    kind: SpanKind
    cause: GapCause | None
    gaps: int
    missing_ns: int


def drawn(spans: Sequence[Span], pixel_ns: int) -> list[DrawnSpan]:
    """At most some three spans a pixel, and one where nothing changes."""
    found: list[DrawnSpan] = []
    few: list[Span] = []
    for span in _joined(spans):
        if few and (_is_long(span, pixel_ns) or span.to_ns - few[0].from_ns > pixel_ns):
            found.append(_together(few))
            few = []
        if _is_long(span, pixel_ns):
            found.append(_together([span]))
        else:
            few.append(span)
    if few:
        found.append(_together(few))
    return _merged(found)


def withheld(line: StreamTimeline, times: Sequence[Times]) -> StreamTimeline:
    """Only what lies in ``times`` (in order, apart): cut to their ends, the rest between withheld.

    Without spans when nothing is left.
    """
    shown = common([(line.from_ns, line.to_ns)], times) if line.spans else ()
    if not shown:
        return replace(line, to_ns=line.from_ns, spans=(), overlaps=())
    spans: list[Span] = []
    for from_ns, to_ns in shown:
        if spans:
            spans.append(Span(spans[-1].to_ns, from_ns, SpanKind.WITHHELD))
        spans += [
            replace(span, from_ns=max(span.from_ns, from_ns), to_ns=min(span.to_ns, to_ns))
            for span in line.spans
            if span.from_ns < to_ns and span.to_ns > from_ns
        ]
    return replace(line, from_ns=shown[0][0], to_ns=shown[-1][1], spans=tuple(spans), overlaps=())


def _is_long(span: Span, pixel_ns: int) -> bool:
    return span.to_ns - span.from_ns >= pixel_ns


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Runs do not matter here: media after media is one span, and so are gaps of one cause."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and (last.kind, last.cause) == (span.kind, span.cause):
            found[-1] = Span(last.from_ns, span.to_ns, span.kind, span.cause)
        else:
            found.append(Span(span.from_ns, span.to_ns, span.kind, span.cause))
    return found


def _together(spans: Sequence[Span]) -> DrawnSpan:
    missing = [span for span in spans if span.kind in _MISSING]
    lengths: dict[GapCause, int] = defaultdict(int)
    for span in missing:
        if span.cause is not None:
            lengths[span.cause] += span.to_ns - span.from_ns
    kind = next(kind for kind in _WORST if any(span.kind is kind for span in spans))
    cause = max(lengths, key=lambda each: lengths[each], default=None)
    return DrawnSpan(
        spans[0].from_ns, spans[-1].to_ns, kind, cause if kind is SpanKind.GAP else None,
        len(missing), sum(span.to_ns - span.from_ns for span in missing),
    )  # fmt: skip


def _merged(spans: Iterable[DrawnSpan]) -> list[DrawnSpan]:
    found: list[DrawnSpan] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and (last.kind, last.cause) == (span.kind, span.cause):
            found[-1] = DrawnSpan(
                last.from_ns, span.to_ns, span.kind, span.cause, last.gaps + span.gaps,
                last.missing_ns + span.missing_ns,
            )  # fmt: skip
        else:
            found.append(span)
    return found
