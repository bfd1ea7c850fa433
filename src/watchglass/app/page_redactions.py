"""What the page asks about redacted copies, carried to the recorder."""

from collections.abc import Callable
from pathlib import Path

from watchglass.api.redactionports import RedactionPorts
from watchglass.base.errors import BusError
from watchglass.model.control import Reply, Request
from watchglass.model.redaction_control import RedactionErrand, Redactions


def redaction_ports(call: Callable[[Request], Reply], folder: Path) -> RedactionPorts:
    """``call`` asks the running recorder."""

    def errand(errand: RedactionErrand) -> Redactions:
        reply = call(errand)
        if not isinstance(reply, Redactions):
            raise BusError("The recorder answers what was not asked: is it of another version?")
        return reply

    return RedactionPorts(errand, folder)
