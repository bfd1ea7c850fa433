"""Counts over time: crossings while their footage is there, and sums by the hour after that."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.model.detection import ObjectClass
from watchglass.model.rule import RuleId
from watchglass.store.database import Database
from watchglass.store.event_rows import Counted
from watchglass.store.event_search import Times
from watchglass.store.event_tables import CROSSINGS, HOURS

HOUR_NS = 3600 * NS_PER_S


class EventCounts:
    """A part of ``EventStore``, whose rules for errors hold."""

    _database: Database

    def counts(
        self,
        allowed: Mapping[CameraId, Sequence[Times]],
        from_ns: int,
        to_ns: int,
        bucket_ns: int,
        rules: frozenset[RuleId] = frozenset(),
    ) -> tuple[Counted, ...]:
        """Sums of each bucket with something in it, in order; buckets are counted from 1970. What
        is older than the footage is there by whole hours only."""
        found: dict[tuple[str, str, int], list[int]] = {}
        with self._database.read() as connection:
            for camera, spans in allowed.items():
                for begin, end in spans:
                    span = max(begin, from_ns), min(end, to_ns)
                    if span[0] >= span[1]:
                        continue
                    for row in (
                        *connection.execute(_crossed(camera, span, bucket_ns, rules)),
                        *connection.execute(_summed(camera, span, bucket_ns, rules)),
                    ):
                        rule, kind, bucket, forward, backward = row
                        sums = found.setdefault((rule, kind, bucket), [0, 0])
                        sums[0] += forward
                        sums[1] += backward
        return tuple(
            Counted(RuleId(rule), ObjectClass(kind), bucket * bucket_ns, forward, backward)
            for (rule, kind, bucket), (forward, backward) in sorted(
                found.items(), key=lambda each: (each[0][2], each[0][0], each[0][1])
            )
        )


def fold(connection: sa.Connection, camera: CameraId, before_ns: int) -> int:
    """Keep of crossings before then (cut to a whole hour) their sums alone; how many went."""
    return fold_span(connection, camera, -(1 << 62), before_ns - before_ns % HOUR_NS)


def fold_span(connection: sa.Connection, camera: CameraId, from_ns: int, before_ns: int) -> int:
    """The same of a span alone."""
    hour = CROSSINGS.c.at_ns // HOUR_NS
    inside = (CROSSINGS.c.camera == camera, CROSSINGS.c.at_ns >= from_ns,
              CROSSINGS.c.at_ns < before_ns)  # fmt: skip
    old = (*inside, CROSSINGS.c.job == "")
    rows = connection.execute(
        sa.select(CROSSINGS.c.rule, CROSSINGS.c.kind, hour, *_both_ways())
        .where(*old)
        .group_by(CROSSINGS.c.rule, CROSSINGS.c.kind, hour)
    ).all()
    for rule, kind, number, forward, backward in rows:
        one = {"camera": camera, "rule": rule, "kind": kind, "hour_ns": number * HOUR_NS}
        known = connection.execute(
            sa.select(HOURS.c.forward, HOURS.c.backward).filter_by(**one)
        ).first()
        connection.execute(sa.delete(HOURS).filter_by(**one))
        before = tuple(known) if known is not None else (0, 0)
        connection.execute(
            sa.insert(HOURS).values(
                **one, forward=before[0] + forward, backward=before[1] + backward
            )
        )
    return connection.execute(sa.delete(CROSSINGS).where(*inside)).rowcount


def _both_ways() -> tuple[sa.ColumnElement[int], sa.ColumnElement[int]]:
    one = sa.case((CROSSINGS.c.forward, 1), else_=0)
    return sa.func.sum(one), sa.func.sum(1 - one)


def _crossed(
    camera: CameraId, span: Times, bucket_ns: int, rules: frozenset[RuleId]
) -> sa.Select[tuple[str, str, int, int, int]]:
    bucket = CROSSINGS.c.at_ns // bucket_ns
    asked = (
        sa.select(CROSSINGS.c.rule, CROSSINGS.c.kind, bucket, *_both_ways())
        .where(
            CROSSINGS.c.camera == camera, CROSSINGS.c.job == "",
            CROSSINGS.c.at_ns >= span[0], CROSSINGS.c.at_ns < span[1],
        )
        .group_by(CROSSINGS.c.rule, CROSSINGS.c.kind, bucket)
    )  # fmt: skip
    return asked.where(CROSSINGS.c.rule.in_(rules)) if rules else asked


def _summed(
    camera: CameraId, span: Times, bucket_ns: int, rules: frozenset[RuleId]
) -> sa.Select[tuple[str, str, int, int, int]]:
    bucket = HOURS.c.hour_ns // bucket_ns
    asked = (
        sa.select(
            HOURS.c.rule, HOURS.c.kind, bucket, sa.func.sum(HOURS.c.forward),
            sa.func.sum(HOURS.c.backward),
        )
        .where(
            HOURS.c.camera == camera, HOURS.c.hour_ns >= span[0],
            HOURS.c.hour_ns <= span[1] - HOUR_NS,
        )
        .group_by(HOURS.c.rule, HOURS.c.kind, bucket)
    )  # fmt: skip
    return asked.where(HOURS.c.rule.in_(rules)) if rules else asked
