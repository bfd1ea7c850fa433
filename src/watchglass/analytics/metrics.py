"""The numbers of understanding pictures: one table, and how it is filled."""

from collections.abc import Sequence

from watchglass.analytics.gate_step import GateState
from watchglass.analytics.gated import GateNumbers
from watchglass.analytics.pace import Pace
from watchglass.analytics.speed import DetectorSpeed
from watchglass.base.queues import QueueDepth
from watchglass.model.detection import ObjectClass
from watchglass.model.metric import Metric, MetricKind, Sample

_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_CAMERA = ("camera",)
_QUEUE = ("process", "policy")
_BUSY = "More is to be seen than the machine can: recording costs nothing of it, and what was left"
_BUSY += " out is looked at later."

GATE_STATE = Metric(
    "watchglass_gate_state", _G, ("camera", "state"),
    "1 for the state of a camera's gate: quiet, open, blind (sizes tell nothing) or learning.",
    "quiet while nothing happens; blind where a camera sends at a constant bit rate.",
    "learning for long: the stream breaks off again and again. blind costs more: set the camera's"
    " small stream to a variable bit rate.",
)  # fmt: skip
GATE_VISITS = Metric(
    "watchglass_gate_visits_total", _C, ("camera", "cause"),
    "How often a camera's gate opened, and why: sizes (packets grew), camera (it said itself that"
    " something happens), check, blind or learning.",
    "As often as something moves.",
    "Many an hour where nothing moves: rain, trees, noise; by camera, what it takes for motion.",
)  # fmt: skip
GATE_PROBES = Metric(
    "watchglass_gate_probes_total", _C, _CAMERA,
    "Key frames that were looked at because sizes tell nothing.", "0 at variable bit rate.",
    "Nothing: it is what a constant bit rate costs.",
)  # fmt: skip
GATE_CHECKS = Metric(
    "watchglass_gate_checks_total", _C, _CAMERA,
    "How often a quiet camera was looked at all the same.", "Some an hour.",
    "Nothing: the gate measures itself by them.",
)  # fmt: skip
GATE_MISSES = Metric(
    "watchglass_gate_misses_total", _C, _CAMERA,
    "Checks in which something moved that sizes did not tell of.", "0.",
    "The gate turns blind by itself where it goes on; then that camera costs more.",
)  # fmt: skip
GATE_RECALL = Metric(
    "watchglass_gate_own_recall", _G, _CAMERA,
    "What part of all movement the gate let through, by its own checks.", "1.",
    "See watchglass_gate_misses_total.",
)  # fmt: skip
GATE_SINCE = Metric(
    "watchglass_gate_state_since_seconds", _G, _CAMERA,
    "Since when (UTC, seconds since 1970) a camera's gate is in its state.",
    "It changes when something begins or ends to move.", "See watchglass_gate_state.",
)  # fmt: skip
GATE_FRAMES = Metric(
    "watchglass_gate_frames_total", _C, _CAMERA, "Frames that came to a camera's gate.",
    "As many as the camera sends.", "It stands still: the camera is not recorded.",
)  # fmt: skip
GATE_SENT = Metric(
    "watchglass_gate_sent_frames_total", _C, _CAMERA,
    "Frames that a camera's gate sent to be decoded; all others cost nothing.",
    "A small part of watchglass_gate_frames_total while little happens.",
    "Nearly all of them: see which state the gate is in (watchglass_gate_state).",
)  # fmt: skip
GATE_HELD = Metric(
    "watchglass_gate_held_bytes", _G, _CAMERA,
    "Frames since the last key frame that are held for a gate that may open.",
    "What a few seconds of the stream have.",
    "Near 4 MB: key frames are too rare, set the camera to one every 1 or 2 s.",
)  # fmt: skip
GATE_TOO_LARGE = Metric(
    "watchglass_gate_held_too_large_total", _C, _CAMERA,
    "How often so much came between two key frames that it was let go of.", "0.",
    "The beginning of a movement may be missed: let the camera send key frames more often.",
)  # fmt: skip
DEPTH = Metric(
    "watchglass_analysis_queue_bytes", _G, _QUEUE,
    "Pictures that wait for the analytics-worker.", "Near 0.", _BUSY,
)  # fmt: skip
LIMIT = Metric(
    "watchglass_analysis_queue_limit_bytes", _G, _QUEUE,
    "What may wait; what is too much is let go of, the oldest first, and told of.",
    "It does not change.", "Nothing: it is a bound.",
)  # fmt: skip
DROPPED = Metric(
    "watchglass_analysis_queue_dropped_total", _C, _QUEUE,
    "Pictures that were left out, and are told of as not analysed.", "0.", _BUSY,
)  # fmt: skip
ACCOUNTS = Metric(
    "watchglass_analysis_accounts_waiting", _G, ("process",),
    "Spans that a gate answers for and that are not written down yet.", "A few.",
    "The analytics-worker or the events-worker is away: see their logs.",
)  # fmt: skip
FORGOTTEN = Metric(
    "watchglass_analysis_accounts_forgotten_total", _C, ("process",),
    "Spans for which there was no room any more.", "0.",
    "Nobody took them for hours; the timeline says of them that nobody told.",
)  # fmt: skip
PICTURES = Metric(
    "watchglass_analysis_pictures_total", _C, ("process",), "Pictures that were decoded.",
    "It rises while something moves, and a little where sizes tell nothing.",
    "Where it rises all the time, see which gates are open (watchglass_gate_state).",
)  # fmt: skip
LOOKS = Metric(
    "watchglass_analysis_looks_total", _C, ("process",),
    "Pictures in which things were looked for.", "Five a second for each camera that has movement.",
    _BUSY,
)  # fmt: skip
UNREADABLE = Metric(
    "watchglass_analysis_unreadable_total", _C, ("process",), "Frames that could not be decoded.",
    "0 or a few.", "A camera sends damaged pictures: look at its network.",
)  # fmt: skip
BEHIND = Metric(
    "watchglass_analysis_behind_seconds", _G, ("process",),
    "How long the newest pictures waited until they were looked at.", "Under 1.", _BUSY,
)  # fmt: skip
SLOWED = Metric(
    "watchglass_analysis_slowed", _G, ("process",),
    "How many times more seldom things are looked for than while there is time.",
    "1; up to 2.5 no track is coarse.", _BUSY,
)  # fmt: skip
UNTOLD = Metric(
    "watchglass_analysis_untold_items", _G, ("process",),
    "What was understood and is not written down yet.", "A few.",
    "The events-worker is away or slow: see its log.",
)  # fmt: skip
TOLD = Metric(
    "watchglass_analysis_told_items_total", _C, ("process",),
    "What was understood and is written down: parts of tracks, spans, movement.",
    "It rises slowly all the time.", "Nothing.",
)  # fmt: skip
UNTELLABLE = Metric(
    "watchglass_analysis_lost_items_total", _C, ("process",),
    "What was understood and for which there was no room any more.", "0.",
    "The events-worker was away for hours: see its log; the recording can be looked at again.",
)  # fmt: skip

MODEL_WALL = Metric(
    "watchglass_analysis_model_seconds", _G, ("process", "provider", "threads", "lanes"),
    "How long the model takes a picture, as measured at the start in the way that was fastest:"
    " so many pictures at once (lanes), with so many threads each.",
    "Under 0.1 on a processor.", "A smaller model, or a faster machine: see 'watchglass doctor'.",
)  # fmt: skip
MODEL_CPU = Metric(
    "watchglass_analysis_model_cpu_seconds", _G, ("process", "provider", "threads", "lanes"),
    "How much of processors the model takes a picture, measured with the above.",
    "As long as a picture takes, times the threads.", "See watchglass_analysis_model_seconds.",
)  # fmt: skip
NAMED = Metric(
    "watchglass_analysis_named", _G, ("process", "kind"),
    "1 for a kind of things that gets a name, 0 for one that does not.",
    "1 for person, car and what else the model knows.",
    "0 for all of them: there is no model; get one with 'watchglass models pull'.",
)  # fmt: skip

METRICS = (
    GATE_STATE, GATE_VISITS, GATE_PROBES, GATE_CHECKS, GATE_MISSES, GATE_RECALL, GATE_HELD,
    GATE_TOO_LARGE, GATE_SINCE, GATE_FRAMES, GATE_SENT,
    DEPTH, LIMIT, DROPPED, ACCOUNTS, FORGOTTEN, PICTURES, LOOKS, UNREADABLE, BEHIND,
    SLOWED, UNTOLD, TOLD, UNTELLABLE, MODEL_WALL, MODEL_CPU, NAMED,
)  # fmt: skip


def gate_samples(numbers: Sequence[GateNumbers]) -> list[Sample]:
    found: list[Sample] = []
    for each in numbers:
        found += [GATE_STATE.at(each.state is state, each.camera, state) for state in GateState]
        found += [
            *(
                GATE_VISITS.at(count, each.camera, cause)
                for cause, count in each.visits.items()
                if count
            ),
            GATE_PROBES.at(each.probes, each.camera),
            GATE_CHECKS.at(each.checks, each.camera), GATE_MISSES.at(each.misses, each.camera),
            GATE_HELD.at(each.held_bytes, each.camera),
            GATE_TOO_LARGE.at(each.too_large, each.camera),
            GATE_SINCE.at(each.since_ns / 1e9, each.camera),
            GATE_FRAMES.at(each.frames, each.camera), GATE_SENT.at(each.sent, each.camera),
        ]  # fmt: skip
        if each.own_recall is not None:
            found.append(GATE_RECALL.at(each.own_recall, each.camera))
    return found


def outlet_samples(process: str, depth: QueueDepth, accounts: int, forgotten: int) -> list[Sample]:
    of_queue = (process, depth.policy.value)
    return [
        DEPTH.at(depth.size_bytes, *of_queue),
        LIMIT.at(depth.limit_bytes, *of_queue),
        DROPPED.at(depth.dropped_items, *of_queue),
        ACCOUNTS.at(accounts, process),
        FORGOTTEN.at(forgotten, process),
    ]


def analyst_samples(
    process: str, pace: Pace, pictures: int, looks: int, unreadable: int
) -> list[Sample]:
    return [
        PICTURES.at(pictures, process),
        LOOKS.at(looks, process),
        UNREADABLE.at(unreadable, process),
        BEHIND.at(pace.behind_s, process),
        SLOWED.at(pace.factor, process),
    ]


def report_samples(process: str, untold: int, told: int, lost: int) -> list[Sample]:
    return [UNTOLD.at(untold, process), TOLD.at(told, process), UNTELLABLE.at(lost, process)]


def speed_samples(process: str, speed: DetectorSpeed) -> list[Sample]:
    of = process, speed.provider, str(speed.threads), str(speed.lanes)
    return [MODEL_WALL.at(speed.wall_ms / 1000, *of), MODEL_CPU.at(speed.cpu_ms / 1000, *of)]


def named_samples(process: str, names: frozenset[ObjectClass]) -> list[Sample]:
    """Of a detector that can say ``names``; that something moves is no name."""
    kinds = [each for each in ObjectClass if each is not ObjectClass.MOVING]
    return [NAMED.at(each in names, process, each) for each in kinds]


def told_speed(samples: Sequence[Sample]) -> DetectorSpeed | None:
    """What ``speed_samples`` told; None where nobody did."""
    wall = next((each for each in samples if each.metric == MODEL_WALL.name), None)
    cpu = next((each for each in samples if each.metric == MODEL_CPU.name), None)
    if wall is None or cpu is None:
        return None
    _, provider, threads, lanes = wall.labels
    return DetectorSpeed(provider, int(threads), int(lanes), 1000 * wall.value, 1000 * cpu.value)
