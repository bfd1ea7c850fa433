"""Routes: recorded pictures made anew by the media-worker, for browsers without the codec."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Request, Response

from watchglass.access.right import EVER_NS
from watchglass.api.archive import path_of
from watchglass.api.filetable import descriptor
from watchglass.api.lifts import Sight
from watchglass.api.media import (
    BINARY,
    MEDIA,
    Asked,
    Found,
    Id,
    Moment,
    Number,
    Sequence_,
    Watcher,
    asked_for,
    check_header,
    check_times,
    entries_of,
    response,
    row_of,
    wall_of,
)
from watchglass.api.reconversion import Reconversion
from watchglass.api.services import Services, services
from watchglass.api.sight import require_same, sight_of
from watchglass.model.mask import Masking
from watchglass.model.stream import StreamName, Track

router = APIRouter(prefix=MEDIA + "/converted", tags=["media"])

_TYPE = "video/mp4"


@router.get(
    "/init", operation_id="getConvertedInit", response_class=Response, responses=BINARY
)  # fmt: skip
async def get_converted_init(
    request: Request, user: Watcher, camera: Id, stream: StreamName, run: Id, sequence: Sequence_,
    at_ms: Moment = None,
) -> Response:  # fmt: skip
    """``ftyp`` and ``moov`` for the converted segments of a file."""
    of = services(request)
    asked = asked_for(camera, stream, run, sequence, "video", at_ms)
    found = await of.blocking(_found_init, of, asked)
    check_header(request, user, asked, found)
    sight = await sight_of(request, user, asked.camera, found.times)
    make = partial(_init, of, asked, sight.masking)
    return response(request, await _with_data(of, found, sight, make))


@router.get(
    "/{first}-{last}", operation_id="getConvertedSegment", response_class=Response,
    responses=BINARY,
)  # fmt: skip
async def get_converted_segment(
    request: Request, user: Watcher, camera: Id, stream: StreamName, run: Id, sequence: Sequence_,
    first: Number, last: Number, at_ms: Moment = None,
) -> Response:  # fmt: skip
    """The pictures of the fragments ``first`` to ``last`` (numbers in the run), made anew.

    Each keeps its time; the first is a key frame. What masks hide is covered. They are for looking
    at: no wider than 1280 pixels, and no evidence.
    """
    of = services(request)
    asked = asked_for(camera, stream, run, sequence, "video", at_ms)
    found = await of.blocking(_found, of, asked, first, last)
    check_times(request, user, asked, found)
    sight = await sight_of(request, user, asked.camera, found.times)
    make = partial(_segment, of, asked, first, last, sight.masking)
    made = await _with_data(of, found, sight, make)
    await require_same(request, user, asked.camera, found.times, sight)
    await of.looks.saw(user, asked.camera, asked.stream, *found.times, unmasked=sight.unmasked)
    return response(request, made)


async def _with_data(of: Services, found: Found, sight: Sight, make: Callable[[], bytes]) -> Found:
    # What was made with other masks has another name, also in the browser's cache.
    tag = f"{found.tag}-{sight.masking.version}"
    data = await of.conversions.get(tag, partial(of.blocking.patiently, make))
    return replace(found, data=data, tag=tag)


# --- in a thread ----------------------------------------------------------------------------------


def _found_init(of: Services, asked: Asked) -> Found:
    row = row_of(of.ports, asked)
    file = of.files.file(path_of(of.ports, row))
    tag = f"{asked.run}-{asked.sequence}-init-{file.inode:x}"
    return Found(
        tag, file.closed, _TYPE, b"", (row.wall_from, row.wall_to if file.closed else EVER_NS)
    )


def _found(of: Services, asked: Asked, first: int, last: int) -> Found:
    row = row_of(of.ports, asked)
    file = of.files.file(path_of(of.ports, row))
    entries = entries_of(file, Track.VIDEO, first, last)
    times = wall_of(row, file, entries[0], 0), wall_of(row, file, entries[-1], entries[-1].duration)
    tag = f"{asked.run}-{asked.sequence}-{first}-{last}-{file.inode:x}"
    return Found(tag, file.closed, _TYPE, b"", times)


def _init(of: Services, asked: Asked, masking: Masking) -> bytes:
    path = path_of(of.ports, row_of(of.ports, asked))
    with descriptor(path) as fd:
        file = of.files.of_descriptor(path, fd)
        first = file.of(Track.VIDEO)[:1]
        return Reconversion(of.ports.convert, of.sessions, fd, file, first, masking).shape().init


def _segment(of: Services, asked: Asked, first: int, last: int, masking: Masking) -> bytes:
    path = path_of(of.ports, row_of(of.ports, asked))
    with descriptor(path) as fd:
        file = of.files.of_descriptor(path, fd)
        entries = entries_of(file, Track.VIDEO, first, last)
        return Reconversion(of.ports.convert, of.sessions, fd, file, entries, masking).segment()
