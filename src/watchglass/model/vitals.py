"""Signs of life: what the recorder's processes tell the supervisor, once a second.

All times are of the machine's monotonic clock, which its processes share; 0 is never.
"""

import msgspec

from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.metric import Sample
from watchglass.model.stream import StreamName


class StreamVitals(msgspec.Struct, frozen=True, array_like=True):
    """One stream that its worker records, or tries to.

    ``in_run``: pictures are being recorded, and ``cause`` is what the disk says that refuses them,
    None while it takes them. Otherwise ``cause`` is that of the gap, None before any was told.
    ``reader_ns``: the reader last did something (a packet came, a connection was tried).
    ``since_ns``: it is in this run, or in no run, since then. ``written_ns``: its last fragment
    went to the kernel. ``queue_bytes`` of ``queue_limit_bytes`` wait for the disk.
    """

    camera: CameraId
    stream: StreamName
    in_run: bool
    cause: GapCause | None
    reader_ns: int
    since_ns: int
    written_ns: int
    queue_bytes: int
    queue_limit_bytes: int


class WriterVitals(msgspec.Struct, frozen=True, array_like=True):
    """The thread of a worker that writes to a volume; ``waits_since_ns``: inside one call of the
    kernel since then, 0 while it is not."""

    volume: VolumeId
    waits_since_ns: int


class WorkerVitals(msgspec.Struct, frozen=True, tag="worker"):
    """A camera-worker. ``unsynced_since_ns``: the oldest fact that the keeper has not yet called
    durable is the oldest since then; 0 while none waits. ``untold_since_ns``: nobody has taken what
    its gates answer for since then; 0 while nothing waits."""

    streams: tuple[StreamVitals, ...]
    writers: tuple[WriterVitals, ...]
    unsynced_since_ns: int
    untold_since_ns: int = 0


class VolumeVitals(msgspec.Struct, frozen=True, array_like=True):
    """A volume that the keeper syncs. ``syncing_since_ns``: a sync runs since then, 0 while none
    does. ``synced_ns``: what was there then is durable. ``failing``: the last sync failed."""

    volume: VolumeId
    path: str
    syncing_since_ns: int
    synced_ns: int
    failing: bool


class KeeperVitals(msgspec.Struct, frozen=True, tag="keeper"):
    """The keeper, after its last cycle, which ended at ``cycle_ns``.

    ``in_debt``: lines are not durable, for the state folder refuses them. ``only_held_left``: a
    volume is full, and nothing on it may be deleted.
    """

    cycle_ns: int
    volumes: tuple[VolumeVitals, ...]
    in_debt: bool
    only_held_left: bool


class Alive(msgspec.Struct, frozen=True, tag="alive"):
    """A process that has nothing more to tell than that. ``turned_ns``: its loop of events was last
    at work (monotonic); 0 where it has none. ``untold_since_ns``: nobody has taken what it found
    since then; 0 while nothing waits."""

    turned_ns: int = 0
    untold_since_ns: int = 0


class Measured(msgspec.Struct, frozen=True, tag="measured"):
    """The answer to a ``Measure`` of that number. ``lines``: UTC, level and text of each."""

    number: int
    samples: tuple[Sample, ...]
    lines: tuple[tuple[str, str, str], ...] = ()


class Measure(msgspec.Struct, frozen=True, tag="measure"):
    """Somebody wants the numbers of now; with ``lines`` what was logged last, too."""

    number: int
    lines: bool = False


Vitals = WorkerVitals | KeeperVitals | Alive
ToSupervisor = WorkerVitals | KeeperVitals | Alive | Measured
