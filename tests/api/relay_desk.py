"""Cameras of a recorded site that are handed on, as the recorder has it; nothing is served."""

from tests.api.mask_desk import MaskDesk
from watchglass.api.relayports import RelayPorts
from watchglass.app.restreams import change_restreams, handed_on
from watchglass.base.clock import Clock
from watchglass.base.ids import CameraId
from watchglass.model.restream import RestreamRequest, RestreamsTold, Taker

TAKER = "10.0.0.9"


def relay_ports(desk: MaskDesk, clock: Clock) -> RelayPorts:
    """Whatever may be taken is taken by one, since the start."""
    since_ns = clock.wall_ns()

    def order(request: RestreamRequest) -> CameraId:
        return change_restreams(desk.store, desk.note, clock, request)

    def told() -> RestreamsTold:
        held = handed_on(desk.store, desk.note)
        takers = tuple(Taker(each.id, TAKER, since_ns) for each in held)
        return RestreamsTold(tuple(each.id for each in held), takers, ())

    return RelayPorts(desk.store.restreams, order, told)
