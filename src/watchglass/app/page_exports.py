"""What the page asks about evidence bundles and anchors, carried to the recorder."""

from collections.abc import Callable
from pathlib import Path

from watchglass.api.anchorports import AnchorOrder, AnchorPorts
from watchglass.api.exportports import ExportPorts
from watchglass.base.errors import BusError
from watchglass.model.control import Reply, Request
from watchglass.model.export_control import ExportErrand, Exports
from watchglass.model.stamping import AnchorErrand, AnchorHeads, AnchorHeadsRequest, AnchorsTold

_NOT_ASKED = "The recorder answers what was not asked: is it of another version?"


def export_ports(call: Callable[[Request], Reply], folder: Path) -> ExportPorts:
    """``call`` asks the running recorder."""

    def errand(errand: ExportErrand) -> Exports:
        reply = call(errand)
        if not isinstance(reply, Exports):
            raise BusError(_NOT_ASKED)
        return reply

    return ExportPorts(errand, folder)


def anchor_ports(call: Callable[[AnchorErrand], Reply]) -> AnchorPorts:
    """``call`` asks the running recorder."""

    def order(order: AnchorOrder) -> AnchorsTold:
        reply = call(order)
        if not isinstance(reply, AnchorsTold):
            raise BusError(_NOT_ASKED)
        return reply

    def heads() -> tuple[bytes, ...]:
        reply = call(AnchorHeadsRequest())
        if not isinstance(reply, AnchorHeads):
            raise BusError(_NOT_ASKED)
        return reply.heads

    return AnchorPorts(order, heads)
