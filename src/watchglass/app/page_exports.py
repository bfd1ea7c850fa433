"""What the page asks about evidence bundles, carried to the recorder."""

from collections.abc import Callable
from pathlib import Path

from watchglass.api.exportports import ExportPorts
from watchglass.base.errors import BusError
from watchglass.model.control import Reply, Request
from watchglass.model.export_control import ExportErrand, Exports


def export_ports(call: Callable[[Request], Reply], folder: Path) -> ExportPorts:
    """``call`` asks the running recorder."""

    def errand(errand: ExportErrand) -> Exports:
        reply = call(errand)
        if not isinstance(reply, Exports):
            raise BusError("The recorder answers what was not asked: is it of another version?")
        return reply

    return ExportPorts(errand, folder)
