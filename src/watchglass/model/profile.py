"""The site as rules see it: where it is, what kind of body runs it, and what it gets money for."""

from enum import StrEnum

import msgspec


class Organisation(StrEnum):
    """What kind of body runs the site."""

    FEDERAL_AGENCY = "federal_agency"
    DEFENCE_DEPARTMENT = "defence_department"
    CENTRAL_GOVERNMENT = "central_government"
    STATE_OR_LOCAL = "state_or_local"
    PUBLIC_SCHOOL = "public_school"
    PRIVATE_SCHOOL = "private_school"
    HEALTH = "health"
    COMPANY = "company"
    HOME = "home"
    OTHER = "other"
    UNKNOWN = "unknown"


class Purpose(StrEnum):
    """What cameras are for, in the words of the rules that turn on it."""

    PUBLIC_SAFETY = "public_safety"
    GOVERNMENT_FACILITY = "government_facility"
    CRITICAL_INFRASTRUCTURE = "critical_infrastructure"
    NATIONAL_SECURITY = "national_security"
    OTHER = "other"


class SiteProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What the operator states. None is not no: it has not been stated.

    ``country`` is ISO 3166 (empty: not stated), ``region`` its part, such as ``IL``. ``critical``:
    an entity of a critical sector.
    """

    name: str = ""
    country: str = ""
    region: str = ""
    organisation: Organisation = Organisation.UNKNOWN
    federal_contracts: bool | None = None
    federal_grants: bool | None = None
    sensitive_site: bool | None = None
    critical: bool | None = None
    purposes: tuple[Purpose, ...] | None = None
