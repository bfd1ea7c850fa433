"""The numbers of the page's server: one table, and how it is filled."""

from typing import TYPE_CHECKING

from watchglass.model.metric import Metric, MetricKind, Sample

if TYPE_CHECKING:
    from watchglass.api.services import Services

_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_REFUSE, _OLDEST = "refuse_newest", "drop_oldest"
_LOG = "See the log of the recorder."

LISTENERS = Metric(
    "watchglass_api_change_listeners", _G, (), "Pages that are open and told of changes.",
    "One for each open page.", "More than people look: a page was left open somewhere.",
)  # fmt: skip
CHANGES_DROPPED = Metric(
    "watchglass_api_changes_dropped_total", _C, ("policy",),
    "Changes that a slow page was not told; it asks anew.", "0.", "The page's network is slow.",
)  # fmt: skip
LOOKS = Metric(
    "watchglass_api_looks_waiting", _G, ("policy",),
    "Looks and acts that are not in the ledger yet.", "0, or for a moment a few.",
    "The keeper takes none: see 'watchglass health'.",
)  # fmt: skip
LOOKS_REFUSED = Metric(
    "watchglass_api_looks_refused_total", _C, ("policy",),
    "Looks that could not be noted, so that nothing was shown.", "0.",
    "The state folder's disk is full or failing, and the keeper takes none.",
)  # fmt: skip
STILLS = Metric(
    "watchglass_api_stills_total", _C, (), "Pictures that the media-worker made.",
    "It rises while people look.", _LOG,
)  # fmt: skip
CONVERTED = Metric(
    "watchglass_api_converted_pictures_total", _C, (),
    "Moving pictures that the media-worker made anew: masked, or for browsers without the codec.",
    "It rises while somebody watches such a stream.", _LOG,
)  # fmt: skip
STILLS_REFUSED = Metric(
    "watchglass_api_stills_refused_total", _C, ("policy",),
    "Pictures that the media-worker was too busy for, or died of.", "0.", _LOG,
)  # fmt: skip
CAMERA_INFO = Metric(
    "watchglass_camera_info", _G, ("camera", "name"), "1; joins a camera's id with its name.",
    "1.", "Nothing: it only names.",
)  # fmt: skip

METRICS = (
    LISTENERS, CHANGES_DROPPED, LOOKS, LOOKS_REFUSED, STILLS, CONVERTED, STILLS_REFUSED,
    CAMERA_INFO,
)  # fmt: skip


def api_samples(of: "Services") -> list[Sample]:
    """Called in the event loop."""
    queue = of.notes
    return [
        LISTENERS.at(of.changes.listeners),
        CHANGES_DROPPED.at(of.changes.dropped, _OLDEST),
        LOOKS.at(queue.depth, _REFUSE),
        LOOKS_REFUSED.at(queue.refused, _REFUSE),
        *of.hub.samples(),
    ]


def picture_samples(stills: int, converted: int, refused: int) -> list[Sample]:
    return [
        STILLS.at(stills), CONVERTED.at(converted), STILLS_REFUSED.at(refused, _REFUSE),
    ]  # fmt: skip
