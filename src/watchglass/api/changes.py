"""Route: server-sent events for what changes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from watchglass.access.policy import Action, User
from watchglass.api.cameras import CameraInfo, camera_info
from watchglass.api.changefeed import Change
from watchglass.api.eventaccess import may_be_told
from watchglass.api.eventinfo import EventInfo, ReviewInfo, event_info, review_info
from watchglass.api.filetable import FileTable
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Signed, allowed_times, seen
from watchglass.api.ports import ApiPorts
from watchglass.api.problem import RESPONSES
from watchglass.api.services import services
from watchglass.api.standing import Standing, standings
from watchglass.base.ids import GapId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.store.index import GapRow

router = APIRouter(prefix=PREFIX, tags=["changes"])

_NS_PER_MS = 1_000_000


class RecordingGrew(BaseModel):
    """Event ``recording``: a stream is recorded up to then."""

    camera: str
    stream: StreamName
    to_ms: int


class GapChanged(BaseModel):
    """Events ``gap_opened`` and ``gap_closed``; ``to_ms`` is set in the second."""

    camera: str
    stream: StreamName
    cause: GapCause
    from_ms: int
    to_ms: int | None


class ChangeEvents(BaseModel):
    """The data of each event, by its name. ``again``: too much was missed, ask for all anew."""

    camera: CameraInfo
    recording: RecordingGrew
    gap_opened: GapChanged
    gap_closed: GapChanged
    event: EventInfo
    review: ReviewInfo


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events `camera`, `recording`, `gap_opened`, `gap_closed`,"
        " `event`, `review`, `again`; the data"
        " of each is JSON as ChangeEvents says under its name.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "model": ChangeEvents,
    },
    **RESPONSES,
}


@router.get(
    "/changes", operation_id="watchChanges", responses=_RESPONSES, response_class=StreamingResponse,
)  # fmt: skip
async def watch_changes(
    request: Request, user: Annotated[User, Depends(Signed(Action.SEE_STATE))]
) -> StreamingResponse:
    """Tells what changes of the cameras that one may see, within about a second, until the session
    ends. `again` comes too when one's rights have changed."""
    return StreamingResponse(
        _events(request, user), media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )  # fmt: skip


async def _events(request: Request, user: User) -> AsyncIterator[str]:
    yield "retry: 2000\n\n"
    of = services(request)
    with of.permits.hold(request, user, Action.SEE_STATE) as permit:
        async for change in of.changes.listen():
            if permit.over.is_set() or await request.is_disconnected():
                return
            if permit.user.grants != user.grants:
                user = permit.user
                yield _event(Change("again", "{}"))
            if change is None:
                yield ": \n\n"
            elif _may_have(request, user, change):
                yield _event(change)


def _may_have(request: Request, user: User, change: Change) -> bool:
    if change.camera is None:
        return True
    if change.times is None:
        return seen(request, user, change.camera)
    times = allowed_times(request, user, Action.PLAYBACK, change.camera)
    return may_be_told({change.camera: times}, change.camera, *change.times)


def _event(change: Change) -> str:
    return f"event: {change.name}\ndata: {change.data}\n\n"


@dataclass(slots=True)
class Observer:
    """Finds what has changed since it looked last. Used by one thread at a time."""

    ports: ApiPorts
    files: FileTable
    _cameras: dict[str, str] = field(default_factory=dict)
    _reach: dict[tuple[str, StreamName], int] = field(default_factory=dict)
    _gaps: dict[GapId, GapRow] = field(default_factory=dict)
    _found: int | None = None

    def __call__(self, first: bool) -> Sequence[Change]:
        """All cameras the first time; then what is different. Blocks."""
        if first:
            self._cameras, self._reach, self._gaps, self._found = {}, {}, {}, None
        found = standings(self.ports, self.files)
        changes: list[Change] = []
        for standing in found:
            changes += self._of_camera(standing)
        return [*changes, *self._of_gaps(found, first), *self._of_events()]

    def _of_camera(self, standing: Standing) -> list[Change]:
        changes = []
        info = camera_info(standing, self.ports.words)
        # What grows all the time is told apart, and briefly.
        steady = info.model_copy(
            update={
                "streams": [
                    each.model_copy(update={"last_picture_ms": None}) for each in info.streams
                ]
            }
        ).model_dump_json()
        if self._cameras.get(info.id) != steady:
            self._cameras[info.id] = steady
            changes.append(Change("camera", info.model_dump_json(), standing.camera.id))
        for stream in info.streams:
            key, to_ms = (info.id, stream.name), stream.last_picture_ms
            if to_ms is not None and self._reach.get(key) != to_ms:
                self._reach[key] = to_ms
                grew = RecordingGrew(camera=info.id, stream=stream.name, to_ms=to_ms)
                changes.append(Change("recording", grew.model_dump_json(), standing.camera.id))
        return changes

    def _of_gaps(self, found: list[Standing], first: bool) -> list[Change]:
        now = {
            stream.gap.id: stream.gap
            for standing in found
            for stream in standing.streams
            if stream.gap is not None
        }
        opened = [gap for key, gap in now.items() if key not in self._gaps]
        ended = [gap for key, gap in self._gaps.items() if key not in now]
        self._gaps = now
        changes = [Change("gap_closed", _gap_json(self._closed(gap)), gap.camera) for gap in ended]
        if not first:
            changes += [Change("gap_opened", _gap_json(gap), gap.camera) for gap in opened]
        return changes

    def _of_events(self) -> list[Change]:
        store = self.ports.events.store
        if self._found is None:
            self._found = store.change()
            return []
        found = store.changed(self._found)
        self._found = found.number
        if found.missed:
            return [Change("again", "{}")]
        changes = [
            Change(
                "event", event_info(each).model_dump_json(), each.camera,
                (each.from_ns, each.to_ns),
            )
            for each in found.events
        ]  # fmt: skip
        for name in found.reviews:
            review = store.review(name)
            if review is not None:
                told = review_info(review).model_dump_json()
                times = review.from_ns, review.to_ns
                changes.append(Change("review", told, review.camera, times))
        return changes

    def _closed(self, gap: GapRow) -> GapRow:
        """The same gap with its end, where the index still has it."""
        with self.ports.index.read() as index:
            rows = index.gaps_between(
                gap.camera, gap.stream, gap.wall_from, max(gap.wall_from, 0) + 1
            )
        return next((row for row in rows if row.id == gap.id), gap)


def _gap_json(gap: GapRow) -> str:
    return GapChanged(
        camera=gap.camera,
        stream=gap.stream,
        cause=gap.cause,
        from_ms=gap.wall_from // _NS_PER_MS,
        to_ms=gap.wall_to // _NS_PER_MS if gap.wall_to is not None else None,
    ).model_dump_json()
