"""Where a media file lies on its volume: its path is its name, and is never changed."""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from watchglass.base.ids import CameraId, RunId
from watchglass.model.stream import StreamName

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NS_PER_MS = 1_000_000
_FORM = re.compile(
    r"(?P<camera>[0-9a-f]{32})/(?P<stream>main|sub)/"
    r"(?P<date>[0-9]{4}/[0-9]{2}/[0-9]{2})/(?P<time>[0-9]{6}\.[0-9]{3})Z-"
    r"(?P<run>[0-9a-f]{32})-(?P<sequence>[0-9]{4,10})\.mp4"
)


class MediaName(NamedTuple):
    """What a path tells; ``wall_ms`` is UTC, cut to milliseconds, and proves nothing."""

    camera: CameraId
    stream: StreamName
    wall_ms: int
    run: RunId
    sequence: int


def media_path(
    volume: Path, camera: CameraId, stream: StreamName, wall_ns: int, run: RunId, sequence: int
) -> Path:
    """The path of a file whose first picture arrived at ``wall_ns`` (UTC)."""
    day, file = _in_day(MediaName(camera, stream, wall_ns // _NS_PER_MS, run, sequence))
    return _day_folder(volume, camera, stream, day) / file


@lru_cache(maxsize=2_048)
def _day_folder(volume: Path, camera: CameraId, stream: StreamName, day: str) -> Path:
    """Kept: a part of a path that nobody holds takes a new place in Python's table of names each
    time, and that table grows by a megabyte before it is made anew."""
    return volume / f"{camera}/{stream.value}/{day}"


def _in_day(name: MediaName) -> tuple[str, str]:
    at = _EPOCH + timedelta(milliseconds=name.wall_ms)
    time = f"{at.hour:02d}{at.minute:02d}{at.second:02d}.{at.microsecond // 1000:03d}"
    return (
        f"{at.year:04d}/{at.month:02d}/{at.day:02d}",
        f"{time}Z-{name.run}-{name.sequence:04d}.mp4",
    )


def parse_media_path(path: Path) -> MediaName | None:
    """What the last six parts of a path tell; None unless they are exactly a media file's."""
    relative = "/".join(path.parts[-6:])
    found = _FORM.fullmatch(relative)
    if found is None:
        return None
    try:
        at = datetime.strptime(f"{found['date']} {found['time']}+0000", "%Y/%m/%d %H%M%S.%f%z")
    except ValueError:
        return None  # the 30th of February
    name = MediaName(
        CameraId(found["camera"]),
        StreamName(found["stream"]),
        (at - _EPOCH) // timedelta(milliseconds=1),
        RunId(found["run"]),
        int(found["sequence"]),
    )
    day, file = _in_day(name)
    return name if f"{name.camera}/{name.stream.value}/{day}/{file}" == relative else None
