"""The way of a device out of the house: what was decided, by whom, and what proves each step."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import DeviceId


class Step(StrEnum):
    """How far it has come, in this order. The first two follow from what was seen."""

    FOUND = "found"
    JUDGED = "judged"
    CONTAINED = "contained"
    CHOSEN = "chosen"
    """A replacement is chosen."""
    INSTALLED = "installed"
    """The replacement works in its place."""
    REMOVED = "removed"
    """Card and disk wiped, account unbound, disposal proved."""
    FILED = "filed"
    """The evidence is filed."""


ORDER = tuple(Step)
BY_PEOPLE = ORDER[2:]
"""What somebody has to say."""


class Cleared(StrEnum):
    """What became of something that could hold recordings, or a way in."""

    UNSAID = ""
    DONE = "done"
    """Wiped, or unbound."""
    NONE = "none"
    """The device never had one."""


class StepDone(msgspec.Struct, frozen=True, kw_only=True):
    """A step, when (UTC ns), and who says so. ``document``: the SHA-256 (hex) of the paper.
    ``camera``: the recorder's camera that has the replacement behind it."""

    step: Step
    at_ns: int
    by: str
    note: str = ""
    document: str = ""
    document_name: str = ""
    camera: str = ""


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """In hundredths of the plan's currency."""

    device: int = 0
    licence: int = 0
    labour: int = 0
    lift: int = 0
    cable: int = 0
    disposal: int = 0

    @property
    def total(self) -> int:
        return self.device + self.licence + self.labour + self.lift + self.cable + self.disposal


class Attributes(msgspec.Struct, frozen=True, kw_only=True):
    """What a camera is; empty or 0 for what is not known. Angles in degrees, range in metres."""

    maker: str = ""
    model: str = ""
    form_factor: str = ""
    ip_rating: int = 0
    ik_rating: int = 0
    coldest_c: int | None = None
    hottest_c: int | None = None
    megapixels: float = 0
    hfov: float = 0
    ir_m: int = 0
    wdr_db: int = 0
    power_w: float = 0
    network: str = ""
    ports: tuple[str, ...] = ()
    """Those that are used, or that it has: mic, speaker, alarm_in, alarm_out."""
    streaming: tuple[str, ...] = ()
    security: tuple[str, ...] = ()
    support_until: str = ""
    soc: str = ""
    country: str = ""
    statement: str = ""
    statement_date: str = ""


class DevicePath(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned and done of one device. ``due`` is a date; ``budget_w`` what the switch port
    gives; ``justified`` says, by attribute, why the replacement may differ there. ``taken_back``:
    steps that were said by mistake, which count for nothing."""

    device: DeviceId
    owner: str = ""
    wave: int = 0
    due: str = ""
    currency: str = ""
    costs: Costs = Costs()
    budget_w: float = 0
    needs: Attributes = Attributes()
    replacement: Attributes | None = None
    justified: dict[str, str] = {}
    card: Cleared = Cleared.UNSAID
    disk: Cleared = Cleared.UNSAID
    cloud: Cleared = Cleared.UNSAID
    steps: tuple[StepDone, ...] = ()
    taken_back: tuple[StepDone, ...] = ()
    noted_ns: int = 0
    noted_by: str = ""

    def done(self, step: Step) -> StepDone | None:
        """The last word on a step; None where nobody said that it is done."""
        return next((each for each in reversed(self.steps) if each.step is step), None)

    @property
    def stands(self) -> bool:
        """Whether anything is planned or done; not where all of it was taken back."""
        told = msgspec.structs.replace(self, taken_back=(), noted_ns=0, noted_by="")
        return told != DevicePath(device=self.device)


class PlanChange(msgspec.Struct, frozen=True, kw_only=True):
    """What was planned of many devices at once, so that it can be taken back. ``before``: the paths
    of those that had one. UTC ns."""

    id: str
    at_ns: int
    by: str
    before: tuple[DevicePath, ...]
    after: tuple[DevicePath, ...]


class PathDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A paper that proves a step, by its SHA-256 (hex)."""

    sha256: str
    name: str
    kept_ns: int
    content: bytes


class StepRequest(msgspec.Struct, frozen=True, tag="device_step"):
    """A device has come a step further; what is None of the rest stays as it was said before.
    ``back``: it has not, and the last word that it had is taken back."""

    device: DeviceId
    step: Step
    by: str
    note: str = ""
    document: str = ""
    document_name: str = ""
    camera: str = ""
    card: Cleared | None = None
    disk: Cleared | None = None
    cloud: Cleared | None = None
    back: bool = False
