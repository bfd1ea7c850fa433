"""The onvif-worker, as the api process asks it."""

from watchglass.app.refusal import error_of
from watchglass.base.clock import Clock
from watchglass.base.errors import BusError
from watchglass.bus.message import Codec
from watchglass.bus.request import ControlClient
from watchglass.model.control import Refused
from watchglass.model.steering import NotSteered, PtzState, Steering, SteeringReply
from watchglass.model.way import Way

_WAIT_S = 25.0
"""Longer than a session takes to open, and an order to be answered."""


class OnvifPort:
    """Has cameras turned. Thread-safe."""

    def __init__(self, way: Way | None, clock: Clock) -> None:
        """None where nobody speaks with cameras."""
        self._client: ControlClient[Steering, SteeringReply] | None = None
        if way is not None:
            self._client = ControlClient(
                way.endpoint, Codec[Steering](Steering), Codec[SteeringReply](SteeringReply),
                proof=way.proof, clock=clock,
            )  # fmt: skip

    def steer(self, order: Steering) -> PtzState | None:
        """Returns when the camera has taken it; its state, if that was asked for.

        CameraError says what the camera does not, BusError that nobody is there to ask it.
        """
        try:
            if self._client is None:
                raise BusError("Nobody speaks with cameras.")
            reply = self._client.call(order, _WAIT_S)
        except BusError as error:
            raise BusError(
                "The camera cannot be moved just now, the recording goes on: try again in a few"
                " seconds."
            ) from error
        if isinstance(reply, NotSteered):
            raise error_of(Refused(reply.code, 1, reply.sentence))
        return reply if isinstance(reply, PtzState) else None
