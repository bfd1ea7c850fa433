"""Routes: the bytes of recordings, each track on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from watchglass.access.policy import Action, User
from watchglass.access.right import EVER_NS, Times, common
from watchglass.api.archive import find_row, path_of
from watchglass.api.errors import GoneError
from watchglass.api.filetable import ReadableFile, descriptor, read_entries
from watchglass.api.g711 import g711_records
from watchglass.api.lifts import Sight
from watchglass.api.paths import PREFIX
from watchglass.api.policy import Seeing, allowed_times, check
from watchglass.api.ports import ApiPorts
from watchglass.api.problem import RESPONSES
from watchglass.api.services import Services, services
from watchglass.api.sight import MaskedError, sight_of
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName, Track
from watchglass.recording.fileheader import VIDEO_TIMESCALE
from watchglass.recording.footer import Entry
from watchglass.recording.placement import wall_at
from watchglass.recording.track import TrackHeader
from watchglass.store.index import FileRow

MEDIA = PREFIX + "/media/{camera}/{stream}/{run}/{sequence}"
router = APIRouter(prefix=MEDIA, tags=["media"])

MOST_SEGMENT_BYTES = 64 * 1024 * 1024
_NS_PER_MS = 1_000_000
_TRACKS = {"video": Track.VIDEO, "sound": Track.SOUND}
_CACHED = "private, no-cache"
"""Asked for again each time: what somebody may see can change."""
BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "ISO-BMFF, or records of G.711 (application/vnd.watchglass.g711).",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    },
    410: {"description": "It was recorded, and is not there any more; `cause` says why."},
    **RESPONSES,
}

Watcher = Annotated[User, Depends(Seeing(Action.PLAYBACK))]
Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Sequence_ = Annotated[int, Path(ge=0, le=2**32 - 1)]
TrackName = Annotated[str, Path(pattern="^(video|sound)$")]
Number = Annotated[int, Path(ge=0, lt=2**63)]
Moment = Annotated[int | None, Query(ge=0, lt=2**53, description="UTC of what is asked for.")]


@dataclass(frozen=True, slots=True)
class Asked:
    """A track of a file; ``at_ns`` (UTC) is what is looked at, where that was said."""

    camera: CameraId
    stream: StreamName
    run: RunId
    sequence: int
    track: Track
    at_ns: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """What goes out. ``times`` are those of the fragments in it; of a header, those of its file."""

    tag: str
    closed: bool
    media_type: str
    data: bytes
    times: Times


@router.get(
    "/{track}/init", operation_id="getMediaInit", response_class=Response,
    responses=BINARY,
)  # fmt: skip
async def get_init(
    request: Request, user: Watcher, camera: Id, stream: StreamName, run: Id, sequence: Sequence_,
    track: TrackName, at_ms: Moment = None,
) -> Response:  # fmt: skip
    """``ftyp`` and ``moov`` of one track, to be given to a SourceBuffer first."""
    of = services(request)
    asked = asked_for(camera, stream, run, sequence, track, at_ms)
    found = await of.blocking(_init, of, asked)
    check_header(request, user, asked, found)
    if asked.track is Track.VIDEO:
        await _bare(request, user, asked, found)
    return response(request, found)


@router.get(
    "/{track}/{first}-{last}", operation_id="getMediaSegment", response_class=Response,
    responses=BINARY,
)  # fmt: skip
async def get_segment(
    request: Request, user: Watcher, camera: Id, stream: StreamName, run: Id, sequence: Sequence_,
    track: TrackName, first: Number, last: Number, at_ms: Moment = None,
) -> Response:  # fmt: skip
    """The fragments ``first`` to ``last`` (numbers in the run) of one track, as they were recorded.

    ``uuid``, ``moof`` and ``mdat`` of each, byte for byte; of a masked camera only for who sees it
    without masks. G.711 goes as records of ``time (8) ‖
    length (4) ‖ payload``, big-endian; ``time`` counts samples since the file's start.
    """
    of = services(request)
    asked = asked_for(camera, stream, run, sequence, track, at_ms)
    found = await of.blocking(_segment, of, asked, first, last)
    check_times(request, user, asked, found)
    sight = Sight()
    if asked.track is Track.VIDEO:
        sight = await _bare(request, user, asked, found)
    await of.looks.saw(user, asked.camera, asked.stream, *found.times, unmasked=sight.unmasked)
    return response(request, found)


async def _bare(request: Request, user: User, asked: Asked, found: Found) -> Sight:
    """How the user sees what was read just now; MaskedError where it is not for him as it is."""
    sight = await sight_of(request, user, asked.camera, found.times)
    if sight.masking.hides:
        raise MaskedError
    return sight


def check_header(request: Request, user: User, asked: Asked, found: Found) -> None:
    """Of a file of which somebody may see a part, the header may be had."""
    for action in _actions(asked):
        if not common(allowed_times(request, user, action, asked.camera), (found.times,)):
            check(request, user, action, asked.camera, found.times)


def check_times(request: Request, user: User, asked: Asked, found: Found) -> None:
    """By when it was recorded, whatever the request said of that."""
    for action in _actions(asked):
        check(request, user, action, asked.camera, found.times)


def _actions(asked: Asked) -> list[Action]:
    return [Action.PLAYBACK, Action.SOUND] if asked.track is Track.SOUND else [Action.PLAYBACK]


def asked_for(
    camera: str, stream: StreamName, run: str, sequence: int, track: str, at_ms: int | None
) -> Asked:
    at_ns = at_ms * _NS_PER_MS if at_ms is not None else None
    return Asked(CameraId(camera), stream, RunId(run), sequence, _TRACKS[track], at_ns)


def response(request: Request, found: Found) -> Response:
    headers = {
        "ETag": f'"{found.tag}"',
        "Cache-Control": _CACHED,
        "Vary": "Cookie",
    }
    if f'"{found.tag}"' in request.headers.get("if-none-match", ""):
        return Response(None, 304, headers)
    return Response(found.data, 200, headers, media_type=found.media_type)


# --- in a thread ----------------------------------------------------------------------------------


def row_of(ports: ApiPorts, asked: Asked) -> FileRow:
    return find_row(ports, asked.camera, asked.stream, asked.run, asked.sequence, asked.at_ns)


def _init(of: Services, asked: Asked) -> Found:
    row = row_of(of.ports, asked)
    file = of.files.file(path_of(of.ports, row))
    header = file.track(asked.track)
    if not header.init:
        raise NotFoundError("G.711 has no header: its segments are raw payload.")
    tag = f"{asked.run}-{asked.sequence}-{asked.track.value}-{file.inode:x}"
    return Found(
        tag, file.closed, header.mime.partition(";")[0], header.init,
        (row.wall_from, row.wall_to if file.closed else EVER_NS),
    )  # fmt: skip


def _segment(of: Services, asked: Asked, first: int, last: int) -> Found:
    row = row_of(of.ports, asked)
    path = path_of(of.ports, row)
    with descriptor(path) as fd:
        file = of.files.of_descriptor(path, fd)
        entries = entries_of(file, asked.track, first, last)
        header = file.track(asked.track)
        data = read_entries(fd, entries)
    if not header.init:
        data = g711_records(data, [each.length for each in entries], header.channels)
    tag = f"{asked.run}-{asked.sequence}-{asked.track.value}-{first}-{last}-{file.inode:x}"
    return Found(
        tag, file.closed, _media_type(header), data,
        (wall_of(row, file, entries[0], 0), wall_of(row, file, entries[-1], entries[-1].duration)),
    )  # fmt: skip


def _media_type(header: TrackHeader) -> str:
    return header.mime.partition(";")[0]


def entries_of(file: ReadableFile, track: Track, first: int, last: int) -> Sequence[Entry]:
    """The fragments asked for; UsageError or NotFoundError when there are none such."""
    begins = file.info.first_fragment
    if first > last or first < begins:
        raise UsageError("A segment ends after it begins, and lies inside its file.")
    if last >= begins + len(file.entries):
        raise NotFoundError("This is not recorded yet, or not in this file.")
    asked = file.entries[first - begins : last - begins + 1]
    if any(each.erased for each in asked):
        raise GoneError("Part of this recording was erased.", GapCause.ERASED)
    entries = [each for each in asked if each.track is track]
    if not entries:
        raise NotFoundError("There is nothing of this track in the segment.")
    if sum(each.length for each in entries) > MOST_SEGMENT_BYTES:
        raise UsageError("That is too much at once: ask for shorter segments.")
    return entries


def wall_of(row: FileRow, file: ReadableFile, entry: Entry, more: int) -> int:
    media = (entry.media_time + more) * VIDEO_TIMESCALE // file.info.timescale(entry.track)
    return wall_at(media, row.media_from, row.wall_from, row.rate_ppb)
