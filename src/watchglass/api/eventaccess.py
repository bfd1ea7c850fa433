"""Of whose footage somebody is told what happened, and that it is noted who looked for it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import Request

from watchglass.access.policy import Action, User
from watchglass.access.right import Times
from watchglass.api.policy import allowed_times
from watchglass.api.services import services
from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import NotFoundError, UsageError
from watchglass.base.ids import CameraId
from watchglass.model.act import ActKind
from watchglass.model.polygon import MOST_POINTS, Point, checked_corners

_HOUR_NS = 3600 * NS_PER_S
_OPEN_NS = 2**61
"""2043: nobody asks for so late an end but who asks for all."""
Allowed = dict[CameraId, Sequence[Times]]


async def allowed(request: Request, user: User, wanted: Sequence[str]) -> Allowed:
    """The footage of each camera (``wanted`` empty: of all) that may be played back. What is asked
    for by name and may not be seen is not found."""
    of = services(request)
    cameras = await of.blocking(of.ports.cameras)
    known = {each.id: allowed_times(request, user, Action.PLAYBACK, each.id) for each in cameras}
    if any(not known.get(CameraId(each)) for each in wanted):
        raise NotFoundError("There is no such camera.")
    chosen = set(map(CameraId, wanted)) or set(known)
    return {camera: times for camera, times in known.items() if camera in chosen and times}


def may_be_told(times: Allowed, camera: CameraId, from_ns: int, to_ns: int | None) -> bool:
    """Whether all of a span (UTC ns) is footage that may be played back."""
    end_ns = max(from_ns + 1, to_ns if to_ns is not None else from_ns + 1)
    return any(a <= from_ns and end_ns <= b for a, b in times.get(camera, ()))


async def note_search(
    request: Request, user: User, what: str, times: Allowed, from_ns: int, to_ns: int
) -> None:
    """That somebody looked for ``what`` is on disk when this returns. Asked again within ten
    minutes, of the same hours, it is the same search."""
    camera = next(iter(times)) if len(times) == 1 else None
    of_what = "" if camera is not None else f" of {len(times)} cameras"
    detail = f"{what}{of_what}, {span_words(from_ns, to_ns)}"
    await services(request).acts.once(user, ActKind.SEARCHED, detail, camera)


def region_of(text: str | None) -> tuple[Point, ...]:
    """'0.1,0.2 0.5,0.2 0.5,0.9' as a polygon; nothing for nothing."""
    if not text:
        return ()
    corners = text.split()
    if len(corners) > MOST_POINTS:
        raise UsageError(f"A region has at most {MOST_POINTS} corners.")
    try:
        points = [tuple(float(part) for part in corner.split(",")) for corner in corners]
        pairs = [(x, y) for x, y in points]
    except ValueError:
        raise UsageError(
            "A region is drawn by its corners, from 0 to 1: '0.1,0.2 0.5,0.2 0.5,0.9'."
        ) from None
    return checked_corners(pairs, "A region")


def cursor_of(text: str) -> tuple[int, str] | None:
    """Where a page ended; UsageError for what no page said."""
    if not text:
        return None
    begin, _, name = text.partition("-")
    if not (begin.isascii() and begin.isdecimal() and len(begin) < 20 and 0 < len(name) <= 64):
        raise UsageError("This is not where a page ended: give 'before' as it was told.")
    return int(begin), name


def cursor_text(before: tuple[int, str] | None) -> str | None:
    return f"{before[0]}-{before[1]}" if before is not None else None


def span_words(from_ns: int, to_ns: int) -> str:
    """The hours of a span (UTC ns) that may be open at either end."""
    begins = _hour(from_ns) if from_ns > 0 else ""
    ends = _hour(to_ns + _HOUR_NS - 1) if to_ns < _OPEN_NS else ""
    if begins and ends:
        return f"{begins} to {ends} UTC"
    if begins:
        return f"from {begins} UTC on"
    return f"up to {ends} UTC" if ends else "of any time"


def _hour(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // _HOUR_NS * 3600, UTC):%Y-%m-%d %H:00}"
