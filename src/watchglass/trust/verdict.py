"""Verdicts: what is said of a device's brand and origin, with reasons."""

from dataclasses import dataclass
from enum import StrEnum

from watchglass.trust.brand import Brand
from watchglass.trust.evidence import Evidence


class Certainty(StrEnum):
    CERTAIN = "certain"
    SUSPECTED = "suspected"
    UNKNOWN = "unknown"


class Making(StrEnum):
    """What the label is to the origin."""

    OWN = "own"
    OWN_BRAND = "own_brand"
    RELABEL = "relabel"
    CLONE = "clone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """A sentence for or against, and what it rests on; ``evidence`` is None for a relation."""

    sentence: str
    evidence: Evidence | None = None
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class BrandVerdict:
    """What the label says; ``others`` are brands that something else on it names, ``hint`` is
    the likeliest where none is said."""

    brand: Brand | None
    confidence: float
    certainty: Certainty
    reasons: tuple[Reason, ...] = ()
    others: tuple[str, ...] = ()
    hint: str = ""


@dataclass(frozen=True, slots=True)
class OriginVerdict:
    """Who made it. ``origin`` is set when it is certain or suspected; ``hint`` is the likeliest
    maker otherwise, if any sign points to one. ``imitates`` is set for a clone. ``chips`` are chip
    makers, who are nobody's origin.
    """

    origin: str
    confidence: float
    certainty: Certainty
    making: Making
    reasons: tuple[Reason, ...] = ()
    against: tuple[Reason, ...] = ()
    hint: str = ""
    imitates: str = ""
    chips: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """Brand and origin of one device, with all evidence."""

    brand: BrandVerdict
    origin: OriginVerdict
    evidence: tuple[Evidence, ...]
