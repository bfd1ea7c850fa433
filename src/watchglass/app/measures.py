"""The numbers of the supervisor: how the recorder is, and its processes."""

import os

from watchglass.app import processes
from watchglass.app.crew import Crew
from watchglass.app.processes import process_samples
from watchglass.model.health import Health, HealthState
from watchglass.model.metric import Metric, MetricKind, Sample

_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_HEALTH = "'watchglass health' says why."

LIVES = Metric(
    "watchglass_recording_lives", _G, (),
    "Whether no part of the recorder is stuck: 1 or 0. The watchdog is fed while it is 1.", "1.",
    _HEALTH,
)  # fmt: skip
STATE = Metric(
    "watchglass_health", _G, ("state",), "1 for the state that the recorder is in, else 0.",
    "'ok' is 1.", _HEALTH,
)  # fmt: skip
WANTED = Metric(
    "watchglass_cameras_wanted", _G, (), "Cameras that are to be recorded: not paused, not off.",
    "As many as were set up.", "See 'watchglass camera list'.",
)  # fmt: skip
RECORDED = Metric(
    "watchglass_cameras_recorded", _G, (), "Cameras of which the main stream is being recorded.",
    "As many as are wanted.", _HEALTH,
)  # fmt: skip
RESTARTS = Metric(
    "watchglass_process_restarts_total", _C, ("process",),
    "How often it has died and was started again.", "0.", "Its log says why it died.",
)  # fmt: skip
CAMERAS = Metric(
    "watchglass_process_cameras", _G, ("process",), "Cameras that a worker has.",
    "Up to 8 unless set.", "1, of a camera that stands apart: it made a worker crash.",
)  # fmt: skip
BUSY = Metric(
    "watchglass_control_refused_total", _C, ("policy",),
    "Requests of commands and the page that were turned away because too many waited.", "0.",
    "The state folder's disk is slow, or somebody asks too often.",
)  # fmt: skip

METRICS = (LIVES, STATE, WANTED, RECORDED, RESTARTS, CAMERAS, BUSY, *processes.METRICS)


def supervisor_samples(health: Health, crew: Crew, refused: int) -> list[Sample]:
    """``refused``: how many requests the control socket turned away."""
    found = [
        LIVES.at(health.lives),
        *(STATE.at(health.state is state, state.value) for state in HealthState),
        WANTED.at(health.wanted),
        RECORDED.at(health.recorded),
        BUSY.at(refused, "refuse_newest"),
    ]
    found += [RESTARTS.at(child.restarts, child.name) for child in crew.all]
    found += [CAMERAS.at(len(cameras), name) for name, cameras in crew.cameras.items()]
    named = [("supervisor", os.getpid()), *((child.name, child.pid) for child in crew.all)]
    return found + process_samples(named)
