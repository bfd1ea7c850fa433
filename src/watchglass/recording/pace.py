"""How fast recording fills each volume, at its fastest: what the free-space floor has to hold.

Nobody deletes while the keeper is away, and its workers write on. So that this costs nothing for a
minute, as much stays free as all streams together took when each was at its highest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.fact import FragmentWritten
from watchglass.model.stream import StreamName, Track

_AWAY_S = 60
_PURGE_S = 10
"""For how long one that is back deletes before there is as much room again."""
_TICKS = 90_000
_WINDOW = 10 * _TICKS
"""Shorter ones would take a key frame for a rate."""
_HALF_NS = 12 * 3600 * NS_PER_S


@dataclass(slots=True)
class _Stream:
    """``highest`` of this half day and ``before`` of the last, in bytes a second."""

    volume: VolumeId
    heard_ns: int
    since_ns: int
    size_bytes: int = 0
    ticks: int = 0
    highest: int = 0
    before: int = 0


class Pace:
    """Of all streams of a keeper; used by its thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._streams: dict[tuple[CameraId, StreamName], _Stream] = {}

    def begin(self, rates: Iterable[tuple[VolumeId, CameraId, StreamName, int]]) -> None:
        """What files of the last day tell, in bytes a second: after a start nothing was heard."""
        for volume, camera, stream, rate in rates:
            found = self._stream(volume, camera, stream)
            found.highest = max(found.highest, rate)

    def hear(self, fact: FragmentWritten, stream: StreamName, volume: VolumeId) -> None:
        """Told twice, a fragment has its bytes and its time twice: the rate is the same."""
        found = self._stream(volume, fact.camera, stream)
        found.size_bytes += fact.length
        if fact.track is Track.VIDEO:
            found.ticks += fact.duration
        if found.ticks < _WINDOW:
            return
        rate = found.size_bytes * _TICKS // found.ticks
        found.size_bytes = found.ticks = 0
        found.heard_ns = self._clock.monotonic_ns()
        if found.heard_ns - found.since_ns > _HALF_NS:
            found.since_ns, found.before, found.highest = found.heard_ns, found.highest, 0
        found.highest = max(found.highest, rate)

    def away_bytes(self, volume: VolumeId) -> int:
        """What all streams on a volume take while a keeper is away and comes back."""
        now_ns = self._clock.monotonic_ns()
        for key, each in list(self._streams.items()):
            if now_ns - each.heard_ns > 2 * _HALF_NS:
                del self._streams[key]
        here = [each for each in self._streams.values() if each.volume == volume]
        return (_AWAY_S + _PURGE_S) * sum(max(each.highest, each.before) for each in here)

    def _stream(self, volume: VolumeId, camera: CameraId, stream: StreamName) -> _Stream:
        found = self._streams.get((camera, stream))
        if found is None or found.volume != volume:
            now_ns = self._clock.monotonic_ns()
            found = self._streams[camera, stream] = _Stream(volume, now_ns, now_ns)
        return found
