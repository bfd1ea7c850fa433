"""Which of the site's volumes are there, and which a camera is recorded to."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from watchglass.app.ground import Ground
from watchglass.base import log
from watchglass.base.errors import RefusedError, UsageError, VolumeMissingError
from watchglass.base.ids import CameraId, VolumeId
from watchglass.recording.volume import Volume, create_volume
from watchglass.store.site import SiteStore

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


def volume_for_new(store: SiteStore) -> VolumeId:
    """The volume that the fewest cameras are recorded to; UsageError when there is none."""
    cameras = Counter(each.volume for each in store.cameras(with_credentials=False))
    taking = [each.id for each in store.volumes() if not each.draining]
    if not taking:
        raise UsageError("There is no volume to record to: add one with 'watchglass volume add'.")
    return min(taking, key=lambda volume: cameras[volume])


def drain(store: SiteStore, volume: VolumeId) -> list[CameraId]:
    """Give the cameras of a volume to the others; the ids of those that moved.

    RefusedError when there is no other that takes any.
    """
    if not any(each.id != volume and not each.draining for each in store.volumes()):
        raise RefusedError("This is the only volume that is recorded to: add another first.")
    store.drain_volume(volume)
    moved = []
    for camera in store.cameras(with_credentials=False):
        if camera.volume == volume:
            store.move_camera(camera.id, volume_for_new(store))
            moved.append(camera.id)
    return moved


def prepare(on: Ground, store: SiteStore) -> list[tuple[VolumeId, str]]:
    """See that there is a volume; the site's volumes."""
    if not store.volumes():
        volume = create_volume(on.settings.media, on.disk, on.clock)
        store.add_volume(volume.id, volume.path)
    return [(each.id, str(each.path)) for each in store.volumes()]
