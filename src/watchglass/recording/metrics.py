"""The numbers of recording: one table, and how streams and the keeper fill it."""

from typing import TYPE_CHECKING

from watchglass.base.clock import NS_PER_S
from watchglass.base.errors import VolumeMissingError
from watchglass.model.metric import Metric, MetricKind, Sample
from watchglass.recording.counters import KeeperCounters
from watchglass.recording.mounted import Mounted
from watchglass.recording.outbox import OutboxDepth
from watchglass.recording.volume import space

if TYPE_CHECKING:  # the keeper has its numbers here too, and records no stream
    from watchglass.recording.recorder import StreamRecorder
    from watchglass.recording.writer import StreamQueue

_STREAM = ("camera", "stream")
_QUEUE = ("camera", "stream", "policy")
_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_CAMERA = "See what 'watchglass camera list' says of the camera."
_DISK = "Look at the disk: its health, its mount, and what else writes to it."

RECORDS = Metric(
    "watchglass_stream_recording", _G, _STREAM,
    "Whether pictures of the stream are being recorded: 1 or 0.", "1.", _CAMERA,
)  # fmt: skip
FRAMES = Metric(
    "watchglass_stream_frames_total", _C, _STREAM,
    "Pictures that came; its rate is the frames per second.", "The rate the camera is set to.",
    "Look at the camera's settings, its light (many slow down in the dark) and its network.",
)  # fmt: skip
PACKETS = Metric(
    "watchglass_stream_packets_total", _C, _STREAM,
    "Pictures, sound frames and parameter sets that came.", "A little more than the frames.",
    _CAMERA,
)  # fmt: skip
CAME = Metric(
    "watchglass_stream_received_bytes_total", _C, _STREAM,
    "Bytes of media that came; eight times its rate is the bit rate.",
    "The bit rate the camera is set to.", "Look at the camera's settings and its network.",
)  # fmt: skip
LOST = Metric(
    "watchglass_stream_lost_packets_total", _C, _STREAM,
    "Packets of the network that never came, as their numbers tell.", "0 over RTSP in TCP.",
    "The camera leaves some out or the network drops them: look at cables, switch and wireless.",
)  # fmt: skip
CLOCK = Metric(
    "watchglass_stream_clock_offset_seconds", _G, _STREAM,
    "How far the camera's clock is from this machine's, as it last said with its stream; a camera"
    " that says nothing has no value.", "Within a second: recordings go by this machine's clock.",
    "Set the camera to the same time server: the time it draws into its picture is wrong.",
)  # fmt: skip
CONNECTS = Metric(
    "watchglass_stream_connects_total", _C, _STREAM,
    "How often the camera was connected to, the first time included.", "It stands still.",
    _CAMERA,
)  # fmt: skip
ERRORS = Metric(
    "watchglass_stream_errors_total", _C, (*_STREAM, "cause"),
    "Connections that failed or ended, by cause.", "It stands still.", _CAMERA,
)  # fmt: skip
FRAGMENTS = Metric(
    "watchglass_stream_fragments_total", _C, _STREAM,
    "Fragments that were written, about two a second.", "It rises while the camera sends.", _CAMERA,
)  # fmt: skip
WRITTEN = Metric(
    "watchglass_stream_written_bytes_total", _C, _STREAM,
    "Bytes that were written to media files.", "As what was received, and a little more.", _DISK,
)  # fmt: skip
FILES = Metric(
    "watchglass_stream_files_total", _C, _STREAM,
    "Media files that were begun.", "One in five minutes.",
    "Many more: the stream breaks, or changes its size or codec; see the camera.",
)  # fmt: skip
GAPS = Metric(
    "watchglass_stream_gaps_total", _C, (*_STREAM, "cause"),
    "Gaps that began, by cause.", "It stands still.",
    "'watchglass timeline' shows them; docs/glossary.md explains each cause.",
)  # fmt: skip
QUEUE = Metric(
    "watchglass_stream_queue_bytes", _G, _QUEUE,
    "What waits for the disk.", "Near 0; peaks while the disk is busy.", _DISK,
)  # fmt: skip
QUEUE_LIMIT = Metric(
    "watchglass_stream_queue_limit_bytes", _G, _QUEUE,
    "What may wait for the disk; what does not fit is a gap.", "It does not change.",
    "Nothing: it is the setting WATCHGLASS_QUEUE_BYTES.",
)  # fmt: skip
QUEUE_DROPPED = Metric(
    "watchglass_stream_queue_dropped_total", _C, _QUEUE,
    "Fragments that found the queue full: each is in a gap.", "0.", _DISK,
)  # fmt: skip
FACTS = Metric(
    "watchglass_facts_waiting", _G, ("process",),
    "What a worker told the keeper and the keeper has not called durable yet.",
    "Some ten for each camera.", "It grows: the keeper or a disk hangs; see 'watchglass health'.",
)  # fmt: skip
FACTS_DROPPED = Metric(
    "watchglass_facts_dropped_total", _C, ("process",),
    "Facts of fragments left out because too many waited (policy: fragments first; the files tell"
    " them again).", "0.", "The keeper was away for minutes: see its log.",
)  # fmt: skip

SYNCS = Metric(
    "watchglass_volume_syncs_total", _C, ("volume",),
    "Syncs of the volume that ended.", "About one a second.", _DISK,
)  # fmt: skip
SYNC_S = Metric(
    "watchglass_volume_sync_seconds_total", _C, ("volume",),
    "Time that syncs took; divided by their number, what one takes.",
    "Some milliseconds each on an SSD, up to a few hundred on a hard disk.", _DISK,
)  # fmt: skip
SYNCING_S = Metric(
    "watchglass_volume_syncing_seconds", _G, ("volume",),
    "For how long the sync that runs has been running.", "Below 1.", _DISK,
)  # fmt: skip
WATERMARK_S = Metric(
    "watchglass_volume_watermark_age_seconds", _G, ("volume",),
    "How old the newest moment is up to which all that was written is on disk for sure: so much a"
    " power cut would cost.", "Below 3.", _DISK,
)  # fmt: skip
SYNC_FAILS = Metric(
    "watchglass_volume_sync_failing", _G, ("volume",),
    "Whether the last sync failed: 1 or 0.", "0.",
    "The disk loses what it took: replace it, and see 'watchglass check'.",
)  # fmt: skip
FREE = Metric(
    "watchglass_volume_free_bytes", _G, ("volume",),
    "Room on the volume.", "Above the floor; a full volume stays just there.",
    "Below it: only held footage is left, or something else fills the disk.",
)  # fmt: skip
FLOOR = Metric(
    "watchglass_volume_floor_bytes", _G, ("volume",),
    "Room that is kept free: what is set (1 GiB), or what all cameras on the volume take in 70 s at"
    " their fastest, so that a keeper may be away for a minute. Of a small volume a tenth at most.",
    "It follows the cameras' bit rates.", "Larger than you like: fewer bits, or another volume.",
)  # fmt: skip
SIZE = Metric(
    "watchglass_volume_size_bytes", _G, ("volume",), "How large the volume's file system is.",
    "It does not change.", "Smaller than the disk: another one is mounted there.",
)  # fmt: skip

CYCLES = Metric(
    "watchglass_keeper_cycles_total", _C, (), "Rounds of the keeper: take, sync, write, purge.",
    "One a second or more.", "It stands still: see 'watchglass health'.",
)  # fmt: skip
TAKEN = Metric(
    "watchglass_keeper_facts_total", _C, (), "Facts that the keeper took from the workers.",
    "Three a second for each stream.", "It stands still: no camera is recorded.",
)  # fmt: skip
PURGED = Metric(
    "watchglass_keeper_purged_files_total", _C, (), "Media files that were deleted.",
    "As many as are begun, once the disk is full or retention is over.",
    "It stands still on a full disk: holds keep all that is there.",
)  # fmt: skip
RECOVERED = Metric(
    "watchglass_keeper_recovered_files_total", _C, (),
    "Files that a worker left open when it died, and that were closed for it.", "It stands still.",
    "Workers die: see the log.",
)  # fmt: skip
CUT = Metric(
    "watchglass_keeper_recovered_cut_bytes_total", _C, (),
    "Bytes behind the last whole fragment of recovered files, kept beside them.",
    "It stands still.", "Workers die: see the log.",
)  # fmt: skip
ADOPTED = Metric(
    "watchglass_keeper_adopted_files_total", _C, (), "Files that were found and not known.",
    "0.", "The ledger lost them, or somebody copied them there: see 'watchglass check'.",
)  # fmt: skip
HEADS = Metric(
    "watchglass_keeper_heads_total", _C, (), "Signed statements of how far a ledger had come.",
    "One a minute for each camera.", "It stands still: the state folder refuses writes.",
)  # fmt: skip
FAILED_SYNCS = Metric(
    "watchglass_keeper_failed_syncs_total", _C, (), "Syncs of volumes that failed.", "0.", _DISK,
)  # fmt: skip
DEBT = Metric(
    "watchglass_keeper_in_debt", _G, (),
    "Whether ledger lines wait because the state folder refuses them: 1 or 0.", "0.",
    "Look whether the disk of the state folder is full, or fails.",
)  # fmt: skip

METRICS = (
    RECORDS, FRAMES, PACKETS, CAME, LOST, CLOCK, CONNECTS, ERRORS, FRAGMENTS, WRITTEN, FILES, GAPS,
    QUEUE,
    QUEUE_LIMIT, QUEUE_DROPPED, FACTS, FACTS_DROPPED, SYNCS, SYNC_S, SYNCING_S, WATERMARK_S,
    SYNC_FAILS, FREE, FLOOR, SIZE, CYCLES, TAKEN, PURGED, RECOVERED, CUT, ADOPTED, HEADS,
    FAILED_SYNCS, DEBT,
)  # fmt: skip


def stream_samples(recorder: "StreamRecorder", queue: "StreamQueue") -> list[Sample]:
    """One stream of a worker."""
    labels = (queue.camera, queue.stream.value)
    counters, tally, depth = recorder.counters, queue.tally, queue.depth()
    of_queue = (*labels, depth.policy.value)
    offset_ns = recorder.clock_offset_ns
    return [
        *([CLOCK.at(offset_ns / NS_PER_S, *labels)] if offset_ns is not None else []),
        RECORDS.at(recorder.in_run, *labels),
        FRAMES.at(counters.pictures, *labels),
        PACKETS.at(counters.packets, *labels),
        CAME.at(counters.media_bytes, *labels),
        LOST.at(recorder.lost_packets, *labels),
        CONNECTS.at(counters.connects, *labels),
        FRAGMENTS.at(tally.fragments, *labels),
        WRITTEN.at(tally.media_bytes, *labels),
        FILES.at(tally.files, *labels),
        QUEUE.at(depth.size_bytes, *of_queue),
        QUEUE_LIMIT.at(depth.limit_bytes, *of_queue),
        QUEUE_DROPPED.at(depth.dropped_items, *of_queue),
        # Copied: their threads go on meanwhile.
        *(ERRORS.at(count, *labels, cause) for cause, count in list(counters.by_cause.items())),
        *(GAPS.at(count, *labels, cause.value) for cause, count in list(tally.gaps.items())),
    ]


def outbox_samples(process: str, depth: OutboxDepth) -> list[Sample]:
    return [
        FACTS.at(depth.waiting, process),
        FACTS_DROPPED.at(depth.dropped_fragments, process),
    ]


def volume_samples(mounted: Mounted, now_ns: int) -> list[Sample]:
    """``now_ns`` is monotonic."""
    volume = mounted.volume.id
    since_ns = mounted.syncing_since_ns
    found = [
        SYNCS.at(mounted.syncs, volume),
        SYNC_S.at(mounted.sync_ns / NS_PER_S, volume),
        SYNCING_S.at((now_ns - since_ns) / NS_PER_S if since_ns else 0, volume),
        WATERMARK_S.at((now_ns - mounted.synced_ns) / NS_PER_S, volume),
        SYNC_FAILS.at(mounted.failing, volume),
    ]
    try:
        room = space(mounted.volume.path)
    except VolumeMissingError:
        return found
    return [
        *found, FREE.at(room.free_bytes, volume), FLOOR.at(mounted.floor_bytes, volume),
        SIZE.at(room.total_bytes, volume),
    ]  # fmt: skip


def keeper_samples(counters: KeeperCounters, *, in_debt: bool) -> list[Sample]:
    return [
        CYCLES.at(counters.cycles),
        TAKEN.at(counters.facts),
        PURGED.at(counters.purged_files),
        RECOVERED.at(counters.recovered_files),
        CUT.at(counters.recovered_bytes_cut),
        ADOPTED.at(counters.adopted_files),
        HEADS.at(counters.heads),
        FAILED_SYNCS.at(counters.failed_syncs),
        DEBT.at(in_debt),
    ]
