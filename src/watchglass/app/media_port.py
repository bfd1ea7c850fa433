"""The media-worker, as the api process asks it."""

import msgspec

from watchglass.api.metrics import still_samples
from watchglass.api.problem import MediaWorkerError, PictureDamagedError
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import BusError
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.metric import Sample
from watchglass.model.still import (
    MOST_REQUEST_BYTES,
    StillRefused,
    StillReply,
    StillRequest,
)
from watchglass.model.way import Way

_WAIT_S = 6.0
"""Longer than the worker lives with a picture it cannot finish."""


class MediaPort:
    """Asks for pictures. Thread-safe."""

    def __init__(self, way: Way, clock: Clock) -> None:
        """``clock`` is the system's: its monotonic time crosses to the worker."""
        self._clock = clock
        self._made = self._refused = 0
        self._client: ControlClient[StillRequest, StillReply] = ControlClient(
            way.endpoint, Codec[StillRequest](StillRequest, MOST_REQUEST_BYTES),
            Codec[StillReply](StillReply), proof=way.proof, clock=clock,
        )  # fmt: skip

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        return still_samples(self._made, self._refused)

    def still(self, request: StillRequest) -> bytes:
        """The picture as JPEG; blocks some 20 to 100 ms, at most 6 s.

        PictureDamagedError when it cannot be decoded, MediaWorkerError when nobody answers.
        """
        until_ns = self._clock.monotonic_ns() + round(_WAIT_S * NS_PER_S)
        try:
            reply = self._client.call(msgspec.structs.replace(request, until_ns=until_ns), _WAIT_S)
        except BusError as error:
            self._refused += 1
            raise MediaWorkerError(
                "Pictures cannot be made just now, the recording goes on: try again in a few"
                " seconds."
            ) from error
        if isinstance(reply, StillRefused):
            raise PictureDamagedError(reply.sentence)
        self._made += 1
        return reply.jpeg
