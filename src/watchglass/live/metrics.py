"""The numbers of live pictures: one table, and how it is filled."""

from watchglass.base.queues import QueueDepth
from watchglass.live.viewer import SlowViewer
from watchglass.model.metric import Metric, MetricKind, Sample

_G, _C = MetricKind.GAUGE, MetricKind.COUNTER
_QUEUE = ("process", "policy")
_SLOW = "Watching costs the recording nothing; the machine, or the api process, is busy."

WATCHED = Metric(
    "watchglass_live_watched_streams", _G, ("process",),
    "Streams of a worker that somebody watches now.", "0 while nobody does.",
    "More than people watch: a page was left open somewhere.",
)  # fmt: skip
DEPTH = Metric(
    "watchglass_live_queue_bytes", _G, _QUEUE, "Live pictures that wait for the api process.",
    "Near 0.", _SLOW,
)  # fmt: skip
LIMIT = Metric(
    "watchglass_live_queue_limit_bytes", _G, _QUEUE,
    "What may wait; a picture that does not fit is left out, up to the next key frame.",
    "It does not change.", "Nothing: it is a bound.",
)  # fmt: skip
DROPPED = Metric(
    "watchglass_live_queue_dropped_total", _C, _QUEUE,
    "Live pictures that were left out; the recording has them.", "0.", _SLOW,
)  # fmt: skip

VIEWERS = Metric(
    "watchglass_live_viewers", _G, (), "Live views that are open now.", "0 while nobody watches.",
    "More than people watch: a page was left open somewhere.",
)  # fmt: skip
VIEWER_DROPPED = Metric(
    "watchglass_live_viewer_dropped_frames_total", _C, ("policy",),
    "Live pictures left out because a browser or its network was too slow for them.", "0.",
    "Only that viewer sees it: look at its network, or let it watch the small stream.",
)  # fmt: skip

CONVERTED = Metric(
    "watchglass_live_converted_streams", _G, (),
    "Streams that the media-worker makes anew for those who watch them so.",
    "0 while nobody does.", "Each costs part of a core: see docs/pictures.md.",
)  # fmt: skip

RELAY_CLIENTS = Metric(
    "watchglass_relay_clients", _G, (), "Connections by which another system takes a stream now.",
    "As many as that system has of our cameras.",
    "Fewer: look at that system; more: 'watchglass looks' says who it is.",
)  # fmt: skip
RELAY_SENT = Metric(
    "watchglass_relay_pictures_total", _C, (), "Pictures that were handed on by RTSP.",
    "It rises while another system takes a stream.", "Look at that system, and at its login.",
)  # fmt: skip
RELAY_DROPPED = Metric(
    "watchglass_relay_dropped_pictures_total", _C, (),
    "Pictures that were not handed on, up to the next key frame each time, because the other system"
    " or the relay-worker was too slow; policy: drop_to_key_frame. The recording has them.",
    "0, or a few where one begins.",
    "Look at that system and the network to it, or hand on the small stream.",
)  # fmt: skip
RELAY_REFUSED = Metric(
    "watchglass_relay_wrong_logins_total", _C, (), "Logins to a relay that were wrong.", "0.",
    "Somebody guesses, or the other system has an old token: make the relay anew.",
)  # fmt: skip

METRICS = (
    WATCHED, DEPTH, LIMIT, DROPPED, VIEWERS, VIEWER_DROPPED, CONVERTED, RELAY_CLIENTS, RELAY_SENT,
    RELAY_DROPPED, RELAY_REFUSED,
)  # fmt: skip


def restream_samples(clients: int, sent: int, dropped: int, refused: int) -> list[Sample]:
    return [
        RELAY_CLIENTS.at(clients),
        RELAY_SENT.at(sent),
        RELAY_DROPPED.at(dropped),
        RELAY_REFUSED.at(refused),
    ]


def viewer_samples(viewers: int, dropped: int, converted: int) -> list[Sample]:
    return [
        VIEWERS.at(viewers),
        CONVERTED.at(converted),
        VIEWER_DROPPED.at(dropped, SlowViewer.DROP_TO_KEY_FRAME.value),
    ]


def outlet_samples(process: str, depth: QueueDepth, watched: int) -> list[Sample]:
    of_queue = (process, depth.policy.value)
    return [
        WATCHED.at(watched, process),
        DEPTH.at(depth.size_bytes, *of_queue),
        LIMIT.at(depth.limit_bytes, *of_queue),
        DROPPED.at(depth.dropped_items, *of_queue),
    ]
