"""Which frame was on show at a moment: from the files and their places, without the page's code."""

from pathlib import Path

from benches._frames import frames_of_file
from watchglass.app.layout import Layout
from watchglass.base.ids import CameraId
from watchglass.model.stream import StreamName
from watchglass.recording.mediapath import media_path
from watchglass.recording.placement import wall_at
from watchglass.store.index import IndexStore

_NS_PER_MS = 1_000_000
_NEAR_NS = 1_000_000_000


def numbers_at(
    state: Path, volume: Path, camera: CameraId, stream: StreamName, at_ms: int
) -> set[int]:
    """The numbers on show from a millisecond before to one after ``at_ms`` (UTC): mostly one.

    They count on for ever; a simulated camera draws them modulo the length of its loop.
    """
    index = IndexStore(Layout(state).index_db)
    try:
        with index.read() as reader:
            at_ns = at_ms * _NS_PER_MS
            rows = reader.files_between(camera, stream, at_ns - _NEAR_NS, at_ns + _NEAR_NS)
    finally:
        index.close()
    shown: list[tuple[int, int]] = []
    for row in rows:
        path = media_path(volume, camera, stream, row.opened_ns, row.run, row.sequence)
        for frame in frames_of_file(path):
            wall_ns = wall_at(frame.media, row.media_from, row.wall_from, row.rate_ppb)
            shown.append((wall_ns, frame.number))
    shown.sort()
    found = set()
    for near_ns in (at_ns - _NS_PER_MS, at_ns, at_ns + _NS_PER_MS):
        before = [number for wall_ns, number in shown if wall_ns <= near_ns]
        found.update(before[-1:])
    return found
