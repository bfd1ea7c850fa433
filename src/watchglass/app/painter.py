"""The media-worker, as the relay-worker asks it to paint masks on moving pictures."""

from collections.abc import Callable

import msgspec

from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import BusError
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.conversion import Converted, ConvertRequest, NotKnown
from watchglass.model.still import (
    MOST_REQUEST_BYTES,
    FromMediaWorker,
    MediaRequest,
    StillRefused,
)
from watchglass.model.way import Way

_WAIT_S = 6.0
"""Longer than the worker lives with a picture it cannot finish."""


def painter(way: Way, clock: Clock) -> Callable[[ConvertRequest], Converted | None]:
    """Pictures made anew; None for a session that the worker does not know. Blocks. BusError where
    nobody answers, or nothing can be made of them."""
    client: ControlClient[MediaRequest, FromMediaWorker] = ControlClient(
        way.endpoint, Codec[MediaRequest](MediaRequest, MOST_REQUEST_BYTES),
        Codec[FromMediaWorker](FromMediaWorker), proof=way.proof, clock=clock,
    )  # fmt: skip

    def convert(request: ConvertRequest) -> Converted | None:
        until_ns = clock.monotonic_ns() + round(_WAIT_S * NS_PER_S)
        reply = client.call(msgspec.structs.replace(request, until_ns=until_ns), _WAIT_S)
        match reply:
            case Converted():
                return reply
            case NotKnown():
                return None
            case StillRefused(sentence):
                raise BusError(sentence)
        raise BusError("The media-worker answers what was not asked: is it of another version?")

    return convert
