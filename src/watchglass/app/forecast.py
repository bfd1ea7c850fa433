"""For how many days a volume will do: what it takes in a day, against the room there is."""

from collections import Counter
from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import VolumeMissingError
from watchglass.recording.volume import Volume, space
from watchglass.store.index import IndexReader
from watchglass.store.site import SiteStore
from watchglass.store.site_volumes import VolumeEntry

_DAY_NS = 24 * 3600 * NS_PER_S
_LEAST_NS = 600 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Forecast:
    """A volume as of now. ``days``: how many it can hold at the present rate; None while that is
    not known. ``free_bytes`` is None while the volume is not there."""

    volume: VolumeEntry
    cameras: int
    recorded_bytes: int
    free_bytes: int | None
    bytes_per_day: int | None
    days: float | None

    @property
    def state(self) -> str:
        if self.free_bytes is None:
            return "not there"
        return "gets nothing more" if self.volume.draining else "records"


def forecasts(
    store: SiteStore, index: IndexReader, floor_bytes: int, now_ns: int
) -> list[Forecast]:
    """All volumes of the site; ``floor_bytes`` of each are kept free."""
    cameras = Counter(each.volume for each in store.cameras(with_credentials=False))
    recorded = index.bytes_by_volume(0)
    lately = index.bytes_by_volume(now_ns - _DAY_NS)
    found = []
    for each in store.volumes():
        size, first_ns = lately.get(each.id, (0, now_ns))
        total = recorded.get(each.id, (0, 0))[0]
        free = _free_bytes(each)
        rate = size * _DAY_NS // (now_ns - first_ns) if now_ns - first_ns >= _LEAST_NS else None
        days = None
        if rate and free is not None:
            days = max(0, free - floor_bytes + total) / rate
        found.append(Forecast(each, cameras[each.id], total, free, rate, days))
    return found


def _free_bytes(entry: VolumeEntry) -> int | None:
    try:
        Volume(entry.id, entry.path).check()
        return space(entry.path).free_bytes
    except VolumeMissingError:
        return None
