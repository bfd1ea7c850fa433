"""For how long what belongs to footage is kept: as long as any of that footage may be."""

from collections.abc import Iterator

from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId
from watchglass.store.country import default_retention_h
from watchglass.store.site import SiteStore

_HOUR_NS = 3600 * NS_PER_S


def kept_for(site: SiteStore, cameras: tuple[CameraId, ...]) -> Iterator[tuple[CameraId, int]]:
    """Each camera, those that were removed too, and how many ns its footage is kept at most."""
    hours = default_retention_h(site.country())
    default_h = max(site.default_retention_h() or hours, site.default_events_h() or 0)
    known = {each.id: each for each in site.cameras(with_credentials=False)}
    for camera in cameras:
        found = known.get(camera)
        own = (found.retention_h, found.events_h) if found is not None else (None, None)
        kept_h = max((each for each in own if each is not None), default=default_h)
        yield camera, kept_h * _HOUR_NS
