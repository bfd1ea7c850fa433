"""When a device was bought, with which money, for what, and which document says so."""

from enum import StrEnum

import msgspec

from watchglass.base.ids import DeviceId
from watchglass.model.profile import Purpose


class Money(StrEnum):
    """Where the money came from."""

    FEDERAL_AWARD = "federal_award"
    """A federal grant or loan."""
    FEDERAL_BUDGET = "federal_budget"
    OWN = "own"
    """Anything else: local budget, fees, gifts."""
    UNKNOWN = "unknown"


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the purchase of a device; empty where it is not.

    ``bought`` is a date, known to the day, month or year. ``document`` names the paper that says
    so: without one nothing here counts as known.
    """

    device: DeviceId
    bought: str = ""
    money: Money = Money.UNKNOWN
    purpose: Purpose | None = None
    document: str = ""
    noted_ns: int = 0
    noted_by: str = ""
