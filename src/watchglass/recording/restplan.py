"""When a closed file is hashed again: once in its time, half-way through.

A file is due when half of the time that it is kept has gone by. One that is still there when all of
it has (held, or not purged yet) is due once more each time as long. Where each stream has got to is
kept in a file; without it, work is done again and nothing else.
"""

from dataclasses import dataclass, field

import msgspec

from watchglass.base.clock import NS_PER_S

HOUR_NS = 3600 * NS_PER_S
FORMAT = 1


class StreamPlace(msgspec.Struct):
    """How far a stream has got, UTC ns: files that end by ``young`` have had their turn at half
    their time, those by ``old`` theirs in the round that began at ``round``."""

    young: int = 0
    old: int = -1
    round: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """Files of a stream that end after ``after`` and by ``until`` are due."""

    after: int
    until: int
    is_old: bool


class RestTotals(msgspec.Struct):
    """What came of it, since ``since`` (UTC ns)."""

    since: int = 0
    files: int = 0
    bytes: int = 0
    damaged: int = 0
    missing: int = 0
    unreadable: int = 0
    last_trouble: str = ""
    trouble_ns: int = 0


class RestFile(msgspec.Struct):
    """The file ``rest.json`` in the state folder."""

    format: int = FORMAT
    streams: dict[str, StreamPlace] = {}
    totals: RestTotals = msgspec.field(default_factory=RestTotals)


@dataclass(slots=True)
class RestPlan:
    """Of all streams; each is known by a name."""

    kept: RestFile = field(default_factory=RestFile)

    def turn(self, stream: str, now_ns: int, kept_ns: int) -> Turn | None:
        """What is due of a stream whose files are kept for ``kept_ns``; None for nothing."""
        place = self.kept.streams.get(stream)
        if place is None:
            # What is past its time is among the young this once.
            place = self.kept.streams[stream] = StreamPlace(round=now_ns, old=-1)
        half_ns = now_ns - kept_ns // 2
        # The clock may have been wrong, or the time that files are kept have got longer.
        place.young = min(place.young, half_ns)
        place.round = min(place.round, now_ns)
        if place.young < half_ns:
            return Turn(place.young, half_ns, is_old=False)
        if now_ns - place.round >= kept_ns:
            place.round, place.old = now_ns, 0
        past_ns = now_ns - kept_ns
        if 0 <= place.old < past_ns:
            return Turn(place.old, past_ns, is_old=True)
        return None

    def done(self, stream: str, turn: Turn, wall_ns: int) -> None:
        """All that ends by ``wall_ns`` has had its turn; an old round that came to its end waits
        for the next."""
        place = self.kept.streams[stream]
        if not turn.is_old:
            place.young = max(place.young, wall_ns)
        else:
            place.old = -1 if wall_ns >= turn.until else max(place.old, wall_ns)
