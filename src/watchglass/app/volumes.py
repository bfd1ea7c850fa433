"""Which of the site's volumes are there."""

from collections.abc import Iterable
from pathlib import Path

from watchglass.base import log
from watchglass.base.errors import VolumeMissingError
from watchglass.base.ids import VolumeId
from watchglass.recording.volume import Volume

_LOG = log.get("volumes")


def present(volumes: Iterable[tuple[VolumeId, str]]) -> list[Volume]:
    """Those that are there; a missing one is a gap of its cameras, not of all."""
    found = []
    for volume_id, path in volumes:
        volume = Volume(volume_id, Path(path))
        try:
            volume.check()
        except VolumeMissingError as error:
            _LOG.error("volume_missing", error=error.sentence)
            continue
        found.append(volume)
    return found


def missing(volumes: Iterable[tuple[VolumeId, str]]) -> dict[VolumeId, str]:
    """Those that are not there, each with a sentence."""
    found = {}
    for volume_id, path in volumes:
        try:
            Volume(volume_id, Path(path)).check()
        except VolumeMissingError as error:
            found[volume_id] = error.sentence
    return found
