"""The media-worker, as the api process asks it."""

import msgspec

from watchglass.api.errors import MediaWorkerError, PictureDamagedError
from watchglass.api.metrics import picture_samples
from watchglass.base.clock import NS_PER_S, Clock
from watchglass.base.errors import BusError
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.conversion import Converted, ConvertRequest, FormRequest, FormTold, NotKnown
from watchglass.model.metric import Sample
from watchglass.model.still import (
    MOST_REQUEST_BYTES,
    FromMediaWorker,
    MediaRequest,
    Still,
    StillRefused,
    StillRequest,
)
from watchglass.model.way import Way

_WAIT_S = 6.0
"""Longer than the worker lives with a picture it cannot finish."""
_NOT_ASKED = "The media-worker answers what was not asked: is it of another version?"


class MediaPort:
    """Asks for pictures. Thread-safe."""

    def __init__(self, way: Way, clock: Clock) -> None:
        """``clock`` is the system's: its monotonic time crosses to the worker."""
        self._clock = clock
        self._made = self._refused = self._converted = 0
        self._form: FormTold | None = None
        self._client: ControlClient[MediaRequest, FromMediaWorker] = ControlClient(
            way.endpoint, Codec[MediaRequest](MediaRequest, MOST_REQUEST_BYTES),
            Codec[FromMediaWorker](FromMediaWorker), proof=way.proof, clock=clock,
        )  # fmt: skip

    def samples(self) -> list[Sample]:
        """The numbers of now, for monitors."""
        return picture_samples(self._made, self._converted, self._refused)

    def still(self, request: StillRequest) -> bytes:
        """The picture as JPEG; blocks some 20 to 100 ms, at most 6 s.

        PictureDamagedError when it cannot be decoded, MediaWorkerError when nobody answers.
        """
        reply = self._ask(msgspec.structs.replace(request, until_ns=self._until_ns()))
        if not isinstance(reply, Still):
            raise MediaWorkerError(_NOT_ASKED)
        self._made += 1
        return reply.jpeg

    def convert(self, request: ConvertRequest) -> Converted | None:
        """Pictures made anew; None where the worker does not know the session. Blocks for some 20
        ms a picture. Errors as ``still``."""
        reply = self._ask(msgspec.structs.replace(request, until_ns=self._until_ns()))
        if isinstance(reply, Converted):
            self._converted += len(reply.frames)
            return reply
        if isinstance(reply, NotKnown):
            return None
        raise MediaWorkerError(_NOT_ASKED)

    def form(self) -> FormTold:
        """In which form converted pictures come; asked for once. Errors as ``still``."""
        if self._form is None:
            reply = self._ask(FormRequest(self._until_ns()))
            if not isinstance(reply, FormTold):
                raise MediaWorkerError(_NOT_ASKED)
            self._form = reply
        return self._form

    def _until_ns(self) -> int:
        return self._clock.monotonic_ns() + round(_WAIT_S * NS_PER_S)

    def _ask(self, request: MediaRequest) -> FromMediaWorker:
        try:
            reply = self._client.call(request, _WAIT_S)
        except BusError as error:
            self._refused += 1
            raise MediaWorkerError(
                "Pictures cannot be made just now, the recording goes on: try again in a few"
                " seconds."
            ) from error
        if isinstance(reply, StillRefused):
            raise PictureDamagedError(reply.sentence)
        return reply
