"""Whether recording lives, judged over what was observed: no I/O, no clock, no state.

**Recording lives** while all of this holds:

1. the supervisor answers its control socket;
2. the keeper speaks, and ends a cycle again and again; after a start it may take up what is on disk
   for half an hour first;
3. each worker that has cameras speaks;
4. each stream that is wanted is at work: its reader has done something (got a packet, tried to
   connect), and what it says it records was written, within ``stream_ns``; or it has told a gap
   with its cause;
5. no sync of a volume that is recorded to, and no write to it, has been inside one call of the
   kernel for longer than ``disk_ns``;
6. what workers tell becomes durable: the oldest fact that waits has waited less than
   ``unsynced_ns``, unless the disk says why.

Whatever breaks one of these is *stuck*: it does nothing any more, and only a start anew can help.
The watchdog is fed while nothing is. A camera that is off breaks none of them. Where it is one
process that does nothing, the reason names it, and it may be replaced alone (`replacement`); a disk
that does not answer is no process's fault.

A disk that is full, fails or is gone **answers**: the recorder says so, records what it can, and no
start anew would help; one would only cost the other volumes' cameras their seconds. That is
*failing* and not stuck: the watchdog is fed, and the ping, which calls a person, is not sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec

from watchglass.app.words import CAUSES, REMEDIES
from watchglass.base.clock import NS_PER_S
from watchglass.base.ids import CameraId, VolumeId
from watchglass.model.gap import GapCause
from watchglass.model.health import Health, HealthState, Reason
from watchglass.model.stream import StreamName
from watchglass.model.vitals import (
    Alive,
    KeeperVitals,
    StreamVitals,
    Vitals,
    VolumeVitals,
    WorkerVitals,
)

OURS = frozenset(
    {
        GapCause.RECORDER_STOPPED, GapCause.RECORDER_CRASHED, GapCause.MACHINE_OFF,
        GapCause.OVERLOAD, GapCause.DISK_FULL, GapCause.VOLUME_MISSING, GapCause.WRITE_FAILED,
        GapCause.MEDIA_MISSING, GapCause.MEDIA_DAMAGED,
    }
)  # fmt: skip
"""Causes of gaps that lie with the recorder and its machine; all others are the camera's, or
somebody's will."""
_LEAST_STREAM_NS = 75 * NS_PER_S
"""A camera may take 56 s to be found silent, and a fragment is closed a second later."""
_PASSING_NS = 15 * NS_PER_S
_LEAST_START_NS = 60 * NS_PER_S
_TAKE_UP_NS = 1800 * NS_PER_S
_RECENT_NS = 600 * NS_PER_S
_LOOK_S = (1.0, 3.0)  # least, most
_UNTOLD_NS = 300 * NS_PER_S
"""Of what gates answer for something is told every 20 s."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each part may say or do nothing."""

    silent_ns: int
    disk_ns: int
    stream_ns: int
    unsynced_ns: int

    @classmethod
    def of(cls, stuck_s: float) -> "Patience":
        """From the one number that can be set: how long a process may be silent."""
        silent_ns = round(stuck_s * NS_PER_S)
        return cls(silent_ns, 3 * silent_ns, max(3 * silent_ns, _LEAST_STREAM_NS), 6 * silent_ns)

    @property
    def look_s(self) -> float:
        """How often signs of life are given, and judged: several times before silence counts."""
        return max(_LOOK_S[0], min(_LOOK_S[1], self.silent_ns / NS_PER_S / 5))


@dataclass(frozen=True, slots=True)
class Heard:
    """A process. ``vitals`` came at ``heard_ns``, from this life of it; None before any did."""

    name: str
    started_ns: int
    restarts: int = 0
    heard_ns: int = 0
    vitals: Vitals | None = None

    def silent_ns(self, now_ns: int) -> int:
        return now_ns - max(self.heard_ns, self.started_ns)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A stream that is to be recorded. ``seen_ns``: last heard of, or given to its worker."""

    camera: CameraId
    stream: StreamName
    volume: VolumeId
    worker: str
    seen_ns: int
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Observed:
    """What the supervisor knows at one moment; all times monotonic. ``serving_ns``: its control
    socket was last looked at. ``others``: processes that recording does not need."""

    now_ns: int
    serving_ns: int
    keeper: Heard
    workers: tuple[Heard, ...] = ()
    others: tuple[Heard, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    apart: tuple[tuple[CameraId, int], ...] = ()
    """Cameras at whose pictures nobody looks, for they ended who did; and until when."""
    unserved: tuple[str, ...] = ()
    """Why it is not listened where it is to be: relays, and egress. Sentences."""


_Key = tuple[str, CameraId, StreamName]
_Told = dict[_Key, StreamVitals]


def judge(seen: Observed, patience: Patience) -> Health:
    """How the recorder is; the reasons with the worst first."""
    told = _told(seen)
    reasons = [
        *_of_supervisor(seen, patience),
        *_of_keeper(seen, patience),
        *_of_workers(seen, patience),
        *_of_streams(seen, told, patience),
        *_of_others(seen, patience),
        *_of_understanding(seen),
        *(Reason(HealthState.DEGRADED, each) for each in seen.unserved),
        *_of_restarts(seen),
    ]
    reasons.sort(key=lambda each: (not each.stuck, each.state is not HealthState.FAILING))
    cameras = {each.camera for each in seen.wanted}
    speaking = {
        each.name for each in seen.workers if each.silent_ns(seen.now_ns) <= patience.silent_ns
    }
    recorded = {
        each.camera
        for each in seen.wanted
        if each.stream is StreamName.MAIN
        and each.worker in speaking
        and _is_recorded(seen.now_ns, told.get(_key(each)), patience)
    }
    worst = HealthState.OK
    if reasons:
        worst = reasons[0].state
    return Health(worst, len(recorded), len(cameras), tuple(reasons))


def unrecorded(seen: Observed, patience: Patience) -> dict[CameraId, GapCause | None]:
    """The cameras that should be recorded and are not, with the cause; None where none was told."""
    told = _told(seen)
    speaking = {
        each.name for each in seen.workers if each.silent_ns(seen.now_ns) <= patience.silent_ns
    }
    found: dict[CameraId, GapCause | None] = {}
    for wanted in seen.wanted:
        if wanted.stream is not StreamName.MAIN:
            continue
        stream = told.get(_key(wanted))
        if wanted.quarantined:
            found[wanted.camera] = GapCause.QUARANTINED
        elif wanted.worker not in speaking or not _is_recorded(seen.now_ns, stream, patience):
            found[wanted.camera] = stream.cause if stream is not None else None
    return found


def named(health: Health, names: Mapping[CameraId, str]) -> Health:
    """The same, with the cameras' names in the sentences."""
    reasons = tuple(
        msgspec.structs.replace(
            each, sentence=each.sentence.replace(each.camera, names.get(each.camera, each.camera))
        )
        if each.camera is not None
        else each
        for each in health.reasons
    )
    return msgspec.structs.replace(health, reasons=reasons)


# --- processes --------------------------------------------------------------------------------


def _stuck(sentence: str, camera: CameraId | None = None, *, process: str = "") -> Reason:
    return Reason(HealthState.FAILING, sentence, camera, stuck=True, process=process)


def _at_fault(process: Heard, now_ns: int, patience: Patience) -> str:
    """The name of a silent process; empty while it may only be slow to start, as all are on a
    machine that has too much to do, and a start anew would make it slower."""
    spoke = process.heard_ns > process.started_ns
    starts_ns = max(3 * patience.silent_ns, _LEAST_START_NS)
    return process.name if spoke or now_ns - process.started_ns > starts_ns else ""


def _of_supervisor(seen: Observed, patience: Patience) -> Iterator[Reason]:
    silent_ns = seen.now_ns - seen.serving_ns
    if silent_ns > patience.silent_ns:
        yield _stuck(f"The supervisor has not looked for requests for {_s(silent_ns)}.")


def _of_keeper(seen: Observed, patience: Patience) -> Iterator[Reason]:
    keeper, now_ns = seen.keeper, seen.now_ns
    silent_ns = keeper.silent_ns(now_ns)
    if silent_ns > patience.silent_ns:
        yield _stuck(
            f"The keeper has said nothing for {_s(silent_ns)}: nothing becomes durable.",
            process=_at_fault(keeper, now_ns, patience),
        )
        return
    vitals = keeper.vitals
    if not isinstance(vitals, KeeperVitals):
        took_ns = now_ns - keeper.started_ns
        sentence = f"The keeper has been taking up what is on disk for {_s(took_ns)}."
        if took_ns > _TAKE_UP_NS:
            yield _stuck(sentence)
        elif took_ns > _PASSING_NS:
            yield Reason(HealthState.DEGRADED, sentence)
        return
    cycle_ns = now_ns - max(vitals.cycle_ns, keeper.started_ns)
    if cycle_ns > patience.silent_ns:
        yield _stuck(
            f"The keeper has been inside one round for {_s(cycle_ns)}: a disk does not answer, or "
            "it hangs.",
            process="" if _syncs_for_long(vitals, now_ns, patience) else keeper.name,
        )
    used = {each.volume for each in seen.wanted}
    for volume in vitals.volumes:
        if volume.volume in used:
            yield from _of_volume(volume, now_ns, patience)
    if vitals.in_debt:
        yield Reason(
            HealthState.FAILING,
            "The state folder refuses writes: what is recorded is not accounted for until it "
            "takes them. Look whether its disk is full, or fails.",
        )
    if vitals.only_held_left:
        yield Reason(
            HealthState.FAILING,
            "A volume is full, and all that is left on it is held: free some space, lift a hold, "
            "or add a volume.",
        )


def _syncs_for_long(vitals: KeeperVitals, now_ns: int, patience: Patience) -> bool:
    """Whether a disk has not answered for so long that the round may be waiting for it."""
    since_ns = [each.syncing_since_ns for each in vitals.volumes if each.syncing_since_ns]
    return any(2 * (now_ns - each) > patience.silent_ns for each in since_ns)


def _of_volume(volume: VolumeVitals, now_ns: int, patience: Patience) -> Iterator[Reason]:
    running_ns = now_ns - volume.syncing_since_ns if volume.syncing_since_ns else 0
    if running_ns > patience.disk_ns:
        yield _stuck(
            f"The disk at {volume.path} has not answered a sync for {_s(running_ns)}: nothing on "
            "it becomes durable."
        )
    elif volume.failing:
        yield Reason(
            HealthState.FAILING,
            f"The disk at {volume.path} does not keep what it takes: replace it.",
        )
    elif now_ns - volume.synced_ns > patience.silent_ns:
        yield Reason(
            HealthState.DEGRADED,
            f"The disk at {volume.path} is slow: a power cut would cost the last "
            f"{_s(now_ns - volume.synced_ns)}.",
        )


def _of_workers(seen: Observed, patience: Patience) -> Iterator[Reason]:
    for worker in seen.workers:
        volumes = {each.volume for each in seen.wanted if each.worker == worker.name}
        if not volumes:
            continue
        silent_ns = worker.silent_ns(seen.now_ns)
        if silent_ns > patience.silent_ns:
            yield _stuck(
                f"{worker.name} has said nothing for {_s(silent_ns)}.",
                process=_at_fault(worker, seen.now_ns, patience),
            )
        elif isinstance(worker.vitals, WorkerVitals):
            yield from _of_disk(seen, worker, worker.vitals, volumes, patience)


def _of_disk(
    seen: Observed, worker: Heard, vitals: WorkerVitals, volumes: set[VolumeId], patience: Patience
) -> Iterator[Reason]:
    for writer in vitals.writers:
        waits_ns = seen.now_ns - writer.waits_since_ns if writer.waits_since_ns else 0
        if writer.volume in volumes and waits_ns > patience.disk_ns:
            yield _stuck(f"{worker.name} has waited {_s(waits_ns)} for its disk to take one write.")
    unsynced_ns = seen.now_ns - vitals.unsynced_since_ns if vitals.unsynced_since_ns else 0
    if unsynced_ns > patience.unsynced_ns and not _keeper_says_why(seen, volumes):
        keeper_is_silent = seen.keeper.silent_ns(seen.now_ns) > patience.silent_ns
        yield _stuck(
            f"What {worker.name} writes has not become durable for {_s(unsynced_ns)}.",
            process=seen.keeper.name if keeper_is_silent else "",
        )


def _keeper_says_why(seen: Observed, volumes: set[VolumeId]) -> bool:
    keeper = seen.keeper.vitals
    if not isinstance(keeper, KeeperVitals):
        return True
    return keeper.in_debt or any(each.failing for each in keeper.volumes if each.volume in volumes)


def _of_others(seen: Observed, patience: Patience) -> Iterator[Reason]:
    """Recording goes on without them, so none of it is stuck; one that says that it lives, and does
    nothing, is named so that it is started again."""
    for each in seen.others:
        if each.heard_ns <= each.started_ns:
            continue  # it tells nothing of itself, or has not begun to
        idle_ns = each.silent_ns(seen.now_ns)
        if isinstance(each.vitals, Alive) and each.vitals.turned_ns:
            idle_ns = max(idle_ns, seen.now_ns - max(each.vitals.turned_ns, each.started_ns))
        if idle_ns > patience.silent_ns:
            yield Reason(
                HealthState.DEGRADED,
                f"{each.name} has done nothing for {_s(idle_ns)}: it is started again.",
                process=each.name,
            )


def _of_understanding(seen: Observed) -> Iterator[Reason]:
    """Whose pictures are left alone. What gates answer for comes back as taken once it is written
    down; where it does not, one of the two that understand pictures is away, hangs, or cannot
    write."""
    waits = [
        each.vitals.untold_since_ns
        for each in seen.workers
        if isinstance(each.vitals, WorkerVitals) and each.vitals.untold_since_ns
    ]
    for camera, until_ns in seen.apart:
        yield Reason(
            HealthState.DEGRADED,
            f"Pictures of {camera} made the process that understands pictures crash: it is "
            f"recorded, and not understood for {_s(until_ns - seen.now_ns)} yet. A newer firmware "
            "may help; what was recorded can be looked at again.", camera, understanding=True,
        )  # fmt: skip
    waited_ns = seen.now_ns - min(waits, default=seen.now_ns)
    if waited_ns <= _UNTOLD_NS:
        return
    finder_is_slow = any(
        isinstance(each.vitals, Alive)
        and each.vitals.untold_since_ns
        and seen.now_ns - each.vitals.untold_since_ns > _UNTOLD_NS // 2
        for each in seen.others
    )
    name = "events-worker" if finder_is_slow else "analytics-worker"
    yield Reason(
        HealthState.DEGRADED,
        f"{name} has taken nothing for {_s(waited_ns)}: what cameras see is recorded, and not "
        "understood. Its log says why; what was recorded can be looked at again.",
    )


def _of_restarts(seen: Observed) -> Iterator[Reason]:
    for each in (seen.keeper, *seen.workers, *seen.others):
        ago_ns = seen.now_ns - each.started_ns
        if each.restarts and ago_ns < _RECENT_NS:
            times = "once" if each.restarts == 1 else f"{each.restarts} times"
            yield Reason(
                HealthState.DEGRADED,
                f"{each.name} has died {times}, and was last started again {_s(ago_ns)} ago: its "
                "log says why.",
            )


# --- streams ----------------------------------------------------------------------------------


def _of_streams(seen: Observed, told: _Told, patience: Patience) -> Iterator[Reason]:
    for wanted in seen.wanted:
        stream = told.get(_key(wanted))
        if wanted.quarantined:
            yield _lost(wanted, GapCause.QUARANTINED, HealthState.DEGRADED)
        elif stream is None:
            if seen.now_ns - wanted.seen_ns > patience.stream_ns:
                yield _stuck(
                    f"{_name(wanted)} has not been taken up for "
                    f"{_s(seen.now_ns - wanted.seen_ns)}.", wanted.camera, process=wanted.worker,
                )  # fmt: skip
        else:
            yield from _of_stream(seen.now_ns, wanted, stream, patience)


def _of_stream(
    now_ns: int, wanted: Wanted, stream: StreamVitals, patience: Patience
) -> Iterator[Reason]:
    idle_ns = now_ns - stream.reader_ns
    if idle_ns > patience.stream_ns:
        yield _stuck(f"The reader of {_name(wanted)} has done nothing for {_s(idle_ns)}.",
                     wanted.camera, process=wanted.worker)  # fmt: skip
        return
    since_ns = max(stream.since_ns, stream.written_ns) if stream.in_run else stream.since_ns
    passed_ns = now_ns - since_ns
    if stream.cause is not None:
        is_ours = stream.cause in OURS and passed_ns > _PASSING_NS
        yield _lost(wanted, stream.cause, HealthState.FAILING if is_ours else HealthState.DEGRADED)
    elif passed_ns > patience.stream_ns:
        what = "nothing of it is written" if stream.in_run else "it says neither why"
        yield _stuck(f"{_name(wanted)} is not recorded, and {what}, for {_s(passed_ns)}.",
                     wanted.camera, process=wanted.worker)  # fmt: skip
    elif 2 * stream.queue_bytes > stream.queue_limit_bytes:
        yield Reason(
            HealthState.DEGRADED,
            f"More than half of what may wait for the disk waits, of {_name(wanted)}: the disk is "
            "slow.", wanted.camera,
        )  # fmt: skip


def _lost(wanted: Wanted, cause: GapCause, state: HealthState) -> Reason:
    remedy = REMEDIES.get(cause, "")
    sentence = f"{_name(wanted)} is not recorded: {CAUSES[cause]}. {remedy}".rstrip()
    return Reason(state, sentence, wanted.camera)


def _is_recorded(now_ns: int, stream: StreamVitals | None, patience: Patience) -> bool:
    if stream is None or not stream.in_run or stream.cause is not None:
        return False
    return now_ns - max(stream.written_ns, stream.since_ns) <= patience.stream_ns


def _told(seen: Observed) -> _Told:
    return {
        (worker.name, stream.camera, stream.stream): stream
        for worker in seen.workers
        if isinstance(worker.vitals, WorkerVitals)
        for stream in worker.vitals.streams
    }


def _key(wanted: Wanted) -> _Key:
    return wanted.worker, wanted.camera, wanted.stream


def _name(wanted: Wanted) -> str:
    return f"The {wanted.stream.value} stream of {wanted.camera}"


def _s(ns: int) -> str:
    return f"{ns // NS_PER_S} s"
