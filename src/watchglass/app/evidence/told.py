"""What a bundle says besides what it proves: gaps, what was not exported, and who has seen it.

It is the recorder's word, signed with the rest; a check takes gaps from the ledger's lines alone.
"""

from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from typing import Any

from watchglass.access.right import merged
from watchglass.app.ground import Ground, open_store
from watchglass.app.words import CAUSES
from watchglass.base.clock import NS_PER_S
from watchglass.base.disk import Disk
from watchglass.base.errors import DamagedError, NotFoundError
from watchglass.base.ids import CameraId
from watchglass.model.analysis import Analysis, AnalysisSpan, SkipCause
from watchglass.model.camera import Camera
from watchglass.model.stream import StreamName
from watchglass.model.timeline import Span, SpanKind
from watchglass.recording.commitment import TextStore
from watchglass.recording.people import noted_looks
from watchglass.recording.timeline import summary, timeline
from watchglass.store.event_spans import accounted
from watchglass.store.events import EventStore
from watchglass.store.index import IndexStore

AROUND_NS = 600 * NS_PER_S
"""So much before and after a span is told of."""
_NOT_MISSING = frozenset({SpanKind.MEDIA, SpanKind.PENDING})
_SKIPPED = {
    SkipCause.OVERLOAD: "the recorder had more to look at than it could",
    SkipCause.NO_ANALYST: "the program that looks was not running",
    SkipCause.UNREADABLE: "the pictures could not be decoded",
    SkipCause.SET_APART: "pictures of this camera had ended the program that looks",
    SkipCause.OFF: "somebody had switched it off",
    SkipCause.NOT_TOLD: "nothing was looking",
}
_MOST_LOOKS = 500
_MOST_GAPS = 2000


class Told:
    """Answers from index, site and ledger, as of now."""

    def __init__(self, on: Ground, cameras: Callable[[], Sequence[Camera]] | None = None) -> None:
        """``cameras``: all that there are or were; they are looked up where it is not given."""
        self._on = on
        self._cameras = cameras or self._looked_up

    def gaps(
        self, camera: CameraId, stream: StreamName, from_ns: int, to_ns: int
    ) -> list[dict[str, str]]:
        """What is missing of a stream, each with its cause, in words too."""
        with closing(IndexStore(self._on.layout.index_db)) as index, index.read() as reader:
            line = timeline(reader, camera, stream, from_ns, to_ns, self._on.clock.wall_ns())
        missing = [each for each in line.spans if each.kind not in _NOT_MISSING]
        return [_gap(each) for each in missing[:_MOST_GAPS]]

    def of(self, cameras: list[CameraId], from_ns: int, to_ns: int) -> dict[str, Any]:
        """What was not exported, and who has viewed what was."""
        return {
            "before": self._around(cameras, from_ns - AROUND_NS, from_ns),
            "after": self._around(cameras, to_ns, to_ns + AROUND_NS),
            "others": self._others(cameras, from_ns, to_ns),
            "viewed": self._viewed(cameras, from_ns, to_ns),
            "analysis": [self._analysis(each, from_ns, to_ns) for each in cameras],
        }

    def _recorded_s(self, camera: CameraId, from_ns: int, to_ns: int) -> int:
        """Seconds of the main stream that are recorded."""
        now_ns = self._on.clock.wall_ns()
        with closing(IndexStore(self._on.layout.index_db)) as index, index.read() as reader:
            try:
                found = summary(reader, camera, StreamName.MAIN, from_ns, to_ns, now_ns)
            except NotFoundError:  # never added
                return 0
        return round(found.recorded_s)

    def _analysis(self, camera: CameraId, from_ns: int, to_ns: int) -> dict[str, Any]:
        """How a span was understood by programs, and what was not, and why."""
        now_ns = self._on.clock.wall_ns()
        with closing(IndexStore(self._on.layout.index_db)) as index, index.read() as reader:
            try:
                line = timeline(reader, camera, StreamName.MAIN, from_ns, to_ns, now_ns)
            except NotFoundError:
                return {"camera": camera, "analysed_s": 0, "quiet_s": 0, "off": []}
        recorded = [
            (each.from_ns, each.to_ns) for each in line.spans if each.kind is SpanKind.MEDIA
        ]
        found: list[AnalysisSpan] = []
        switched_off: list[AnalysisSpan] = []
        if self._on.layout.events_db.exists():
            with closing(EventStore(self._on.layout.events_db, self._on.disk)) as events:
                found = events.spans(camera, from_ns, to_ns)
                switched_off = events.switched_off(from_ns, to_ns)
        spans = accounted(found, merged(recorded), camera, switched_off)
        off = [each for each in spans if each.state is Analysis.SKIPPED]
        return {
            "camera": camera, "analysed_s": _sum_s(spans, Analysis.ANALYSED),
            "quiet_s": _sum_s(spans, Analysis.QUIET),
            "off": [
                {
                    "from": str(each.from_ns), "to": str(each.to_ns),
                    "cause": (each.cause or SkipCause.NOT_TOLD).value,
                    "words": _SKIPPED[each.cause or SkipCause.NOT_TOLD],
                }
                for each in off[:_MOST_GAPS]
            ],
        }  # fmt: skip

    def _around(self, cameras: list[CameraId], from_ns: int, to_ns: int) -> list[dict[str, Any]]:
        return [
            {
                "camera": each, "from": str(from_ns), "to": str(to_ns),
                "recorded_s": self._recorded_s(each, from_ns, to_ns),
            }
            for each in cameras
        ]  # fmt: skip

    def _others(self, cameras: list[CameraId], from_ns: int, to_ns: int) -> list[dict[str, Any]]:
        told = [
            {
                "camera": each.id, "name": each.name,
                "recorded_s": self._recorded_s(each.id, from_ns, to_ns),
            }
            for each in self._cameras()
            if each.id not in cameras
        ]  # fmt: skip
        return [each for each in told if each["recorded_s"]]

    def _looked_up(self) -> Sequence[Camera]:
        with closing(open_store(self._on)) as store:
            return store.cameras(include_removed=True, with_credentials=False)

    def _viewed(self, cameras: list[CameraId], from_ns: int, to_ns: int) -> list[dict[str, Any]]:
        """Looks at the span, before this export; names as long as they are kept."""
        ledger = self._on.layout.ledgers / "site"
        texts = TextStore(ledger / "texts", Disk())
        found = [
            look
            for look in noted_looks(ledger, 0)
            if look.camera in cameras
            and look.from_ns < to_ns
            and (look.to_ns is None or look.to_ns > from_ns)
        ]
        return [
            {
                "camera": look.camera, "by": _name(texts, look.by), "how": look.kind.value,
                "stream": look.stream.value, "noted": str(look.noted_ns),
                "from": str(look.from_ns),
                "to": str(look.to_ns) if look.to_ns is not None else "",
                "unmasked": look.unmasked,
            }
            for look in found[-_MOST_LOOKS:]
        ]  # fmt: skip


def _sum_s(spans: Sequence[AnalysisSpan], state: Analysis) -> int:
    return round(sum(each.to_ns - each.from_ns for each in spans if each.state is state) / NS_PER_S)


def _gap(span: Span) -> dict[str, str]:
    cause = span.cause.value if span.cause is not None else span.kind.value
    words = CAUSES[span.cause] if span.cause is not None else "nothing tells of it"
    return {"from": str(span.from_ns), "to": str(span.to_ns), "cause": cause, "words": words}


def _name(texts: TextStore, by: str | None) -> str:
    if by is None:
        return "nobody who is known"
    with suppress(DamagedError):
        return texts.get(by) or "a name that was erased"
    return "a name that is damaged"
