"""What the page does with devices: what was seen and stated of them, and their way out."""

from collections.abc import Callable

from watchglass.api.egressports import EgressPorts
from watchglass.api.ports import DevicePathPorts, FleetPorts, ScanErrand
from watchglass.model.camera_table import TableErrand, TableState
from watchglass.model.control import (
    Accepted,
)
from watchglass.model.device_path import StepRequest
from watchglass.model.settings_import import (
    ReadSettingsRequest,
    SettingsRead,
    TakeChannelRequest,
)
from watchglass.model.survey_control import (
    FleetMade,
    FleetRequest,
    LookedAt,
    LookRequest,
    RecordRequest,
    Scans,
)
from watchglass.store.egress import EgressStore
from watchglass.store.trust import TrustStore


def fleet_ports(
    trust: TrustStore,
    egress: EgressStore,
    ask: Callable[[StepRequest], Accepted],
    fleet: Callable[[FleetRequest], FleetMade],
    scans: Callable[[ScanErrand], Scans],
    record: Callable[[RecordRequest], Accepted],
    look: Callable[[LookRequest], LookedAt],
    table: Callable[[TableErrand], TableState],
    settings: Callable[[ReadSettingsRequest], SettingsRead],
    take: Callable[[TakeChannelRequest], Accepted],
    taken: EgressPorts,
) -> FleetPorts:
    """What is asked of the running recorder is given; the rest is in the database."""

    def step(request: StepRequest) -> None:
        ask(request)

    return FleetPorts(
        fleet, trust.profile, trust.set_profile, trust.put_purchase, scans, record, look, table,
        settings, take,
        egress.needs, egress.set_needs, egress.contained, egress.put_contained,
        DevicePathPorts(
            trust.paths, trust.put_paths, trust.put_plan_change, trust.plan_change,
            trust.drop_plan_change, step, trust.put_document, trust.document
        ),
        taken,
    )  # fmt: skip
