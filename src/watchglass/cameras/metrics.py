"""The numbers of what is spoken with cameras by ONVIF: one table."""

from watchglass.model.metric import Metric, MetricKind

_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_PROCESS = ("process",)
_SEE = "Look at the camera with 'watchglass camera probe'; the log of onvif-worker says more."

SPOKEN = Metric(
    "watchglass_onvif_cameras", _G, _PROCESS, "Cameras that are spoken to by ONVIF.",
    "Those that were set up that way and are recorded.", _SEE,
)  # fmt: skip
HEARD = Metric(
    "watchglass_onvif_heard_cameras", _G, _PROCESS,
    "Cameras whose own events are heard just now.", "All that tell events.", _SEE,
)  # fmt: skip
SAID = Metric(
    "watchglass_onvif_said_total", _C, _PROCESS, "Events that cameras told of.",
    "It goes up where something moves.", "Many a second: a camera tells too much, set it calmer.",
)  # fmt: skip
ORDERS = Metric(
    "watchglass_onvif_orders_total", _C, (*_PROCESS, "outcome"),
    "What cameras were asked to do: move, go to a preset, tell where they look.",
    "`refused` is 0.", _SEE,
)  # fmt: skip
METRICS = (SPOKEN, HEARD, SAID, ORDERS)
