"""How each second of a camera was understood, as few rows as say it.

What is told later of a second holds, but for one rule: that it was looked at is never taken back,
and of what was not looked at only by something better. So a look at the past fills in what was
skipped, and a process that tells again what it told before changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import replace

from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.store.event_keyed import Keyed
from watchglass.store.event_tables import SPANS

_STATES = {each.value: each for each in Analysis}
_CAUSES: dict[str | None, SkipCause | None] = {
    None: None, **{each.value: each for each in SkipCause}
}  # fmt: skip
EVERY = CameraId("")
"""In place of a camera: all of them."""
_WORTH = {Analysis.ANALYSED: 2, Analysis.QUIET: 1, Analysis.SKIPPED: 0}
_KEYED = Keyed(SPANS, "camera", "from_ns")
_GROWN = (
    sa.update(SPANS)
    .where(*(SPANS.c[name] == sa.bindparam(f"key_{name}") for name in ("camera", "from_ns")))
    .values({name: sa.bindparam(name) for name in ("to_ns", "state", "cause", "coarse")})
)


def _touching_one() -> sa.Select[Any]:
    camera = sa.bindparam("camera", type_=sa.String)
    from_ns = sa.bindparam("from_ns", type_=sa.BigInteger)
    to_ns = sa.bindparam("to_ns", type_=sa.BigInteger)
    # They never overlap: the last that begins before the span is the only one that reaches into it.
    before = (
        sa.select(sa.func.max(SPANS.c.from_ns))
        .where(SPANS.c.camera == camera, SPANS.c.from_ns < from_ns)
        .scalar_subquery()
    )
    return (
        sa.select(SPANS.c.from_ns, SPANS.c.to_ns, SPANS.c.state, SPANS.c.cause, SPANS.c.coarse)
        .where(
            SPANS.c.camera == camera,
            SPANS.c.from_ns >= sa.func.coalesce(before, from_ns),
            SPANS.c.from_ns <= to_ns, SPANS.c.to_ns >= from_ns,
        )
        .order_by(SPANS.c.from_ns)
    )  # fmt: skip


_TOUCHING = _touching_one()


def put_spans(connection: sa.Connection, spans: Iterable[AnalysisSpan]) -> None:
    """Write these over what is there, as far as they say something better or newer."""
    by_camera: dict[CameraId, list[AnalysisSpan]] = {}
    for each in spans:
        if each.from_ns < each.to_ns:
            by_camera.setdefault(each.camera, []).append(each)
    for camera, new in by_camera.items():
        first, last = min(each.from_ns for each in new), max(each.to_ns for each in new)
        known = _touching(connection, camera, first, last)
        after = list(known)
        for each in new:
            after = laid_over(after, each)
        if after == known:
            continue
        kept = {each.from_ns: each for each in after}
        before = {each.from_ns: each for each in known}
        _KEYED.delete(connection, [(camera, at) for at in before if at not in kept])
        grown = [each for at, each in kept.items() if before.get(at, each) != each]
        if grown:
            connection.execute(_GROWN, [_grown_row(each) for each in grown])
        _KEYED.put(connection, [_row(each) for at, each in kept.items() if at not in before])


def forget_spans(connection: sa.Connection, camera: CameraId, from_ns: int, to_ns: int) -> None:
    """Nobody told of a span (UTC ns): what was told before it and behind it stays."""
    known = _touching(connection, camera, from_ns, to_ns)
    if not known:
        return
    gone = [each.from_ns for each in known]
    connection.execute(sa.delete(SPANS).where(SPANS.c.camera == camera, SPANS.c.from_ns.in_(gone)))
    for each in known:
        for begin, end in ((each.from_ns, min(each.to_ns, from_ns)),
                           (max(each.from_ns, to_ns), each.to_ns)):  # fmt: skip
            if begin < end:
                connection.execute(sa.insert(SPANS).values(**_row(_cut(each, begin, end))))


def spans_between(
    connection: sa.Connection, camera: CameraId, from_ns: int, to_ns: int
) -> list[AnalysisSpan]:
    """What was told of a span (UTC ns), cut to it, in order; what nobody told of is left out."""
    return [
        _cut(each, max(each.from_ns, from_ns), min(each.to_ns, to_ns))
        for each in _touching(connection, camera, from_ns, to_ns)
        if each.from_ns < to_ns and from_ns < each.to_ns
    ]


def put_off(connection: sa.Connection, from_ns: int, to_ns: int) -> None:
    """Understanding was switched off for all cameras (UTC ns): nobody tells of their seconds."""
    off = AnalysisSpan(
        camera=EVERY, from_ns=from_ns, to_ns=to_ns, state=Analysis.SKIPPED, cause=SkipCause.OFF
    )
    put_spans(connection, [off])


def accounted(
    spans: Sequence[AnalysisSpan], recorded: Sequence[tuple[int, int]], camera: CameraId,
    off: Sequence[AnalysisSpan] = (),
) -> list[AnalysisSpan]:  # fmt: skip
    """``spans`` with what was recorded (UTC ns, in order, apart) and nobody told of in between, as
    skipped; in order. What was not recorded, and not told of, is not there. ``off``: spans of
    ``EVERY``, which say why nobody told."""
    found = _accounted(spans, recorded, camera)
    if not off:
        return found
    return [piece for each in found for piece in _why(each, off)]


def _why(span: AnalysisSpan, off: Sequence[AnalysisSpan]) -> list[AnalysisSpan]:
    if span.cause is not SkipCause.NOT_TOLD:
        return [span]
    pieces = [span]
    for each in off:
        from_ns, to_ns = max(each.from_ns, span.from_ns), min(each.to_ns, span.to_ns)
        if from_ns < to_ns:
            pieces = laid_over(
                pieces, replace(each, camera=span.camera, from_ns=from_ns, to_ns=to_ns)
            )
    return pieces


def _accounted(
    spans: Sequence[AnalysisSpan], recorded: Sequence[tuple[int, int]], camera: CameraId
) -> list[AnalysisSpan]:
    found: list[AnalysisSpan] = []
    number, taken = 0, 0
    for begin, end in recorded:
        at = begin
        while number < len(spans) and spans[number].to_ns <= begin:
            number += 1
        reached = number
        while reached < len(spans) and spans[reached].from_ns < end:
            found += spans[taken:reached]
            taken = max(taken, reached)
            if at < spans[reached].from_ns:
                found.append(_not_told(camera, at, spans[reached].from_ns))
            at = max(at, spans[reached].to_ns)
            reached += 1
        found += spans[taken:reached]
        taken = max(taken, reached)
        # The last may reach into what was recorded next.
        number = max(number, reached - 1)
        if at < end:
            found.append(_not_told(camera, at, end))
    return [*found, *spans[taken:]]


def laid_over(known: Sequence[AnalysisSpan], new: AnalysisSpan) -> list[AnalysisSpan]:
    """``known``, which lie apart and in order, with one more laid over them; alike ones joined."""
    pieces: list[AnalysisSpan] = []
    at = new.from_ns
    for each in known:
        if each.to_ns <= new.from_ns or each.from_ns >= new.to_ns:
            pieces.append(each)
            continue
        if each.from_ns < new.from_ns:
            pieces.append(_cut(each, each.from_ns, new.from_ns))
        begin, end = max(each.from_ns, new.from_ns), min(each.to_ns, new.to_ns)
        if at < begin:
            pieces.append(_cut(new, at, begin))
        pieces.append(_cut(new if _holds_over(new, each) else each, begin, end))
        at = end
        if each.to_ns > new.to_ns:
            pieces.append(_cut(each, new.to_ns, each.to_ns))
    if at < new.to_ns:
        pieces.append(_cut(new, at, new.to_ns))
    joined: list[AnalysisSpan] = []
    for each in sorted(pieces, key=lambda piece: piece.from_ns):
        if joined and joined[-1].to_ns == each.from_ns and _alike(joined[-1], each):
            joined[-1] = _cut(joined[-1], joined[-1].from_ns, each.to_ns)
        else:
            joined.append(each)
    return joined


def _holds_over(new: AnalysisSpan, known: AnalysisSpan) -> bool:
    if new.state is known.state is Analysis.ANALYSED:
        return known.coarse
    return _WORTH[new.state] >= _WORTH[known.state]


def _alike(one: AnalysisSpan, other: AnalysisSpan) -> bool:
    return (one.state, one.cause, one.coarse) == (other.state, other.cause, other.coarse)


def _cut(span: AnalysisSpan, from_ns: int, to_ns: int) -> AnalysisSpan:
    return AnalysisSpan(
        camera=span.camera, from_ns=from_ns, to_ns=to_ns, state=span.state, cause=span.cause,
        coarse=span.coarse,
    )  # fmt: skip


def _not_told(camera: CameraId, from_ns: int, to_ns: int) -> AnalysisSpan:
    return AnalysisSpan(
        camera=camera, from_ns=from_ns, to_ns=to_ns, state=Analysis.SKIPPED,
        cause=SkipCause.NOT_TOLD,
    )  # fmt: skip


def _touching(
    connection: sa.Connection, camera: CameraId, from_ns: int, to_ns: int
) -> list[AnalysisSpan]:
    """Those that overlap the span or end or begin where it does."""
    rows = connection.execute(_TOUCHING, {"camera": camera, "from_ns": from_ns, "to_ns": to_ns})
    # By the ten thousand for a quarter of a year: attributes and enumerations would be most of it.
    return [
        AnalysisSpan(
            camera=camera, from_ns=from_ns, to_ns=to_ns, state=_STATES[state],
            cause=_CAUSES[cause], coarse=coarse,
        )
        for from_ns, to_ns, state, cause, coarse in rows
    ]  # fmt: skip


def _row(span: AnalysisSpan) -> dict[str, object]:
    return {
        "camera": span.camera, "from_ns": span.from_ns, "to_ns": span.to_ns,
        "state": span.state.value, "cause": span.cause.value if span.cause is not None else None,
        "coarse": span.coarse,
    }  # fmt: skip


def _grown_row(span: AnalysisSpan) -> dict[str, object]:
    row = _row(span)
    return row | {"key_camera": row.pop("camera"), "key_from_ns": row.pop("from_ns")}
