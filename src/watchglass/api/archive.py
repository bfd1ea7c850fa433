"""Rows of the index and the files they stand for. All of it blocks."""

from pathlib import Path

from watchglass.api.errors import GoneError
from watchglass.api.ports import ApiPorts
from watchglass.base.errors import NotFoundError, VolumeMissingError
from watchglass.base.ids import CameraId, RunId
from watchglass.model.gap import GapCause
from watchglass.model.stream import StreamName
from watchglass.recording.mediapath import media_path
from watchglass.store.index import DELETING, FileRow


def path_of(ports: ApiPorts, row: FileRow) -> Path:
    """Where a file lies; VolumeMissingError when its disk is not there."""
    root = ports.volume_path(row.volume)
    if root is None:
        raise VolumeMissingError("The disk with this recording is not there: mount it.")
    return media_path(root, row.camera, row.stream, row.opened_ns, row.run, row.sequence)


def find_row(
    ports: ApiPorts,
    camera: CameraId,
    stream: StreamName,
    run: RunId,
    sequence: int,
    at_ns: int | None,
) -> FileRow:
    """The file of a run, which has to be of that camera and stream.

    NotFoundError for one that never was, GoneError for one that is deleted; ``at_ns`` helps to say
    why.
    """
    with ports.index.read() as index:
        row = index.file(run, sequence)
        if row is not None and (row.camera, row.stream) != (camera, stream):
            raise NotFoundError("This camera has no such recording.")
        if row is not None and row.state != DELETING:
            return row
        if row is None and not index.has_run(run):
            raise NotFoundError("There is no such recording.")
        moment_ns = row.wall_from if row is not None else at_ns
        cause: GapCause | None = None
        if moment_ns is not None:
            purged = index.purged_between(camera, stream, moment_ns, moment_ns + 1)
            cause = purged[0].cause if purged else None
    raise GoneError("This recording was deleted.", cause)
