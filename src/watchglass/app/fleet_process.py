"""The process that judges the fleet: reads what to judge from standard input, writes files, ends.

Texts of strangers are matched against patterns and joined to devices here, and not where recordings
are made or people are let in. It writes into one folder: ``fleet.json`` (a `FleetView`), each
`DeviceView` with an index, which address was which camera's, and on request the signed report (see
`trust.view` for the names). Behind everybody else in line.
"""

import os
import signal
import sys
from pathlib import Path

import msgspec

from watchglass.app.egress import camera_bounds
from watchglass.app.fences import fence_in, of_fleet
from watchglass.app.fleet import PROGRAM, judge_fleet
from watchglass.app.ground import Ground
from watchglass.app.layout import Layout
from watchglass.app.pipes import first_message, say
from watchglass.app.refusal import refusal
from watchglass.app.reporting import make_page_of, make_report
from watchglass.base import log
from watchglass.base.clock import SystemClock
from watchglass.base.disk import Disk, WriteSite
from watchglass.base.errors import WatchglassError
from watchglass.config.settings import Settings
from watchglass.model.control import Accepted
from watchglass.model.survey_control import FleetOrder
from watchglass.trust.report.signature import FILE_NAME
from watchglass.trust.view import BOUNDS, DEVICE_PAGE, DEVICES, FLEET, INDEX
from watchglass.trust.viewing import device_views, fleet_view

_NICE = 5


def main() -> None:
    """Carry out one order, and say how it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    decoder: msgspec.json.Decoder[FleetOrder] = msgspec.json.Decoder(FleetOrder)
    try:
        order = first_message(decoder)
    except EOFError:
        return
    log.configure(order.log_level, json=order.log_json)
    os.nice(_NICE)
    try:
        data = Path(order.data)
        on = Ground(Settings(data, data / "media"), Layout(data / "state"), Disk(), SystemClock())
        key = on.layout.vault_key.parent / FILE_NAME
        fence_in(of_fleet(on.layout, Path(order.folder), key), order.fences)
        make_views(on, Path(order.folder), report=order.report, page=order.page)
    except WatchglassError as error:
        say(refusal(error))
        sys.exit(error.exit_code)
    say(Accepted())


def make_views(on: Ground, folder: Path, *, report: bool, page: str = "") -> None:
    """Judge the fleet, and write what people ask to see of it."""
    fleet = judge_fleet(on)
    document = fleet.document(PROGRAM)
    index: dict[str, tuple[int, int]] = {}
    parts: list[bytes] = []
    at = 0
    for each in device_views(fleet, document):
        data = msgspec.json.encode(each)
        index[each.device.id] = at, len(data)
        parts.append(data)
        at += len(data)
    files = {
        FLEET: msgspec.json.encode(fleet_view(fleet, document)),
        DEVICES: b"".join(parts),
        BOUNDS: msgspec.json.encode(camera_bounds(on, fleet)),
        INDEX: msgspec.json.encode(index),
    }
    if report:
        files |= make_report(on, fleet, document).files
    if page:
        files[DEVICE_PAGE.format(page)] = make_page_of(on, fleet, document, page)
    for name, content in files.items():
        on.disk.write_whole(WriteSite.SETTINGS, folder / name, content, 0o600)


if __name__ == "__main__":
    main()
