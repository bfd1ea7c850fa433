"""The facts, one noun for each table. Each says where it is from and how sure it is."""

import re
from dataclasses import dataclass
from enum import StrEnum

from watchglass.model.device import DeviceKind
from watchglass.model.observation import Signal, Source
from watchglass.trust.day import Day


class Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Backing:
    """What stands behind a row. ``verification`` is ``sourced`` where the source says all of it."""

    source: str
    verification: str
    confidence: Confidence
    as_of: Day

    @property
    def is_sourced(self) -> bool:
        return self.verification == "sourced"

    def __str__(self) -> str:
        source = self.source or "no source"
        return f"{source}; {self.verification}, as of {self.as_of}"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who makes devices. ``seat``: the country of its seat, ISO 3166."""

    key: str
    name: str
    legal_name: str
    seat: str
    backing: Backing


@dataclass(frozen=True, slots=True)
class Prefix:
    """A block of MAC addresses. ``origin``: a maker's key, ``via-oem:BRAND`` or ``chip:NAME``."""

    digits: str
    bits: int
    origin: str
    brand: str
    holder: str
    backing: Backing


LABEL = "label"
"""Of a fingerprint: the text names a brand, and the origin follows through the relations."""
PREFIX = "prefix"
"""Of a fingerprint: the table of MAC prefixes says whose it is."""
RTSP_ANSWER = "rtsp_answer"
"""Of a fingerprint: path and SDP of one answer together."""
SAFETIES = (
    "passive", "read-only discovery", "standard", "one GET /", "one GET", "one GET /favicon.ico",
    "one request", "OPTIONS", "OPTIONS/DESCRIBE", "handshake only", "connect only",
    "needs login on most", "needs login (401 otherwise)",
)  # fmt: skip
"""What may be sent to a device to see a sign. Anything beyond these has no place in a table."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A sign of a maker. ``weight``: how many of 100 devices that show it are of that maker.

    All of ``patterns`` must be found. Signs of one ``family`` come from one part of a device (its
    web pages, its RTSP server), and are copied together; a ``hard`` one takes more than copying.
    ``told`` is the sentence, with ``{value}``, ``{brand}`` or ``{maker}`` in it. ``alone``: of a
    label, that it is all there is in the text.
    """

    id: str
    origin: str
    weight: int
    safety: str
    doors: tuple[Source, ...]
    signals: tuple[Signal, ...]
    answer: bool
    patterns: tuple[re.Pattern[str], ...]
    family: str
    alone: bool
    hard: bool
    told: str
    note: str
    backing: Backing


class RelationKind(StrEnum):
    """What a brand is to a maker."""

    MAKER = "maker"
    OWN_BRAND = "own_brand"
    RELABEL = "relabel"
    RELABEL_SOME = "relabel_some"
    LOOK_ALIKE = "look_alike"
    """Its devices resemble that maker's and are not known to be made by it."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A brand and who makes what carries it; a brand may have several."""

    brand_key: str
    brand: str
    aliases: tuple[str, ...]
    origin: str
    kind: RelationKind
    lines: str
    until: Day | None
    backing: Backing


@dataclass(frozen=True, slots=True)
class Listing:
    """A company on a list. ``until``: when it was taken off."""

    entity: str
    origin: str
    list: str
    since: Day
    until: Day | None
    note: str
    backing: Backing


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list of companies, and what being on it means. ``about``: what it restricts."""

    key: str
    name: str
    about: str
    meaning: str
    backing: Backing

    @property
    def restricts_devices(self) -> bool:
        """Whether it restricts buying, selling or using devices, and not only trade with a firm."""
        return self.about in ("use", "sale", "contracts")


class Status(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    CONTESTED = "contested"
    SUPERSEDED = "superseded"


class About(StrEnum):
    """What a rule turns on: who made a device, what a device is, or what people do with it."""

    MAKER = "maker"
    EQUIPMENT = "equipment"
    CONDUCT = "conduct"


@dataclass(frozen=True, slots=True)
class Regulation:
    """A rule. ``names``: makers, ``list:NAME``, ``seat:CC``, ``any``, ``none``, ``varies``."""

    id: str
    jurisdiction: str
    instrument: str
    adopted: Day | None
    effective: Day | None
    until: Day | None
    kind: str
    scope: str
    names: tuple[str, ...]
    binds: tuple[str, ...]
    purposes: tuple[str, ...]
    acts: str
    about: About
    status: Status
    status_note: str
    backing: Backing


class Exploited(StrEnum):
    """Whether CISA's catalogue has it, on the day of its snapshot."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """A hole. ``kinds``: what it is in; empty for a program on a server, which no device is."""

    cve: str
    origin: str
    brand_key: str
    products: str
    kinds: tuple[DeviceKind, ...]
    summary: str
    cvss: float | None
    exploited: Exploited
    kev_added: Day | None
    kev_due: Day | None
    kev_snapshot: Day
    fixed: str
    backing: Backing


@dataclass(frozen=True, slots=True)
class AffectedFirmware:
    """Which firmware of which models a hole is in; empty bounds are open.

    ``possible``: being inside makes it possible, not sure.
    """

    cve: str
    models: tuple[str, ...]
    from_version: str
    from_build: Day | None
    to_version: str
    to_build: Day | None
    below: str
    through: str
    build_before: Day | None
    possible: bool
    source: str
    verification: str


@dataclass(frozen=True, slots=True)
class Support:
    """Until when a model is sold, looked after, and has spares; None where nobody said."""

    origin: str
    model: str
    end_of_sale: Day | None
    end_of_support: Day | None
    spares_until: Day | None
    backing: Backing


@dataclass(frozen=True, slots=True)
class PressClaim:
    """What articles say, and what the tables say."""

    claim: str
    finding: str
    rows: tuple[str, ...]
    backing: Backing


@dataclass(frozen=True, slots=True)
class PhoneHome:
    """A host that devices of a maker call. ``purpose``: cloud, p2p, relay, ddns, update or time;
    ``words`` say it, ``breaks`` what stops working once it cannot be reached."""

    host: str
    origin: str
    port: str
    purpose: str
    words: str
    breaks: str
    backing: Backing
