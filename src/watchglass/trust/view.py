"""The fleet and its devices as the page shows them: what leads to what, by place in a table.

Rows hold numbers where the report holds sentences, so that 700 of them are a few hundred kB. Times
(``_ms``) are UTC.
"""

import msgspec

from watchglass.model.device_path import DevicePath
from watchglass.model.observation import Observation
from watchglass.model.profile import SiteProfile
from watchglass.trust.path import Progress
from watchglass.trust.report.document import Covered, DocDevice, DocRule, Summary, ToDo

FLEET = "fleet.json"
"""The name of the file that holds a `FleetView`."""
DEVICES = "devices.json"
BOUNDS = "bounds.json"
"""Which address was which camera's, for who reads what cameras sent."""
"""Each `DeviceView`, one after the other."""
INDEX = "devices.index"
"""Where in ``DEVICES`` each device begins, and how long it is."""
REPORT_PAGE = "report.html"
REPORT_DATA = "report.json"
DEVICE_PAGE = "device-{}.html"
"""The signed page of one device, by its id."""


class RuleName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    jurisdiction: str
    instrument: str
    kind: str


class HoleName(msgspec.Struct, frozen=True, kw_only=True):
    cve: str
    summary: str
    exploited: str


class FleetRow(msgspec.Struct, frozen=True, kw_only=True):
    """A device in the list. ``applies``, ``may_apply`` and ``next`` are places in the fleet's
    ``rules``, ``affected`` and ``possibly`` in its ``holes``, ``first`` in its ``to_do``.

    ``may_apply`` leaves out what is open only because nobody knows who made the device. ``here``:
    this machine itself has seen it, not a collector elsewhere. ``camera``: which of the recorder's
    it is. ``talks``: the worst kind of peer that it talked to, empty where none is known.
    ``step``: how far it has come on its way out; None for a device that is on none.
    """

    id: str
    name: str
    address: str
    place: str
    label: str
    origin: str
    origin_name: str
    certainty: str
    making: str
    imitates: str
    hint: str
    kind: str
    model: str
    listed: bool
    applies: tuple[int, ...]
    may_apply: tuple[int, ...]
    next: tuple[int, ...]
    affected: tuple[int, ...]
    possibly: tuple[int, ...]
    first: int | None
    rank: int
    seen_ms: int
    here: bool
    camera: str | None
    talks: str = ""
    step: str | None = None
    owner: str = ""
    wave: int = 0
    due: str = ""


class FleetView(msgspec.Struct, frozen=True, kw_only=True):
    """All devices, the most urgent first. ``sentence`` sums them up."""

    made_ms: int
    when: str
    sentence: str
    facts_version: str
    facts_oldest: str
    facts_newest: str
    summary: Summary
    coverage: tuple[Covered, ...]
    profile: SiteProfile
    rules: tuple[RuleName, ...]
    holes: tuple[HoleName, ...]
    to_do: tuple[ToDo, ...]
    devices: tuple[FleetRow, ...]
    progress: Progress | None = None


class DeviceView(msgspec.Struct, frozen=True, kw_only=True):
    """One device. ``rules`` are those that its own refer to, ``invoice`` the ids of those that its
    purchase would settle. ``streams``: where its main stream may be, best first, none where no
    address of it is known. The newest ``observations`` are there, and how many more there are.
    """

    made_ms: int
    when: str
    facts_version: str
    facts_oldest: str
    facts_newest: str
    profile: SiteProfile
    device: DocDevice
    name: str
    rules: tuple[DocRule, ...]
    invoice: tuple[str, ...]
    streams: tuple[str, ...]
    here: bool
    camera: str | None
    observations: tuple[Observation, ...]
    observations_left_out: int
    plan: DevicePath | None = None
